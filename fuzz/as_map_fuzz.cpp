// A map of autonomous systems: text is refused with a line and a reason, or each address has the AS
// of the longest prefix that holds it.
#include <parley/identity/as_map.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

using namespace parley;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Of the prefixes that hold the address, which a map of that one line tells.
AsNumber by_looking(std::string_view text, const IpAddress& address) {
    AsNumber longest = 0;
    unsigned long bits = 0;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto map = AsMap::parse(line);
        require(map && map->prefixes() <= 1);
        const AsNumber as = map->find(address);
        if (as == 0) continue;
        const auto slash = line.find('/');
        const auto length = std::strtoul(std::string{line.substr(slash + 1)}.c_str(), nullptr, 10);
        if (longest == 0 || length > bits) {
            longest = as;
            bits = length;
        }
    }
    return longest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(std::as_bytes(std::span{data, size}));
    const auto map = AsMap::parse(text);
    if (!map) {
        require(!message(map.error()).empty());
        require(map.error().line <= size + 1);
        return 0;
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(map->prefixes() * 2, 32); ++i) {
        const auto v4 = IpAddress::v4({std::byte{10}, static_cast<std::byte>(i / 2),
                                       static_cast<std::byte>(i * 37), static_cast<std::byte>(i)});
        ByteArray<16> v6{std::byte{0x20}, std::byte{1}, std::byte{0x0d}, std::byte{0xb8}};
        v6[5] = static_cast<std::byte>(i);
        for (const auto& address : {v4, IpAddress::v6(v6)}) {
            require(map->find(address) == by_looking(text, address));
        }
    }
    return 0;
}
