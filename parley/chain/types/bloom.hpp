// Bloom: the filter in headers and receipts that says which addresses and topics their logs may
// hold; never a false no. Threading: values. Spec: Yellow Paper, section 4.3.1.
#pragma once

#include <parley/base/bytes.hpp>

namespace parley::chain {

struct Bloom {
    ByteArray<256> value{};  ///< 2,048 bits, the first of them the last bit of the last byte

    /// Sets the three bits of an address or topic.
    void add(Bytes item);
    /// False: it was never added. True: it was, or others that have its bits.
    bool contains(Bytes item) const;
    /// Adds what was added to the other one.
    Bloom& operator|=(const Bloom& other);

    operator Bytes() const { return value; }  // NOLINT(google-explicit-constructor): a view of it
    friend bool operator==(const Bloom&, const Bloom&) = default;
};

}  // namespace parley::chain
