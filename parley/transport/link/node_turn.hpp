// NodeTurn: since when the node's thread has not come back to wait for more. Links live on other
// threads and would keep their heartbeat up for a node that does nothing any more; they tell their
// peers, who let go of it. Threading: any.
#pragma once

#include <parley/base/time.hpp>

#include <atomic>

namespace parley::transport {

class NodeTurn {
public:
    /// The node's thread begins to work.
    void begin(Instant now) { since_ = now.time_since_epoch().count(); }
    /// It waits for more.
    void end() { since_ = idle; }
    /// For how long it has been working, at `now`; zero while it waits.
    Duration length(Instant now) const {
        const auto since = since_.load();
        return since == idle ? Duration{0} : now - Instant{Duration{since}};
    }

private:
    static constexpr Duration::rep idle = -1;
    std::atomic<Duration::rep> since_ = idle;
};

}  // namespace parley::transport
