// BlockSync: the module of the topic "sync": holds the ledger, tells peers where its chain ends,
// answers their questions about blocks and the state, catches up with those that are ahead
// (Downloads), and passes new blocks on (BlockRelay). On a chain by work a peer shows the work of
// its chain first (WorkGate).
//
// Bounded: one answer under way for a peer, answers of at most answer_bytes_max; what a peer may
// ask is limited by a rate, and what it gets of the state by a budget (AnswerQueue). Threading: the
// node's thread; reading from the disk in Jobs.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/ledger/past_states.hpp>
#include <parley/chain/sync/answer_queue.hpp>
#include <parley/chain/sync/block_relay.hpp>
#include <parley/chain/sync/downloads.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/sync/snapshot_sync.hpp>
#include <parley/chain/sync/work_gate.hpp>
#include <parley/transport/module.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::chain {

struct BlockSyncConfig {
    DownloadsConfig downloads;
    AnswerQueueConfig answers;  ///< about the state
    /// A node that has the genesis alone, and is far behind, fetches the state instead of executing
    /// all blocks.
    bool fetches_state = false;
    SnapshotSyncConfig snapshot;
    WorkGateConfig gate;               ///< of a chain by work
    gossip::TreeConfig tree;           ///< of new blocks
    double questions_per_second = 20;  ///< of a peer
    double questions_burst = 100;
};

class BlockSync final : public transport::PeerHandler {
public:
    /// Opens the ledger once there is a network to do its Jobs. Errors: in words.
    using OpenLedger =
        std::function<Result<std::unique_ptr<Ledger>, LedgerError>(JobQueue& jobs, Log& log)>;
    /// Called when the ledger has imported a block that changed the main chain.
    using OnImported = std::function<void(Now, const Imported&)>;

    /// `pool`: the transactions that new blocks are put together of.
    BlockSync(BlockSyncConfig config, OpenLedger open, CompactBlock::Pool pool, Rng rng);
    ~BlockSync() override;

    transport::TopicSpec topic() const override;
    /// Throws std::runtime_error if the ledger cannot be opened.
    void attached(transport::Network& network) override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    Buffer status() override;
    Instant next_wakeup() const override;
    void on_timer(Now now) override;

    /// Precondition: attached.
    Ledger& ledger() { return *ledger_; }
    const Ledger& ledger() const { return *ledger_; }
    /// Blocks between the head and the last header that a peer gave.
    std::size_t missing() const;
    /// The ledger's state is that of its head. If not, nothing may be read from it but blocks.
    bool is_whole() const { return !snapshot_ || snapshot_->is_done(); }
    /// Called when it comes to be so.
    void on_whole(std::function<void(Now)> call) { on_whole_ = std::move(call); }
    /// Null unless the chain is by work.
    const WorkGate* gate() const { return gate_ ? &*gate_ : nullptr; }
    /// Null if the state is not fetched in this life of the node.
    const SnapshotSync* snapshot() const { return snapshot_.get(); }
    const BlockRelay::Counters& relayed() const { return relay_->counters(); }
    void on_imported(OnImported call) { on_imported_ = std::move(call); }
    /// A block that came otherwise than from a peer of this topic: imported, and all peers are
    /// told.
    enum class Maker : std::uint8_t { this_node, another };
    void import(Now now, Block block, Maker maker, ImportDone done, ExecutedBlock known = {});

private:
    class Peer;
    using MakeAnswer = std::function<SharedBytes(const ChainHeader& head, const ChainParts& chain)>;
    using OnAnswer = std::function<void(Now, SharedBytes)>;

    bool read(Now now, MakeAnswer make, OnAnswer done);
    sync_topic::ChainStatus own_status() const;
    std::vector<Hash256> locator() const;
    void open_snapshot();
    void open_gate();
    void follow(Now now, Downloads::PeerId peer, const sync_topic::ChainStatus& status);
    void on_status(Now now, Downloads::PeerId peer, const sync_topic::ChainStatus& status);
    void on_headers(Now now, Downloads::PeerId peer, std::uint64_t id, std::vector<Header> headers);
    void check(Now now, WorkGate::Check check);
    bool perform_gate(Now now);
    bool perform_snapshot(Now now);
    void perform(Now now);
    bool is_known(const Hash256& hash) const;
    void start_import(Now now, Block block);
    BlockRelay::Verdict judge(const Header& header, const Hash256& hash) const;
    const Block* block_in_memory(const Hash256& hash) const;
    void fetch(Now now, Downloads::PeerId from, const Header& header);
    void import_relayed(Now now, Downloads::PeerId from, Block block);
    void pass_on(Now now);
    void after_own_import(Now now, Maker maker, const Result<Imported, ImportError>& result);
    void after_import(Now now, const Result<Imported, ImportError>& result);
    void tell_all();

    BlockSyncConfig config_;
    OpenLedger open_;
    OnImported on_imported_;
    std::function<void(Now)> on_whole_;
    transport::Network* network_ = nullptr;  // since attached()
    std::unique_ptr<Ledger> ledger_;
    std::unique_ptr<SnapshotSync> snapshot_;
    bool was_whole_ = true;
    std::optional<WorkGate> gate_;
    std::vector<WorkGate::Effect> gate_effects_;
    std::vector<WorkGate::Check> postponed_checks_;  // Jobs that were not taken
    Instant check_again_at_ = never;
    Downloads downloads_;
    std::vector<Downloads::Effect> effects_;
    AnswerQueue answers_;
    std::shared_ptr<PastStates> past_states_ = std::make_shared<PastStates>();
    CompactBlock::Pool pool_;
    Rng rng_;
    std::unique_ptr<BlockRelay> relay_;  // since attached()
    std::vector<BlockRelay::Effect> relay_effects_;
    bool is_performing_ = false;
    std::map<Downloads::PeerId, Peer*> peers_;
    Downloads::PeerId next_peer_ = 1;
    std::shared_ptr<BlockSync*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
