// Names of hosts in the DNS, as far as their text goes; nothing is resolved here.
// Threading: pure functions.
#pragma once

#include <parley/base/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace parley {

/// What can be wrong with a name.
enum class HostNameErrc : std::uint8_t {
    empty,           ///< no text
    too_long,        ///< expected: 253 bytes at most; actual
    empty_label,     ///< "a..b", or a dot at the beginning; actual: offset
    label_too_long,  ///< expected: 63 bytes at most; actual
    bad_character,   ///< not a letter of ASCII, a digit, a hyphen or "_"; actual: the byte
    hyphen_at_edge,  ///< a label that begins or ends with one; actual: offset of the label
    looks_numeric,   ///< the last label is a number: an address that is none
};
using HostNameError = Error<HostNameErrc>;  ///< of check_host_name()
/// One line for people.
std::string message(const HostNameError& error);

inline constexpr std::size_t host_name_bytes_max = 253;  ///< of a whole name
inline constexpr std::size_t host_label_bytes_max = 63;  ///< between two dots

/// Whether a text is a host's name by RFC 1123, section 2.1: "node-1.example.org", "localhost".
/// Names beyond ASCII come in their "xn--" form. Also with "_", which names of services have
/// (RFC 8552), and with the dot of the root at the end.
Result<void, HostNameError> check_host_name(std::string_view text);

}  // namespace parley
