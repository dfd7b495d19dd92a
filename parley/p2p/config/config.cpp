#include <parley/p2p/config/config.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

namespace parley::p2p {

namespace {

/// What is wrong with which setting.
struct Fault {
    std::string_view key;
    std::string what;
};
using MaybeFault = std::optional<Fault>;

MaybeFault fault_of_proxy(const P2pConfig& p2p) {
    if (p2p.proxy.user.empty() && !p2p.proxy.password.empty()) {
        return Fault{"p2p.proxy_password",
                     "p2p.proxy_password is of no use without p2p.proxy_user"};
    }
    if (!p2p.uses_proxy() && !p2p.proxy.user.empty()) {
        return Fault{"p2p.proxy_user", "p2p.proxy_user is of no use without p2p.proxy"};
    }
    if (p2p.uses_proxy() && p2p.port_mapping != nat::MappingMode::off) {
        return Fault{"p2p.port_mapping",
                     "p2p.port_mapping tells where this node is, which p2p.proxy hides: only one "
                     "of them"};
    }
    return std::nullopt;
}

MaybeFault fault_of_counts(const P2pConfig& p2p) {
    using Count = std::pair<std::string_view, std::size_t>;
    for (const auto& [key, count] :
         {Count{"p2p.boot", p2p.boot.size()}, Count{"p2p.static_peers", p2p.static_peers.size()},
          Count{"p2p.trusted", p2p.trusted.size()}}) {
        if (count <= named_peers_max) continue;
        return Fault{key, fmt::format("{}: {} nodes, at most {}", key, count, named_peers_max)};
    }
    return std::nullopt;
}

MaybeFault fault_of_advertise(const P2pConfig& p2p) {
    for (std::size_t i = 1; i < p2p.advertise.size(); ++i) {
        const auto& again = p2p.advertise[i];
        const bool v4 = again.address.is_v4();
        if (i == 1 && p2p.advertise[0].address.is_v4() != v4) continue;
        return Fault{"p2p.advertise",
                     fmt::format("p2p.advertise: {} is a second {} endpoint, and a node's record "
                                 "has room for one",
                                 again.to_string(), v4 ? "IPv4" : "IPv6")};
    }
    return std::nullopt;
}

MaybeFault fault_of_targets(const P2pConfig& p2p) {
    using Targets = std::pair<std::string_view, const std::vector<Target>&>;
    std::map<NodeId, std::pair<std::string_view, Target>> seen;
    for (const auto& [key, targets] :
         {Targets{"p2p.boot", p2p.boot}, Targets{"p2p.static_peers", p2p.static_peers}}) {
        for (const auto& target : targets) {
            const auto [before, is_new] = seen.try_emplace(target.id, key, target);
            const auto& [other_key, other] = before->second;
            if (is_new || other == target) continue;
            return Fault{key, fmt::format("{}: {} is in {} as {}, and a node has one address", key,
                                          target.to_string(), other_key, other.to_string())};
        }
    }
    return std::nullopt;
}

MaybeFault fault_of_files(const Config& config) {
    if (config.log.file.empty() || config.log.file != config.rpc.socket) return std::nullopt;
    return Fault{"log.file", fmt::format("log.file: \"{}\" is rpc.socket, and one file cannot be "
                                         "both",
                                         config.log.file)};
}

std::string list_of(const std::vector<std::uint64_t>& numbers) {
    return fmt::format("[{}]", fmt::join(numbers, ", "));
}

}  // namespace

std::optional<std::string> take_chain(NetworkConfig& network, const ChainFacts& chain) {
    const auto differs = [](std::string_view key, const std::string& ours,
                            const std::string& theirs) {
        return fmt::format("network.{} is {}, and the chain's is {}", key, ours, theirs);
    };
    network.chain_id = chain.chain_id;
    if (chain.roles != 0) network.roles = chain.roles;
    if (chain.light_nodes_max > 0) {
        network.light_nodes_max = chain.light_nodes_max;
        network.services |= transport::service::light_nodes;
    }
    if (chain.genesis == Hash256{}) return std::nullopt;
    if (network.genesis == Hash256{}) network.genesis = chain.genesis;
    if (network.genesis != chain.genesis) {
        return differs("genesis", "0x" + to_hex(network.genesis), "0x" + to_hex(chain.genesis));
    }
    if (network.forks.empty()) network.forks = chain.forks;
    if (network.forks != chain.forks) {
        return differs("forks", list_of(network.forks), list_of(chain.forks));
    }
    if (network.fork_times.empty()) network.fork_times = chain.fork_times;
    if (network.fork_times != chain.fork_times) {
        return differs("fork_times", list_of(network.fork_times), list_of(chain.fork_times));
    }
    return std::nullopt;
}

bool is_taken_in_folder(std::string_view file_name) {
    static constexpr auto names = std::to_array<std::string_view>(
        {"node.key", "parley.toml", "names.toml", "store", "store-lock", "lock", "chain"});
    const auto path = std::filesystem::path{file_name}.lexically_normal().string();
    return std::ranges::find(names, path) != names.end();
}

Result<void, ConfigError> check(const Config& config, std::string_view file_name,
                                const SettingLines& lines) {
    for (const auto& fault :
         {fault_of_proxy(config.p2p), fault_of_counts(config.p2p), fault_of_advertise(config.p2p),
          fault_of_targets(config.p2p), fault_of_files(config)}) {
        if (!fault) continue;
        const auto line = lines.find(fault->key);
        return std::unexpected{config_error(
            file_name, line == lines.end() ? std::nullopt : std::optional{line->second},
            fault->what)};
    }
    return {};
}

IpFamilies Config::udp_families() const {
    return families_of(p2p.listen);
}

std::uint64_t Config::descriptors_max() const {
    constexpr std::uint64_t named = 2 * named_peers_max;               // static, trusted
    constexpr std::uint64_t dials = 16 + 2;                            // under way, feelers
    const std::uint64_t closing = 256ULL * std::max(io_threads, 1U);   // whose last bytes leave
    const auto callers = 2 * std::uint64_t{rpc.connections_max} + 64;  // RPC, metrics
    constexpr std::uint64_t others = 64 + 64;  // store, log, threads, listeners; callers giving way
    return std::uint64_t{p2p.inbound_max} + p2p.outbound_max + network.light_nodes_max +
           p2p.handshakes_max + named + dials + closing + callers + others;
}

Result<void, ConfigError> read_config(const SettingList& list, const Config& config,
                                      std::string_view toml, std::string_view file_name,
                                      OtherTables other) {
    const auto lines = read_settings(list, toml, file_name, other);
    if (!lines) return std::unexpected{lines.error()};
    return check(config, file_name, *lines);
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
        return std::make_shared<transport::Pacer>(bytes(kib));
    };
    transport::LinkConfig out;
    out.heartbeat = {p2p.heartbeat_interval, p2p.heartbeat_timeout};
    out.bandwidth = {bytes(p2p.upload_per_peer_max), bytes(p2p.download_per_peer_max),
                     shared(p2p.upload_max), shared(p2p.download_max)};
    return out;
}

}  // namespace parley::p2p
