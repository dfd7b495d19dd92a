#include <parley/node/ledger_module.hpp>

#include <parley/chain/consensus/pow/proof_of_work.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/types/fees.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace parley::node {
namespace {

/// More do not fit into a block of the largest size that is made.
constexpr std::size_t picked_max = 20'000;
/// After which work goes on though blocks are missing: whoever only says that there are more must
/// not stop it.
constexpr Duration mining_waits_max = std::chrono::hours{1};
/// By the tree of new blocks: hours of them.
constexpr std::size_t blocks_remembered = 4'096;

chain::BlockSyncConfig sync_config(const ChainConfig& config) {
    chain::BlockSyncConfig out;
    out.fetches_state = config.fetches_state;
    out.gate.minimum_work = config.minimum_work;
    out.tree = config.gossip;
    out.tree.seen_items_max = std::min(out.tree.seen_items_max, blocks_remembered);
    return out;
}

chain::BlockSync::OpenLedger open_with(const ChainData& data,
                                       std::shared_ptr<const chain::Execution> execution,
                                       std::uint64_t salt) {
    return [&data, execution = std::move(execution), salt](JobQueue& jobs, Log& log) {
        return open_ledger(data, execution, jobs, log, salt);
    };
}

}  // namespace

chain::CompactBlock::Pool transactions_of(const chain::TxPool& pool) {
    return [&pool](const auto& visit) {
        pool.for_each([&](const chain::PooledTx& entry, bool) {
            visit(entry.hash, entry.raw);
            return true;
        });
    };
}

LedgerModule::LedgerModule(const ChainConfig& config, ChainData data, Parts parts, Rng rng)
    : config_(config),
      data_(std::move(data)),
      parts_(parts),
      execution_(std::make_shared<const chain::Transfers>(data_.genesis.chain_id)),
      sync_(sync_config(config), open_with(data_, execution_, rng.split("ledger").next()),
            transactions_of(parts.pool), rng.split("sync")) {
    sync_.on_imported([this](Now now, const auto& imported) { on_imported(now, imported); });
}

void LedgerModule::attached(transport::Network& network) {
    network_ = &network;
    sync_.attached(network);
    first_number_ = ledger().head().header.number;
    network.log().write(LogLevel::info, "ledger", "opened",
                        {{"head", first_number_},
                         {"hash", "0x" + to_hex(ledger().head().hash)},
                         {"makes_blocks", data_.signer_secret || data_.signer || config_.miner}});
    sync_.on_whole([this](Now now) { use_state(now); });
    if (sync_.is_whole()) return use_state(network.now());
    parts_.eth.await_state([this] { return progress(); });
}

void LedgerModule::use_state(Now now) {
    parts_.state.use(ledger());
    parts_.relay.use_objection(
        [this](const auto& tx, const auto& sender) { return objection(tx, sender); });
    parts_.relay.on_new_head(now, new_head({}));
    use_ledger();
    if (is_by_work(data_)) {
        if (config_.miner) start_miner();
    } else if (data_.signer_secret && !is_by_votes(data_)) {
        start_producer();
    }
    tell_head(now);
}

void LedgerModule::use_ledger() {
    parts_.eth.use_ledger({.ledger = sync_.ledger(),
                           .execution = execution_,
                           .engine = data_.engine,
                           .jobs = network_->jobs(),
                           .forks = data_.genesis.forks,
                           .genesis_time_s = data_.genesis.timestamp,
                           .finalized = [this]() -> std::optional<std::uint64_t> {
                               if (!data_.engine->is_final_at_once()) return std::nullopt;
                               return ledger().head().header.number;
                           },
                           .syncing = [this]() -> std::optional<SyncProgress> {
                               // The next block is on its way.
                               if (sync_.missing() <= 1) return std::nullopt;
                               return progress();
                           }});
}

void LedgerModule::start_producer() {
    chain::ProducerConfig config;
    config.secret = *data_.signer_secret;
    config.beneficiary = chain::address_of_secret(config.secret);
    config.interval = config_.block_interval;
    config.makes_empty_blocks = config_.empty_blocks;
    config.gas_limit_aim = config_.gas_limit;
    producer_.emplace(
        config, execution_, data_.engine, sync_.ledger(),
        [this](const auto& base_fee, auto gas_max) { return pick(base_fee, gas_max); },
        [this](Now now, chain::Block block, chain::ImportDone done, chain::ExecutedBlock known) {
            sync_.import(now, std::move(block), chain::BlockSync::Maker::this_node, std::move(done),
                         std::move(known));
        },
        network_->log());
    producer_->on_refused([this](Now, const Hash256& hash, const chain::ExecutionError& why) {
        on_refused({{hash, why}});
    });
    wipe(*data_.signer_secret);
}

void LedgerModule::start_miner() {
    chain::MinerConfig config;
    config.beneficiary = *config_.miner;
    config.gas_limit_aim = config_.gas_limit;
    chain::Miner::Chain chain{
        .execution = execution_,
        .engine = std::dynamic_pointer_cast<const chain::ProofOfWork>(data_.engine),
        .ledger = sync_.ledger(),
        .pick = [this](const auto& base_fee, auto gas_max) { return pick(base_fee, gas_max); },
        .import =
            [this](Now now, chain::Block block, chain::ImportDone done,
                   chain::ExecutedBlock known) {
                sync_.import(now, std::move(block), chain::BlockSync::Maker::this_node,
                             std::move(done), std::move(known));
            },
        .is_ready = [this](Now now) { return may_mine(now); },
        .on_refused = [this](const Hash256& hash,
                             const chain::ExecutionError& why) { on_refused({{hash, why}}); },
    };
    miner_.emplace(config, std::move(chain), data_.search, network_->log());
}

/// On an old head it would be in vain.
bool LedgerModule::may_mine(Now now) {
    if (sync_.missing() <= 1) {
        mining_waits_since_.reset();
        return true;
    }
    if (!mining_waits_since_) mining_waits_since_ = now.instant;
    return now.instant - *mining_waits_since_ > mining_waits_max;
}

void LedgerModule::on_refused(
    const std::vector<std::pair<Hash256, chain::ExecutionError>>& refused) {
    for (const auto& [hash, why] : refused) {
        if (is_final(why.code)) parts_.relay.on_refused(hash);
    }
}

std::optional<std::string> LedgerModule::objection(const chain::Transaction& tx,
                                                   const chain::Address& sender) const {
    const auto checked = execution_->check_waiting(tx, sender, next_fork_, ledger());
    if (checked) return std::nullopt;
    return message(checked.error());
}

std::vector<chain::Picked> LedgerModule::pick(const Uint256& base_fee,
                                              std::uint64_t gas_max) const {
    std::vector<chain::Picked> out;
    for (const auto* entry : parts_.pool.best(base_fee, gas_max, picked_max)) {
        out.push_back({entry->raw, entry->sender, entry->hash});
    }
    return out;
}

Instant LedgerModule::next_wakeup() const {
    const auto making = producer_ ? producer_->next_wakeup() : never;
    const auto mining = miner_ ? miner_->next_wakeup() : never;
    return std::min({sync_.next_wakeup(), making, mining});
}

void LedgerModule::on_timer(Now now) {
    sync_.on_timer(now);
    if (producer_) producer_->on_timer(now);
    if (miner_) miner_->on_timer(now);
    parts_.eth.on_progress(now);
}

void LedgerModule::follow_head(Now now, OnHead call) {
    call(now, ledger().head());
    on_head_.push_back(std::move(call));
}

void LedgerModule::tell_head(Now now) {
    for (const auto& call : on_head_) call(now, ledger().head());
}

SyncProgress LedgerModule::progress() const {
    const auto current = ledger().head().header.number;
    SyncProgress out{
        .starting = first_number_, .current = current, .highest = current + sync_.missing()};
    if (!sync_.is_whole()) out.accounts = sync_.snapshot()->progress().accounts;
    return out;
}

/// The blocks are recent, so that they are in memory.
chain::NewHead LedgerModule::new_head(const chain::Imported& imported) {
    const auto& head = ledger().head();
    chain::Header next;
    next.number = head.header.number + 1;
    next.timestamp = head.header.timestamp + 1;
    chain::NewHead out;
    out.fork = next_fork_ = data_.engine->fork_of(next, head);
    if (out.fork >= chain::Fork::london) out.base_fee = chain::next_base_fee(head.header);
    out.gas_limit = head.header.gas_limit;
    const auto each_tx = [&](const Hash256& hash, const auto& visit) {
        const auto* block = ledger().blocks().recent(hash);
        if (!block) return;
        const auto& logged = block->logged;
        out.credited.push_back(logged.block.header.beneficiary);
        if (const auto& withdrawals = logged.block.body.withdrawals) {
            for (const auto& each : *withdrawals) out.credited.push_back(each.address);
        }
        for (std::size_t i = 0; i < logged.senders.size(); ++i) {
            visit(logged.block.body.transactions[i], logged.senders[i]);
        }
    };
    std::set<Hash256> mined;
    for (const auto& hash : imported.applied) {
        each_tx(hash, [&](const auto& tx, const auto& sender) {
            if (!imported.reverted.empty()) mined.insert(tx.hash);
            out.mined.push_back({tx, sender});
        });
    }
    for (auto block = imported.reverted.rbegin(); block != imported.reverted.rend(); ++block) {
        each_tx(*block, [&](const auto& tx, const auto& sender) {
            if (!mined.contains(tx.hash)) out.reverted.push_back({tx, sender});
        });
    }
    return out;
}

void LedgerModule::on_imported(Now now, const chain::Imported& imported) {
    parts_.relay.on_new_head(now, new_head(imported));
    for (const auto& hash : imported.applied) {
        if (const auto* block = ledger().blocks().recent(hash)) parts_.eth.on_block(block->header);
    }
    parts_.eth.on_progress(now);
    tell_head(now);
    if (miner_) miner_->on_head(now);
}

}  // namespace parley::node
