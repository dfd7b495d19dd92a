// LogQuery: which logs a caller wants, as far as that can be wrong: blocks, addresses, topics.
// Threading: values. Spec: ethereum/execution-apis, schema Filter.
#pragma once

#include <parley/node/rpc/block_ref.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <optional>

namespace parley::node {

struct LogQuery {
    std::optional<Hash256> block_hash;
    BlockRef from = BlockTag::latest;
    BlockRef to = BlockTag::latest;
};

/// Addresses, or topics at one position.
inline constexpr std::size_t log_alternatives_max = 1000;

/// Errors: invalid_params; refused where there are more than fit, in geth's words.
Result<LogQuery, rpc::Error> log_query_param(const rpc::Call& call, std::size_t index);

}  // namespace parley::node
