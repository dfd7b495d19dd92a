// Ranking: entries with what ranks them, side by side in memory, so that the best of a hundred
// thousand are found by a walk over a few megabytes. In no order; an entry knows its place.
// Threading: as its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::chain {

struct PoolEntry;

/// Room for one more. Vectors that grow by an eighth, as a pool has few of them and counts bytes.
template <class T>
void make_room(std::vector<T>& vector) {
    if (vector.size() == vector.capacity()) vector.reserve(vector.size() + vector.size() / 8 + 16);
}

class Ranking {
public:
    struct Item {
        std::int64_t price = 0;
        std::uint64_t order = 0;
        PoolEntry* entry = nullptr;
    };

    void add(PoolEntry& entry, std::int64_t price, std::uint64_t order);
    void remove(PoolEntry& entry);
    Item& of(const PoolEntry& entry);
    const Item& of(const PoolEntry& entry) const;
    const std::vector<Item>& items() const { return items_; }
    std::size_t size() const { return items_.size(); }

private:
    std::vector<Item> items_;
};

/// Whether `a` is mined before `b`: by price, then by when it could be executed, then (of one
/// sender) by nonce.
bool comes_before(const Ranking::Item& a, const Ranking::Item& b);

}  // namespace parley::chain
