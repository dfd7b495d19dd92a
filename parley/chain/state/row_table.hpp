// RowTable: rows by their key, which a peer may choose: found by a salted hash, and visited in the
// order in which they were inserted, never in that of the hashes. Rows stay where they are, and
// none is taken out.
//
// Bounded by its owner, below 2^32 rows. Threading: const members on several threads at a time, as
// long as nothing else is called.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/huge_page_allocator.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace parley::chain {

/// `Row` has a member `key`, a range of std::byte, and begins empty.
template <class Row>
class RowTable {
public:
    using Key = decltype(Row::key);

    explicit RowTable(std::uint64_t salt) : hash_{salt} {}

    /// Null if it is not there.
    const Row* find(const Key& key) const {
        if (slots_.empty()) return nullptr;
        const auto place = slots_[slot_of(key, hash_of(key))].place;
        return place == 0 ? nullptr : &at(place - 1);
    }
    /// One that is there, or a new one with this key; and whether it is new.
    std::pair<Row&, bool> insert(const Key& key) {
        if (2 * (size_ + 1) > slots_.size()) grow();
        const auto hash = hash_of(key);
        auto& slot = slots_[slot_of(key, hash)];
        if (slot.place != 0) return {at(slot.place - 1), false};
        if (size_ == chunks_.size() * chunk_rows) chunks_.push_back(std::make_unique<Chunk>());
        slot = {hash, static_cast<std::uint32_t>(size_ + 1)};
        auto& row = at(size_++);
        row.key = key;
        return {row, true};
    }

    std::size_t size() const { return size_; }
    /// In the order of their insertion.
    template <class Visit>
    void for_each(const Visit& visit) const {
        for (std::size_t i = 0; i < size_; ++i) visit(at(i));
    }

protected:
    static constexpr std::size_t chunk_rows = 64;
    using Chunk = std::array<Row, chunk_rows>;
    /// Where a row is: `place` from 1; 0: nowhere.
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t place = 0;
    };

    std::uint32_t hash_of(const Key& key) const { return static_cast<std::uint32_t>(hash_(key)); }
    const Row& at(std::size_t i) const { return (*chunks_[i / chunk_rows])[i % chunk_rows]; }
    /// A power of two, at most half of them taken.
    const auto& slots() const { return slots_; }

private:
    static constexpr std::size_t slots_min = 64;
    using Slots = std::vector<Slot, HugePageAllocator<Slot>>;

    Row& at(std::size_t i) { return (*chunks_[i / chunk_rows])[i % chunk_rows]; }
    /// The slot of the key, or the empty one where it would be. Precondition: there are slots.
    std::size_t slot_of(const Key& key, std::uint32_t hash) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t i = hash & mask;
        while (slots_[i].place != 0 &&
               (slots_[i].hash != hash || at(slots_[i].place - 1).key != key)) {
            i = (i + 1) & mask;
        }
        return i;
    }
    void grow() {
        Slots larger(std::max(slots_min, 2 * slots_.size()));
        const std::size_t mask = larger.size() - 1;
        for (const auto& slot : slots_) {
            if (slot.place == 0) continue;
            std::size_t i = slot.hash & mask;
            while (larger[i].place != 0) i = (i + 1) & mask;
            larger[i] = slot;
        }
        slots_ = std::move(larger);
    }

    SaltedHash hash_;
    Slots slots_;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace parley::chain
