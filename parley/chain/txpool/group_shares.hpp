// GroupShares: what each network group of peers brought of transactions whose senders' state is not
// known, by price. Bounded as the pool: each entry is here once at most. Threading: the node's.
#pragma once

#include <parley/chain/txpool/pool_entries.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace parley::chain {

class GroupShares {
public:
    /// A share, in bytes.
    explicit GroupShares(std::size_t share_bytes) : share_bytes_(share_bytes) {}

    /// Of memory that an entry costs here.
    static constexpr std::size_t bytes_of_entry = 56;

    /// Of what is promised and not local; others are ignored.
    void add(PoolEntry& entry);
    void remove(PoolEntry& entry);
    bool empty() const { return entries_.empty(); }
    /// Whether a group has, with so many bytes more, above its share.
    bool is_over(std::uint64_t group, std::size_t more_bytes) const;
    /// The largest first. They are fewer than there are shares.
    std::vector<std::uint64_t> over() const;

    /// By group; of a group the cheapest first, new before old.
    struct ByPrice {
        using is_transparent = void;
        bool operator()(const PoolEntry* a, const PoolEntry* b) const {
            if (a->group != b->group) return a->group < b->group;
            return cheaper(*a, *b);
        }
        bool operator()(const PoolEntry* a, std::uint64_t group) const { return a->group < group; }
        bool operator()(std::uint64_t group, const PoolEntry* b) const { return group < b->group; }
    };
    static bool cheaper(const PoolEntry& a, const PoolEntry& b) {
        if (a.tip != b.tip) return a.tip < b.tip;
        return a.sequence > b.sequence;
    }
    using Entries = std::set<PoolEntry*, ByPrice>;
    std::pair<Entries::const_iterator, Entries::const_iterator> of(std::uint64_t group) const {
        return entries_.equal_range(group);
    }
    /// All of them, out of order: before their tips change. They are added again.
    std::vector<PoolEntry*> take();

private:
    void count(std::uint64_t group, std::size_t bytes, bool more);

    std::size_t share_bytes_;
    Entries entries_;
    std::map<std::uint64_t, std::size_t> bytes_;
    std::set<std::pair<std::size_t, std::uint64_t>> by_bytes_;  // the same, ordered
};

}  // namespace parley::chain
