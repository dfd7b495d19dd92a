#include <parley/nat/mapping.hpp>

#include <array>

namespace parley::nat {

std::string_view name(MappingMethod method) {
    constexpr std::array<std::string_view, 3> names{"PCP", "NAT-PMP", "UPnP"};
    return names[static_cast<std::size_t>(method)];
}

std::string_view name(MappingProtocol protocol) {
    return protocol == MappingProtocol::tcp ? "TCP" : "UDP";
}

std::string_view name(MappingMode mode) {
    constexpr std::array<std::string_view, 5> names{"off", "pcp", "nat-pmp", "upnp", "auto"};
    return names[static_cast<std::size_t>(mode)];
}

std::optional<MappingMode> parse_mapping_mode(std::string_view text) {
    for (const auto mode : {MappingMode::off, MappingMode::pcp, MappingMode::nat_pmp,
                            MappingMode::upnp, MappingMode::automatic}) {
        if (name(mode) == text) return mode;
    }
    return std::nullopt;
}

}  // namespace parley::nat
