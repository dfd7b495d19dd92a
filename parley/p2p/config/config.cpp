#include <parley/p2p/config/config.hpp>

#include <fmt/format.h>

#include <memory>
#include <set>
#include <utility>

namespace parley::p2p {

Result<void, ConfigError> check(const Config& config, std::string_view file_name) {
    const auto& p2p = config.p2p;
    const auto bad = [&](std::string_view what) {
        return std::unexpected{ConfigError{fmt::format("{}: {}", file_name, what)}};
    };
    if (p2p.proxy.user.empty() && !p2p.proxy.password.empty()) {
        return bad("p2p.proxy_password is of no use without p2p.proxy_user");
    }
    if (!p2p.uses_proxy() && !p2p.proxy.user.empty()) {
        return bad("p2p.proxy_user is of no use without p2p.proxy");
    }
    if (p2p.uses_proxy() && p2p.port_mapping != nat::MappingMode::off) {
        return bad(
            "p2p.port_mapping tells where this node is, which p2p.proxy hides: only one of them");
    }
    for (const auto& [key, count] : {std::pair{"static_peers", p2p.static_peers.size()},
                                     std::pair{"trusted", p2p.trusted.size()}}) {
        if (count <= named_peers_max) continue;
        return bad(fmt::format("p2p.{}: {} nodes, at most {}", key, count, named_peers_max));
    }
    for (std::size_t i = 1; i < p2p.advertise.size(); ++i) {
        const auto& again = p2p.advertise[i];
        const bool v4 = again.address.is_v4();
        if (i == 1 && p2p.advertise[0].address.is_v4() != v4) continue;
        return bad(
            fmt::format("p2p.advertise: {} is a second {} endpoint, and a node's record has "
                        "room for one",
                        again.to_string(), v4 ? "IPv4" : "IPv6"));
    }
    std::set<NodeId> ids;
    for (const auto& target : p2p.static_peers) {
        if (ids.insert(target.id).second) continue;
        return bad(fmt::format("p2p.static_peers: {} is there twice, and a node has one address",
                               target.id.short_string()));
    }
    return {};
}

IpFamilies Config::udp_families() const {
    return families_of(p2p.listen);
}

std::uint64_t Config::descriptors_max() const {
    const std::uint64_t named = p2p.static_peers.size() + p2p.trusted.size();
    constexpr std::uint64_t dials = 16 + 2;                            // under way, feelers
    const auto callers = 2 * std::uint64_t{rpc.connections_max} + 64;  // RPC, metrics
    constexpr std::uint64_t others = 64 + 64;  // store, log, threads, listeners; callers giving way
    return std::uint64_t{p2p.inbound_max} + p2p.outbound_max + p2p.handshakes_max + named + dials +
           callers + others;
}

Result<void, ConfigError> read_config(const SettingList& list, const Config& config,
                                      std::string_view toml, std::string_view file_name,
                                      OtherTables other) {
    if (auto ok = read_settings(list, toml, file_name, other); !ok) return ok;
    return check(config, file_name);
}

Result<Config, ConfigError> parse_config(std::string_view toml, std::string_view file_name,
                                         OtherTables other) {
    Config config;
    const auto ok = read_config(settings_of(config), config, toml, file_name, other);
    if (!ok) return std::unexpected{ok.error()};
    return config;
}

transport::LinkConfig Config::link() const {
    const auto bytes = [](std::uint32_t kib) { return std::uint64_t{kib} * 1024; };
    const auto shared = [&](std::uint32_t kib) {
        return kib == 0 ? nullptr : std::make_shared<transport::Pacer>(bytes(kib));
    };
    transport::LinkConfig out;
    out.heartbeat = {p2p.heartbeat_interval, p2p.heartbeat_timeout};
    out.bandwidth = {bytes(p2p.upload_per_peer_max), bytes(p2p.download_per_peer_max),
                     shared(p2p.upload_max), shared(p2p.download_max)};
    return out;
}

}  // namespace parley::p2p
