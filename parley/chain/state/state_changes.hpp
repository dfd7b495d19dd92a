// StateChanges: what a block did to the state, with what was there before, so that it can be taken
// back. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/account.hpp>

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain {

/// Of the account whose address has the hash `key`. Nothing: there is none.
struct AccountChange {
    Hash256 key{};
    std::optional<Account> before;
    std::optional<Account> after;
    friend bool operator==(const AccountChange&, const AccountChange&) = default;
};

/// Of one slot of an account's storage, both by their hashes; zero: there is none.
struct SlotChange {
    Hash256 account{};
    Hash256 slot{};
    Uint256 before{};
    Uint256 after{};
    friend bool operator==(const SlotChange&, const SlotChange&) = default;
};

struct StateChanges {
    std::vector<AccountChange> accounts;  ///< ascending by key, none twice
    std::vector<SlotChange> slots;        ///< ascending by account and slot, none twice
    /// Code by its hash, to be kept. It stays when the rest is taken back.
    std::vector<std::pair<Hash256, Buffer>> code;

    /// What takes these back.
    StateChanges reversed() const {
        StateChanges out{accounts, slots, {}};
        for (auto& change : out.accounts) std::swap(change.before, change.after);
        for (auto& change : out.slots) std::swap(change.before, change.after);
        return out;
    }
    friend bool operator==(const StateChanges&, const StateChanges&) = default;
};

/// Several, one after the other, as one; without their code.
StateChanges join_changes(std::span<const StateChanges> all);

}  // namespace parley::chain
