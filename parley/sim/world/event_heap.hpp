// EventHeap: the events planned in a world, ordered by time and, within one time, by the order in
// which they were planned. The only source of "now" in the simulator.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/time.hpp>

#include <boost/heap/d_ary_heap.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace parley::sim {

template <class Event>
class EventHeap {
public:
    /// Plans an event. One for the past happens now.
    void at(Instant when, Event event) {
        std::uint32_t place = 0;
        if (free_.empty()) {
            place = static_cast<std::uint32_t>(events_.size());
            events_.push_back(std::move(event));
        } else {
            place = free_.back();
            free_.pop_back();
            events_[place] = std::move(event);
        }
        heap_.push({std::max(when, now_), order_++, place});
    }
    /// Takes out the next event if it is due by `end`, and moves now() to its time.
    std::optional<Event> next(Instant end) {
        if (heap_.empty() || heap_.top().when > end) return std::nullopt;
        const Entry first = heap_.top();
        heap_.pop();
        now_ = first.when;
        ++events_run_;
        free_.push_back(first.place);
        return std::move(events_[first.place]);
    }
    Instant now() const { return now_; }
    /// Moves now() forward. Precondition: no event is due before.
    void advance_to(Instant when) { now_ = std::max(now_, when); }
    std::uint64_t events_run() const { return events_run_; }

private:
    struct Entry {
        Instant when;
        std::uint64_t order;
        std::uint32_t place;  // in events_: moving entries is cheap, moving events is not
    };
    struct Later {
        bool operator()(const Entry& a, const Entry& b) const {
            return a.when != b.when ? a.when > b.when : a.order > b.order;
        }
    };
    // Four children each: half as many steps through memory as with two.
    boost::heap::d_ary_heap<Entry, boost::heap::arity<4>, boost::heap::compare<Later>> heap_;
    std::vector<Event> events_;
    std::vector<std::uint32_t> free_;
    Instant now_{};
    std::uint64_t order_ = 0;
    std::uint64_t events_run_ = 0;
};

}  // namespace parley::sim
