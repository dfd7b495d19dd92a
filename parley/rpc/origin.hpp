// Where a JSON-RPC request came in.
#pragma once

#include <cstdint>

namespace parley::rpc {

/// Only `unix_socket` callers have proven that they own the node.
enum class Origin : std::uint8_t { http, unix_socket };

}  // namespace parley::rpc
