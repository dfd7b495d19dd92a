// BlockError: why bytes are no header, body, block, withdrawal or receipt, and where in them.
// Threading: values.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/types/transaction.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley::chain {

/// Why bytes are refused, by their form alone.
enum class BlockErrc : std::uint8_t {
    too_large,     ///< expected: bytes at most; actual: bytes that came
    too_many,      ///< expected: items of the field at most
    rlp,           ///< actual: the rlp::Errc
    transaction,   ///< BlockError::transaction says why
    unknown_type,  ///< of a receipt; actual: the first byte
    bad_status,    ///< of a receipt: neither 0 nor 1; actual: what came
    wrong_bloom,   ///< of a receipt: not that of its logs
};

/// What was read when decoding stopped; those of which there are many have an index.
enum class BlockPart : std::uint8_t {
    block,
    header,
    body,
    transaction,
    ommer,
    withdrawal,
    receipt,
    log,
};

/// The item in that part; the envelope is the whole part.
enum class BlockField : std::uint8_t {
    envelope,
    // A header's.
    parent_hash,
    ommers_hash,
    beneficiary,
    state_root,
    transactions_root,
    receipts_root,
    logs_bloom,  // also a receipt's
    difficulty,
    number,
    gas_limit,
    gas_used,
    timestamp,
    extra_data,
    mix_hash,
    nonce,
    base_fee,
    withdrawals_root,
    blob_gas_used,
    excess_blob_gas,
    parent_beacon_root,
    // A block's.
    header,
    // A body's.
    transactions,
    ommers,
    withdrawals,
    // A withdrawal's; the address also a log's.
    index,
    validator_index,
    address,
    amount,
    // A receipt's.
    status,
    cumulative_gas_used,
    logs,
    // A log's.
    topics,
    data,
};

struct BlockError {
    BlockErrc code{};
    BlockPart part{};
    std::uint64_t index = 0;  ///< which of its kind, from 0
    BlockField field = BlockField::envelope;
    std::uint64_t expected = 0;  ///< as the code says
    std::uint64_t actual = 0;    ///< as the code says
    std::optional<TxError> transaction = {};
    friend bool operator==(const BlockError&, const BlockError&) = default;
};
/// One line for a log or a caller: "ommer 1, field number: leading zero".
std::string message(const BlockError& error);

}  // namespace parley::chain
