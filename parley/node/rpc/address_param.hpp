// A JSON-RPC parameter that is an account's address. Threading: pure functions.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>

namespace parley::node {

/// 20 bytes of hex data. Errors: invalid_params.
Result<chain::Address, rpc::Error> address_param(const rpc::Call& call, std::size_t index);

}  // namespace parley::node
