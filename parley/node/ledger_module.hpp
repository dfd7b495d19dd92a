// LedgerModule: the blocks of the chain in a node. The topic "sync" (BlockSync), the making of
// blocks where this node signs (Producer) or works (Miner), and all that follows the head: the
// pool, what eth_* reads and filters, what the network says of the chain.
//
// The ledger is opened when it is plugged in; errors of the disk are thrown there, in words.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/chain/consensus/pow/miner.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/producer/producer.hpp>
#include <parley/chain/sync/block_sync.hpp>
#include <parley/chain/sync/compact_block.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/chain/types/account_state.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/node/chain_data.hpp>
#include <parley/node/rpc/eth_rpc.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::node {

/// The accounts at the head, as the pool asks for them; nothing is known before there is a ledger.
class HeadState final : public chain::AccountState {
public:
    void use(const chain::Ledger& ledger) { ledger_ = &ledger; }
    std::optional<chain::Account> account(const chain::Address& address) const override {
        return ledger_ ? ledger_->account(address) : std::nullopt;
    }

private:
    const chain::Ledger* ledger_ = nullptr;
};

/// What compact blocks are put together of. The pool outlives it.
chain::CompactBlock::Pool transactions_of(const chain::TxPool& pool);

class LedgerModule final : public transport::PeerHandler {
public:
    /// All outlive it.
    struct Parts {
        HeadState& state;
        chain::TxPool& pool;
        chain::TxRelay& relay;
        EthRpc& eth;
    };
    using OnHead = std::function<void(Now, const chain::ChainHeader&)>;

    LedgerModule(const ChainConfig& config, ChainData data, Parts parts, Rng rng);

    transport::TopicSpec topic() const override { return sync_.topic(); }
    void attached(transport::Network& network) override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        return sync_.new_peer(context);
    }
    Buffer status() override { return sync_.status(); }
    Instant next_wakeup() const override;
    void on_timer(Now now) override;

    /// Precondition, as of the rest: attached.
    const chain::Ledger& ledger() const { return sync_.ledger(); }
    chain::BlockSync& sync() { return sync_; }
    const chain::BlockSync& sync() const { return sync_; }
    const ChainConfig& config() const { return config_; }
    const ChainData& data() const { return data_; }
    const chain::TxPool& pool() const { return parts_.pool; }
    std::shared_ptr<const chain::Execution> execution() const { return execution_; }
    /// The best transactions for the next block.
    std::vector<chain::Picked> pick(const Uint256& base_fee, std::uint64_t gas_max) const;
    /// Transactions that could not be executed in a new block, and why.
    void on_refused(const std::vector<std::pair<Hash256, chain::ExecutionError>>& refused);
    /// Null if this node makes no blocks.
    const chain::Producer* producer() const { return producer_ ? &*producer_ : nullptr; }
    /// Null if it makes none by work, or has no state yet.
    chain::Miner* miner() { return miner_ ? &*miner_ : nullptr; }
    const chain::Miner* miner() const { return miner_ ? &*miner_ : nullptr; }
    /// Called now, and for each head that follows.
    void follow_head(Now now, OnHead call);

private:
    void on_imported(Now now, const chain::Imported& imported);
    chain::NewHead new_head(const chain::Imported& imported);
    std::optional<std::string> objection(const chain::Transaction& tx,
                                         const chain::Address& sender) const;
    SyncProgress progress() const;
    void use_state(Now now);
    void use_ledger();
    void start_producer();
    void start_miner();
    bool may_mine(Now now);

    void tell_head(Now now);

    ChainConfig config_;
    ChainData data_;
    Parts parts_;
    std::shared_ptr<const chain::Execution> execution_;
    transport::Network* network_ = nullptr;  // since attached()
    chain::BlockSync sync_;
    std::optional<chain::Producer> producer_;
    std::optional<chain::Miner> miner_;
    std::optional<Instant> mining_waits_since_;  // for blocks that are missing
    std::uint64_t first_number_ = 0;             // of the head at the start
    chain::Fork next_fork_{};                    // of the next block
    std::vector<OnHead> on_head_;
};

}  // namespace parley::node
