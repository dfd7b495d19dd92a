// TxRelay: the module of the topic "tx": takes transactions from peers and from RPC, has them
// checked, keeps the good ones in the pool and passes them on along the gossip tree.
//
// The way in: bytes, decode and check without state (here), recover the sender (a Job, in
// batches), insert into the pool, then gossip. What waits for its check (CheckQueue) holds its
// sender's credit, so that whoever floods stalls only itself.
//
// A new link hears of the whole pool, in pages in the order of mining. What the own user gave is
// kept in a Journal, submitted again at a start, and announced again while it waits.
// Threading: the node's thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/lru.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/chain/txpool/check_queue.hpp>
#include <parley/chain/txpool/journal.hpp>
#include <parley/chain/txpool/new_head.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/txpool/upload_budget.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/events/hub.hpp>
#include <parley/gossip/tree.hpp>
#include <parley/transport/module.hpp>

#include <boost/container/flat_map.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace parley::chain {

/// The rules of the chain and the bounds of what a relay holds and answers.
struct TxRelayConfig {
    ChainRules rules;
    gossip::TreeConfig tree;
    CheckQueueConfig checks;
    std::size_t batch_max = 64;   ///< signatures a Job
    std::size_t batches_max = 2;  ///< Jobs under way
    /// Hashes of the pool that a new peer is told of at a time, and between two times. A receiver
    /// must have room for the pages that may wait for an answer: TreeConfig::missing_per_peer_max.
    std::size_t backlog_page = 3072;
    Duration backlog_interval = std::chrono::seconds{2};
    Duration own_again = std::chrono::minutes{10};  ///< between announcements of the own user's
    std::size_t own_again_max = 256;                ///< at a time
    double fetches_per_second = 2000;               ///< items a peer may ask for
    double fetches_burst = 8192;
    UploadLimits uploads;  ///< of what a peer asks for; the rest is announced to it later
};

/// On the hub: a transaction entered the pool.
struct TxAdded {
    Hash256 hash;
    bool local;
};
/// On the hub: a transaction left the pool. As many in a turn as the pool, or a block, has.
struct TxDropped {
    Hash256 hash;
    DropReason reason{};
};

class TxRelay final : public transport::PeerHandler {
public:
    /// `pool` outlives it.
    TxRelay(TxRelayConfig config, TxPool& pool, Rng rng);
    ~TxRelay() override;

    /// Before it is attached: keeps what the own user gives in this store, and takes up what is
    /// there. The store outlives it and its Jobs.
    void keep_own(Store& store) { store_ = &store; }
    /// Says in words why no block on this chain would ever take a transaction; nothing if one may.
    using Objection =
        std::function<std::optional<std::string>(const Transaction& tx, const Address& sender)>;
    void use_objection(Objection objection) { objection_ = std::move(objection); }

    using Done = decltype(Unchecked::done);
    /// From our own user. `done` is called once, now or after the check.
    void submit(Now now, SharedBytes raw, Done done);
    /// As submit(), from a light node that this one serves: no more to the pool than any peer's.
    void submit_from(Now now, const Endpoint& from, SharedBytes raw, Done done);

    /// What was mined leaves the pool, what was reverted comes back, and what comes from now on is
    /// judged by the rules of the next block.
    void on_new_head(Now now, const NewHead& head);
    /// A producer could not execute it, for good: it leaves the pool.
    void on_refused(const Hash256& hash);

    transport::TopicSpec topic() const override;
    void attached(transport::Network& network) override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    Instant next_wakeup() const override;
    void on_timer(Now now) override;

    const gossip::Tree& tree() const { return tree_; }
    const TxPool& pool() const { return pool_; }
    /// The network that it is plugged into; null before.
    transport::Network* network() const { return network_; }
    std::size_t unchecked_bytes() const { return checks_.bytes(); }

    /// Since the start: transactions from peers, and those of them that were known; invalid ones
    /// and those that entered the pool, from users as well; hashes that peers asked for.
    struct Counters {
        std::uint64_t received = 0, duplicates = 0, invalid = 0, added = 0, fetched = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    Result<Transaction, SubmitError> admissible(SharedBytes raw) const;
    void drop(std::vector<Unchecked> dropped);
    class Peer;
    struct Batch;
    /// Of a new peer: how far it was told of the pool.
    struct Backlog {
        std::optional<PoolRank> after = {};
        std::uint64_t moves = 0;  // TxPool::moves() at the beginning
        bool is_again = false;    // from the beginning, for what moved meanwhile
        Instant next_at = never;  // never: it was told of all
    };

    Result<void, transport::Offence> on_payload(Peer& peer, transport::Message message);
    bool said_our_chain(Peer& peer) const;
    Result<void, transport::Offence> on_announce(Peer& peer, const std::vector<Hash256>& hashes);
    Result<void, transport::Offence> on_graft(Peer& peer, const std::vector<Hash256>& hashes);
    bool push(Now now, Peer& peer, const PooledTx& tx);
    bool answer(Now now, Peer& peer, const Hash256& hash);
    transport::Context* context_of(gossip::PeerId peer) const;
    void note_waste(gossip::PeerId from, Duration work);
    void not_taken(const Hash256& hash, InsertResult why);
    void start_checks();
    void on_checked(Now now, Batch& batch);
    void finish(Now now, Unchecked& unchecked, const Result<Address, TxError>& sender);
    void flush(Now now);
    void begin_backlog(Peer& peer);
    void tell_backlogs(Now now);
    void tell_page(Now now, Peer& peer);
    void next_page_at(Peer& peer, Instant at);
    void on_dropped(const PooledTx& entry, DropReason reason);
    void take_up_own(Now now);
    void announce_own(Now now);
    void note_own(Now now, const Hash256& hash);
    std::optional<std::string> objection(const Transaction& tx, const Address& sender) const;

    TxRelayConfig config_;
    TxPool& pool_;
    transport::Network* network_ = nullptr;  // since attached()
    Rng rng_;
    gossip::Tree tree_;
    CheckQueue checks_;
    UploadBudget uploads_;
    boost::container::flat_map<gossip::PeerId, Peer*> peers_;
    std::uint64_t next_peer_ = 1;
    std::size_t batches_under_way_ = 0;
    std::uint64_t room_made_ = 0;  // as the pool said when what was refused was last forgotten
    Counters counters_;
    std::set<std::pair<Instant, gossip::PeerId>> pages_;  // when a peer is told more of the pool
    Objection objection_;
    Store* store_ = nullptr;
    std::optional<Journal> journal_;     // with a store, since attached()
    std::vector<SharedBytes> taken_up_;  // what was in it, until it is submitted
    std::set<Hash256> own_;              // in the pool: the own user's
    LruSet<Hash256> own_mined_;          // of the last blocks, which may be reverted
    std::set<Hash256> mined_;            // by the head that is being taken in
    Instant take_up_at_ = never;
    Instant own_again_at_ = never;
    std::shared_ptr<TxRelay*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
