// Reads the parameters of a JSON-RPC request; what does not fit is named:
// "params[0]: expected hex data, got number". For sources of Rpc only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/node/rpc/rpc_method.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::node {

/// "null", "boolean", "number", "string", "array", "object".
std::string_view json_kind(const json::value& value);

/// Parameter `index` as bytes, "0x" and an even number of digits.
Result<Buffer, RpcError> data_param(const RpcCall& call, std::size_t index);
/// 32 bytes.
Result<Hash256, RpcError> hash_param(const RpcCall& call, std::size_t index);
/// 20 bytes.
Result<chain::Address, RpcError> address_param(const RpcCall& call, std::size_t index);
/// Any text; `expected` says what it should be.
Result<std::string_view, RpcError> text_param(const RpcCall& call, std::size_t index,
                                              std::string_view expected);
/// The ID of another node: 66 hex digits, or `ID@address:port` or a record that says it.
Result<NodeId, RpcError> peer_param(const RpcCall& call, std::size_t index);

std::unexpected<RpcError> bad_param(std::size_t index, std::string_view expected,
                                    std::string_view actual);

}  // namespace parley::node
