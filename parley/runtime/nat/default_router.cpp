#include <parley/runtime/nat/default_router.hpp>

#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace parley::runtime {

namespace {

constexpr std::uint32_t route_is_up = 1;      // RTF_UP
constexpr std::uint32_t route_by_router = 2;  // RTF_GATEWAY
constexpr std::size_t columns_least = 8;      // Iface Destination Gateway Flags ... Metric Mask

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

}  // namespace

std::optional<IpAddress> parse_default_router(std::string_view routes) {
    std::optional<IpAddress> best;
    std::uint32_t best_metric = 0;
    while (!routes.empty()) {
        const auto end = routes.find('\n');
        const auto words = words_of(routes.substr(0, end));
        routes = end == std::string_view::npos ? std::string_view{} : routes.substr(end + 1);
        if (words.size() < columns_least) continue;
        const auto destination = number(words[1], 16);
        const auto router = number(words[2], 16);
        const auto flags = number(words[3], 16);
        const auto metric = number(words[6], 10);
        const auto mask = number(words[7], 16);
        if (!destination || !router || !flags || !metric || !mask) continue;
        constexpr auto wanted = route_is_up | route_by_router;
        if (*destination != 0 || *mask != 0 || *router == 0 || (*flags & wanted) != wanted) {
            continue;
        }
        if (best && *metric >= best_metric) continue;
        best_metric = *metric;
        ByteArray<4> bytes;  // in the machine's memory the address is in network order
        std::memcpy(bytes.data(), &*router, bytes.size());
        best = IpAddress::v4(bytes);
    }
    return best;
}

std::optional<IpAddress> default_router() {
    std::ifstream file{"/proc/net/route"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return parse_default_router(text);
}

}  // namespace parley::runtime
