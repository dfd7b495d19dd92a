// The stored form of an entry: one row a node. docs/formats/address_book.md.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/discovery/entry.hpp>

#include <cstdint>
#include <string>

namespace parley::discovery {

enum class RowErrc : std::uint8_t {
    bad_key,       ///< expected: 33 bytes; actual: the key's size, or 33 when it is no public key
    rlp,           ///< actual: the rlp::Errc
    bad_record,    ///< actual: the EnrErrc
    wrong_id,      ///< the record is another node's
    bad_endpoint,  ///< an address of neither 0, 4 nor 16 bytes, or port 0; actual: bytes
    no_endpoint,   ///< neither the record nor the row names a TCP endpoint
    bad_source,    ///< expected: the highest kind known; actual: the row's kind, or bytes of an ID
    bad_time,      ///< later than the year 9999; actual: milliseconds
};
using RowError = Error<RowErrc>;
std::string message(const RowError& error);

/// The value of the row whose key is `entry.id`.
Buffer encode_row(const Entry& entry);
/// Verifies the record again. What is not stored has its default.
Result<Entry, RowError> decode_row(Bytes key, Bytes value);

}  // namespace parley::discovery
