#include <parley/chain/state/state_overlay.hpp>

#include <map>

namespace parley::chain {

Result<std::optional<Account>, StoreError> StateOverlay::account(const Hash256& key) const {
    if (const auto* changed = buffer_.account(key)) return *changed;
    return base_.account(key);
}

Result<Uint256, StoreError> StateOverlay::slot(const Hash256& account, const Hash256& slot) const {
    if (const auto* changed = buffer_.slot(account, slot)) return *changed;
    return base_.slot(account, slot);
}

Result<void, StoreError> StateOverlay::for_each_slot(const Hash256& account,
                                                     const SlotVisitor& visit) const {
    return visit_merged(
        buffer_.slots_of(account),
        [&](const SlotVisitor& each) { return base_.for_each_slot(account, each); }, visit);
}

Result<Bytes, trie::TrieError> StateOverlay::node(const std::optional<Hash256>& owner,
                                                  const trie::Nibbles& path, const Hash256& hash,
                                                  Buffer& scratch) const {
    const auto* changed = buffer_.node(NodeRowKey{owner, path});
    if (!changed) return base_.node(owner, path, hash, scratch);
    if (changed->empty()) return fail(trie::TrieErrc::missing_node, 0, path.size());
    return Bytes{*changed};
}

}  // namespace parley::chain
