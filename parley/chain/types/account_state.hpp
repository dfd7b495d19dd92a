// AccountState: what the ledger knows of accounts, as the transaction pool asks for it.
#pragma once

#include <parley/chain/types/account.hpp>
#include <parley/chain/types/address.hpp>

#include <optional>

namespace parley::chain {

/// The state at the head of the chain. Threading: asked on the thread of the node; must not block.
class AccountState {
public:
    virtual ~AccountState() = default;
    /// An account never used is Account{}. Nothing: the state is not known here (a light node, a
    /// ledger that still syncs), and what depends on it is not checked.
    virtual std::optional<Account> account(const Address& address) const = 0;
};

}  // namespace parley::chain
