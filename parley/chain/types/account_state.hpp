// AccountState: what the ledger knows of accounts, as the transaction pool asks for it.
#pragma once

#include <parley/base/uint256.hpp>
#include <parley/chain/types/address.hpp>

#include <cstdint>
#include <optional>

namespace parley::chain {

/// What decides whether a transaction of this sender can be executed.
struct Account {
    std::uint64_t nonce = 0;  ///< of the next transaction
    Uint256 balance{};        ///< wei
};

/// The state at the head of the chain. Threading: asked on the thread of the node; must not block.
class AccountState {
public:
    virtual ~AccountState() = default;
    /// An account never used is Account{}. Nothing: the state is not known here (a light node, a
    /// ledger that still syncs), and what depends on it is not checked.
    virtual std::optional<Account> account(const Address& address) const = 0;
};

}  // namespace parley::chain
