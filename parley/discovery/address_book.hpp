// AddressBook: the nodes that we know of, bounded, with what became of dialing them. One home for
// every address, whoever told it: the configuration, peers, callers, the DHT. It decides what is
// kept, when somebody may be dialed again and who may be told; it dials nobody.
// Kept on disk as rows (docs/formats/address_book.md): load() once, take_changes() now and then.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/entry.hpp>
#include <parley/transport/hello.hpp>
#include <parley/transport/types.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
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
    Duration misfit = std::chrono::minutes{30};  ///< alive, but of no use to us
    double jitter = 0.25;                        ///< of every wait, either way
    Duration stable_after = 30s;                 ///< a link shorter than this counts as a failure
    /// A new endpoint in its record lets a waiting node be dialed after this at the latest; not
    /// at once, or nodes could have us dial whom they like as often as they like.
    Duration moved = 30s;
};

struct BookConfig {
    std::size_t entries_max = 20'000;
    /// Entries that one teller (node, or for callers their network group) may have put in.
    std::size_t entries_per_source_max = 256;
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
    source_full,      ///< its source has put in as many as it may
    book_full,        ///< and nothing worse to evict
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
    static constexpr std::uint64_t version = 1;
    using Predicate = std::function<bool(const Entry&)>;

    AddressBook(BookConfig config, NetworkFilter filter, NodeId self, Rng rng);

    // --- What is known ---

    /// A record that verified. The newest sequence wins.
    AddResult add_record(Now now, const Enr& record, const Source& source);
    /// A node named by the configuration or its owner, with or without a record. A pinned one
    /// always finds room, whatever its address.
    AddResult add_target(Now now, const Target& target, const Source& source, Pin pin);
    /// Ends a pin: the entry becomes one among the others.
    void unpin(const NodeId& id);
    /// A node that other nodes are never told of, in the book or not. Not stored.
    void set_secret(const NodeId& id, bool secret);
    bool is_secret(const NodeId& id) const { return secret_.contains(id); }
    bool remove(const NodeId& id);
    /// Forgets what is too old or hopeless. Call about once a minute.
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
    /// It proved its ID and said no: alive.
    void on_turned_away(Now now, const NodeId& id, transport::CloseReason reason);
    /// Not dialed for about `wait`, through no fault of its own.
    void defer(Now now, const NodeId& id, Duration wait);

    // --- Queries ---

    const NodeId& self() const { return self_; }
    const BookConfig& config() const { return config_; }
    std::size_t size() const { return entries_.size(); }
    /// Any of them, for random picks; the numbers change with the book. Precondition: i < size().
    const Entry& nth(std::size_t i) const { return entries_[i].entry; }
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
    /// `count` of those that fit, each as likely as the others, in random order.
    std::vector<const Entry*> sample(std::size_t count, const Predicate& fits, Rng& rng) const;
    /// Somebody to dial: not up, not being dialed, its wait over, not excluded. Tried and new
    /// ones take turns by chance; then every teller is as likely as any other, so that none
    /// decides; then the fewest failures. Null if there is nobody.
    const Entry* pick_for_dial(Now now, const Predicate& exclude);
    /// When the first one that is not excluded will have waited enough; `never` if none waits.
    Instant next_attempt(const Predicate& exclude) const;

    // --- On disk ---

    struct LoadReport {
        std::size_t loaded = 0;
        std::size_t corrupt = 0;   ///< rows that do not decode
        std::size_t unwanted = 0;  ///< well-formed, but of another network, private, too many
    };
    /// Reads all rows; corrupt and unwanted ones are counted and will be erased by the next
    /// take_changes(). Fails only as the store does, or with newer_version.
    Result<LoadReport, StoreError> load(Store& store);
    /// What changed since it was last called. Write it as a whole, in a Job.
    StoreBatch take_changes();
    /// A batch could not be written: all is to be written again.
    void mark_all_changed();
    bool has_changes() const {
        return !dirty_.empty() || !rows_to_erase_.empty() || !version_written_;
    }

private:
    /// Worst first; protected ones last. Ties end by ID, so that runs repeat.
    struct Rank {
        std::uint8_t tier = 0;
        std::int64_t order = 0;
        NodeId id{};
        friend auto operator<=>(const Rank&, const Rank&) = default;
    };
    struct Slot {
        Entry entry;
        bool stored = false;  ///< a row on disk, or in a batch that was taken
    };
    using Ranking = std::set<Rank>;
    static std::size_t index(EntryState state) { return static_cast<std::size_t>(state); }
    static Rank rank_of(const Entry& entry);
    /// Who is counted against entries_per_source_max; empty: nobody.
    static Buffer teller_of(const Source& source);

    std::optional<AddResult> refusal(const Enr& record, const Source& source) const;
    std::optional<AddResult> refusal(const IpAddress& address, const Source& source) const;
    AddResult update(Now now, Slot& slot, const Enr& record);
    AddResult insert(Now now, Entry entry);
    /// Room for one more of that teller, made if it must be; otherwise why not.
    std::optional<AddResult> make_room(Now now, const Entry& newcomer);
    bool evictable(Now now, const Rank& rank) const;
    Slot& place(Entry entry);
    void merge_row(Entry row);
    Slot* slot_of(const NodeId& id);
    /// Changes an entry and everything that is counted by it.
    template <class Change>
    void modify(Slot& slot, Change change) {
        link_out(slot);
        change(slot.entry);
        link_in(slot);
        dirty_.insert(slot.entry.id);
    }
    void link_in(Slot& slot);
    void link_out(const Slot& slot);
    void seen(Now now, Slot& slot);
    bool dialable(Now now, const Entry& entry) const;
    std::vector<const Entry*> dial_candidates(Now now, const Predicate& exclude);
    bool forgotten(Now now, const Entry& entry) const;
    void wait(Now now, Entry& entry, Duration duration);
    void fail_entry(Now now, Entry& entry);
    Duration wait_max(const Entry& entry) const;

    BookConfig config_;
    NetworkFilter filter_;
    NodeId self_;
    Rng rng_;
    std::deque<Slot> entries_;  // without the slack of a vector
    std::unordered_map<NodeId, std::size_t, SaltedHash> index_;
    Ranking ranking_;
    std::map<Buffer, Ranking> by_teller_;
    std::array<std::size_t, entry_states> by_state_{};
    std::set<NodeId> secret_;
    std::set<NodeId> dirty_;             ///< changed or removed since take_changes()
    std::vector<Buffer> rows_to_erase_;  ///< of a load: keys that are no entry's
    bool version_written_ = false;
};

}  // namespace parley::discovery
