// ImportQueue: blocks that wait for their execution, in the order in which they came, while all of
// them that needs no state is checked in Jobs: headers, roots, signatures. The Jobs are small, so
// that all workers share even the last block, and go on with later blocks while one is executed.
//
// Bounded in blocks and bytes. Threading: the node's thread; checks in Jobs.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/ledger/import_error.hpp>
#include <parley/chain/ledger/import_work.hpp>
#include <parley/chain/ledger/imported.hpp>
#include <parley/chain/types/block.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::chain {

/// Called once with what became of a block.
using ImportDone = std::move_only_function<void(Now, Result<Imported, ImportError>)>;

/// A block on its way.
struct WaitingBlock {
    Block block;
    ChainHeader header;
    ChainHeader parent;
    Fork fork{};
    std::vector<Address> senders = {};
    std::shared_ptr<const Executed> executed = {};  ///< on its parent's state; null: not yet
    std::size_t size_bytes = 0;
    std::vector<ImportDone> done = {};         ///< of all who brought it
    std::size_t checks_left = 0;               ///< that are not back
    std::optional<InvalidBlock> invalid = {};  ///< by the checks that are back
};

/// The bounds of an ImportQueue.
struct ImportQueueConfig {
    std::size_t blocks_max = 256;
    std::size_t bytes_max = std::size_t{64} << 20;  ///< of memory
    std::size_t senders_per_job = 64;               ///< signatures: 3 ms
    std::size_t checks_max = 32;  ///< Jobs under way; the rest of a JobQueue is for others
};

class ImportQueue {
public:
    ImportQueue(ImportQueueConfig config, std::shared_ptr<ChainParts> parts, JobQueue& jobs);
    ~ImportQueue();
    ImportQueue(const ImportQueue&) = delete;
    ImportQueue& operator=(const ImportQueue&) = delete;

    /// Called on the node's thread after each check.
    void on_checked(std::function<void(Now)> call) { on_checked_ = std::move(call); }

    /// Null if it does not wait here.
    WaitingBlock* find(const Hash256& hash);
    const WaitingBlock* find(const Hash256& hash) const;
    /// Takes a block whose parent is known. Without senders they are recovered. Errors: busy.
    Result<void, BranchError> push(WaitingBlock block);
    /// Starts checks, as many as may be under way; as some end, others start. False if the JobQueue
    /// does not take one.
    bool start_checks();

    bool empty() const { return blocks_.empty(); }
    std::size_t size() const { return blocks_.size(); }
    /// The oldest, all of whose checks are back; null if there is none.
    std::shared_ptr<WaitingBlock> checked_front() const;
    void pop();

private:
    /// One Job: a part of one block.
    struct Check;

    void finish(Now now, Check& check);

    ImportQueueConfig config_;
    std::shared_ptr<ChainParts> parts_;
    JobQueue& jobs_;
    std::function<void(Now)> on_checked_;
    std::deque<std::shared_ptr<WaitingBlock>> blocks_;
    std::deque<std::shared_ptr<Check>> checks_;  // not under way
    std::size_t checks_under_way_ = 0;
    std::size_t bytes_ = 0;
    std::shared_ptr<ImportQueue*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
