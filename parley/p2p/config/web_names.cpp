#include <parley/p2p/config/web_names.hpp>

#include <parley/identity/endpoint.hpp>

#include <algorithm>
#include <cctype>

namespace parley::p2p {

namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::string> read_web_host(std::string_view text) {
    auto out = lower(text);
    if (out.starts_with('[') && out.ends_with(']')) {
        const auto address = IpAddress::parse(std::string_view{out}.substr(1, out.size() - 2));
        return address && !address->is_v4() ? std::optional{out} : std::nullopt;
    }
    if (out.empty() || out.size() > 253 || !std::ranges::all_of(out, is_name_character)) {
        return std::nullopt;
    }
    return out;
}

std::optional<std::string> read_web_origin(std::string_view text) {
    const auto out = lower(text);
    constexpr std::string_view separator = "://";
    const auto scheme_end = out.find(separator);
    if (scheme_end == 0 || scheme_end == std::string::npos) return std::nullopt;
    const auto scheme = out.substr(0, scheme_end);
    const bool known =
        std::ranges::all_of(scheme, [](char c) { return is_name_character(c) || c == '+'; });
    auto host = out.substr(scheme_end + separator.size());
    std::string port;
    const auto colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
        port = host.substr(colon + 1);
        host.resize(colon);
        if (!is_port(port)) return std::nullopt;
    }
    if (!known || !read_web_host(host)) return std::nullopt;
    if ((scheme == "http" && port == "80") || (scheme == "https" && port == "443")) port.clear();
    return scheme + std::string{separator} + host + (port.empty() ? "" : ":" + port);
}

}  // namespace parley::p2p
