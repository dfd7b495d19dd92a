#include <parley/node/rpc/state_way.hpp>

#include <algorithm>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>

namespace parley::node {

namespace {

/// The change of one key, in changes that are ordered by it. Null if there is none.
template <class Changes, class Key, class KeyOf>
const typename Changes::value_type* find_change(const Changes& changes, const Key& key,
                                                KeyOf key_of) {
    const auto found = std::ranges::lower_bound(changes, key, {}, key_of);
    return found != changes.end() && std::invoke(key_of, *found) == key ? &*found : nullptr;
}

std::unexpected<rpc::Error> state_is_gone(const chain::ChainHeader& block) {
    return rpc::refused("historical state " + to_hex(block.header.state_root) +
                        " is not available");
}

}  // namespace

Result<StateWay, rpc::Error> StateWay::to(const chain::Ledger& ledger,
                                          const chain::ChainHeader& block) {
    if (block.hash == ledger.head().hash) return StateWay{ledger.state(), {}};
    auto route = ledger.blocks().route(ledger.head().hash, block.hash);
    if (!route) return state_is_gone(block);
    return StateWay{ledger.state(), std::move(*route)};
}

Result<std::optional<chain::Account>, StoreError> StateWay::account(const Hash256& key) const {
    constexpr auto key_of = &chain::AccountChange::key;
    for (const auto* block : std::views::reverse(route_.forward)) {
        if (const auto* change = find_change(block->changes.accounts, key, key_of)) {
            return change->after;
        }
    }
    for (const auto* block : std::views::reverse(route_.back)) {
        if (const auto* change = find_change(block->changes.accounts, key, key_of)) {
            return change->before;
        }
    }
    return state_->account(key);
}

Result<Uint256, StoreError> StateWay::slot(const Hash256& account, const Hash256& slot) const {
    const auto key = std::tie(account, slot);
    const auto key_of = [](const chain::SlotChange& change) {
        return std::tie(change.account, change.slot);
    };
    for (const auto* block : std::views::reverse(route_.forward)) {
        if (const auto* change = find_change(block->changes.slots, key, key_of)) {
            return change->after;
        }
    }
    for (const auto* block : std::views::reverse(route_.back)) {
        if (const auto* change = find_change(block->changes.slots, key, key_of)) {
            return change->before;
        }
    }
    return state_->slot(account, slot);
}

std::optional<std::vector<chain::StateChanges>> StateWay::changes() const {
    std::size_t count = 0;
    for (const auto* side : {&route_.back, &route_.forward}) {
        for (const auto* block : *side) {
            count += block->changes.accounts.size() + block->changes.slots.size();
        }
    }
    if (count > changes_max) return std::nullopt;
    return route_.changes();
}

}  // namespace parley::node
