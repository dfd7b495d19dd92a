// Merkle proofs of an account and its storage as JSON (EIP-1186). Threading: as what is read.
#pragma once

#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/state/state_view.hpp>
#include <parley/chain/types/account.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace parley::node {

/// A slot of storage, and how many bytes the caller wrote: it is shown in the same form.
struct StorageKey {
    Hash256 slot{};
    std::size_t bytes = 0;
};

/// At most 32 bytes in hex, with or without 0x, an odd digit as if a 0 stood before it. Errors:
/// invalid_params, in geth's words.
Result<StorageKey, rpc::Error> read_storage_key(std::string_view text);

/// A parameter: a list of them, at most 1024. Errors: invalid_params, in geth's words.
Result<std::vector<StorageKey>, rpc::Error> storage_keys_param(const rpc::Call& call,
                                                               std::size_t index);

/// An account of a state and slots of its storage, each with the nodes that prove it.
struct AccountProof {
    std::optional<chain::Account> account;  ///< nothing: there is none
    std::vector<Buffer> nodes;
    struct Slot {
        Hash256 value{};
        std::vector<Buffer> nodes = {};
    };
    std::vector<Slot> slots;  ///< as the keys that were asked for
};
/// Errors: internal_error if the state cannot be read.
Result<AccountProof, rpc::Error> read_proof(const chain::StateView& view,
                                            const chain::StateNodes& nodes,
                                            const Hash256& state_root,
                                            const chain::Address& address,
                                            std::span<const StorageKey> keys);
rpc::json::value proof_json(const chain::Address& address, std::span<const StorageKey> keys,
                            const AccountProof& proof);

}  // namespace parley::node
