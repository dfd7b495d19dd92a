// TimerHeap: items ordered by the time of their next wake-up. A binary heap whose items know their
// place, so that one of ten thousand moves or leaves in logarithmic time and without allocation.
// It does not own its items; an item is removed before it is destroyed.
// Threading: one thread at a time.
#pragma once

#include <parley/base/time.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace parley::runtime {

/// Base of the items. An item is in one heap at a time.
struct TimerItem {
    static constexpr std::size_t nowhere = ~std::size_t{0};
    Instant wake_at = never;           ///< meaningful while it is in the heap
    std::size_t heap_place = nowhere;  ///< the heap's own; nowhere: in none
};

class TimerHeap {
public:
    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    /// The earliest wake-up; `never` if the heap is empty.
    Instant next() const { return items_.empty() ? never : items_.front()->wake_at; }
    /// The item with the earliest wake-up. Precondition: !empty().
    TimerItem* top() const { return items_.front(); }

    /// Inserts the item or moves it to another time; `never` removes it.
    void set(TimerItem& item, Instant at) {
        if (at == never) return remove(item);
        item.wake_at = at;
        if (item.heap_place == TimerItem::nowhere) {
            item.heap_place = items_.size();
            items_.push_back(&item);
        }
        sift_down(sift_up(item.heap_place));
    }

    /// No effect on an item that is not in the heap.
    void remove(TimerItem& item) {
        const std::size_t place = item.heap_place;
        if (place == TimerItem::nowhere) return;
        item.heap_place = TimerItem::nowhere;
        TimerItem* const last = items_.back();
        items_.pop_back();
        if (last == &item) return;
        put(place, last);
        sift_down(sift_up(place));
    }

private:
    void put(std::size_t place, TimerItem* item) {
        items_[place] = item;
        item->heap_place = place;
    }
    std::size_t sift_up(std::size_t place) {
        TimerItem* const item = items_[place];
        while (place > 0) {
            const std::size_t parent = (place - 1) / 2;
            if (items_[parent]->wake_at <= item->wake_at) break;
            put(place, items_[parent]);
            place = parent;
        }
        put(place, item);
        return place;
    }
    void sift_down(std::size_t place) {
        TimerItem* const item = items_[place];
        for (;;) {
            std::size_t child = 2 * place + 1;
            if (child >= items_.size()) break;
            if (child + 1 < items_.size() && items_[child + 1]->wake_at < items_[child]->wake_at) {
                ++child;
            }
            if (item->wake_at <= items_[child]->wake_at) break;
            put(place, items_[child]);
            place = child;
        }
        put(place, item);
    }

    std::vector<TimerItem*> items_;
};

}  // namespace parley::runtime
