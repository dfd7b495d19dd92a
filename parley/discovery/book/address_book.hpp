// AddressBook: the nodes that we know of, bounded, with what became of dialing them. One home for
// every address, whatever its source: the configuration, peers, callers, the DHT. It decides what
// is kept, when a node may be dialed again and which nodes may be advertised; it dials none.
// It puts parts together and passes on to them what happens:
//   Eligibility   which records and addresses may enter
//   BookEntries   the entries, by number and ID
//   Placement     which entry stands where: untried, or tried once a dial of ours was answered. A
//                 place that is taken stays taken as long as its entry is good
//   BackOff       how long an entry waits after which outcome
//   BookPicks     which one to dial, test or advertise
//   BookRows      the rows on disk (docs/formats/address_book.md): load() once, take_changes() now
//                 and then
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/back_off.hpp>
#include <parley/discovery/book/book_config.hpp>
#include <parley/discovery/book/book_entries.hpp>
#include <parley/discovery/book/book_picks.hpp>
#include <parley/discovery/book/book_rows.hpp>
#include <parley/discovery/book/eligibility.hpp>
#include <parley/discovery/book/entry.hpp>
#include <parley/discovery/book/placement.hpp>
#include <parley/transport/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::discovery {

/// On the hub: the book has new entries, or newer records, so that there may be one to dial.
struct BookGrew {
    std::size_t entries;  ///< how many
};

/// The nodes that we know of; see the head of this file.
class AddressBook {
public:
    static constexpr std::string_view table = BookRows::table;                  ///< in a Store
    static constexpr std::string_view version_table = BookRows::version_table;  ///< in a Store
    static constexpr std::string_view version_key = BookRows::version_key;      ///< in it
    static constexpr std::string_view anchors_key = BookRows::anchors_key;      ///< in it
    static constexpr std::uint64_t version = BookRows::version;                 ///< of the rows
    using Predicate = EntryPredicate;  ///< says which entries fit, or are excluded
    using Query = BookPicks::Query;    ///< for query()

    /// An empty book of the node `self`. All its random draws are from `rng`.
    AddressBook(BookConfig config, NetworkFilter filter, NodeId self, Rng rng);

    // --- What is known ---

    /// A record that verified. The newest sequence wins.
    AddResult add_record(Now now, const Enr& record, const Source& source);
    /// The record that a node said of itself on its own link: it wins over a later sequence, which
    /// may be of a run whose store it lost.
    AddResult add_own_record(Now now, const Enr& record, const Source& source);
    /// Told of each record of `self` that would be added.
    void set_on_own(std::function<void(const Enr&)> on_own) { on_own_ = std::move(on_own); }
    /// The record that it has, verified, was advertised again.
    AddResult heard_again(Now now, const NodeId& id);
    /// A node named by the configuration or its owner, with or without a record. A pinned one needs
    /// no place, and any address will do.
    AddResult add_target(Now now, const Target& target, const Source& source, Pin pin);
    /// Ends a pin: the entry becomes one among the others.
    void unpin(const NodeId& id);
    /// A node that is never advertised to others, in the book or not. Not stored.
    void set_secret(const NodeId& id, bool secret);
    /// Whether it is never advertised.
    bool is_secret(const NodeId& id) const { return secret_.contains(id); }
    /// False if the ID is unknown.
    bool remove(const NodeId& id) { return placement_.remove(id); }
    /// Forgets what is too old or hopeless, and returns how many entries; looks at some 20,000 of
    /// them. Call about once a minute.
    std::size_t expire(Now now);
    /// For records that come from now on; entries stay.
    void set_filter(NetworkFilter filter) { eligibility_.set_network(std::move(filter)); }

    // --- What became of it (unknown IDs are ignored) ---

    /// A dial began. Nothing changes while a link is up, here as in what follows.
    void on_dialing(Now now, const NodeId& id);
    /// A link came up. An inbound one clears the wait and the failures.
    void on_connected(Now now, const NodeId& id, transport::Direction direction,
                      const Endpoint& endpoint);
    /// The last link to it ended after `age`. Longer than stable_after clears the failures.
    void on_disconnected(Now now, const NodeId& id, transport::CloseReason reason, Duration age);
    /// A dial was not answered: it waits, the longer the more failures in a row.
    void on_dial_failed(Now now, const NodeId& id);
    /// The same while nobody answers: it waits, and nothing is held against it. `failures`: dials
    /// of all nodes in a row that came to nothing.
    void on_unanswered(Now now, const NodeId& id, std::uint32_t failures);
    /// A feeler found it: it proved its ID at its endpoint.
    void on_tested(Now now, const NodeId& id);
    /// It proved its ID and said no: alive.
    void on_turned_away(Now now, const NodeId& id, transport::CloseReason reason);
    /// Not dialed for about `wait`, through no fault of its own.
    void defer(Now now, const NodeId& id, Duration wait);

    /// The ordinary outbound links that have been up longest, the longest first; the first
    /// BookRows::anchors_max go to disk with the next changes, to be dialed first after a restart.
    void set_anchors(std::vector<NodeId> anchors);
    /// Whether it is among those that will go to disk.
    bool is_anchor(const NodeId& id) const {
        return std::ranges::find(anchors_, id) != anchors_.end();
    }

    // --- Queries ---

    const NodeId& self() const { return eligibility_.self(); }    ///< never in the book
    const BookConfig& config() const { return config_; }          ///< as at construction
    const OwnerGroups& owners() const { return config_.owners; }  ///< what a group is
    std::size_t size() const { return entries_.size(); }          ///< how many entries
    /// Any of them, for random picks; the numbers change with the book. Precondition: i < size().
    const Entry& nth(std::size_t i) const { return entries_[i]; }
    /// How many entries are in that state. Cheap.
    std::size_t count(EntryState state) const { return entries_.count(state); }
    /// Null if unknown. Valid until the book changes.
    const Entry* find(const NodeId& id) const { return entries_.find(id); }
    /// Those that fit, at most `entries_max`. Cost: one look at every entry.
    std::vector<const Entry*> query(const Query& query, std::size_t entries_max) const {
        return picks_.query(query, entries_max);
    }
    /// `count` of those that fit, in random order; each as likely as the others in a book of up to
    /// some thousands, and in a larger one nearly so.
    std::vector<const Entry*> sample(std::size_t count, const Predicate& fits, Rng& rng) const {
        return picks_.sample(count, fits, rng);
    }
    /// An entry to dial: not up, not being dialed, its wait over, not excluded. Tried and untried
    /// ones take turns by chance, or tried ones come first; then buckets, then the entries of one.
    /// Those that failed lately are passed over more often, and of six tried ones the one that
    /// was heard of first is taken. Null if there is none, or hardly any.
    const Entry* pick_for_dial(Now now, const Predicate& exclude, bool tried_first = false) {
        return picks_.pick_for_dial(now, exclude, tried_first);
    }
    /// The same among pinned entries.
    const Entry* pick_pinned(Now now, const Predicate& exclude) {
        return picks_.pick_of(now, pinned_, exclude);
    }
    /// One to test: the holder of a tried place that another one waits for, else an untried entry.
    const Entry* pick_for_feeler(Now now, const Predicate& exclude);
    /// The anchors of the last run.
    const std::vector<NodeId>& anchors_before() const { return anchors_before_; }
    /// When the first one that is not excluded will have waited enough; `never` if none waits. In a
    /// large book a second from now, without a look.
    Instant next_attempt(Now now, const Predicate& exclude) const {
        return picks_.next_attempt(now, exclude);
    }
    /// The tables: their places, and how many are taken.
    const Buckets& tables() const { return placement_.tables(); }
    BookTable table_of(Place place) const { return tables().table_of(place); }    ///< see Buckets
    std::size_t places(BookTable which) const { return tables().places(which); }  ///< see Buckets
    std::size_t taken(BookTable which) const { return tables().taken(which); }    ///< see Buckets
    /// How many entries wait for a feeler's answer before they can move into the tried table.
    std::size_t waiting_for_test() const { return placement_.waiting_for_test(); }
    /// The record of an entry. One that was read from disk is verified now; nothing if the node is
    /// unknown or has none. A bad one is removed together with its entry.
    std::optional<Enr> record(const NodeId& id);

    // --- On disk ---

    /// What became of the rows that were read.
    struct LoadReport {
        std::size_t loaded = 0;    ///< in the book now
        std::size_t corrupt = 0;   ///< rows that do not decode
        std::size_t unwanted = 0;  ///< well-formed, but of another network, private, too many
    };
    /// Reads all rows; corrupt and unwanted ones are counted and will be erased by the next
    /// take_changes(). Call once. Fails only as the store does, or with newer_version.
    Result<LoadReport, StoreError> load(Store& store);
    /// What changed since it was last called, some 10,000 rows at most. Write it as a whole, in a
    /// Job; if that fails, write_again().
    StoreBatch take_changes() { return rows_.take_changes(entries_, tables().key(), anchors_); }
    /// A batch could not be written: all entries, and what it would have erased, are again to be.
    void write_again(const StoreBatch& failed) { rows_.write_again(failed, entries_); }
    /// Whether take_changes() would give any.
    bool has_changes() const { return rows_.has_changes(); }

private:
    AddResult add_record(Now now, const Enr& record, const Source& source, bool said_by_itself);
    AddResult update(Now now, Entry& entry, const Enr& record, bool said_by_itself);
    AddResult insert(Now now, Entry entry);
    void on_reached(Now now, Entry& entry);
    void seen(Now now, Entry& entry);
    void wait(Now now, Entry& entry, Duration duration);
    bool load_row(Entry row);
    void merge_row(std::uint32_t number, Entry row);

    BookConfig config_;
    Eligibility eligibility_;
    BackOff back_off_;
    Rng rng_;
    BookRows rows_;
    Placement placement_;  // refers to entries_; before it, for the order of their random draws
    BookEntries entries_;
    BookPicks picks_;
    std::set<NodeId> pinned_;
    std::set<NodeId> secret_;
    std::vector<NodeId> anchors_, anchors_before_;
    std::size_t expire_from_ = 0;
    std::function<void(const Enr&)> on_own_;
};

}  // namespace parley::discovery
