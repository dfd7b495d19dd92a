// Ledger: the chain of blocks. Takes blocks, parents first, checks and executes them, and follows
// the branch that the Engine prefers.
//
// A block goes through three steps: what needs no state is checked in Jobs, of several blocks at a
// time; it is executed in a Job that goes before those, one block after the other, so that
// signatures of later blocks fill the other cores meanwhile; and it is taken over here, where the
// head moves. A block of another branch is executed beside the head's state, so that a
// reorganisation is known to be valid before anything moves.
//
// Durable is a block once it is in the log (BlockLog), before its import is answered. State and
// tables are saved in large steps; after a kill the blocks since then are executed again, at most
// replay_max of them, their senders being in the log.
//
//     auto ledger = Ledger::open(services, make_genesis_block(genesis));
//     if (!ledger) return show(message(ledger.error()));
//     (*ledger)->import(now, block, [](Now, const Result<Imported, ImportError>& result) {
//         if (!result) show(message(result.error()));
//     });
//
// Bounded by LedgerConfig. Threading: the node's thread; slow work in Jobs.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/bytes.hpp>
#include <parley/base/jobs.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/ledger/block_store.hpp>
#include <parley/chain/ledger/execute_block.hpp>
#include <parley/chain/ledger/import_error.hpp>
#include <parley/chain/ledger/import_queue.hpp>
#include <parley/chain/ledger/import_work.hpp>
#include <parley/chain/ledger/imported.hpp>
#include <parley/chain/ledger/ledger_error.hpp>
#include <parley/chain/ledger/state_gate.hpp>
#include <parley/chain/state/state.hpp>
#include <parley/chain/types/account_state.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/events/log.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::chain {

/// The bounds of a Ledger.
struct LedgerConfig {
    ImportQueueConfig waiting;
    std::size_t unsaved_bytes_max = std::size_t{64} << 20;  ///< of state, before it is saved
    std::uint64_t save_blocks = 100;                        ///< between two saves
    std::size_t save_rows = 8'192;                          ///< of transactions, written at once
    std::uint64_t replay_max = 128;  ///< blocks in the log that are not saved; above save_blocks
    std::size_t readings_max = 64;   ///< Ledger::read_state that wait
    std::uint64_t salt = 0;          ///< random
};

/// Where a ledger lives and by what rules. All references outlive it.
struct LedgerServices {
    std::shared_ptr<const Execution> execution;
    std::shared_ptr<const Engine> engine;
    Store& store;
    AppendLog& log_file;  ///< Jobs may outlast the ledger: as `store`, it must outlast them
    JobQueue& jobs;
    Log& log = no_log();
};

class Ledger final : public AccountState {
public:
    /// The chain in the store, or a new one. Executes again what the log has and the store has not:
    /// seconds at most. Errors: of the disk; other_genesis; replay.
    static Result<std::unique_ptr<Ledger>, LedgerError> open(LedgerServices services,
                                                             GenesisBlock genesis,
                                                             LedgerConfig config = {});
    ~Ledger() override;

    const ChainHeader& head() const { return head_; }
    const Hash256& genesis_hash() const { return genesis_hash_; }
    const State& state() const { return parts_->state; }
    const BlockStore& blocks() const { return parts_->blocks; }
    const Engine& engine() const { return *parts_->engine; }
    /// Of blocks that this chain may have.
    const BlockLimits& limits() const { return parts_->limits; }
    /// For Jobs: to read blocks at places that blocks() gave. It may outlive the ledger.
    std::shared_ptr<const BlockLog> log() const { return {parts_, &parts_->log}; }
    /// At the head. Nothing if the disk cannot be read.
    std::optional<Account> account(const Address& address) const override;

    /// `done` is called once, now or later. What is known of the block is taken as given: with the
    /// senders it costs no signatures, and executed on the head's state not even that.
    void import(Now now, Block block, ImportDone done, ExecutedBlock known = {});
    /// Reads state and blocks in a Job, such as to make a block or a proof: `run` on any thread,
    /// then `done` on the node's. False if too many wait to do so already.
    struct Reading {
        std::move_only_function<void(const ChainHeader& head, const ChainParts& chain)> run;
        std::move_only_function<void(Now)> done;
    };
    [[nodiscard]] bool read_state(Now now, Reading reading);
    /// Many blocks will follow: the log is synced for all that wait together, not for each.
    void set_syncing(bool syncing) { is_syncing_ = syncing; }
    /// Goes on with what a full JobQueue did not take.
    void on_timer(Now now);
    Instant next_wakeup() const { return retry_at_; }

    /// Blocks that wait for their import.
    std::size_t waiting() const { return queue_.size(); }
    /// Null if it does not wait. Valid until the next call.
    const Block* waiting(const Hash256& hash) const;
    /// Of a block that was imported lately, or waits for that.
    std::optional<ChainHeader> recent_header(const Hash256& hash) const;
    /// Blocks that would be executed again after a kill.
    std::uint64_t unsaved_blocks() const { return unsaved_blocks_; }
    /// Starts to save what is unsaved, if nothing else does. Before the end of a node.
    void save(Now now);
    /// The store has all.
    bool is_saved() const {
        return unsaved_blocks_ == 0 && !must_save_ && !parts_->state.is_saving();
    }

    // For who fetches a state instead of executing blocks (SnapshotSync), once is_saved(), and
    // without any import until the end:
    /// Adds to `batch` that the state in the store is the one after `head`.
    void put_head(StoreBatch& batch, const ChainHeader& head) const;
    /// That was written: goes on from there. `done` is called now or after the last reading.
    void take_head(Now now, std::function<void(Now, Result<void, LedgerError>)> done);
    const std::shared_ptr<ChainParts>& parts() const { return parts_; }

private:
    Ledger(LedgerServices services, LedgerConfig config);
    Result<void, LedgerError> begin(GenesisBlock genesis);
    Result<LogPlace, LedgerError> place_of_genesis(const LoggedBlock& genesis);
    Result<void, LedgerError> resume(const Hash256& saved_head, std::uint64_t log_end);
    Result<void, LedgerError> replay(std::uint64_t offset);
    Result<void, ImportError> replay_one(const LogPlace& place, const Hash256& hash,
                                         LoggedBlock logged);

    Result<ChainHeader, ImportError> parent_of(const Header& header);
    Result<ImportWork, ImportError> work_for(const WaitingBlock& waiting) const;
    Result<void, InvalidBlock> check_ommers(const Block& block, Fork fork) const;
    void pump(Now now);
    void start_import(Now now);
    void start_readings(Now now);
    void on_executed(Now now, const std::shared_ptr<WaitingBlock>& waiting,
                     Result<ImportWork::Done, ImportError> result);
    Imported take_over(WaitingBlock& waiting, ImportWork::Done done);
    void answer_front(Now now, const Result<Imported, ImportError>& result);
    void start_save(Now now);
    void put_saved(StoreBatch& batch, const Hash256& head) const;
    /// In order; the last one holds the saved head.
    using Batches = std::vector<StoreBatch>;
    void submit_save(Now now, std::shared_ptr<const Batches> batches);
    void end_save();
    void retry_at(Instant at) { retry_at_ = std::min(retry_at_, at); }
    bool must_wait_for_save() const;

    LedgerServices services_;
    LedgerConfig config_;
    std::shared_ptr<ChainParts> parts_;
    ImportQueue queue_;
    ChainHeader head_;
    Hash256 genesis_hash_{};
    StateGate gate_;  // every change of state and blocks goes through it
    std::deque<Reading> readings_;
    bool is_executing_ = false;  // a block, until it is taken over
    bool is_syncing_ = false;
    Instant retry_at_ = never;
    bool must_save_ = false;                      // the store has nothing yet
    std::uint64_t unsaved_blocks_ = 0;            // all that the store does not have
    std::uint64_t saving_blocks_ = 0;             // of those, being written
    std::shared_ptr<const Batches> save_failed_;  // to be tried again
    std::shared_ptr<Ledger*> self_;               // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
