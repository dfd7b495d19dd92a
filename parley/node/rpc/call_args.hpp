// CallArgs: a transaction as callers describe it before it is signed; what is left out is to be
// filled in. Threading: values.
// Spec: ethereum/execution-apis, schema GenericTransaction; go-ethereum's TransactionArgs.
#pragma once

#include <parley/base/uint256.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::node {

struct CallArgs {
    chain::Address from;
    std::optional<chain::Address> to;
    std::optional<std::uint64_t> gas;
    std::optional<std::uint64_t> nonce;
    std::optional<std::uint64_t> chain_id;
    std::optional<Uint256> value;      ///< wei
    std::optional<Uint256> gas_price;  ///< wei per gas, as the next two
    std::optional<Uint256> max_fee;
    std::optional<Uint256> max_priority_fee;
    std::optional<Uint256> max_blob_fee;  ///< wei per blob gas
    Buffer data;
    std::optional<std::vector<chain::AccessEntry>> access_list;
    std::optional<std::vector<Hash256>> blob_hashes;

    /// Fees that cost something.
    bool has_fees() const;
    /// Of the type that the fields make, before London one without a priority fee where none is
    /// given; what is absent is zero. Not signed.
    chain::Transaction transaction(std::uint64_t our_chain_id, chain::Fork fork) const;
};

/// The object of parameter `index`. Errors: invalid_params; refused, in geth's words, for
/// fields that contradict each other or that this chain has not.
Result<CallArgs, rpc::Error> call_args_param(const rpc::Call& call, std::size_t index,
                                             std::uint64_t our_chain_id);

}  // namespace parley::node
