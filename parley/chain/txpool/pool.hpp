// TxPool: validated transactions that wait for a block. A pure core without networking.
//
// Bounded in bytes, overhead included, and per sender, and in time: what is not executed within
// hours is forgotten. When full, the cheapest leave first, and from the end of their sender's run,
// so that eviction never leaves transactions behind that can no longer be executed. A price is only
// a promise, so whoever fills the pool cannot keep others out by promising much: a network group of
// peers (Origin) that has more than its share here makes room for those that have less.
// Transactions given to this node by its own user leave last.
//
// Every order that can be observed is a function of the calls made, never of memory addresses or
// hashes of pointers. Threading: one thread, the node's.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/types/account_state.hpp>
#include <parley/chain/types/transaction.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace parley::chain {

/// What became of a transaction; only the first two bring something new into the pool.
enum class InsertResult : std::uint8_t {
    added,
    replaced,                 ///< took the place of one of the same sender and nonce
    already_known,            ///< the same hash is there
    underpriced,              ///< priority fee below the pool's minimum
    replacement_underpriced,  ///< the nonce is taken, and the fees are not enough above that one's
    full,                     ///< no room, and nothing cheaper to evict
    sender_limit,             ///< the sender has as much here as one may, all of lower nonces
    nonce_too_low,            ///< the state says: used already
    insufficient_funds,       ///< the state says: balance below gas limit * max fee + value
    expired,                  ///< was here for its lifetime, and was not executed
    blobs_refused,            ///< a blob transaction: the pool has no room for blobs
};
/// The reason in words for the sender: "nonce too low".
std::string_view name(InsertResult result);
/// True if the transaction is in the pool because of this call: worth passing on.
constexpr bool is_new(InsertResult result) {
    return result == InsertResult::added || result == InsertResult::replaced;
}

/// True if the same transaction may be taken later: it is refused for lack of room or funds alone.
constexpr bool may_come_again(InsertResult result) {
    return result == InsertResult::full || result == InsertResult::sender_limit ||
           result == InsertResult::insufficient_funds;
}

/// Who brought a transaction.
struct Origin {
    bool local = false;       ///< this node's own user
    std::uint64_t group = 0;  ///< else: the network group of the peer, in the caller's numbers
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
    /// A group that brought more than this part of bytes_max makes room for those that did not.
    std::size_t groups = 8;
    Duration lifetime = std::chrono::hours{3};         ///< of what peers brought
    Duration lifetime_local = std::chrono::hours{24};  ///< of what the own user gave
    std::uint64_t salt = 0;  ///< random: nobody can prepare collisions in the table of the expired
};

/// What the pool decides by, and the bytes; the rest of the transaction is decoded from these when
/// somebody asks for it.
struct PooledTx {
    SharedBytes raw;  ///< its own copy, not a slice of a larger message
    Hash256 hash{};
    Address sender;
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    Uint256 max_fee{};           ///< as in Transaction
    Uint256 max_priority_fee{};  ///< as in Transaction
    Uint256 price{};             ///< wei per gas at the pool's base fee
    Instant expires{};
    std::uint64_t sequence = 0;    ///< in order of arrival
    std::uint64_t group = 0;       ///< Origin::group of who was first to bring it; local: 0
    std::uint32_t size_bytes = 0;  ///< what it costs the pool, overhead included
    bool local = false;            ///< given to this node by its own user
    mutable bool doomed = false;   ///< inside insert only: to be evicted if there is room then

    Transaction transaction() const;
    /// Who leaves first: remote before local, cheap before dear, new before old.
    auto rank() const { return std::tuple{local, price, ~sequence}; }
};

class TxPool {
public:
    /// Without `state` (or where it knows nothing) nonces and balances are not checked. It must
    /// outlive the pool.
    explicit TxPool(PoolConfig config = {}, const AccountState* state = nullptr);
    ~TxPool();
    TxPool(const TxPool&) = delete;
    TxPool& operator=(const TxPool&) = delete;

    /// Precondition: `tx` was decoded (`raw` and `hash` are set), passed check_stateless, and
    /// `sender` was recovered from it. One that is known already becomes local if `origin` is.
    /// Refusals change nothing else. Cost: logarithmic, and linear in what is evicted.
    InsertResult insert(Transaction tx, const Address& sender, Now now, Origin origin);
    /// What insert() would say by price alone, before the costly recovery of the sender; nothing if
    /// that is needed. Errs for the cheapest nonces of a sender that has as much here as one may.
    std::optional<InsertResult> refuse_early(const Transaction& tx, Origin origin);
    /// Removes what has been here for its lifetime. Returns how many.
    std::size_t expire(Instant now);
    /// When the next one expires.
    Instant next_expiry() const;
    /// Grows whenever there is room again after a refusal for lack of it: what was refused before
    /// may be asked for again.
    std::uint64_t room_made() const { return room_made_; }

    /// Pending and queued ones alike.
    bool contains(const Hash256& hash) const { return find(hash) != nullptr; }
    /// Null if absent. Valid until the next call that changes the pool.
    const PooledTx* find(const Hash256& hash) const;
    /// At most `limit` hashes above `after`, ascending: for paging through the pool.
    std::vector<Hash256> hashes(std::size_t limit,
                                const std::optional<Hash256>& after = std::nullopt) const;

    /// Mined, or refused by the producer. False if absent.
    bool remove(const Hash256& hash);
    /// A transaction of this sender and nonce was mined, whichever it was: removes all up to that
    /// nonce. Returns how many.
    std::size_t remove_through(const Address& sender, std::uint64_t nonce);
    /// After a new block, for each account it changed: removes nonces below the state's.
    std::size_t drop_stale(const Address& sender);

    /// The base fee of the next block, by which entries are ranked. If it changed, about
    /// two microseconds for each entry. Zero at first: then the priority fee (or gas price) ranks.
    void set_base_fee(const Uint256& base_fee);

    /// For a block producer: the best tip first, a sender's nonces in order without gaps, all able
    /// to pay `base_fee`, with gas limits of at most `gas_max` together. Valid as with find.
    std::vector<const PooledTx*> best(const Uint256& base_fee, std::uint64_t gas_max,
                                      std::size_t entries_max) const;

    /// The nonce after the sender's run of pending transactions; nothing if there is none.
    std::optional<std::uint64_t> next_nonce(const Address& sender) const;

    /// Called for each entry until it returns false; `pending`: executable after those before it,
    /// else queued behind a gap, as counted for status(). Order: sender, nonce.
    using Visitor = std::function<bool(const PooledTx& entry, bool pending)>;
    /// A place in that order.
    struct Place {
        Address sender;
        std::uint64_t nonce = 0;
    };
    /// Visits the entries as Visitor says, all or those beyond `after`: for paging through the
    /// pool. `visit` must not change it.
    void for_each(const Visitor& visit, const std::optional<Place>& after = std::nullopt) const;

    /// How many entries could be executed now, and how many wait behind a gap.
    struct Status {
        std::size_t pending = 0;
        std::size_t queued = 0;
    };
    /// Counted along, by the state as it was when the sender's entries last changed: see
    /// drop_stale.
    Status status() const { return {pending_, size() - pending_}; }
    std::size_t size() const;
    std::size_t size_bytes() const { return size_bytes_; }
    /// How many were pushed out for others since the beginning.
    std::uint64_t evicted() const { return evicted_; }

private:
    struct Entries;
    /// Those of a sender that could be executed now: nonces without a gap.
    struct Run {
        std::uint64_t first = 0;
        std::size_t entries = 0;
        bool contains(std::uint64_t nonce) const {
            return nonce >= first && nonce - first < entries;
        }
    };
    struct SenderTotal {
        std::size_t entries = 0;
        std::size_t size_bytes = 0;
        Run run;
        bool refused = false;  // one of its transactions, for lack of room
    };
    struct Plan {
        std::vector<const PooledTx*> doomed;
        std::size_t freed_bytes = 0;
        void doom(const PooledTx& entry);
    };

    static std::size_t cost_of(std::size_t raw_bytes);
    std::optional<InsertResult> check_state(const Transaction& tx, const Address& sender) const;
    std::optional<InsertResult> plan_room(const PooledTx& incoming, const PooledTx* rival,
                                          Plan& plan);
    bool plan_sender_room(const PooledTx& incoming, bool has_rival, Plan& plan);
    bool plan_pool_room(const PooledTx& incoming, Plan& plan);
    bool plan_room_by_price(const PooledTx& incoming, Plan& plan);
    bool over_share(std::uint64_t group, std::size_t more_bytes) const;
    std::vector<std::uint64_t> groups_over_share() const;
    bool doom_tail(const PooledTx& victim, const PooledTx& incoming, Plan& plan);
    bool fits(const PooledTx& incoming, const Plan& plan) const;
    const PooledTx* find_rival(const Address& sender, std::uint64_t nonce) const;
    void add(PooledTx entry);
    void erase(const PooledTx& entry);
    void make_local(const Hash256& hash, Now now);
    std::optional<Account> account_of(const Address& sender) const;
    std::optional<InsertResult> refuse_from_peer(const Transaction& tx) const;
    void set_run(SenderTotal& total, const Run& run);
    void recount(const Address& sender);
    void recount(const Address& sender, SenderTotal& total);
    void join_run(const PooledTx& entry, SenderTotal& total);
    void leave_run(const Address& sender, std::uint64_t nonce, SenderTotal& total);
    void count_group(std::uint64_t group, std::size_t bytes, bool more);
    bool has_spare(const SenderTotal& total) const;

    PoolConfig config_;
    const AccountState* state_;
    Uint256 base_fee_{};
    std::unique_ptr<Entries> entries_;
    std::map<Address, SenderTotal> senders_;
    std::map<std::uint64_t, std::size_t> group_bytes_;
    std::set<std::pair<std::size_t, std::uint64_t>> groups_by_bytes_;  // the same, ordered
    /// Which peers must not bring back. What expires within one lifetime was here at one time, so
    /// that as many as the pool can hold are remembered for a lifetime at least.
    LruSet<Hash256> expired_;
    std::size_t size_bytes_ = 0;
    std::size_t pending_ = 0;  // of all runs
    std::uint64_t sequence_ = 0;
    std::uint64_t evicted_ = 0;
    bool refused_ = false;  // something, for lack of room, since there was some
    std::uint64_t room_made_ = 0;
};

}  // namespace parley::chain
