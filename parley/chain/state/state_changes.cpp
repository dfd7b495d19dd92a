#include <parley/chain/state/state_changes.hpp>

#include <map>

namespace parley::chain {

StateChanges join_changes(std::span<const StateChanges> all) {
    std::map<Hash256, AccountChange> accounts;
    std::map<std::pair<Hash256, Hash256>, SlotChange> slots;
    for (const auto& changes : all) {
        for (const auto& change : changes.accounts) {
            const auto [place, is_new] = accounts.try_emplace(change.key, change);
            if (!is_new) place->second.after = change.after;
        }
        for (const auto& change : changes.slots) {
            const auto [place, is_new] = slots.try_emplace({change.account, change.slot}, change);
            if (!is_new) place->second.after = change.after;
        }
    }
    StateChanges out;
    for (auto& [key, change] : accounts) out.accounts.push_back(change);
    for (auto& [key, change] : slots) out.slots.push_back(change);
    return out;
}

}  // namespace parley::chain
