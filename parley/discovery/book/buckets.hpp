// Buckets: where an entry may stand in the address book. Two tables of buckets with 64 places
// each: untried, for what was only heard of, and tried, for what answered a dial of ours. A secret
// key decides where each entry goes, so that an attacker cannot aim; and
//   in untried, the bucket depends on the source's network group first: whatever one group
//   advertises, and in whatever number, fits into a sixteenth of the buckets at most;
//   in tried, it depends on the entry's own group: each has a thirty-second of them at most.
// (Heilman, Kendler, Zohar, Goldberg: "Eclipse Attacks on Bitcoin's Peer-to-Peer Network", 2015;
// Bitcoin Core's addrman.) Groups are OwnerGroups; a private or loopback endpoint is one of its
// own. Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/discovery/book/entry.hpp>
#include <parley/identity/owner_group.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::discovery {

/// The two tables: addresses only heard of, and those where a dial of ours was answered.
enum class BookTable : std::uint8_t { untried, tried };

/// Both tables of one book; see the head of this file.
class Buckets {
public:
    static constexpr std::uint32_t bucket_places = 64;          ///< in each bucket
    static constexpr std::uint32_t nobody = ~std::uint32_t{0};  ///< no entry's number

    /// About four in five of `entries_max` places are untried ones, in powers of two of buckets.
    /// `by_group` false: an entry's place depends on its endpoint alone.
    Buckets(std::size_t entries_max, std::uint64_t key, OwnerGroups owners = {},
            bool by_group = true);

    std::uint64_t key() const { return key_; }  ///< as at construction: secret
    /// A number for all sources that count as one: those of one network group, or, from private
    /// networks, of one ID. 0: no node advertised it.
    std::uint64_t source_group(const Source& source) const;
    /// The one place for an endpoint that was advertised by that group of sources.
    Place untried_place(const Endpoint& endpoint, std::uint64_t source) const;
    /// The one place for an endpoint where a dial of ours was answered.
    Place tried_place(const Endpoint& endpoint) const;

    std::size_t places(BookTable table) const;  ///< taken and free
    /// How many of them are taken.
    std::size_t taken(BookTable table) const { return sides_[index(table)].taken; }
    /// Whether there is a place of that number. All below take places that exist.
    bool exists(Place place) const { return place < at_.size(); }
    /// Which table the place is in.
    BookTable table_of(Place place) const {
        return place < untried_places_ ? BookTable::untried : BookTable::tried;
    }
    /// The number of the entry that stands there, or nobody.
    std::uint32_t at(Place place) const { return at_[place]; }
    /// Begins to load the place into the cache, for a look at it soon.
    void fetch(Place place) const {
        __builtin_prefetch(&at_[place]);
        __builtin_prefetch(&count_[place / bucket_places]);
    }
    /// Precondition: the place is free.
    void put(Place place, std::uint32_t entry);
    /// Frees a place. Precondition: it is taken.
    void clear(Place place);
    /// Its entry has another number now.
    void renumber(Place place, std::uint32_t entry) { at_[place] = entry; }
    /// The number of a random entry. Each bucket that is not empty is as likely as any other, then
    /// each entry in it: a source that fills few buckets is drawn no oftener for filling them
    /// well. `nobody` if the table is empty.
    std::uint32_t random(BookTable table, Rng& rng) const;

private:
    struct Side {
        std::uint32_t first_bucket = 0, buckets = 0;
        std::size_t taken = 0;
        std::vector<std::uint32_t> used;  // buckets that are not empty
    };
    static std::size_t index(BookTable table) { return static_cast<std::size_t>(table); }
    std::uint64_t hash(char purpose, std::uint64_t a, std::uint64_t b = 0) const;
    std::uint64_t hash(char purpose, const Endpoint& endpoint) const;
    std::uint64_t group(const Endpoint& endpoint) const;

    std::uint64_t key_;
    OwnerGroups owners_;
    bool by_group_;
    std::uint32_t untried_places_ = 0;
    std::array<Side, 2> sides_;
    std::vector<std::uint32_t> at_;       // by place
    std::vector<std::uint8_t> count_;     // by bucket
    std::vector<std::uint32_t> used_at_;  // by bucket: where in Side::used
};

}  // namespace parley::discovery
