#include <parley/p2p/config/web_names.hpp>

#include <parley/base/text.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/host_name.hpp>

#include <algorithm>

namespace parley::p2p {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_scheme_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '+' || c == '-' || c == '.';
}

}  // namespace

std::optional<WebAuthority> read_web_authority(std::string_view text) {
    WebAuthority out{lower(text), {}};
    // "[::1]" keeps its colons.
    const auto colon = out.host.rfind(':');
    if (colon == std::string::npos || out.host.find(']', colon) != std::string::npos) return out;
    out.port = out.host.substr(colon + 1);
    out.host.resize(colon);
    const bool fits =
        !out.port.empty() && out.port.size() <= 5 && std::ranges::all_of(out.port, is_digit);
    return fits ? std::optional{out} : std::nullopt;
}

std::optional<std::string> read_web_host(std::string_view text) {
    auto out = lower(text);
    if (out.starts_with('[') && out.ends_with(']')) {
        const auto address = IpAddress::parse(std::string_view{out}.substr(1, out.size() - 2));
        return address && !address->is_v4() ? std::optional{out} : std::nullopt;
    }
    const auto address = IpAddress::parse(out);
    const bool fits = address ? address->is_v4() : check_host_name(out).has_value();
    return fits ? std::optional{out} : std::nullopt;
}

std::optional<std::string> read_web_origin(std::string_view text) {
    const auto out = lower(text);
    constexpr std::string_view separator = "://";
    const auto scheme_end = out.find(separator);
    if (scheme_end == 0 || scheme_end == std::string::npos) return std::nullopt;
    const auto scheme = out.substr(0, scheme_end);
    auto authority =
        read_web_authority(std::string_view{out}.substr(scheme_end + separator.size()));
    if (!authority || !std::ranges::all_of(scheme, is_scheme_character) ||
        !read_web_host(authority->host)) {
        return std::nullopt;
    }
    auto& [host, port] = *authority;
    if ((scheme == "http" && port == "80") || (scheme == "https" && port == "443")) port.clear();
    return scheme + std::string{separator} + host + (port.empty() ? "" : ":" + port);
}

}  // namespace parley::p2p
