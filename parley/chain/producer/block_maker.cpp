#include <parley/chain/producer/block_maker.hpp>

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
    std::optional<Result<BlockDraft, trie::TrieError>> result = {};

    void run(const ChainHeader& head, const State& state) {
        std::vector<Candidate> candidates;
        candidates.reserve(picked.size());
        for (auto& [raw, sender] : picked) {
            auto tx = decode_transaction(std::move(raw));
            if (tx) candidates.push_back({std::move(*tx), sender});
        }
        plan.timestamp = std::max(plan.timestamp, head.header.timestamp + 1);
        auto made =
            make_block(*execution, *engine, head, plan, candidates, {state, state, state.root()});
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

bool BlockMaker::make(Now now, BlockPlan plan, std::vector<Picked> picked, Finish finish,
                      Done done) {
    const auto making = std::make_shared<Making>(
        Making{execution_, engine_, std::move(plan), std::move(picked), std::move(finish)});
    return ledger_.read_state(now, {[making](const ChainHeader& at, const ChainParts& chain) {
                                        making->run(at, chain.state);
                                    },
                                    [making, done = std::move(done)](Now at) mutable {
                                        done(at, std::move(*making->result));
                                    }});
}

}  // namespace parley::chain
