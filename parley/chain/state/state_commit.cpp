#include <parley/chain/state/state_commit.hpp>

#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <cassert>
#include <span>

namespace parley::chain {
namespace {

using trie::DirtyTree;
using trie::Nibbles;
using trie::TrieError;

Result<trie::Commit, TrieError> change_trie(const trie::NodeReader& nodes, const Hash256& root,
                                            std::span<const trie::Change> changes) {
    DirtyTree tree{nodes, root};
    if (const auto updated = tree.update(changes); !updated) {
        return std::unexpected{updated.error()};
    }
    return tree.commit();
}

/// The slots at the front that belong to one account.
std::span<const SlotChange> front_account(std::span<const SlotChange> slots) {
    const auto end = std::ranges::find_if(
        slots, [&](const SlotChange& change) { return change.account != slots.front().account; });
    return slots.first(static_cast<std::size_t>(end - slots.begin()));
}

Buffer slot_value(const Uint256& value) {
    if (value == Uint256{}) return {};
    return rlp::Writer{}.number(value).take();
}

/// The storage of one account, whose new root goes into its change.
Result<trie::NodeChanges, TrieError> change_storage(const StateNodes& nodes, AccountChange& account,
                                                    std::span<const SlotChange> slots) {
    std::vector<trie::Change> changes;
    trie::ByteArena values;
    changes.reserve(slots.size());
    for (const auto& slot : slots) {
        changes.push_back({Nibbles::of_key(slot.slot), values.copy(slot_value(slot.after))});
    }
    const Hash256 before = account.before ? account.before->storage_root : empty_root_hash;
    auto commit = change_trie(TrieOfState{nodes, account.key}, before, changes);
    if (!commit) return std::unexpected{commit.error()};
    if (account.after) account.after->storage_root = commit->root;
    return std::move(commit->nodes);
}

}  // namespace

Result<StateCommit, TrieError> commit_state(const StateNodes& nodes, const Hash256& root,
                                            StateChanges changes) {
    StateCommit out;
    for (std::span<const SlotChange> rest{changes.slots}; !rest.empty();) {
        const auto slots = front_account(rest);
        rest = rest.subspan(slots.size());
        const auto account = std::ranges::lower_bound(changes.accounts, slots.front().account, {},
                                                      &AccountChange::key);
        assert(account != changes.accounts.end() && account->key == slots.front().account);
        auto changed = change_storage(nodes, *account, slots);
        if (!changed) return std::unexpected{changed.error()};
        out.slot_nodes.emplace_back(account->key, std::move(*changed));
    }
    std::vector<trie::Change> accounts;
    trie::ByteArena values;
    accounts.reserve(changes.accounts.size());
    for (const auto& account : changes.accounts) {
        const auto value = account.after ? account.after->encode() : Buffer{};
        accounts.push_back({Nibbles::of_key(account.key), values.copy(value)});
    }
    auto commit = change_trie(TrieOfState{nodes}, root, accounts);
    if (!commit) return std::unexpected{commit.error()};
    out.root = commit->root;
    out.account_nodes = std::move(commit->nodes);
    out.changes = std::move(changes);
    return out;
}

}  // namespace parley::chain
