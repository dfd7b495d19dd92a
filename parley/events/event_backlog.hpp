// EventBacklog: events of one type for a subscriber that takes them when it likes. Bounded: the
// last ones wait; of those that had to go it is told how many they were.
//
// Threading: the node's thread. The hub outlives it, or ends first: then nothing more comes.
#pragma once

#include <parley/events/hub.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

namespace parley {

template <class Event>
class EventBacklog {
public:
    /// `events_max`: how many wait, at least one.
    EventBacklog(Hub& hub, std::size_t events_max)
        : events_max_(events_max),
          subscription_(hub.subscribe<Event>([this](const Event& event) { push(event); })) {
        assert(events_max > 0);
    }
    EventBacklog(const EventBacklog&) = delete;
    EventBacklog& operator=(const EventBacklog&) = delete;

    struct Taken {
        std::uint64_t missed = 0;  ///< before the first of `events`, since the last time
        std::vector<Event> events;
    };
    /// What waits, in order.
    Taken take() {
        auto waiting = std::exchange(waiting_, {});
        return {std::exchange(missed_, 0),
                {std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end())}};
    }
    bool empty() const { return waiting_.empty() && missed_ == 0; }

private:
    void push(const Event& event) {
        if (waiting_.size() == events_max_) {
            waiting_.pop_front();
            ++missed_;
        }
        waiting_.push_back(event);
    }

    std::size_t events_max_;
    std::deque<Event> waiting_;
    std::uint64_t missed_ = 0;
    Hub::Subscription subscription_;
};

}  // namespace parley
