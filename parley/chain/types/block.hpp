// Block: a header and its body: transactions, ommers, since Shanghai withdrawals. As it travels
// and is stored.
//
// BlockLimits bounds what a peer can fill. What is decoded shares the bytes that came, so any
// transaction of a block keeps all of them in memory. Threading: values and pure functions.
// Spec: docs/formats/block.md; Yellow Paper, section 4.4; EIP-2718, EIP-4895.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/types/block_error.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/chain/types/withdrawal.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace parley::chain {

/// Of what is decoded, whatever the rules of the chain say: those are stricter, as with two ommers.
struct BlockLimits {
    std::size_t bytes_max = std::size_t{8} << 20;                     ///< of a block or body
    std::size_t extra_data_bytes_max = extra_data_bytes_max_default;  ///< of each header
    std::size_t transactions_max = 65'536;
    std::size_t ommers_max = 16;
    std::size_t withdrawals_max = 1'024;
};

/// What a header commits to by its roots.
struct Body {
    std::vector<Transaction> transactions{};
    std::vector<Header> ommers{};                          ///< none since Paris
    std::optional<std::vector<Withdrawal>> withdrawals{};  ///< since Shanghai

    /// Roughly.
    std::size_t memory_bytes() const;
    /// A transaction's bytes are its `raw`, or made from its fields if that is empty.
    Buffer encode() const;
};

struct Block {
    Header header{};
    Body body{};

    /// As Body::encode().
    Buffer encode() const;
};

/// keccak256 of the RLP of their list: Header::ommers_hash.
Hash256 hash_of_ommers(std::span<const Header> ommers);

/// `[transactions, ommers]`, or with `withdrawals` a third. All that the form alone decides, not
/// whether the header commits to it, nor whether a fork has it. Errors: too_large, rlp, too_many;
/// transaction, with what decode_transaction says; those of ommers and withdrawals with their
/// index.
Result<Body, BlockError> decode_body(SharedBytes raw, const BlockLimits& limits = {});

/// `[header, transactions, ommers]`, or with `withdrawals` a fourth. Errors: as decode_body, and
/// those of the header.
Result<Block, BlockError> decode_block(SharedBytes raw, const BlockLimits& limits = {});

}  // namespace parley::chain
