// Checkers: the invariants of every run. After every event, at the price of a few comparisons: no
// token lost or over a limit, one live link per pair, memory budgets kept. Now and then: no banned
// peer connected. At the end, after healing: connected, converged, back at the base line.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/world/network.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace parley::sim {

class Checkers {
public:
    /// Checks the hosts for which `honest` says yes. The network outlives this.
    Checkers(Network& network, std::function<bool(HostId)> honest);

    /// A host's node begins a life.
    void started(HostId host, node::Node& node);
    /// After every event.
    void after_event(HostId host);
    /// A few times a virtual minute.
    void periodic();
    /// The honest hosts that run are one network: all of them can reach all.
    void connected();
    /// Both sides of each link hold it.
    void links_agree();
    /// Each living host's record is in the books of others, and each book holds living ones.
    void books();
    /// No node holds anything that a peer could have left behind: handshakes, requests, messages.
    void at_rest();

    /// Notes a failure, as "12.345 s, host 7: ..."; at most failures_max are kept.
    void fail(HostId host, std::string what);
    /// Called at each failure.
    void on_failure(std::function<void()> call) { on_failure_ = std::move(call); }
    const std::vector<std::string>& failures() const { return failures_; }
    static constexpr std::size_t failures_max = 20;

private:
    struct Life {
        std::uint64_t slot_changes = 0;
        std::set<NodeId> up;
        std::set<NodeId> banned_and_up;  // when last looked
        std::vector<Hub::Subscription> subscriptions;
    };
    void check_budgets(HostId host);
    void check_bans(HostId host);
    std::vector<HostId> living() const;

    Network& network_;
    std::function<bool(HostId)> honest_;
    std::vector<Life> lives_;
    std::vector<std::string> failures_;
    std::function<void()> on_failure_;
};

}  // namespace parley::sim
