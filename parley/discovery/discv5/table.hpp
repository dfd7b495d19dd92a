// Table: the routing table of Node Discovery v5.1 (devp2p, discv5-theory, "Node Table"): a bucket
// for each log distance from our own ID, 16 entries in each and 10 more that wait to replace one
// that fails. It decides who is kept, who is to be checked next and who may be told to whom.
//   - Who was only heard of stands in the table unchecked: asked in lookups if there is nobody
//     better, never told to others. It is checked, by a request sent to its endpoint, soon after
//     it came; again after about as long as it has been seen to live; and soon after a failure.
//   - An entry that answers is never evicted for a newcomer. One that failed several times is
//     replaced, unless nobody else has answered since it began to fail: then it may be us.
//   - Of one /24 (IPv6: /48) at most 2 stand in a bucket and 10 in the table, those that wait
//     included; who waits gives way to who enters. Loopback and private addresses do not count.
// Nothing is verified here: contacts come of records whose signatures were.
// Memory: at most entries_max + replacements_max contacts in each of 256 buckets, and at most
// contact_bytes_max bytes for each, the record included.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/discv5/contact.hpp>

#include <boost/container/flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace parley::discovery::discv5 {

struct TableConfig {
    /// False: any number of one network group. For comparisons.
    bool address_limits = true;
    Duration check_spacing = 100ms;     ///< between any two checks
    Duration check_heard_after = 1s;    ///< who was only heard of; who came is due at once
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

enum class TableResult : std::uint8_t {
    added,
    updated,      ///< a newer record
    known,        ///< nothing new
    waiting,      ///< the bucket is full: it may replace one that fails
    own,          ///< ourselves
    bad_address,  ///< nobody can be asked there
    group_full,   ///< the limit of its /24 or /48
    bucket_full,  ///< and so is its list of replacements, with better ones
};
std::string_view name(TableResult result);

class Table {
public:
    static constexpr std::size_t entries_max = 16;       ///< of a bucket
    static constexpr std::size_t replacements_max = 10;  ///< of a bucket
    static constexpr std::size_t bucket_group_max = 2;
    static constexpr std::size_t table_group_max = 10;
    static constexpr std::size_t contact_bytes_max = 1024;

    Table(TableConfig config, const Id& self, Rng rng);
    const TableConfig& config() const { return config_; }

    // --- What is known ---

    /// A node was heard of, or contacted us. A newer record of a known one replaces the older; with
    /// another endpoint it must be checked anew.
    TableResult add(Now now, const Contact& contact, Origin origin);
    /// It answered a request of ours (PING, FINDNODE) that was sent to `asked_at`: heard only if
    /// that is its endpoint still. Who answers though no check was under way is checked no later
    /// for it: only a PONG tells of a newer record.
    void on_alive(Now now, const Id& id, const Endpoint& asked_at);
    /// It did not answer such a request.
    void on_failed(Now now, const Id& id, const Endpoint& asked_at);
    void remove(Now now, const Id& id);

    // --- Who is to be checked (PING) ---

    /// The entry to be sent a PING now; on_alive() or on_failed() says what became of it, after
    /// `check_timeout` at the latest. Null if it is nobody's turn. Valid until the table changes.
    const TableEntry* next_check(Now now);
    /// When to call next_check(), or before.
    Instant next_wakeup() const;

    // --- Queries; pointers are valid until the table changes ---

    /// Null if it is no entry.
    const TableEntry* find(const Id& id) const;
    /// Up to `count` to start a lookup with, the closest to `target` first. Checked ones; if there
    /// are too few, then others.
    std::vector<Contact> closest(const Id& target, std::size_t count) const;
    /// To start a lookup with: the 16 closest, and one by chance from each bucket.
    std::vector<Contact> seeds(const Id& target);
    /// Up to `count` for the answer to FINDNODE of somebody at `asker`: checked entries at these
    /// log distances, those of the first distance first; which ones of a bucket is chance. Private
    /// addresses are not told in public. Distance 0, ourselves, is left to the caller.
    std::vector<const TableEntry*> at_distances(std::span<const std::uint16_t> distances,
                                                std::size_t count, const IpAddress& asker);
    std::size_t size() const { return entries_; }
    /// Entries that answered when they were asked last.
    std::size_t checked() const;
    /// Those who wait.
    std::size_t replacements() const { return replacements_; }
    /// Every entry (true) and replacement (false), bucket by bucket from the farthest on.
    void for_each(const std::function<void(const TableEntry&, bool)>& visit) const;

private:
    struct Bucket {
        std::vector<TableEntry> entries;
        std::vector<TableEntry> replacements;  // the newest first
    };
    struct GroupCount {
        std::size_t entries = 0;
        std::size_t replacements = 0;
    };
    using Place = std::vector<TableEntry>::iterator;

    std::size_t index_of(const Id& id) const { return log_distance_max - log_distance(self_, id); }
    Bucket* bucket_of(const Id& id);
    Bucket& make_bucket(const Id& id);
    TableEntry* entry_of(const Id& id);
    std::uint64_t group_of(const TableEntry& entry) const;
    std::size_t count_of(const std::vector<TableEntry>& list, std::uint64_t group) const;
    void count(const TableEntry& entry, int entries, int replacements);
    bool may_enter(const Bucket& bucket, std::uint64_t group) const;
    bool may_wait(const Bucket& bucket, std::uint64_t group) const;
    void make_way(Bucket& bucket, std::uint64_t group);
    bool drop_oldest_replacement(Bucket& bucket, std::uint64_t group);
    TableResult update(Now now, TableEntry& entry, const Contact& contact, Origin origin);
    TableResult wait(Bucket& bucket, TableEntry entry);
    void enter(Now now, Bucket& bucket, TableEntry entry);
    TableEntry& put(Bucket& bucket, TableEntry entry);
    TableEntry leave(Bucket& bucket, Place entry);
    TableEntry leave_replacements(Bucket& bucket, Place entry);
    void promote(Now now, Bucket& bucket);
    bool dead(const TableEntry& entry) const { return entry.failures >= config_.failures_max; }
    /// Answers now, as far as we know.
    bool proven(const TableEntry& entry) const { return entry.checked && !dead(entry); }
    bool make_room(Bucket& bucket, Origin origin);
    void on_replacement_alive(Now now, const Id& id);
    void check_at(TableEntry& entry, Instant when);
    void check_soon(Now now, TableEntry& entry);

    TableConfig config_;
    Id self_;
    Rng rng_;
    std::vector<Bucket> buckets_;  // [0]: log distance 256; as many as were needed
    boost::container::flat_map<std::uint64_t, GroupCount> groups_;  // by group_key()
    std::size_t entries_ = 0, replacements_ = 0;
    Instant last_answer_ = Instant::min();  // of anybody
    Instant earliest_check_ = never;        // of all entries, or before it
    Instant checks_from_ = Instant::min();
    std::size_t lane_ = 0;  // whose turn the next check is
};

}  // namespace parley::discovery::discv5
