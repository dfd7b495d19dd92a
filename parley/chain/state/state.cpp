#include <parley/chain/state/state.hpp>

#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace parley::chain {

using trie::TrieErrc;

namespace {

bool key_is_of(Bytes key, const Hash256& account) {
    return key.size() >= account.size() && equal(key.first(account.size()), account);
}

}  // namespace

State::State(Store& store, const Hash256& root, std::uint64_t salt)
    : store_(store), root_(root), salt_(salt), changed_(salt), saving_(salt) {}

Result<std::optional<Account>, StoreError> State::account(const Hash256& key) const {
    if (const auto* changed = changed_.account(key)) return *changed;
    if (const auto* saving = saving_.account(key)) return *saving;
    const auto raw = store_.get(state_table::accounts, key);
    if (!raw) return std::unexpected{raw.error()};
    if (!*raw) return std::nullopt;
    const auto decoded = decode_slim(**raw);
    if (!decoded) return fail(StoreErrc::corrupt);
    return *decoded;
}

Result<Uint256, StoreError> State::slot(const Hash256& account, const Hash256& slot) const {
    if (const auto* changed = changed_.slot(account, slot)) return *changed;
    if (const auto* saving = saving_.slot(account, slot)) return *saving;
    const auto raw = store_.get(state_table::slots, slot_row_key(account, slot));
    if (!raw) return std::unexpected{raw.error()};
    if (!*raw) return Uint256{};
    if ((*raw)->size() != 32) return fail(StoreErrc::corrupt);
    return array_of<32>(**raw);
}

Result<void, StoreError> State::for_each_slot(const Hash256& account,
                                              const SlotVisitor& visit) const {
    auto changed = saving_.slots_of(account);
    for (const auto& [slot, value] : changed_.slots_of(account)) changed[slot] = value;
    const auto each_saved = [&](const SlotVisitor& each) -> Result<void, StoreError> {
        bool is_corrupt = false;
        const auto scanned =
            store_.scan_from(state_table::slots, account, [&](Bytes key, Bytes value) {
                if (!key_is_of(key, account)) return false;
                is_corrupt = key.size() != 64 || value.size() != 32;
                return !is_corrupt && each(array_of<32>(key.subspan(32)), array_of<32>(value));
            });
        if (scanned && is_corrupt) return fail(StoreErrc::corrupt);
        return scanned;
    };
    return visit_merged(changed, each_saved, visit);
}

Result<Bytes, trie::TrieError> State::node(const std::optional<Hash256>& owner,
                                           const trie::Nibbles& path, const Hash256& hash,
                                           Buffer& scratch) const {
    const NodeRowKey key{owner, path};
    const Buffer* found = changed_.node(key);
    if (!found) found = saving_.node(key);
    if (found) {
        if (found->empty()) return fail(TrieErrc::missing_node, 0, path.size());
        return Bytes{*found};
    }
    auto raw = store_.get(owner ? state_table::slot_nodes : state_table::nodes, key);
    if (!raw) return fail(TrieErrc::store, 0, static_cast<std::uint64_t>(raw.error().code));
    if (!*raw) return fail(TrieErrc::missing_node, 0, path.size());
    if (crypto::keccak256(**raw) != hash) return fail(TrieErrc::wrong_hash, 0, path.size());
    scratch = std::move(**raw);
    return Bytes{scratch};
}

Result<void, trie::TrieError> State::each_node(const std::optional<Hash256>& owner,
                                               std::span<const trie::WantedNode> wanted,
                                               const trie::NodeVisitor& visit) const {
    constexpr std::size_t batch = NodeTable::each_max;
    std::array<NodeRowKey, batch> keys;
    // A batch is looked up before the one before it is visited, whose bytes are here by then.
    std::array<std::array<const NodeRow*, batch>, 2> found;
    const auto find_batch = [&](std::size_t begin) {
        const auto count = std::min(batch, wanted.size() - begin);
        for (std::size_t i = 0; i < count; ++i) keys[i] = {owner, wanted[begin + i].path};
        changed_.nodes().find_each(std::span{keys}.first(count),
                                   std::span{found[begin / batch % 2]}.first(count));
    };
    if (!wanted.empty()) find_batch(0);
    Buffer scratch;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i % batch == 0 && i + batch < wanted.size()) find_batch(i + batch);
        const auto* in_memory = found[i / batch % 2][i % batch];
        if (in_memory && !in_memory->rlp.empty()) {
            visit(i, in_memory->rlp);
            continue;
        }
        const auto rlp = node(owner, wanted[i].path, wanted[i].hash, scratch);
        if (!rlp) return std::unexpected{rlp.error()};
        visit(i, *rlp);
    }
    return {};
}

Result<std::optional<Buffer>, StoreError> State::code(const Hash256& hash) const {
    if (hash == empty_code_hash) return Buffer{};
    if (const auto* added = changed_.code(hash)) return *added;
    if (const auto* added = saving_.code(hash)) return *added;
    return store_.get(state_table::code, hash);
}

void State::accept(StateCommit commit) {
    root_ = commit.root;
    changed_.add(std::move(commit));
}

StoreBatch State::begin_save() {
    assert(!is_saving_);
    is_saving_ = true;
    saving_ = std::exchange(changed_, StateBuffer{salt_});
    return saving_.to_batch();
}

void State::end_save() {
    assert(is_saving_);
    is_saving_ = false;
    saving_ = StateBuffer{salt_};
}

}  // namespace parley::chain
