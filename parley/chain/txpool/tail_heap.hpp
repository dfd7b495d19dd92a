// TailHeap: the senders by which of their last entries leaves first: remote before local, queued
// before pending, cheap before dear, new before old. A binary heap in one piece of memory; a sender
// knows its place. Threading: as its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::chain {

struct PoolSender;

/// What decides when an entry leaves; the least first.
struct TailKey {
    std::uint8_t worth = 0;  ///< 2 if local, and 1 if pending
    std::int64_t price = 0;
    std::uint64_t order = 0;

    friend bool operator<(const TailKey& a, const TailKey& b) {
        if (a.worth != b.worth) return a.worth < b.worth;
        if (a.price != b.price) return a.price < b.price;
        return a.order > b.order;
    }
};

class TailHeap {
public:
    struct Item {
        TailKey key;
        PoolSender* sender = nullptr;
    };

    /// Adds the sender, or moves it.
    void set(PoolSender& sender, const TailKey& key);
    void remove(PoolSender& sender);
    /// The key of a sender that is here, without moving it: before restore().
    void set_unordered(PoolSender& sender, const TailKey& key);
    void restore();
    /// Those at 2 i + 1 and 2 i + 2 leave after that at i.
    const std::vector<Item>& items() const { return items_; }

private:
    void put(std::size_t place, const Item& item);
    void rise(std::size_t place, const Item& item);
    void sink(std::size_t place, const Item& item);

    std::vector<Item> items_;
};

}  // namespace parley::chain
