#include <parley/sim/experiment/spread_model.hpp>

#include <cmath>
#include <functional>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

namespace parley::sim {

namespace {

/// One item on its way.
class Model {
public:
    /// How many of so many peers are sent the whole item at once; the others hear of it and ask
    /// after `patience`.
    using Pushes = std::function<std::size_t(std::size_t peers)>;

    Model(const LinkGraph& graph, Pushes pushes, Duration patience, Rng* rng)
        : graph_(graph), pushes_(std::move(pushes)), patience_(patience), rng_(rng) {
        hosts_.resize(graph.hosts());
    }

    ModelSpread run(std::size_t source) {
        arrive(Duration{}, source);
        while (!events_.empty()) {
            const auto [at, order, kind, from, edge] = events_.top();
            const std::size_t to = edge.to;
            events_.pop();
            hosts_[to].heard_from.insert(from);
            if (kind == Kind::payload) {
                ++out_.payloads;
                if (!hosts_[to].has) arrive(at, to);
            } else if (kind == Kind::announcement) {
                if (hosts_[to].heard_from.size() > 1) continue;
                plan(at + patience_, Kind::ask, from, edge);
            } else if (!hosts_[to].has) {
                plan(at + 2 * edge.latency, Kind::payload, from, edge);  // there and back
            }
        }
        return std::move(out_);
    }

private:
    enum class Kind : std::uint8_t { payload, announcement, ask };
    struct Host {
        bool has = false;
        std::set<std::size_t> heard_from;  // they have it
    };
    /// At `at` over `edge`, from the host at its other end; of several at a time the one that was
    /// planned first.
    struct Event {
        Duration at;
        std::size_t order;
        Kind kind;
        std::size_t from;
        LinkGraph::Edge edge;
        bool operator>(const Event& o) const {
            return std::tie(at, order) > std::tie(o.at, o.order);
        }
    };

    void plan(Duration at, Kind kind, std::size_t from, LinkGraph::Edge edge) {
        events_.push({at, planned_++, kind, from, edge});
    }
    void arrive(Duration at, std::size_t host) {
        hosts_[host].has = true;
        out_.arrivals.push_back(at);
        auto peers = graph_.from(host);
        std::erase_if(peers, [&](const auto& e) { return hosts_[host].heard_from.contains(e.to); });
        if (rng_) rng_->shuffle(peers);
        const std::size_t pushed = pushes_(peers.size());
        for (std::size_t i = 0; i < peers.size(); ++i) {
            plan(at + peers[i].latency, i < pushed ? Kind::payload : Kind::announcement, host,
                 peers[i]);
        }
    }

    const LinkGraph& graph_;
    Pushes pushes_;
    Duration patience_;
    Rng* rng_;
    std::vector<Host> hosts_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::size_t planned_ = 0;
    ModelSpread out_;
};

}  // namespace

ModelSpread best_possible(const LinkGraph& graph, std::size_t source) {
    // Whole items to everybody: the first to arrive came the shortest way.
    return Model{graph, [](std::size_t peers) { return peers; }, {}, nullptr}.run(source);
}

ModelSpread announce_and_fetch(const LinkGraph& graph, std::size_t source) {
    return Model{graph, [](std::size_t) { return 0; }, {}, nullptr}.run(source);
}

ModelSpread square_root_push(const LinkGraph& graph, std::size_t source, Rng& rng) {
    const auto root = [](std::size_t peers) {
        return static_cast<std::size_t>(std::sqrt(static_cast<double>(peers)));
    };
    return Model{graph, root, std::chrono::milliseconds{500}, &rng}.run(source);
}

}  // namespace parley::sim
