#include <parley/node/rpc/state_way.hpp>

#include <algorithm>
#include <ranges>
#include <string>
#include <tuple>

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
    StateWay out{ledger.state()};
    if (block.hash == ledger.head().hash) return out;
    const auto& blocks = ledger.blocks();
    const auto is_main = [&](const chain::RecentBlock& recent) {
        const auto main = blocks.main(recent.header.header.number);
        return main && *main == recent.header.hash;
    };
    const auto* fork = blocks.recent(block.hash);
    for (; fork && !is_main(*fork); fork = blocks.recent(fork->header.header.parent_hash)) {
        out.forward_.push_back(fork);
    }
    if (!fork) return state_is_gone(block);
    std::ranges::reverse(out.forward_);
    const auto* back = blocks.recent(ledger.head().hash);
    for (; back && back != fork; back = blocks.recent(back->header.header.parent_hash)) {
        out.back_.push_back(back);
    }
    if (!back) return state_is_gone(block);
    return out;
}

Result<std::optional<chain::Account>, StoreError> StateWay::account(const Hash256& key) const {
    constexpr auto key_of = &chain::AccountChange::key;
    for (const auto* block : std::views::reverse(forward_)) {
        if (const auto* change = find_change(block->changes.accounts, key, key_of)) {
            return change->after;
        }
    }
    for (const auto* block : std::views::reverse(back_)) {
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
    for (const auto* block : std::views::reverse(forward_)) {
        if (const auto* change = find_change(block->changes.slots, key, key_of)) {
            return change->after;
        }
    }
    for (const auto* block : std::views::reverse(back_)) {
        if (const auto* change = find_change(block->changes.slots, key, key_of)) {
            return change->before;
        }
    }
    return state_->slot(account, slot);
}

std::optional<std::vector<chain::StateChanges>> StateWay::changes() const {
    std::size_t count = 0;
    for (const auto* side : {&back_, &forward_}) {
        for (const auto* block : *side) {
            count += block->changes.accounts.size() + block->changes.slots.size();
        }
    }
    if (count > changes_max) return std::nullopt;
    std::vector<chain::StateChanges> out;
    for (const auto* block : back_) out.push_back(block->changes.reversed());
    for (const auto* block : forward_) out.push_back(block->changes);
    return out;
}

}  // namespace parley::node
