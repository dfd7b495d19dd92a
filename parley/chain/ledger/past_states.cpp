#include <parley/chain/ledger/past_states.hpp>

#include <parley/chain/state/state_commit.hpp>

#include <utility>

namespace parley::chain {

std::optional<PastStates::At> PastStates::at(const ChainHeader& head, const ChainParts& chain,
                                             const Hash256& block) {
    if (block == head.hash) return At{nullptr, &chain.state, chain.state.root()};
    const auto* recent = chain.blocks.recent(block);
    if (!recent) return std::nullopt;
    const auto& root = recent->header.header.state_root;
    const std::scoped_lock lock{mutex_};
    if (std::exchange(head_, head.hash) != head.hash) states_.clear();
    if (const auto found = states_.find(block); found != states_.end()) {
        return At{found->second, found->second.get(), root};
    }
    const auto route = chain.blocks.route(head.hash, block);
    if (!route) return std::nullopt;
    std::size_t changes = 0;
    for (const auto* passed : route->back) changes += passed->changes.accounts.size();
    for (const auto* passed : route->forward) changes += passed->changes.accounts.size();
    if (changes > changes_max) return std::nullopt;
    auto commit = commit_state(chain.state, chain.state.root(), join_changes(route->changes()));
    if (!commit) return std::nullopt;
    if (states_.size() == states_max) states_.erase(states_.begin());
    auto made = std::make_shared<const StateOverlay>(chain.state, std::move(*commit));
    states_.emplace(block, made);
    return At{made, made.get(), root};
}

}  // namespace parley::chain
