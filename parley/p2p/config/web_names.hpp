// What the Host and Origin headers of HTTP may say, in the one form in which they are compared:
// settings that a browser would never send are refused at the start, and not silently useless.
// Threading: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace parley::p2p {

/// For messages: what read_web_host takes.
inline constexpr std::string_view web_host_form =
    R"(host names or addresses without port, such as "node.example" or "192.168.1.5")";
/// For messages: what read_web_origin takes.
inline constexpr std::string_view web_origin_form =
    R"(origins, such as "https://wallet.example" or "http://localhost:3000": no path, no "*")";

/// What stands before the path of an address, as a Host header has it too.
struct WebAuthority {
    std::string host;  ///< in lower case; IPv6 in brackets
    std::string port;  ///< 1 to 5 digits; empty: none
};
/// Splits it at its port; nothing if what follows the last colon is none. The host is not checked.
std::optional<WebAuthority> read_web_authority(std::string_view text);

/// A host as a Host header names it, without the port, which is not compared; in lower case.
std::optional<std::string> read_web_host(std::string_view text);
/// An origin as browsers write it (RFC 6454, section 6.2): lower case, without the scheme's own
/// port.
std::optional<std::string> read_web_origin(std::string_view text);

}  // namespace parley::p2p
