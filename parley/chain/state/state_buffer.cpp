#include <parley/chain/state/state_buffer.hpp>

#include <algorithm>
#include <array>

namespace parley::chain {
namespace {

// Of an entry beside its bytes: nodes of a map, capacity of a vector.
constexpr std::size_t entry_overhead_bytes = 64;

/// As a store likes to write them.
template <class Row>
std::vector<const Row*> ascending(const RowTable<Row>& rows) {
    std::vector<const Row*> out;
    out.reserve(rows.size());
    rows.for_each([&](const Row& row) { out.push_back(&row); });
    std::ranges::sort(out, {}, [](const Row* row) -> const auto& { return row->key; });
    return out;
}

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
        const auto [row, is_new] = accounts_.insert(change.key);
        row.account = change.after;
        if (is_new) size_bytes_ += sizeof(row) + entry_overhead_bytes;
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
    add_nodes(std::nullopt, commit.account_nodes);
    for (const auto& [owner, nodes] : commit.slot_nodes) add_nodes(owner, nodes);
}

/// Most of them are there in an older version: they are looked up side by side first, so that each
/// is near by when its turn comes.
void StateBuffer::add_nodes(const std::optional<Hash256>& owner, const trie::NodeChanges& nodes) {
    constexpr std::size_t batch = NodeTable::each_max;
    std::array<NodeRowKey, batch> keys;
    std::array<const NodeRow*, batch> found;
    const std::span<const trie::NodeChange> all{nodes};
    for (std::size_t begin = 0; begin < all.size(); begin += batch) {
        const auto some = all.subspan(begin, std::min(batch, all.size() - begin));
        for (std::size_t i = 0; i < some.size(); ++i) keys[i] = {owner, some[i].path};
        nodes_.find_each(std::span{keys}.first(some.size()), std::span{found}.first(some.size()));
        for (std::size_t i = 0; i < some.size(); ++i) {
            auto [row, is_new] = nodes_.insert(keys[i]);
            if (is_new) {
                row.of_slots = owner.has_value();
                size_bytes_ += sizeof(row) + entry_overhead_bytes;
            }
            size_bytes_ += some[i].rlp.size();
            size_bytes_ -= row.rlp.size();
            row.rlp.assign(some[i].rlp.begin(), some[i].rlp.end());
        }
    }
}

const std::optional<Account>* StateBuffer::account(const Hash256& key) const {
    const auto* found = accounts_.find(key);
    return found ? &found->account : nullptr;
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
    for (const auto* row : ascending(accounts_)) {
        const auto raw = row->account ? encode_slim(*row->account) : Buffer{};
        put_or_erase(state_table::accounts, row->key, row->account.has_value(), raw);
    }
    for (const auto& [key, value] : slots_) {
        put_or_erase(state_table::slots, slot_row_key(key.first, key.second), value != Uint256{},
                     value);
    }
    nodes_.for_each([&](const NodeRow& node) {
        put_or_erase(node.of_slots ? state_table::slot_nodes : state_table::nodes, node.key,
                     !node.rlp.empty(), node.rlp);
    });
    for (const auto& [hash, code] : code_) out.put(state_table::code, hash, code);
    return out;
}

}  // namespace parley::chain
