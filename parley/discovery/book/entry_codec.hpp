// The stored form of an entry: one row a node, of fixed fields, so that a book of a million opens
// within a second. docs/formats/address_book.md.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/discovery/book/entry.hpp>

#include <cstdint>
#include <string>

namespace parley::discovery {

/// What can be wrong with a row.
enum class RowErrc : std::uint8_t {
    bad_key,       ///< expected: 33 bytes that begin with 2 or 3; actual: the key's size
    truncated,     ///< expected: bytes at least; actual: bytes
    bad_source,    ///< expected: the highest kind known; actual: the row's kind
    bad_time,      ///< later than the year 9999; actual: milliseconds
    bad_endpoint,  ///< an address of neither 0, 4 nor 16 bytes, or one without port; actual: bytes
    no_endpoint,   ///< neither the record nor the row names a TCP endpoint
    bad_record,    ///< expected: 300 bytes at most; actual: bytes. Or an endpoint without a record
};
using RowError = Error<RowErrc>;  ///< of decode_row()
/// One line for people, with what was expected.
std::string message(const RowError& error);

/// The value of the row whose key is `entry.id`.
Buffer encode_row(const Entry& entry);
/// The entry of a row. The record is not looked into: AddressBook::record() verifies it when it is
/// needed. What is not stored has its default.
Result<Entry, RowError> decode_row(Bytes key, Bytes value);

}  // namespace parley::discovery
