// EventHeap: what will happen in a world, ordered by time and, within one time, by the order in
// which it was planned. The only source of "now" in the simulator.
#pragma once

#include <parley/base/time.hpp>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace parley::sim {

class EventHeap {
public:
    using Action = std::move_only_function<void()>;

    void at(Instant when, Action action);
    /// Runs the next event if it is due by `end`; moves `now` to its time.
    bool run_next(Instant end);
    Instant now() const { return now_; }
    /// Moves time forward; nothing may be due before.
    void advance_to(Instant when) { now_ = std::max(now_, when); }
    std::uint64_t events_run() const { return events_run_; }
    std::size_t waiting() const { return heap_.size(); }

private:
    struct Event {
        Instant when;
        std::uint64_t order;
        Action action;
    };
    static bool later(const Event& a, const Event& b) {
        return std::pair{a.when, a.order} > std::pair{b.when, b.order};
    }
    std::vector<Event> heap_;
    Instant now_{};
    std::uint64_t order_ = 0;
    std::uint64_t events_run_ = 0;
};

}  // namespace parley::sim
