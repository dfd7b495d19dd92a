// EthRpc: Ethereum's JSON-RPC methods eth_* over pool, relay and ledger, with what they share. A
// node without a ledger answers what it can: it sends transactions and shows the pool.
//
//     EthRpc eth{{.chain_id = 7700, .pool = pool, .relay = relay}, rng};
//     eth.use_ledger(chain);
//     dispatcher.add(eth.methods());
//
// docs/RPC.md describes each method. Bounded: see SlowReads, Filters, Subscriptions, FeeOracle.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/node/rpc/eth_ledger.hpp>
#include <parley/node/rpc/fee_oracle.hpp>
#include <parley/node/rpc/filters.hpp>
#include <parley/node/rpc/slow_reads.hpp>
#include <parley/node/rpc/subscriptions.hpp>
#include <parley/rpc/method.hpp>
#include <parley/rpc/method_list.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::node {

/// What every node with a chain has. All outlive the methods.
struct EthServices {
    std::uint64_t chain_id;  ///< that transactions are signed for (EIP-155)
    const chain::TxPool& pool;
    chain::TxRelay& relay;
};

class EthRpc {
public:
    EthRpc(EthServices services, Rng rng)
        : services_(services),
          filters_(rng.split("filters")),
          subscriptions_(rng.split("subscriptions")) {}

    /// Until use_ledger() the state is being fetched: what needs it is refused with that.
    void await_state(std::function<SyncProgress()> progress) { fetching_ = std::move(progress); }
    /// Once: before the first request, or when the state is whole.
    void use_ledger(EthLedger chain) {
        chain_.emplace(std::move(chain));
        reads_.emplace(*chain_);
    }
    /// This outlives them and all replies under way.
    std::vector<rpc::Method> methods();

    // What filters and subscriptions are fed with.
    /// A block of the main chain, those of a reorganisation in order.
    void on_block(const chain::ChainHeader& block);
    /// It came into the pool.
    void on_transaction(const Hash256& hash);
    /// How far the node is may have changed.
    void on_progress(Now now);

    // For the methods.
    Filters& filters() { return filters_; }
    Subscriptions& subscriptions() { return subscriptions_; }
    /// Nothing: the node has what its peers have.
    std::optional<SyncProgress> syncing() const;
    /// False, or {syncing, status}: what a subscription is told.
    rpc::json::value sync_notice() const;
    const EthServices& services() const { return services_; }
    /// Null if the node has no ledger, or the state is being fetched.
    const EthLedger* chain() const { return chain_ ? &*chain_ : nullptr; }
    bool awaits_state() const { return !chain_ && fetching_; }
    /// What is told where a method needs the ledger and there is none.
    std::unexpected<rpc::Error> no_ledger() const;
    /// The result where nothing is found: null, but not while the state is being fetched.
    Result<std::string, rpc::Error> nothing_found() const;
    /// Precondition: chain().
    SlowReads& reads() { return *reads_; }
    /// Wei per gas.
    Uint256 suggested_tip() {
        return chain_ ? oracle_.tip(chain_->ledger) : to_uint256(FeeOracle::tip_default);
    }

private:
    EthServices services_;
    std::optional<EthLedger> chain_;
    std::function<SyncProgress()> fetching_;
    std::optional<SlowReads> reads_;
    FeeOracle oracle_;
    Filters filters_;
    Subscriptions subscriptions_;
    bool told_syncing_ = false;
    Instant progress_told_{};
};

using EthMethods = rpc::MethodList<EthRpc>;

/// eth_chain.cpp: what chain this is and how far.
void add_chain_methods(EthMethods& list);
/// eth_state.cpp: accounts, their storage and proofs.
void add_state_methods(EthMethods& list);
/// eth_blocks.cpp
void add_block_methods(EthMethods& list);
/// eth_transactions.cpp: those in blocks and in the pool, and receipts.
void add_transaction_methods(EthMethods& list);
/// eth_fees.cpp
void add_fee_methods(EthMethods& list);
/// eth_calls.cpp: transactions that are tried out, not sent.
void add_call_methods(EthMethods& list);
/// eth_filters.cpp: filters and logs.
void add_filter_methods(EthMethods& list);
/// eth_subscriptions.cpp
void add_subscription_methods(EthMethods& list);

/// {startingBlock, currentBlock, highestBlock}, and syncedAccounts while the state is fetched.
rpc::json::object progress_json(const SyncProgress& progress);

}  // namespace parley::node
