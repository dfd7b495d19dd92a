#include <parley/sim/event_heap.hpp>

#include <algorithm>

namespace parley::sim {

void EventHeap::at(Instant when, Action action) {
    heap_.push_back({std::max(when, now_), order_++, std::move(action)});
    std::ranges::push_heap(heap_, later);
}

bool EventHeap::run_next(Instant end) {
    if (heap_.empty() || heap_.front().when > end) return false;
    std::ranges::pop_heap(heap_, later);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.when;
    ++events_run_;
    event.action();
    return true;
}

}  // namespace parley::sim
