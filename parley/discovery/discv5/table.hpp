// Table: the routing table of Node Discovery v5.1 (devp2p, discv5-theory.md, "Node Table"). It
// decides which nodes are kept, which is to be checked next and which may be told to others; where
// they stand, and how many of one network group, is for KBuckets.
//   - A node that was only heard of is unchecked: asked in lookups if there is none better, never
//     told to others. It is checked, by a request sent to its endpoint, soon after it came; again
//     after about as long as it has been seen to live; and soon after a failure.
//   - An entry that answers is never evicted for a newcomer. One that failed several times is
//     replaced, unless no other node has answered since it began to fail: then the fault may be
//     ours.
// Nothing is verified here: contacts come of records whose signatures were.
// Memory: at most entries_max + replacements_max contacts in each of 256 buckets, and at most
// contact_bytes_max bytes for each, the record included.
// Threading: the node's thread.
//
//     table.add(now, contact, Origin::heard);
//     while (const auto* entry = table.next_check(now)) ping(*entry);  // at next_wakeup() again
//     table.on_alive(now, id, endpoint);                      // a PONG came; or on_failed()
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/discv5/contact.hpp>
#include <parley/discovery/discv5/kbuckets.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace parley::discovery::discv5 {

/// Limits of addresses, and the times of checks.
struct TableConfig {
    /// False: any number of one network group. For comparisons.
    bool address_limits = true;
    Duration check_spacing = 100ms;     ///< between any two checks
    Duration check_heard_after = 1s;    ///< after we heard of a node; one that came is due at once
    Duration check_interval_min = 10s;  ///< after the first answer; jittered
    Duration check_interval_max = std::chrono::minutes{10};  ///< of one that lives for long
    Duration check_retry = 2s;      ///< after a failure; doubles up to the maximum
    Duration check_timeout = 3s;    ///< without a word of what became of a check
    std::uint8_t failures_max = 3;  ///< consecutive ones, check_retry apart
};

/// How we know of a node.
enum class Origin : std::uint8_t {
    heard,  ///< from another node or the configuration
    met,    ///< it completed a handshake with us
};

/// Outcomes of adding a record.
enum class TableResult : std::uint8_t {
    added,
    updated,      ///< a newer record
    known,        ///< nothing new
    waiting,      ///< the bucket is full: it may replace one that fails
    own,          ///< ourselves
    bad_address,  ///< no node can be asked there
    group_full,   ///< the limit of its /24 or /48
    bucket_full,  ///< and so is its list of replacements, with better ones
};
/// "added".
std::string_view name(TableResult result);

class Table {
public:
    static constexpr std::size_t entries_max = KBuckets::entries_max;
    static constexpr std::size_t replacements_max = KBuckets::replacements_max;
    static constexpr std::size_t bucket_group_max = KBuckets::bucket_group_max;
    static constexpr std::size_t table_group_max = KBuckets::table_group_max;
    static constexpr std::size_t contact_bytes_max = 1024;

    Table(TableConfig config, const Id& self, Rng rng);
    const TableConfig& config() const { return config_; }

    // --- News of nodes ---

    /// A node was heard of, or contacted us. A newer record of a known one replaces the older; with
    /// another endpoint it must be checked anew.
    TableResult add(Now now, const Contact& contact, Origin origin);
    /// It answered a request of ours (PING, FINDNODE) that was sent to `asked_at`: counts only if
    /// that is its endpoint still. An answer without a check under way does not put off its next
    /// one: only a PONG tells of a newer record.
    void on_alive(Now now, const Id& id, const Endpoint& asked_at);
    /// It did not answer such a request.
    void on_failed(Now now, const Id& id, const Endpoint& asked_at);
    /// A node that waits takes its place. Nothing happens if it is not in the table.
    void remove(Now now, const Id& id);

    // --- Checks (PING) ---

    /// The entry to be sent a PING now; on_alive() or on_failed() says what became of it, after
    /// `check_timeout` at the latest. Null if none is due. Valid until the table changes.
    const TableEntry* next_check(Now now);
    /// When to call next_check(), or before.
    Instant next_wakeup() const;

    // --- Queries; pointers are valid until the table changes ---

    /// Null if it is no entry.
    const TableEntry* find(const Id& id) const { return buckets_.find(id); }
    /// Up to `count` to start a lookup with, the closest to `target` first. Checked ones; if there
    /// are too few, then others.
    std::vector<Contact> closest(const Id& target, std::size_t count) const;
    /// To start a lookup with: the 16 closest, and a random one from each bucket.
    std::vector<Contact> seeds(const Id& target);
    /// Up to `count` for the answer to a FINDNODE from `asker`: checked entries at these log
    /// distances, those of the first distance first; of a bucket with too many, random ones.
    /// Private addresses are not told in public. Distance 0, ourselves, is left to the caller.
    std::vector<const TableEntry*> at_distances(std::span<const std::uint16_t> distances,
                                                std::size_t count, const IpAddress& asker);
    std::size_t size() const { return buckets_.entries(); }
    /// Entries that answered when they were asked last.
    std::size_t checked() const;
    /// Nodes that wait to replace an entry.
    std::size_t replacements() const { return buckets_.replacements(); }
    /// Every entry (true) and replacement (false), bucket by bucket from the farthest on.
    void for_each(const std::function<void(const TableEntry&, bool)>& visit) const;

private:
    using Bucket = KBuckets::Bucket;

    TableResult update(Now now, TableEntry& entry, const Contact& contact, Origin origin);
    void enter(Now now, Bucket& bucket, TableEntry entry);
    TableResult wait(Bucket& bucket, TableEntry entry);
    void promote(Now now, Bucket& bucket);
    bool make_room(Bucket& bucket, Origin origin);
    bool dead(const TableEntry& entry) const { return entry.failures >= config_.failures_max; }
    /// Answers now, as far as we know.
    bool proven(const TableEntry& entry) const { return entry.checked && !dead(entry); }
    void on_replacement_alive(Now now, const Id& id);
    void check_at(TableEntry& entry, Instant when);
    void check_soon(Now now, TableEntry& entry);

    TableConfig config_;
    Id self_;
    Rng rng_;
    KBuckets buckets_;
    Instant last_answer_ = Instant::min();  // of any node
    Instant earliest_check_ = never;        // of all entries, or before it
    Instant checks_from_ = Instant::min();
    std::size_t lane_ = 0;  // of the last check; see next_check()
};

}  // namespace parley::discovery::discv5
