#include <parley/chain/state/state_buffer.hpp>

#include <algorithm>

namespace parley::chain {
namespace {

// Of an entry beside its bytes: nodes of a map, capacity of a vector.
constexpr std::size_t entry_overhead_bytes = 64;

}  // namespace

ByteArray<64> slot_row_key(const Hash256& account, const Hash256& slot) {
    ByteArray<64> out;
    std::ranges::copy(account, out.begin());
    std::ranges::copy(slot, out.begin() + 32);
    return out;
}

Result<void, StoreError> visit_merged(
    const std::map<Hash256, Uint256>& changed,
    const std::function<Result<void, StoreError>(const SlotVisitor&)>& each_below,
    const SlotVisitor& visit) {
    auto next = changed.begin();
    bool goes_on = true;
    const auto visit_changed = [&] {
        if (next->second != Uint256{}) goes_on = visit(next->first, next->second);
        ++next;
    };
    const auto below = each_below([&](const Hash256& slot, const Uint256& value) {
        while (goes_on && next != changed.end() && next->first < slot) visit_changed();
        if (goes_on && next != changed.end() && next->first == slot) {
            visit_changed();
        } else if (goes_on) {
            goes_on = visit(slot, value);
        }
        return goes_on;
    });
    if (!below) return below;
    while (goes_on && next != changed.end()) visit_changed();
    return {};
}

void StateBuffer::add(StateCommit commit) {
    for (auto& change : commit.changes.accounts) {
        const auto [place, is_new] = accounts_.insert_or_assign(change.key, change.after);
        if (is_new) size_bytes_ += sizeof(*place) + entry_overhead_bytes;
    }
    for (auto& change : commit.changes.slots) {
        const auto [place, is_new] =
            slots_.insert_or_assign({change.account, change.slot}, change.after);
        if (is_new) size_bytes_ += sizeof(*place) + entry_overhead_bytes;
    }
    for (auto& [hash, code] : commit.changes.code) {
        const auto [place, is_new] = code_.try_emplace(hash, std::move(code));
        if (is_new) size_bytes_ += place->second.size() + sizeof(*place) + entry_overhead_bytes;
    }
    for (const auto& node : commit.account_nodes) add_node(std::nullopt, node);
    for (const auto& [owner, nodes] : commit.slot_nodes) {
        for (const auto& node : nodes) add_node(owner, node);
    }
}

void StateBuffer::add_node(const std::optional<Hash256>& owner, const trie::NodeChange& node) {
    auto [place, is_new] = nodes_.insert(NodeRowKey{owner, node.path});
    if (is_new) {
        place.of_slots = owner.has_value();
        size_bytes_ += sizeof(place) + entry_overhead_bytes;
    }
    size_bytes_ += node.rlp.size();
    size_bytes_ -= place.rlp.size();
    place.rlp.assign(node.rlp.begin(), node.rlp.end());
}

const std::optional<Account>* StateBuffer::account(const Hash256& key) const {
    const auto found = accounts_.find(key);
    return found == accounts_.end() ? nullptr : &found->second;
}

const Uint256* StateBuffer::slot(const Hash256& account, const Hash256& slot) const {
    const auto found = slots_.find({account, slot});
    return found == slots_.end() ? nullptr : &found->second;
}

std::map<Hash256, Uint256> StateBuffer::slots_of(const Hash256& account) const {
    std::map<Hash256, Uint256> out;
    for (auto i = slots_.lower_bound({account, Hash256{}});
         i != slots_.end() && i->first.first == account; ++i) {
        out.emplace_hint(out.end(), i->first.second, i->second);
    }
    return out;
}

const Buffer* StateBuffer::node(const NodeRowKey& key) const {
    const auto* found = nodes_.find(key);
    return found ? &found->rlp : nullptr;
}

const Buffer* StateBuffer::code(const Hash256& hash) const {
    const auto found = code_.find(hash);
    return found == code_.end() ? nullptr : &found->second;
}

StoreBatch StateBuffer::to_batch() const {
    StoreBatch out;
    const auto put_or_erase = [&](std::string_view table, Bytes key, bool is_there, Bytes value) {
        if (is_there) {
            out.put(table, key, value);
        } else {
            out.erase(table, key);
        }
    };
    for (const auto& [key, account] : accounts_) {
        const auto raw = account ? encode_slim(*account) : Buffer{};
        put_or_erase(state_table::accounts, key, account.has_value(), raw);
    }
    for (const auto& [key, value] : slots_) {
        put_or_erase(state_table::slots, slot_row_key(key.first, key.second), value != Uint256{},
                     value);
    }
    nodes_.for_each([&](const NodeTable::Node& node) {
        put_or_erase(node.of_slots ? state_table::slot_nodes : state_table::nodes, node.key,
                     !node.rlp.empty(), node.rlp);
    });
    for (const auto& [hash, code] : code_) out.put(state_table::code, hash, code);
    return out;
}

}  // namespace parley::chain
