// DatagramBatch: datagrams that came or are to go, back to back in one piece of memory.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <vector>

namespace parley {

/// Keeps its memory when cleared: a batch that is used again and again allocates no more.
class DatagramBatch {
public:
    /// One more; the bytes are copied.
    void add(const Endpoint& peer, Bytes bytes) {
        write(peer, [&](Buffer& out) { append(out, bytes); });
    }
    /// One more, which `call` appends to the Buffer that it is given, where it stays.
    template <class Call>
    void write(const Endpoint& peer, Call call) {
        const std::size_t offset = bytes_.size();
        call(bytes_);
        entries_.push_back({peer, offset, bytes_.size() - offset});
    }
    /// No datagrams; the memory stays.
    void clear() {
        bytes_.clear();
        entries_.clear();
    }

    std::size_t size() const { return entries_.size(); }      ///< datagrams
    bool empty() const { return entries_.empty(); }           ///< no datagrams
    std::size_t size_bytes() const { return bytes_.size(); }  ///< of all datagrams
    /// Where a datagram came from or goes to. Precondition: i < size().
    const Endpoint& peer(std::size_t i) const { return entries_[i].peer; }
    /// A datagram's bytes, valid until the batch changes. Precondition: i < size().
    Bytes operator[](std::size_t i) const {
        return Bytes{bytes_}.subspan(entries_[i].offset, entries_[i].size);
    }

private:
    struct Entry {
        Endpoint peer;
        std::size_t offset, size;
    };
    Buffer bytes_;
    std::vector<Entry> entries_;
};

}  // namespace parley
