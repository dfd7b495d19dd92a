#include <parley/sim/world/network.hpp>

#include <set>
#include <stdexcept>
#include <utility>

namespace parley::sim {

namespace {

WorldConfig world_config(const NetworkOptions& options) {
    WorldConfig config;
    config.seed = options.seed;
    config.crypto = options.crypto;
    config.path = options.path
                      ? options.path
                      : random_paths(options.seed, options.latency_min, options.latency_max);
    return config;
}

NodeKey copy(const NodeKey& key) {
    return *NodeKey::from_secret(key.secret());
}

}  // namespace

std::function<PathConfig(HostId, HostId)> random_paths(std::uint64_t seed, Duration min,
                                                       Duration max) {
    return [=](HostId a, HostId b) {
        Rng pair{seed ^ (std::min(a, b) * 0x9e3779b97f4a7c15ULL) ^
                 (std::max(a, b) * 0xc2b2ae3d27d4eb4fULL)};
        const auto span = static_cast<std::uint64_t>((max - min).count());
        return PathConfig{.base = min + Duration{static_cast<std::int64_t>(pair.below(span + 1))}};
    };
}

/// Every host in a /16 of its own: 11.0.0.1, 11.1.0.1, ...
Endpoint Network::endpoint(HostId host) {
    const auto high = static_cast<std::byte>(11 + host / 256);
    const auto low = static_cast<std::byte>(host % 256);
    return {IpAddress::v4({high, low, std::byte{0}, std::byte{1}}), 30770};
}

std::optional<HostId> Network::host_of(const NodeId& id) const {
    const auto found = hosts_.find(id);
    return found == hosts_.end() ? std::nullopt : std::optional{found->second};
}

Endpoint Network::endpoint_of(HostId host) const {
    const auto chosen = options_.endpoint ? options_.endpoint(host) : std::nullopt;
    return chosen ? *chosen : endpoint(host);
}

std::vector<NodeKey> Network::keys(std::uint64_t seed, std::size_t count) {
    SeededEntropy entropy{seed ^ 0x6b657973ULL};
    std::vector<NodeKey> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(NodeKey::generate(entropy));
    return out;
}

Network::Network(NetworkOptions options)
    : options_(std::move(options)), world_(world_config(options_)) {
    keys_ = keys(options_.seed, options_.nodes);
    for (HostId host = 0; host < options_.nodes; ++host) {
        hosts_.emplace(id(host), host);
        auto& entropy = entropy_.emplace_back(options_.seed + host);
        node::NodeConfig config;
        config.client = "parley/sim";
        config.p2p.listen = {endpoint_of(host)};
        config.p2p.advertise = {endpoint_of(host)};
        if (options_.configure) options_.configure(host, config);
        world_.add_host(endpoint_of(host), config.link(),
                        [this, host, config, &entropy](Now now, Store& disk, Rng rng) {
                            auto chain = options_.chain ? options_.chain(host) : std::nullopt;
                            auto made = node::Node::create(
                                config, copy(keys_[host]), disk, log_of(host), rng, now,
                                modules(host), options_.dht ? &entropy : nullptr, std::move(chain));
                            if (!made) throw std::runtime_error{message(made.error())};
                            if (options_.started) options_.started(host, **made);
                            return std::unique_ptr<p2p::NodeCore>{std::move(*made)};
                        });
    }
}

std::vector<transport::PeerHandler*> Network::modules(HostId host) const {
    return options_.modules ? options_.modules(host) : std::vector<transport::PeerHandler*>{};
}

Log& Network::log_of(HostId host) {
    if (options_.log_of) return options_.log_of(host);
    return options_.log ? *options_.log : no_log();
}

node::Node& Network::node(HostId host) {
    return dynamic_cast<node::Node&>(world_.node(host));
}

void Network::start_all() {
    for (HostId host = 0; host < size(); ++host) world_.start(host);
}

std::size_t Network::links_between(HostId a, HostId b) {
    std::size_t count = 0;
    for (const auto& peer : node(a).links().peers()) count += peer.id == id(b) ? 1 : 0;
    return count;
}

bool Network::healthy() {
    for (HostId host = 0; host < size(); ++host) {
        if (!world_.up(host)) continue;
        auto& links = node(host).links();
        if (!links.slots().consistent()) return false;
        std::set<NodeId> ids;
        for (const auto& peer : links.peers()) {
            if (!ids.insert(peer.id).second) return false;
        }
    }
    return true;
}

}  // namespace parley::sim
