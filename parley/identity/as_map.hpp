// AsMap: which autonomous system announces an address, as a file of prefixes tells it. One prefix
// and its AS a line; the longest prefix that holds an address counts:
//
//     # from a routing table of 2026-11-01
//     203.0.112.0/20  64500
//     203.0.113.0/24  AS64501
//     2001:db8::/32   64500
//
// Kept as the starts of ranges in order: 8 bytes each for IPv4, 20 for IPv6, at most twice as many
// as there are prefixes. Bounded by text_bytes_max and prefixes_max.
// Threading: immutable once read.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// The number of an autonomous system (RFC 6793). 0: none (RFC 7607).
using AsNumber = std::uint32_t;

/// What can be wrong with the text of a map.
enum class AsMapErrc : std::uint8_t {
    too_long,          ///< expected: bytes at most; actual
    too_many,          ///< expected: prefixes at most
    no_as,             ///< nothing behind the prefix
    trailing,          ///< more than a prefix and an AS
    no_length,         ///< an address without "/bits"
    bad_address,       ///< neither IPv4 nor IPv6
    bad_length,        ///< expected: bits at most
    bits_behind,       ///< the address has bits behind its prefix; expected: bits of the prefix
    bad_as,            ///< not 1 to 4,294,967,295
    prefix_was_given,  ///< expected: the line where
};
/// Where and why a map cannot be read.
struct AsMapError {
    AsMapErrc code;
    std::uint64_t line = 0;  ///< from 1; 0: the text as a whole
    std::uint64_t expected = 0;
    std::uint64_t actual = 0;
    friend bool operator==(const AsMapError&, const AsMapError&) = default;
};
/// One line for people, without the line's number.
std::string message(const AsMapError& error);

/// A map from addresses to autonomous systems; see the head of this file.
class AsMap {
public:
    static constexpr std::size_t text_bytes_max = 64U << 20;  ///< of a file
    static constexpr std::size_t prefixes_max = 2'000'000;    ///< the internet has some 1,300,000

    /// Reads a whole file.
    static Result<AsMap, AsMapError> parse(std::string_view text);

    /// Of the longest prefix that holds the address; 0: none does.
    AsNumber find(const IpAddress& address) const;
    std::size_t prefixes() const { return prefixes_; }  ///< as many as were read

private:
    /// From `start` to the next range's start.
    template <std::size_t Size>
    struct Range {
        ByteArray<Size> start;
        AsNumber as;
    };
    template <std::size_t Size>
    class Reader;
    template <std::size_t Size>
    static AsNumber find_in(const std::vector<Range<Size>>& ranges, Bytes address);

    std::vector<Range<4>> v4_;
    std::vector<Range<16>> v6_;
    std::size_t prefixes_ = 0;
};

}  // namespace parley
