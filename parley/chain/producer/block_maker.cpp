#include <parley/chain/producer/block_maker.hpp>

#include <parley/chain/state/state_overlay.hpp>

#include <algorithm>
#include <optional>

namespace parley::chain {
namespace {

struct Making {
    std::shared_ptr<const Execution> execution;
    std::shared_ptr<const Engine> engine;
    BlockPlan plan;
    std::vector<Picked> picked;
    BlockMaker::Finish finish;
    std::optional<UnimportedBlock> parent;
    std::optional<Result<BlockDraft, trie::TrieError>> result = {};

    void run(const ChainHeader& head, const State& state) {
        if (!parent || parent->header.header.parent_hash != head.hash) {
            return run_on(head, {state, state, state.root()});
        }
        const StateOverlay overlay{state, parent->executed->commit};
        run_on(parent->header, {overlay, overlay, parent->executed->commit.root});
    }

private:
    void run_on(const ChainHeader& head, const StateAt& state) {
        std::vector<Candidate> candidates;
        candidates.reserve(picked.size());
        for (auto& one : picked) {
            auto tx = decode_transaction(std::move(one.raw));
            if (tx) candidates.push_back({std::move(*tx), one.sender});
        }
        plan.timestamp = std::max(plan.timestamp, head.header.timestamp + 1);
        auto made = make_block(*execution, *engine, head, plan, candidates, state);
        if (!made) {
            result = std::unexpected{made.error()};
            return;
        }
        BlockDraft out{.parent = head, .made = std::move(*made), .refused = {}};
        for (auto& [index, why] : out.made.refused) {
            out.refused.emplace_back(candidates[index].tx.hash, std::move(why));
        }
        finish(out.made.block.header);
        result = std::move(out);
    }
};

}  // namespace

bool BlockMaker::make(Now now, BlockPlan plan, std::vector<Picked> picked, Finish finish, Done done,
                      std::optional<UnimportedBlock> parent) {
    const auto making =
        std::make_shared<Making>(Making{execution_, engine_, std::move(plan), std::move(picked),
                                        std::move(finish), std::move(parent)});
    return ledger_.read_state(now, {[making](const ChainHeader& at, const ChainParts& chain) {
                                        making->run(at, chain.state);
                                    },
                                    [making, done = std::move(done)](Now at) mutable {
                                        done(at, std::move(*making->result));
                                    }});
}

}  // namespace parley::chain
