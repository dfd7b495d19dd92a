// TxPool: validated transactions that wait for a block. A pure core without networking.
//
// A sender's transactions stand in the order of their nonces. Those from the account's nonce on,
// without a gap, that its balance covers together are *pending*: they can be executed. What is
// behind them is *queued*. The price of a pending transaction is the lowest tip over all that must
// be executed before it and itself; mining, eviction and announcing follow this one order.
//
// Bounded in bytes, overhead included, and per sender, and in time. When full, the last of a sender
// leave, queued ones before pending ones, the cheapest first, what this node's own user gave last.
// What all pending ones would pay together (executable_fee) never falls by an insertion. A minimum
// price rises while the pool is full and falls again in the minutes after.
//
// Where the state of a sender is not known, its price is only a promise, and so that whoever fills
// the pool cannot keep others out by promising much, a network group of peers (Origin) that has
// more than its share makes room for those that have less. docs/decisions/pool-order.md.
//
// Every order that can be observed is a function of the calls made, never of memory addresses or
// hashes of pointers. Threading: one thread, the node's.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/txpool/price_floor.hpp>
#include <parley/chain/types/account_state.hpp>
#include <parley/chain/types/transaction.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::chain {

/// What became of a transaction; only the first two bring something new into the pool.
enum class InsertResult : std::uint8_t {
    added,
    replaced,                 ///< took the place of one of the same sender and nonce
    already_known,            ///< the same hash is there
    underpriced,              ///< tip below the pool's minimum
    replacement_underpriced,  ///< the nonce is taken, and the fees are not enough above that one's
    full,                     ///< no room, and nothing worth less to evict
    sender_limit,             ///< the sender has as much here as one may, all of lower nonces
    nonce_too_low,            ///< the state says: used already
    insufficient_funds,       ///< the state says: the balance does not cover gas limit * max fee +
                              ///< value, or as a replacement not that and what is pending
    expired,                  ///< was here for its lifetime, and was not executed
    blobs_refused,            ///< a blob transaction: the pool has no room for blobs
};
/// The reason in words for the sender: "nonce too low".
std::string_view name(InsertResult result);
/// True if the transaction is in the pool because of this call: worth passing on.
constexpr bool is_new(InsertResult result) {
    return result == InsertResult::added || result == InsertResult::replaced;
}

/// True if the same transaction may be taken later: it is refused for what may change.
constexpr bool may_come_again(InsertResult result) {
    return result == InsertResult::full || result == InsertResult::sender_limit ||
           result == InsertResult::underpriced || result == InsertResult::insufficient_funds;
}

/// Why a transaction left the pool.
enum class DropReason : std::uint8_t {
    mined,       ///< it is in a block
    nonce_used,  ///< another one of its nonce is
    replaced,    ///< by one of the same sender and nonce
    evicted,     ///< to make room
    expired,     ///< at the end of its lifetime
    refused,     ///< no block took it
};
/// "nonce used".
std::string_view name(DropReason reason);

/// Who brought a transaction.
struct Origin {
    bool local = false;       ///< this node's own user
    std::uint64_t group = 0;  ///< else: the network group of the peer, in the caller's numbers
    bool reverted = false;  ///< it was in a block that is no longer of the chain: no minimum price
};

/// The bounds of a pool; sizes are bytes of memory with overhead.
struct PoolConfig {
    std::size_t bytes_max = std::size_t{64} << 20;
    std::size_t sender_bytes_max = std::size_t{8} << 20;
    std::size_t sender_entries_max = 4096;
    /// Both fees of a replacement must be this much above the old ones.
    std::uint32_t replace_bump_percent = 10;
    /// Wei per gas, asked of transactions that come from peers.
    Uint256 priority_fee_min{};
    /// Of those whose state is not known: a group that brought more than this part of bytes_max
    /// makes room for those that did not.
    std::size_t groups = 8;
    /// Of what peers brought and cannot be executed, or not as far as is known; from when on it
    /// could not.
    Duration lifetime = std::chrono::hours{3};
    Duration lifetime_executable = std::chrono::hours{72};  ///< of what can
    Duration lifetime_local = std::chrono::hours{168};      ///< of what the own user gave
    std::uint64_t salt = 0;  ///< random: nobody can prepare collisions in the tables
};

/// What the pool decides by, and the bytes; the rest of the transaction is decoded from these when
/// somebody asks for it.
struct PooledTx {
    SharedBytes raw;  ///< its own copy, not a slice of a larger message
    Hash256 hash{};
    Address sender;
    std::uint32_t size_bytes = 0;  ///< what it costs the pool, overhead included
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    std::uint64_t max_fee = 0;           ///< wei per gas as in Transaction; 2^64 - 1: that or more
    std::uint64_t max_priority_fee = 0;  ///< as max_fee
    Instant expires{};
    std::uint64_t sequence = 0;  ///< in order of arrival
    std::uint64_t group = 0;     ///< Origin::group of who was first to bring it; local: 0
    std::uint32_t gas = 0;       ///< that its fee is reckoned with: what it costs at least
    bool local = false;          ///< given to this node by its own user
    bool pending = false;        ///< can be executed after those before it

    Transaction transaction() const;
};

/// A place in the order of mining: what can be executed first, by price, then by when it could be.
struct PoolRank {
    bool pending = false;
    std::int64_t price = 0;   ///< wei per gas above the base fee; below 0: not paid even that
    std::uint64_t order = 0;  ///< ascending; the sequence of the last one that it waited for
    std::uint64_t nonce = 0;

    /// "Comes earlier."
    friend bool operator<(const PoolRank& a, const PoolRank& b) {
        if (a.pending != b.pending) return a.pending;
        if (a.price != b.price) return a.price > b.price;
        if (a.order != b.order) return a.order < b.order;
        return a.nonce < b.nonce;
    }
};

class PoolEntries;
class GroupShares;
class EvictionPlan;
struct PoolEntry;
struct PoolSender;

class TxPool {
public:
    /// Without `state` (or where it knows nothing) nonces and balances are not checked. It must
    /// outlive the pool.
    explicit TxPool(PoolConfig config = {}, const AccountState* state = nullptr);
    ~TxPool();
    TxPool(const TxPool&) = delete;
    TxPool& operator=(const TxPool&) = delete;

    /// Told of each that leaves, before it does. Must not change the pool.
    using OnDropped = std::function<void(const PooledTx&, DropReason)>;
    void on_dropped(OnDropped call) { on_dropped_ = std::move(call); }

    /// Precondition: `tx` was decoded (`raw` and `hash` are set), passed check_stateless, and
    /// `sender` was recovered from it. One that is known already becomes local if `origin` is.
    /// Refusals change nothing else. Cost: logarithmic, and linear in what is evicted and in what
    /// of this sender comes after it.
    InsertResult insert(const Transaction& tx, const Address& sender, Now now, Origin origin);
    /// What insert() would say by price alone, before the costly recovery of the sender; nothing if
    /// that is needed. Errs for the cheapest nonces of a sender that has as much here as one may.
    std::optional<InsertResult> refuse_early(const Transaction& tx, Origin origin);
    /// Removes what has been here for its lifetime, and lets the minimum price fall. Returns how
    /// many.
    std::size_t expire(Instant now);
    /// When to call it next.
    Instant next_expiry() const;
    /// Grows whenever there is room again after a refusal for lack of it, or for a price that would
    /// do now: what was refused before may be asked for again.
    std::uint64_t room_made() const { return room_made_; }

    /// Pending and queued ones alike.
    bool contains(const Hash256& hash) const { return find(hash) != nullptr; }
    /// Null if absent. Valid until the next call that changes the pool.
    const PooledTx* find(const Hash256& hash) const;
    /// The first `limit` beyond `after` in the order of mining, queued ones last: for paging
    /// through the pool. Cost: a look at each entry. Valid as with find.
    std::vector<const PooledTx*> page(std::size_t limit,
                                      const std::optional<PoolRank>& after = std::nullopt) const;
    /// Of an entry of this pool.
    PoolRank rank(const PooledTx& entry) const;
    /// Grows whenever ranks changed otherwise than by what came and went: pages that were taken
    /// before may lack what moved.
    std::uint64_t moves() const;

    /// False if absent.
    bool remove(const Hash256& hash, DropReason reason = DropReason::refused);
    /// A transaction of this sender and nonce was mined, whichever it was: removes all up to that
    /// nonce. Returns how many.
    std::size_t remove_through(const Address& sender, std::uint64_t nonce);
    /// After a new block, for each account it changed: removes nonces below the state's, and judges
    /// anew what can be executed. Returns how many it removed.
    std::size_t drop_stale(const Address& sender);

    /// The base fee of the next block, by which entries are ranked. If it changed, some 50 ns for
    /// each entry. Zero at first: then the priority fee (or gas price) ranks.
    void set_base_fee(const Uint256& base_fee);

    /// For a block producer: the best price first, a sender's nonces in order without gaps, all
    /// able to pay `base_fee`, with gas limits of at most `gas_max` together. Valid as with find.
    std::vector<const PooledTx*> best(const Uint256& base_fee, std::uint64_t gas_max,
                                      std::size_t entries_max) const;

    /// The nonce after the sender's pending transactions; nothing if there is none.
    std::optional<std::uint64_t> next_nonce(const Address& sender) const;

    /// Called for each entry until it returns false. Order: sender, nonce.
    using Visitor = std::function<bool(const PooledTx& entry, bool pending)>;
    /// A place in that order.
    struct Place {
        Address sender;
        std::uint64_t nonce = 0;
    };
    /// Visits the entries as Visitor says, all or those beyond `after`: for paging through the
    /// pool. `visit` must not change it. Cost: a look at each sender.
    void for_each(const Visitor& visit, const std::optional<Place>& after = std::nullopt) const;

    /// How many entries could be executed now, and how many wait behind a gap or for funds.
    struct Status {
        std::size_t pending = 0;
        std::size_t queued = 0;
    };
    /// By the state as it was when the sender's entries last changed: see drop_stale.
    Status status() const;
    std::size_t size() const;
    std::size_t size_bytes() const { return size_bytes_; }
    /// How many were pushed out for others since the beginning.
    std::uint64_t evicted() const { return evicted_; }
    /// Wei that all pending ones of accounts that are known would pay above the base fee, each at
    /// its price and with the gas that it costs at least (PooledTx::gas). Never falls by insert().
    /// Cost: a look at each entry.
    Uint256 executable_fee() const;
    /// What can be executed, by the price at which it is ranked.
    struct PriceBucket {
        std::int64_t from = 0;  ///< wei per gas above the base fee, the lowest that it takes
        std::size_t count = 0;
        std::uint64_t gas = 0;  ///< that they cost at least, together (PooledTx::gas)
    };
    static constexpr std::size_t price_buckets_max = 58;
    /// Those that hold something, ascending: below zero, zero, and from 1, 2 and 5 of each power of
    /// ten on. Cost: a look at each entry.
    std::vector<PriceBucket> prices() const;
    /// Of the next block, by which entries are ranked.
    std::uint64_t base_fee() const;
    /// Wei per gas above the base fee that peers' transactions must offer now.
    std::int64_t price_floor() const { return floor_.price(); }

private:
    struct Incoming;

    std::size_t cost_of(std::size_t raw_bytes, bool promised) const;
    std::optional<Account> account_of(const Address& sender) const;
    std::optional<InsertResult> refuse_from_peer(const Transaction& tx, Origin origin);
    PoolSender* find_up_to_date(const Address& address, const std::optional<Account>& account);
    std::size_t update(PoolSender& sender, const std::optional<Account>& account);
    std::optional<InsertResult> place(Incoming& incoming) const;
    std::optional<InsertResult> check_replacement(const Incoming& incoming,
                                                  const Transaction& tx) const;
    std::optional<InsertResult> plan_room(const Incoming& incoming, EvictionPlan& plan);
    bool plan_sender_room(const Incoming& incoming, EvictionPlan& plan) const;
    bool plan_pool_room(const Incoming& incoming, EvictionPlan& plan) const;
    bool plan_room_by_price(const Incoming& incoming, EvictionPlan& plan) const;
    bool plan_room_by_group(const Incoming& incoming, EvictionPlan& plan) const;
    bool may_evict(const Incoming& incoming, const PoolEntry& victim) const;
    bool fits(const Incoming& incoming, const EvictionPlan& plan) const;
    bool fee_falls(const Incoming& incoming, const EvictionPlan& plan) const;
    void evict(const EvictionPlan& plan);
    void take_in(Incoming& incoming, const Transaction& tx);
    void note_removal(PoolEntry& entry, DropReason reason);
    void note_sender_room(PoolSender& sender, std::size_t entries, std::size_t bytes);
    void erase(PoolEntry& entry, DropReason reason);
    void note_removal_of_first(PoolSender& sender, std::size_t count, DropReason reason);
    void make_local(PoolEntry& entry);

    PoolConfig config_;
    const AccountState* state_;
    std::unique_ptr<PoolEntries> entries_;
    std::unique_ptr<GroupShares> shares_;
    PriceFloor floor_;
    OnDropped on_dropped_;
    /// Which peers must not bring back. What expires within one lifetime was here at one time, so
    /// that as many as the pool can hold are remembered for a lifetime at least.
    LruSet<Hash256> expired_;
    std::size_t size_bytes_ = 0;
    std::uint64_t sequence_ = 0;
    std::uint64_t evicted_ = 0;
    bool refused_ = false;        // something, for lack of room, since there was some
    bool refused_price_ = false;  // something, for its price, since the floor fell
    std::uint64_t room_made_ = 0;
};

}  // namespace parley::chain
