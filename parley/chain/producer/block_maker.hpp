// BlockMaker: makes a block on the head of a ledger in a Job, of what a pool picked.
// Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/producer/make_block.hpp>
#include <parley/chain/types/address.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace parley::chain {

/// A transaction for a block, by its bytes; they are decoded in the Job.
struct Picked {
    SharedBytes raw;
    Address sender;
    Hash256 hash{};
};

/// A block without its seal, the one that it follows, and which transactions could not be executed
/// at their places.
struct BlockDraft {
    ChainHeader parent;
    MadeBlock made;
    std::vector<std::pair<Hash256, ExecutionError>> refused;
};

/// A block on its way into the ledger, for who makes the next one meanwhile.
struct UnimportedBlock {
    ChainHeader header;
    std::shared_ptr<const Executed> executed;  ///< on the head's state
};

class BlockMaker {
public:
    /// Errors: those of the state.
    using Done = std::move_only_function<void(Now, Result<BlockDraft, trie::TrieError>)>;
    /// Called in the Job once the block is made, such as to seal it.
    using Finish = std::move_only_function<void(Header&)>;

    BlockMaker(std::shared_ptr<const Execution> execution, std::shared_ptr<const Engine> engine,
               Ledger& ledger)
        : execution_(std::move(execution)), engine_(std::move(engine)), ledger_(ledger) {}

    /// On the head, or on the block that is about to follow it; if that does not, on the head after
    /// all. The plan's time is moved behind the parent's if it is not. False: too many Jobs read
    /// the ledger already, and `done` is not called.
    [[nodiscard]] bool make(Now now, BlockPlan plan, std::vector<Picked> picked, Finish finish,
                            Done done, std::optional<UnimportedBlock> parent = {});

private:
    std::shared_ptr<const Execution> execution_;
    std::shared_ptr<const Engine> engine_;
    Ledger& ledger_;
};

}  // namespace parley::chain
