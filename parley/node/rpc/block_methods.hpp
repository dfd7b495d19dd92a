// The methods whose answer is made of one block, wherever it comes from: a full node reads it, a
// light one asks for it and checks it. Threading: the node's thread; what makes an answer, any.
#pragma once

#include <parley/chain/ledger/block_log.hpp>
#include <parley/node/rpc/block_ref.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

namespace parley::node {

using FromBlock = std::move_only_function<rpc::Result(const chain::LoggedBlock&, const Hash256&)>;

struct BlockQuestion {
    BlockRef ref;
    FromBlock make;  ///< the answer, of the block and its hash
};

struct BlockMethod {
    std::string_view name;
    std::size_t params_max = 0;
    /// What a caller asks. Errors: invalid_params.
    Result<BlockQuestion, rpc::Error> (*read)(const rpc::Call&);
    bool needs_receipts = false;
    bool is_small = false;  ///< made at once of a block in memory
};

std::span<const BlockMethod> block_methods();

}  // namespace parley::node
