// StateView: the state after some block, for reading. Keys are hashes, as in Ethereum's state trie.
// Threading: as the implementation says.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/account.hpp>

#include <cstdint>
#include <functional>
#include <optional>

namespace parley::chain {

/// Sees a slot and its value; false ends the visit. Must not read the state.
using SlotVisitor = std::function<bool(const Hash256& slot, const Uint256& value)>;

class StateView {
public:
    virtual ~StateView() = default;
    /// Random, for hash tables whose keys come from who made the transactions.
    virtual std::uint64_t salt() const = 0;
    /// Of the address whose keccak256 is `key`; nothing if there is none.
    virtual Result<std::optional<Account>, StoreError> account(const Hash256& key) const = 0;
    /// A slot of an account's storage by the hashes of both; zero if it is not set.
    virtual Result<Uint256, StoreError> slot(const Hash256& account, const Hash256& slot) const = 0;
    /// Calls `visit(slot, value)` for each slot that is set, ascending by the hash of the slot,
    /// until it returns false.
    virtual Result<void, StoreError> for_each_slot(const Hash256& account,
                                                   const SlotVisitor& visit) const = 0;
};

}  // namespace parley::chain
