// ImportWork: the slow part of an import, as a Job runs it: a block is executed on the state of its
// parent and, if it is valid, written to the log.
// Threading: run() is called on any thread, one at a time; meanwhile nobody changes the state.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/ledger/block_store.hpp>
#include <parley/chain/ledger/execute_block.hpp>
#include <parley/chain/ledger/import_error.hpp>
#include <parley/chain/state/state.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain {

/// What the ledger and its Jobs share. A Job that is stuck keeps it, with store and log.
struct ChainParts {
    ChainParts(std::shared_ptr<const Execution> its_execution,
               std::shared_ptr<const Engine> its_engine, Store& its_store, AppendLog& log_file,
               std::uint64_t its_salt)
        : execution(std::move(its_execution)),
          engine(std::move(its_engine)),
          store(its_store),
          store_owner(its_store.weak_from_this().lock()),
          log_owner(log_file.weak_from_this().lock()),
          state(its_store, empty_root_hash, its_salt),
          limits{.extra_data_bytes_max = engine->extra_data_bytes_max()},
          log(log_file, limits),
          blocks(its_store, log) {}
    ChainParts(const ChainParts&) = delete;
    ChainParts& operator=(const ChainParts&) = delete;

    std::shared_ptr<const Execution> execution;
    std::shared_ptr<const Engine> engine;
    Store& store;
    std::shared_ptr<Store> store_owner;
    std::shared_ptr<AppendLog> log_owner;
    State state;
    BlockLimits limits;
    BlockLog log;
    BlockStore blocks;
};

/// Everything of a block that needs no state, but the senders. Errors: the rules up to
/// has_withdrawals, but for ommers.
Result<void, InvalidBlock> check_block(const Engine& engine, const Block& block,
                                       const ChainHeader& parent, Fork fork);
/// The senders of some of its transactions. Errors: transaction.
Result<std::vector<Address>, InvalidBlock> recover_senders(const Execution& execution,
                                                           std::span<const Transaction> some,
                                                           std::size_t first_index, Fork fork);

struct ImportWork {
    std::shared_ptr<ChainParts> chain;
    const Block& block;  ///< outlives this, as the senders do
    std::span<const Address> senders;
    std::shared_ptr<const Executed> executed = {};  ///< null: it is still to be
    Fork fork{};
    Hash256 parent_root{};
    /// From the head to the parent, if that is another block; as one after the other.
    std::vector<StateChanges> way = {};
    std::optional<LogPlace> place = {};  ///< it is in the log already
    bool sync = true;                    ///< the log, before it counts as imported

    struct Done {
        std::optional<StateCommit> way;
        StateCommit commit;
        std::vector<Receipt> receipts;
        LogPlace place;
    };
    /// Errors: of the block, the state or the log.
    Result<Done, ImportError> run();
};

}  // namespace parley::chain
