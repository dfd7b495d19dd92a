#include <parley/runtime/nat/default_router.hpp>

#include <parley/base/bytes.hpp>

#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace parley::runtime {

namespace {

constexpr std::uint32_t route_is_up = 1;      // RTF_UP
constexpr std::uint32_t route_by_router = 2;  // RTF_GATEWAY
constexpr auto wanted_flags = route_is_up | route_by_router;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> out;
    constexpr std::string_view blanks = " \t";
    for (;;) {
        const auto begin = line.find_first_not_of(blanks);
        if (begin == std::string_view::npos) return out;
        line.remove_prefix(begin);
        const auto word = line.substr(0, line.find_first_of(blanks));
        out.push_back(word);
        line.remove_prefix(word.size());
    }
}

std::optional<std::uint32_t> number(std::string_view text, int base) {
    std::uint32_t value = 0;
    const char* const first = text.data();
    const char* const last = first + text.size();
    const auto read = std::from_chars(first, last, value, base);
    if (read.ec != std::errc{} || read.ptr != last) return std::nullopt;
    return value;
}

struct Route {
    DefaultRouter router;
    std::uint32_t metric = 0;
};

/// Iface Destination Gateway Flags RefCnt Use Metric Mask ...
std::optional<Route> default_route(const std::vector<std::string_view>& words) {
    if (words.size() < 8) return std::nullopt;
    const auto destination = number(words[1], 16);
    const auto router = number(words[2], 16);
    const auto flags = number(words[3], 16);
    const auto metric = number(words[6], 10);
    const auto mask = number(words[7], 16);
    if (!destination || !router || !flags || !metric || !mask) return std::nullopt;
    const bool is_default = *destination == 0 && *mask == 0;
    if (!is_default || *router == 0 || (*flags & wanted_flags) != wanted_flags) {
        return std::nullopt;
    }
    ByteArray<4> bytes;  // in the machine's memory the address is in network order
    std::memcpy(bytes.data(), &*router, bytes.size());
    return Route{{IpAddress::v4(bytes), std::string{words[0]}}, *metric};
}

/// Destination and its bits, source and its bits, gateway, metric, references, use, flags, iface:
/// all in hex, addresses in network order.
std::optional<Route> default_route_v6(const std::vector<std::string_view>& words) {
    if (words.size() < 10) return std::nullopt;
    const auto destination = array_from_hex<16>(words[0]);
    const auto bits = number(words[1], 16);
    const auto router = array_from_hex<16>(words[4]);
    const auto metric = number(words[5], 16);
    const auto flags = number(words[8], 16);
    if (!destination || !bits || !router || !metric || !flags) return std::nullopt;
    const bool is_default = *bits == 0 && *destination == ByteArray<16>{};
    if (!is_default || *router == ByteArray<16>{} || (*flags & wanted_flags) != wanted_flags) {
        return std::nullopt;
    }
    return Route{{IpAddress::v6(*router), std::string{words[9]}}, *metric};
}

template <class ParseRoute>
std::optional<DefaultRouter> best_router(std::string_view routes, ParseRoute parse) {
    std::optional<Route> best;
    while (!routes.empty()) {
        const auto end = routes.find('\n');
        auto route = parse(words_of(routes.substr(0, end)));
        routes = end == std::string_view::npos ? std::string_view{} : routes.substr(end + 1);
        if (route && (!best || route->metric < best->metric)) best = std::move(route);
    }
    if (!best) return std::nullopt;
    return std::move(best->router);
}

}  // namespace

std::optional<DefaultRouter> parse_default_router(std::string_view routes) {
    return best_router(routes, &default_route);
}

std::optional<DefaultRouter> parse_default_router_v6(std::string_view routes) {
    return best_router(routes, &default_route_v6);
}

std::optional<DefaultRouter> default_router(bool v4) {
    std::ifstream file{v4 ? "/proc/net/route" : "/proc/net/ipv6_route"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return v4 ? parse_default_router(text) : parse_default_router_v6(text);
}

}  // namespace parley::runtime
