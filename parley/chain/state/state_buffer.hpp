// StateBuffer: what changed in the state since it was last saved, by its last value.
// Bounded by its owner, which saves it when size_bytes() is large. Threading: see State.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/store.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/state/node_table.hpp>
#include <parley/chain/state/row_table.hpp>
#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/state/state_view.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/types/account.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain {

/// The tables of a state in a store; docs/formats/chain_store.md.
namespace state_table {
inline constexpr std::string_view accounts = "state.accounts";
inline constexpr std::string_view slots = "state.slots";
inline constexpr std::string_view nodes = "state.nodes";
inline constexpr std::string_view slot_nodes = "state.slot_nodes";
inline constexpr std::string_view code = "state.code";
}  // namespace state_table

/// Of a slot: both hashes.
ByteArray<64> slot_row_key(const Hash256& account, const Hash256& slot);

/// Visits slots that are set, ascending: those that `each_below` visits, with what changed over
/// them. `visit` as StateView::for_each_slot has it.
Result<void, StoreError> visit_merged(
    const std::map<Hash256, Uint256>& changed,
    const std::function<Result<void, StoreError>(const SlotVisitor&)>& each_below,
    const SlotVisitor& visit);

class StateBuffer {
public:
    /// `salt` is random: nobody can prepare collisions in the tables.
    explicit StateBuffer(std::uint64_t salt) : accounts_(salt), nodes_(salt) {}

    void add(StateCommit commit);

    /// Null: not changed. Nothing inside: removed.
    const std::optional<Account>* account(const Hash256& key) const;
    /// Null: not changed. Zero: removed.
    const Uint256* slot(const Hash256& account, const Hash256& slot) const;
    /// The slots of an account that changed, ascending.
    std::map<Hash256, Uint256> slots_of(const Hash256& account) const;
    /// Null: not changed. Empty: removed.
    const Buffer* node(const NodeRowKey& key) const;
    const NodeTable& nodes() const { return nodes_; }
    /// Null: not added.
    const Buffer* code(const Hash256& hash) const;

    /// Of memory, roughly.
    std::size_t size_bytes() const { return size_bytes_; }
    /// All of it, to be written in one step.
    StoreBatch to_batch() const;

private:
    struct AccountRow {
        Hash256 key{};
        std::optional<Account> account;
    };

    void add_nodes(const std::optional<Hash256>& owner, const trie::NodeChanges& nodes);

    RowTable<AccountRow> accounts_;
    std::map<std::pair<Hash256, Hash256>, Uint256> slots_;
    std::map<Hash256, Buffer> code_;
    NodeTable nodes_;
    std::size_t size_bytes_ = 0;
};

}  // namespace parley::chain
