// TxRelay: the module of the topic "tx": takes transactions from peers and from RPC, has them
// checked, keeps the good ones in the pool and passes them on along the gossip tree.
//
// The way in: bytes, decode and check without state (here), recover the sender (a Job, in
// batches), insert into the pool, then gossip. What waits for its check (CheckQueue) holds its
// sender's credit, so that whoever floods stalls only itself.
// Threading: the node's thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/chain/txpool/check_queue.hpp>
#include <parley/chain/txpool/new_head.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/txpool/upload_budget.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/events/hub.hpp>
#include <parley/gossip/tree.hpp>
#include <parley/transport/module.hpp>

#include <boost/container/flat_map.hpp>

#include <cstdint>

namespace parley::chain {

/// The rules of the chain and the bounds of what a relay holds and answers.
struct TxRelayConfig {
    ChainRules rules;
    gossip::TreeConfig tree;
    CheckQueueConfig checks;
    std::size_t batch_max = 64;        ///< signatures a Job
    std::size_t batches_max = 2;       ///< Jobs under way
    std::size_t backlog_max = 4096;    ///< hashes told to a new peer, of a larger pool random ones
    double fetches_per_second = 2000;  ///< items a peer may ask for
    double fetches_burst = 8192;
    UploadLimits uploads;  ///< of what a peer asks for; the rest is announced to it later
};

/// On the hub: a transaction entered the pool.
struct TxAdded {
    Hash256 hash;
    bool local;
};

class TxRelay final : public transport::PeerHandler {
public:
    /// `pool` outlives it.
    TxRelay(TxRelayConfig config, TxPool& pool, Rng rng);
    ~TxRelay() override;

    using Done = decltype(Unchecked::done);
    /// From our own user. `done` is called once, now or after the check.
    void submit(Now now, SharedBytes raw, Done done);

    /// What was mined leaves the pool, what was reverted comes back, and what comes from now on is
    /// judged by the rules of the next block.
    void on_new_head(Now now, const NewHead& head);

    transport::TopicSpec topic() const override;
    void attached(transport::Network& network) override { network_ = &network; }
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
    class Peer;
    struct Batch;

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
    void tell_backlog(Peer& peer);
    std::vector<Hash256> backlog();

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
    std::shared_ptr<TxRelay*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
