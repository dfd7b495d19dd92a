// Spread models: how an item would spread over a network's links by other protocols than ours: the
// best possible, and two that are in use. Our gossip is measured against them.
// Models know no loss, no queues and no time for checking: each is given its best case.
// Threading: pure functions.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>

#include <cstddef>
#include <vector>

namespace parley::sim {

/// The links between hosts, each with its latency one way.
class LinkGraph {
public:
    /// A link in one direction.
    struct Edge {
        std::size_t to;
        Duration latency;
    };
    explicit LinkGraph(std::size_t hosts) : edges_(hosts) {}
    /// One direction.
    void add(std::size_t from, std::size_t to, Duration latency) {
        edges_[from].push_back({to, latency});
    }
    std::size_t hosts() const { return edges_.size(); }
    /// The links that leave a host, in the order in which they were added.
    const std::vector<Edge>& from(std::size_t host) const { return edges_[host]; }

private:
    std::vector<std::vector<Edge>> edges_;
};

/// How one item spread.
struct ModelSpread {
    std::vector<Duration> arrivals;  ///< of each host that was reached; the first has it after 0
    std::size_t payloads = 0;        ///< whole items that were received
};

/// The shortest paths: no way of spreading over these links is faster.
ModelSpread best_possible(const LinkGraph& graph, std::size_t source);

/// Every host announces an item to all its peers at once; a peer that lacks it asks the first that
/// announced it (Bitcoin's inv and getdata, without its trickling).
ModelSpread announce_and_fetch(const LinkGraph& graph, std::size_t source);

/// Every host sends an item to the square root of its peers, chosen anew by `rng`, and announces
/// it to the others, who ask for it when it has not come within 500 ms (devp2p's eth protocol and
/// go-ethereum's fetcher).
ModelSpread square_root_push(const LinkGraph& graph, std::size_t source, Rng& rng);

}  // namespace parley::sim
