// NodeTurn: since when the node's thread has not come back to wait for more, and what it is at.
// Links live on other threads and would keep their heartbeat up for a node that does nothing any
// more; they tell their peers, who let go of it. Threading: any.
#pragma once

#include <parley/base/time.hpp>

#include <atomic>

namespace parley::transport {

class NodeTurn {
public:
    /// The node's thread begins to work.
    void begin(Instant now) { since_ = now.time_since_epoch().count(); }
    /// It goes on with this, a literal, for people.
    void go_on_with(const char* what) { what_ = what; }
    /// It waits for more.
    void end() { since_ = idle; }
    /// For how long it has been working, at `now`; zero while it waits.
    Duration length(Instant now) const {
        const auto since = since_.load();
        return since == idle ? Duration{0} : now - Instant{Duration{since}};
    }

    const char* what() const { return what_; }  ///< as it last went on with

private:
    static constexpr Duration::rep idle = -1;
    std::atomic<Duration::rep> since_ = idle;
    std::atomic<const char*> what_ = "";
};

}  // namespace parley::transport
