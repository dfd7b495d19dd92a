// PoolEntries: what TxPool holds, in all its orders: by hash, by sender and nonce, by price, by who
// leaves first, by the end of the lifetime. Knows which of a sender's can be executed and at what
// price; decides nothing about who may come or must go. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/txpool/ranking.hpp>
#include <parley/chain/txpool/tail_heap.hpp>

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace parley::chain {

/// Of an allocation, beside what it holds.
inline constexpr std::size_t allocation_bytes = 16;
/// No place.
inline constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

struct PoolEntry : PooledTx {
    PoolSender* owner = nullptr;
    Uint256 cost{};              // wei at most: gas limit * max fee + value
    std::int64_t tip = 0;        // its own, at the base fee of the pool
    std::uint32_t place = 0;     // in its ranking
    bool promised = false;       // nothing is known of its sender's account
    PoolEntry* older = nullptr;  // of those with the same lifetime
    PoolEntry* newer = nullptr;
};

/// An account with entries.
struct PoolSender {
    Address address;
    std::uint32_t number = 0;            // in the list of senders
    std::uint32_t tail_place = nowhere;  // in the heap of tails
    std::uint32_t pending = 0;           // entries: the first so many
    bool known = false;                  // what follows is as the state says
    bool refused = false;                // one of its transactions, for lack of room
    std::uint64_t nonce = 0;
    Uint256 balance{};
    Uint256 spent{};  // by the pending ones at most; 0 if not known
    std::size_t size_bytes = 0;
    boost::container::small_vector<PoolEntry*, 1> entries;  // ascending by nonce

    /// The place of the first one of this nonce or above.
    std::size_t lower_bound(std::uint64_t of) const;
    /// Null if there is none.
    PoolEntry* find(std::uint64_t of) const;
    /// What is spent with one more of this cost; nothing if the balance does not cover it. Where
    /// nothing is known of it, nothing is spent.
    std::optional<Uint256> pay(const Uint256& spent_before, const Uint256& cost) const;
};

/// Entries by the end of their lifetime: those with one length of it are in the order in which it
/// began.
class LifetimeList {
public:
    void append(PoolEntry& entry);
    void remove(PoolEntry& entry);
    PoolEntry* oldest() const { return oldest_; }

private:
    PoolEntry* oldest_ = nullptr;
    PoolEntry* newest_ = nullptr;
};

class PoolEntries {
public:
    PoolEntries(const PoolConfig& config, std::uint64_t salt);
    ~PoolEntries();
    PoolEntries(const PoolEntries&) = delete;
    PoolEntries& operator=(const PoolEntries&) = delete;

    /// Of memory, of an entry and its sender as if it were the only one.
    static std::size_t bytes_of_entry();

    /// Lifetimes begin then.
    void advance(Instant now) { now_ = std::max(now_, now); }
    Instant now() const { return now_; }

    PoolEntry* find(const Hash256& hash) const;
    PoolSender* find_sender(const Address& address) const;
    /// A new one, to which an entry is added at once. Precondition: none is here.
    PoolSender& add_sender(const Address& address, const std::optional<Account>& account);

    /// Precondition: no other one of this hash, nor of this nonce of the sender.
    PoolEntry& add(PoolSender& sender, PoolEntry entry);
    /// Puts it in the place of `old`, which is of the same sender and nonce.
    PoolEntry& replace(PoolEntry& old, PoolEntry entry);
    /// The sender goes with its last one.
    void remove(PoolEntry& entry);
    /// The first so many of a sender, which goes with its last one.
    void remove_first(PoolSender& sender, std::size_t count);
    void make_local(PoolEntry& entry);
    /// What the state says now; the first `stale` are removed, and some are left.
    void set_account(PoolSender& sender, const std::optional<Account>& account, std::size_t stale);
    void set_base_fee(std::uint64_t base_fee);
    std::uint64_t base_fee() const { return base_fee_; }

    std::size_t size() const { return by_hash_.size(); }
    const Ranking& pending() const { return pending_; }
    const Ranking& queued() const { return queued_; }
    const Ranking& ranking_of(const PoolEntry& entry) const {
        return entry.pending ? pending_ : queued_;
    }
    TailKey tail_key(const PoolEntry& entry) const;
    const TailHeap& tails() const { return tails_; }
    /// Null if there is none.
    PoolEntry* first_to_expire() const;
    /// All that is pending, with prices at another base fee.
    std::vector<Ranking::Item> ranked_at(std::uint64_t base_fee) const;
    /// Counts up when ranks change of those that stay, but for a price by a replacement.
    std::uint64_t moves() const { return moves_; }

    /// A sender with the first bytes of its address, so that most comparisons need no more.
    struct Listed {
        std::uint64_t prefix = 0;
        PoolSender* sender = nullptr;
    };
    const std::vector<Listed>& senders() const { return senders_; }

private:
    struct ByHash {
        using is_transparent = void;
        SaltedHash of;
        std::size_t operator()(const Hash256& hash) const { return of(hash); }
        std::size_t operator()(const PoolEntry* entry) const { return of(entry->hash); }
        std::size_t operator()(const Address& address) const { return of(address); }
        std::size_t operator()(const PoolSender* sender) const { return of(sender->address); }
    };
    struct Same {
        using is_transparent = void;
        template <class T>
        bool operator()(const T* a, const T* b) const {
            return a == b;
        }
        bool operator()(const Hash256& a, const PoolEntry* b) const { return a == b->hash; }
        bool operator()(const PoolEntry* a, const Hash256& b) const { return a->hash == b; }
        bool operator()(const Address& a, const PoolSender* b) const { return a == b->address; }
        bool operator()(const PoolSender* a, const Address& b) const { return a->address == b; }
    };
    enum Lifetime : std::uint8_t { of_queued, of_pending, of_local, lifetimes };

    void take_out(PoolEntry& entry);
    void take_out_first(PoolSender& sender, std::size_t count);
    void settle(PoolSender& sender, std::size_t from);
    void rank_pending(PoolEntry& entry, std::int64_t price, std::uint64_t order);
    void rank_queued(PoolEntry& entry);
    void begin_lifetime(PoolEntry& entry);
    LifetimeList& lifetimes_of(const PoolEntry& entry);
    void update_tail(PoolSender& sender);
    void forget(PoolSender& sender);

    std::array<Duration, lifetimes> lifetime_;
    Instant now_ = Instant::min();
    std::uint64_t base_fee_ = 0;
    boost::unordered_flat_set<PoolEntry*, ByHash, Same> by_hash_;
    boost::unordered_flat_set<PoolSender*, ByHash, Same> by_address_;
    std::vector<Listed> senders_;
    Ranking pending_;
    Ranking queued_;
    TailHeap tails_;
    std::array<LifetimeList, lifetimes> lists_;
    std::uint64_t moves_ = 0;
};

/// Wei per gas above the base fee that it pays its block; below 0, what is missing to that.
std::int64_t tip_at(std::uint64_t max_fee, std::uint64_t max_priority_fee, std::uint64_t base_fee);
/// 2^64 - 1 if it is more.
std::uint64_t saturated(const Uint256& wei);

}  // namespace parley::chain
