// BlockRef: how a caller names a block: by a tag, a number or a hash (EIP-1898). Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

namespace parley::node {

enum class BlockTag : std::uint8_t { earliest, finalized, safe, latest, pending };

struct BlockByHash {
    Hash256 hash{};
    bool must_be_main = false;  ///< EIP-1898's requireCanonical
    friend bool operator==(const BlockByHash&, const BlockByHash&) = default;
};

using BlockRef = std::variant<BlockTag, std::uint64_t, BlockByHash>;

/// A tag or a number. Errors: invalid_params.
Result<BlockRef, rpc::Error> read_block_number(const rpc::json::value& value,
                                               std::string_view where);
/// The same, or a hash, or an object of EIP-1898: {blockNumber} or {blockHash, requireCanonical}.
Result<BlockRef, rpc::Error> read_block_ref(const rpc::json::value& value, std::string_view where);

/// A parameter as read_block_number; it must be there.
Result<BlockRef, rpc::Error> block_number_param(const rpc::Call& call, std::size_t index);
/// A parameter as read_block_ref; the latest block if it was left out.
Result<BlockRef, rpc::Error> block_param(const rpc::Call& call, std::size_t index);

}  // namespace parley::node
