// Merkle proofs of an account and its storage as JSON (EIP-1186). Threading: as what is read.
#pragma once

#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/state/state_view.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace parley::node {

/// A slot of storage, and how many bytes the caller wrote: it is shown in the same form.
struct StorageKey {
    Hash256 slot{};
    std::size_t bytes = 0;
};

/// At most 32 bytes in hex, with or without 0x, an odd digit as if a 0 stood before it. Errors:
/// invalid_params, in geth's words.
Result<StorageKey, rpc::Error> read_storage_key(std::string_view text);

struct ProofOf {
    const chain::Address& address;
    std::span<const StorageKey> keys;
    const Hash256& state_root;
};
/// Errors: internal_error if the state cannot be read.
rpc::Result proof_json(const chain::StateView& view, const chain::StateNodes& nodes,
                       const ProofOf& wanted);

}  // namespace parley::node
