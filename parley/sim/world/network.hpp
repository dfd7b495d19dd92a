// Network: a world of ordinary nodes in one network, alike but for their keys (from the seed) and
// addresses. The base of most tests and scenarios.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/chain/txpool/relay.hpp>
#include <parley/node/node.hpp>
#include <parley/sim/world/world.hpp>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace parley::sim {

/// Gives each pair of hosts a fixed latency from that range, drawn from the seed.
std::function<PathConfig(HostId, HostId)> random_paths(std::uint64_t seed, Duration min,
                                                       Duration max);

/// Seed, size, paths and settings of a Network.
struct NetworkOptions {
    std::uint64_t seed = 1;
    std::size_t nodes = 2;
    Duration latency_min = 5ms;
    Duration latency_max = 120ms;
    /// Instead of a fixed latency from that range for each pair of hosts.
    std::function<PathConfig(HostId, HostId)> path{};
    Crypto crypto = Crypto::real;
    std::size_t attackers = 0;         ///< of `nodes`, the last ones
    std::uint64_t state_accounts = 0;  ///< of the chain, for scenarios that grow one
    bool dht = false;                  ///< the nodes take part in the DHT (setting p2p.dht)
    /// A host's endpoint, instead of Network::endpoint; nothing: that one.
    std::function<std::optional<Endpoint>(HostId)> endpoint{};
    /// Changes a node's settings before its start; boot nodes and so on.
    std::function<void(HostId, node::NodeConfig&)> configure{};
    /// Modules to plug into a node, made for each of its lives.
    std::function<std::vector<transport::PeerHandler*>(HostId)> modules{};
    /// What a host's ledger is made of in each of its lives; nothing, or empty: the node has no
    /// blocks.
    std::function<std::optional<node::ChainData>(HostId)> chain{};
    Log* log = nullptr;
    /// Called with the node of each of a host's lives, before it does anything.
    std::function<void(HostId, node::Node&)> started{};
    /// Its own log for a host, instead of `log`.
    std::function<Log&(HostId)> log_of{};
};

class Network {
public:
    explicit Network(NetworkOptions options);

    /// For time and faults.
    World& world() { return world_; }
    /// Precondition: the host is up.
    node::Node& node(HostId host);
    /// The same at all times, up or down.
    NodeId id(HostId host) const { return keys_[host].id(); }
    /// The host with that ID; nothing if there is none.
    std::optional<HostId> host_of(const NodeId& id) const;
    /// The ID and endpoint by which others dial the host.
    Target target(HostId host) const { return {id(host), endpoint_of(host)}; }
    /// A host's endpoint, unless NetworkOptions::endpoint says otherwise.
    static Endpoint endpoint(HostId host);
    /// The endpoint at which the host listens.
    Endpoint endpoint_of(HostId host) const;
    /// The keys of the first `count` hosts of any network with that seed.
    static std::vector<NodeKey> keys(std::uint64_t seed, std::size_t count);
    std::size_t size() const { return keys_.size(); }
    /// Starts all hosts at this moment, in the order of their IDs.
    void start_all();
    /// The modules that are plugged into a host's node besides the built-in ones.
    std::vector<transport::PeerHandler*> modules(HostId host) const;
    bool has_chain() const { return static_cast<bool>(options_.chain); }

    /// Links that are up between two nodes, as `a` sees it.
    std::size_t links_between(HostId a, HostId b);
    /// Whether every node that runs keeps its limits: tokens consistent, one link per peer.
    bool healthy();

private:
    Log& log_of(HostId host);

    NetworkOptions options_;
    World world_;
    std::vector<NodeKey> keys_;
    std::deque<SeededEntropy> entropy_;  // of each host
    std::map<NodeId, HostId> hosts_;
};

}  // namespace parley::sim
