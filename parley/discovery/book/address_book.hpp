// AddressBook: the nodes that we know of, bounded, with what became of dialing them. One home for
// every address, whoever told it: the configuration, peers, callers, the DHT. It decides what is
// kept, when somebody may be dialed again and who may be told; it dials nobody.
// Entries stand in one of two tables (Buckets): new, or tried once a dial of ours was answered.
// A place that is taken stays taken as long as its entry is good. Who would move into a taken
// place of the tried table waits until a feeler has asked whether its holder still lives.
// Kept on disk as rows (docs/formats/address_book.md): load() once, take_changes() now and then.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/buckets.hpp>
#include <parley/discovery/book/entry.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/types.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace parley::discovery {

/// Whose records are of use.
struct NetworkFilter {
    std::uint64_t network_id = 0;
    std::optional<transport::ForkRules> forks;  ///< without: any fork
};

/// Waits double from the first to the cap of their kind, each with jitter.
struct BackOffConfig {
    Duration first = 1s;                            ///< after one failure
    Duration stranger_max = std::chrono::hours{1};  ///< cap for public addresses
    Duration private_max = 30s;                     ///< cap for private and loopback addresses
    Duration pinned_max = 10s;                      ///< cap for boot and static nodes
    Duration turned_away_first = 5s;                ///< alive, but no room
    Duration turned_away_max = std::chrono::minutes{2};
    Duration incompatible = std::chrono::minutes{30};  ///< alive, but of no use to us
    double jitter = 0.25;                              ///< of every wait, either way
    Duration stable_after = 30s;  ///< a link shorter than this counts as a failure
    /// A new endpoint in its record lets a waiting node be dialed after this at the latest; not
    /// at once, or nodes could have us dial whom they like as often as they like.
    Duration moved = 30s;
};

struct BookConfig {
    /// Places, in both tables; see Buckets.
    std::size_t entries_max = 81'920;
    /// False: places do not depend on groups and sources, and age does not count. For comparisons.
    bool resist = true;
    /// Keep private and loopback addresses; only for a node that is in such a network itself.
    bool allow_private = false;
    BackOffConfig back_off;
    /// Not heard of for so long: forgotten.
    Duration forget_after = std::chrono::hours{24 * 30};
    /// An untried entry not heard of for so long, or a tried one without a link for
    /// `forget_failing_after`, may be evicted for a new one.
    Duration stale_after = std::chrono::hours{24};
    /// With this many failures an entry that never had a link is forgotten at once...
    std::uint32_t hopeless_failures = 10;
    /// ...and one that had, when that is so long ago.
    Duration forget_failing_after = std::chrono::hours{24 * 7};
};

/// What became of an address that was offered.
enum class AddResult : std::uint8_t {
    added,
    updated,          ///< a newer record, or a first one for an entry without
    known,            ///< nothing new but that it was heard of again
    older,            ///< we have a newer record, or another one of the same sequence: ours stays
    own,              ///< ourselves
    wrong_network,    ///< no `parley` entry, another network, or an incompatible fork
    no_endpoint,      ///< no TCP endpoint: cannot be dialed
    bad_address,      ///< unspecified, multicast, reserved
    private_address,  ///< private where that is not wanted, or told from outside of it
    place_taken,      ///< by an entry that is as good
    book_full,        ///< of pinned ones
};
std::string_view name(AddResult result);
inline bool changed(AddResult result) {
    return result == AddResult::added || result == AddResult::updated;
}

class AddressBook {
public:
    static constexpr std::string_view table = "address_book";
    static constexpr std::string_view version_table = "meta";
    static constexpr std::string_view version_key = "address_book/version";
    static constexpr std::string_view key_key = "address_book/key";
    static constexpr std::string_view anchors_key = "address_book/anchors";
    static constexpr std::uint64_t version = 2;
    static constexpr std::size_t anchors_max = 4;
    using Predicate = std::function<bool(const Entry&)>;

    AddressBook(BookConfig config, NetworkFilter filter, NodeId self, Rng rng);

    // --- What is known ---

    /// A record that verified. The newest sequence wins.
    AddResult add_record(Now now, const Enr& record, const Source& source);
    /// The record that it has, verified, was told again.
    AddResult heard_again(Now now, const NodeId& id);
    /// A node named by the configuration or its owner, with or without a record. A pinned one needs
    /// no place, and any address will do.
    AddResult add_target(Now now, const Target& target, const Source& source, Pin pin);
    /// Ends a pin: the entry becomes one among the others.
    void unpin(const NodeId& id);
    /// A node that other nodes are never told of, in the book or not. Not stored.
    void set_secret(const NodeId& id, bool secret);
    bool is_secret(const NodeId& id) const { return secret_.contains(id); }
    bool remove(const NodeId& id);
    /// Forgets what is too old or hopeless; looks at some 20,000 entries. Call about once a minute.
    std::size_t expire(Now now);
    void set_filter(NetworkFilter filter) { filter_ = std::move(filter); }

    // --- What became of it (unknown IDs are ignored) ---

    void on_dialing(Now now, const NodeId& id);
    /// A link came up. An inbound one clears the wait and the failures.
    void on_connected(Now now, const NodeId& id, transport::Direction direction,
                      const Endpoint& endpoint);
    /// The last link to it ended after `age`. Longer than stable_after clears the failures.
    void on_disconnected(Now now, const NodeId& id, transport::CloseReason reason, Duration age);
    void on_dial_failed(Now now, const NodeId& id);
    /// A feeler found it: it proved its ID at its endpoint.
    void on_tested(Now now, const NodeId& id);
    /// It proved its ID and said no: alive.
    void on_turned_away(Now now, const NodeId& id, transport::CloseReason reason);
    /// Not dialed for about `wait`, through no fault of its own.
    void defer(Now now, const NodeId& id, Duration wait);

    /// The ordinary outbound links that have been up longest; on disk with the next changes, so
    /// that they are asked first after a restart.
    void set_anchors(std::vector<NodeId> anchors);
    bool is_anchor(const NodeId& id) const {
        return std::ranges::find(anchors_, id) != anchors_.end();
    }

    // --- Queries ---

    const NodeId& self() const { return self_; }
    const BookConfig& config() const { return config_; }
    std::size_t size() const { return entries_.size(); }
    /// Any of them, for random picks; the numbers change with the book. Precondition: i < size().
    const Entry& nth(std::size_t i) const { return entries_[i]; }
    std::size_t count(EntryState state) const { return by_state_[index(state)]; }
    /// Null if unknown. Valid until the book changes.
    const Entry* find(const NodeId& id) const;
    struct Query {
        std::optional<NetworkGroup> group{};  ///< the endpoint is in it
        std::optional<EntryState> state{};
        std::optional<SourceKind> source{};
        std::optional<UnixTime> seen_since{};
    };
    /// Those that fit, at most `entries_max`. Cost: one look at every entry.
    std::vector<const Entry*> query(const Query& query, std::size_t entries_max) const;
    /// `count` of those that fit, in random order; each as likely as the others in a book of up to
    /// some thousands, and in a larger one nearly so.
    std::vector<const Entry*> sample(std::size_t count, const Predicate& fits, Rng& rng) const;
    /// Somebody to dial: not up, not being dialed, its wait over, not excluded. Tried and new
    /// ones take turns by chance, or tried ones come first; then buckets, then the entries of one.
    /// Those who failed lately are passed over more often, and of three tried ones the one that
    /// was heard of first is taken: who came with an attack is young. Null if there is nobody, or
    /// hardly anybody.
    const Entry* pick_for_dial(Now now, const Predicate& exclude, bool tried_first = false);
    /// The same among pinned entries.
    const Entry* pick_pinned(Now now, const Predicate& exclude);
    /// Somebody to test: the holder of a tried place that another one waits for, else a new entry.
    const Entry* pick_for_feeler(Now now, const Predicate& exclude);
    /// The anchors of the last run.
    const std::vector<NodeId>& anchors_before() const { return anchors_before_; }
    /// When the first one that is not excluded will have waited enough; `never` if none waits. In a
    /// large book a second from now, without a look.
    Instant next_attempt(Now now, const Predicate& exclude) const;
    BookTable table_of(Place place) const { return places_.table_of(place); }
    std::size_t places(BookTable which) const { return places_.places(which); }
    std::size_t taken(BookTable which) const { return places_.taken(which); }
    /// Who waits for a feeler's answer before it can move into the tried table.
    std::size_t waiting_for_test() const { return collisions_.size(); }
    /// The record of an entry. One that was read from disk is verified now; nothing if it is bad.
    std::optional<Enr> record(const NodeId& id);

    // --- On disk ---

    struct LoadReport {
        std::size_t loaded = 0;
        std::size_t corrupt = 0;   ///< rows that do not decode
        std::size_t unwanted = 0;  ///< well-formed, but of another network, private, too many
    };
    /// Reads all rows; corrupt and unwanted ones are counted and will be erased by the next
    /// take_changes(). Fails only as the store does, or with newer_version.
    Result<LoadReport, StoreError> load(Store& store);
    /// What changed since it was last called, some 10,000 rows at most. Write it as a whole, in a
    /// Job.
    StoreBatch take_changes();
    /// A batch could not be written: all entries, and what it would have erased, are again to be.
    void write_again(const StoreBatch& failed);
    bool has_changes() const {
        return !changed_.empty() || !rows_to_erase_.empty() || !version_written_ ||
               anchors_changed_;
    }

private:
    static std::size_t index(EntryState state) { return static_cast<std::size_t>(state); }
    struct IdHash {
        using is_transparent = void;
        const std::deque<Entry>* entries;
        std::uint64_t salt;
        std::size_t operator()(const NodeId& id) const { return SaltedHash{salt}(id.key); }
        std::size_t operator()(std::uint32_t i) const { return (*this)((*entries)[i].id); }
    };
    struct IdEqual {
        using is_transparent = void;
        const std::deque<Entry>* entries;
        bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
        bool operator()(const NodeId& id, std::uint32_t i) const { return (*entries)[i].id == id; }
        bool operator()(std::uint32_t i, const NodeId& id) const { return (*entries)[i].id == id; }
    };

    std::optional<AddResult> refusal(const Enr& record, const Source& source) const;
    std::optional<AddResult> refusal(const IpAddress& address, const Source& source) const;
    AddResult update(Now now, Entry& entry, const Enr& record);
    AddResult insert(Now now, Entry entry);
    bool make_room(Now now, Place place);
    bool replaceable(Now now, const Entry& entry) const;
    Entry* entry_of(const NodeId& id);
    std::uint32_t number_of(const Entry& entry) const;
    Entry& enter(Entry entry);
    std::uint32_t append_entry(Entry entry);
    void mark_changed(Entry& entry);
    void set_state(Entry& entry, EntryState state);
    void leave_place(Entry& entry);
    void find_place(Now now, const NodeId& id);
    void promote(Now now, const NodeId& id);
    void on_answer(Now now, const NodeId& id, bool alive);
    void on_reached(Now now, Entry& entry);
    void seen(Now now, Entry& entry);
    bool dialable(Now now, const Entry& entry) const;
    const Entry* draw(Now now, BookTable which, const Predicate& exclude);
    const Entry* pick(Now now, BookTable which, const Predicate& exclude);
    const Entry* pick_by_look(Now now, const Predicate& exclude);
    bool small() const;
    bool forgotten(Now now, const Entry& entry) const;
    void wait(Now now, Entry& entry, Duration duration);
    void fail_entry(Now now, Entry& entry);
    Duration wait_max(const Entry& entry) const;
    void load_row(Entry row, LoadReport& report);
    void merge_row(Entry row);
    Result<void, StoreError> load_meta(Store& store);

    BookConfig config_;
    NetworkFilter filter_;
    NodeId self_;
    Rng rng_;
    Buckets places_;
    std::deque<Entry> entries_;  // without the slack of a vector
    boost::unordered_flat_set<std::uint32_t, IdHash, IdEqual> index_;
    std::array<std::size_t, entry_states> by_state_{};
    std::set<NodeId> pinned_;
    std::set<NodeId> secret_;
    /// Who waits, by the place that it waits for; bounded by collisions_max.
    std::map<Place, NodeId> collisions_;
    std::vector<NodeId> anchors_, anchors_before_;
    bool anchors_changed_ = false;
    std::size_t expire_from_ = 0;
    std::vector<NodeId> changed_;        ///< changed or removed since take_changes()
    std::vector<Buffer> rows_to_erase_;  ///< of a load: keys that are no entry's
    bool version_written_ = false;
};

}  // namespace parley::discovery
