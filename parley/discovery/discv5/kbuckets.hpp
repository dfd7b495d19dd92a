// KBuckets: where the entries of the routing table stand (Kademlia's k-buckets; devp2p,
// discv5-theory.md, "Node Table"): a bucket for each log distance from our own ID, 16 entries in
// each and 10 more that wait to replace one that fails. It holds the limits of network groups: of
// one /24 (IPv6: /48) at most 2 stand in a bucket and 10 in the table, waiting ones included; a
// waiting one gives way to one that enters. Loopback and private addresses do not count. Which
// entry enters, waits or leaves is for Table to decide.
// Bounded: entries_max + replacements_max entries in each of 256 buckets.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/discovery/discv5/contact.hpp>

#include <boost/container/flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace parley::discovery::discv5 {

/// A node of the table, with what became of its checks.
struct TableEntry {
    Contact contact;
    bool met = false;                       ///< it contacted us, or answered
    bool checking = false;                  ///< next_check() gave it, and no word came since
    bool checked = false;                   ///< it answered at this endpoint since it was added
    std::uint8_t failures = 0;              ///< consecutive ones
    Instant last_seen = Instant::min();     ///< a message of its own
    Instant last_checked = Instant::min();  ///< last answer or failure that counted
    Instant since = Instant::min();         ///< first of the present run of answers, or of failures
    Instant next_check = never;
};

class KBuckets {
public:
    static constexpr std::size_t entries_max = 16;       ///< of a bucket
    static constexpr std::size_t replacements_max = 10;  ///< of a bucket
    static constexpr std::size_t bucket_group_max = 2;
    static constexpr std::size_t table_group_max = 10;

    /// The nodes at one log distance from our own ID.
    struct Bucket {
        std::vector<TableEntry> entries;
        std::vector<TableEntry> replacements;  ///< the newest first

        bool full() const { return entries.size() >= entries_max; }
    };
    /// Of `entries` or `replacements`; valid until that bucket changes.
    using Place = std::vector<TableEntry>::iterator;
    /// The node with that ID; the end of `list` if it has none.
    static Place place_of(std::vector<TableEntry>& list, const Id& id);

    /// `address_limits` false: any number of one network group.
    KBuckets(const Id& self, bool address_limits) : self_(self), address_limits_(address_limits) {}

    // --- What is there. An entry may be changed where it is, but for its ID and its address. ---

    /// Null if there was never an entry at that distance.
    Bucket* bucket_of(const Id& id);
    /// Made if there is none. Bucket references are valid until the next call.
    Bucket& make_bucket(const Id& id);
    /// The entry, not one that waits; null if there is none.
    TableEntry* find(const Id& id);
    /// As above, for reading.
    const TableEntry* find(const Id& id) const;
    /// From the farthest on: [0] is log distance 256; as many as were needed.
    std::span<Bucket> all() { return buckets_; }
    std::span<const Bucket> all() const { return buckets_; }
    /// Null if there was never an entry at that log distance, 1 to 256.
    const Bucket* at_distance(unsigned distance) const;
    std::size_t entries() const { return entries_; }
    std::size_t replacements() const { return replacements_; }

    // --- In and out ---

    /// Whether the limits of its network group let it in; not whether the bucket has room.
    bool may_enter(const Bucket& bucket, const TableEntry& entry) const;
    /// Waiting ones of its group leave as far as a limit asks for it. Preconditions: may_enter(),
    /// the bucket is not full, and the node stands nowhere in it.
    TableEntry& enter(Bucket& bucket, TableEntry entry);
    /// Whether the limits of its network group let it wait.
    bool may_wait(const Bucket& bucket, const TableEntry& entry) const;
    /// In front of the others. If there is no room, the oldest leaves, one that was not met before
    /// one that was. False: all others were met, and this one was not. Preconditions: may_wait(),
    /// and the node stands nowhere in the bucket.
    bool wait(Bucket& bucket, TableEntry entry);
    /// Takes an entry out and returns it. Nothing moves up in its place.
    TableEntry leave(Bucket& bucket, Place entry);
    /// The same for one that waits.
    TableEntry leave_replacements(Bucket& bucket, Place entry);

private:
    struct GroupCount {
        std::size_t entries = 0;
        std::size_t replacements = 0;
    };

    std::size_t index_of(const Id& id) const { return log_distance_max - log_distance(self_, id); }
    std::uint64_t group_of(const TableEntry& entry) const;
    std::size_t count_of(const std::vector<TableEntry>& list, std::uint64_t group) const;
    void count(const TableEntry& entry, int entries, int replacements);
    void make_way(Bucket& bucket, std::uint64_t group);
    bool drop_oldest_replacement(Bucket& bucket, std::uint64_t group);

    Id self_;
    bool address_limits_;
    std::vector<Bucket> buckets_;
    boost::container::flat_map<std::uint64_t, GroupCount> groups_;  // by group_key()
    std::size_t entries_ = 0, replacements_ = 0;
};

}  // namespace parley::discovery::discv5
