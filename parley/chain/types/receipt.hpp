// Receipt: what became of a transaction in its block, with what its code logged.
//
// Decoded, a receipt takes some six times its bytes at most. Threading: values and pure functions.
// Spec: docs/formats/block.md; Yellow Paper, section 4.3.1; EIP-658, EIP-2718.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/block_error.hpp>
#include <parley/chain/types/bloom.hpp>
#include <parley/chain/types/transaction.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace parley::chain {

/// The operations LOG0 to LOG4 of the EVM.
inline constexpr std::size_t topics_max = 4;

/// What code said, for readers outside of the chain.
struct ReceiptLog {
    Address address;  ///< of the account whose code logged it
    std::vector<Hash256> topics;
    Buffer data;
    friend bool operator==(const ReceiptLog&, const ReceiptLog&) = default;
};

/// Of the addresses and topics of all.
Bloom bloom_of(std::span<const ReceiptLog> logs);

struct Receipt {
    TxType type = TxType::legacy;
    bool succeeded = true;                  ///< EIP-658's status
    std::uint64_t cumulative_gas_used = 0;  ///< of the block, up to this transaction and with it
    std::vector<ReceiptLog> logs{};

    Bloom logs_bloom() const { return bloom_of(logs); }
    /// As the receipts' trie holds it: for legacy RLP, else the type byte and RLP.
    Buffer encode() const;
    /// As the log of blocks holds it: without the type, which is the transaction's, and the bloom.
    Buffer encode_stored() const;
    friend bool operator==(const Receipt&, const Receipt&) = default;
};

inline constexpr std::size_t receipt_bytes_max_default = std::size_t{8} << 20;

/// All that the form alone decides: canonical RLP of exactly four items, a known type, a status of
/// 0 or 1, the bloom of the logs, at most four topics. Errors: too_large, unknown_type, rlp,
/// bad_status, wrong_bloom, too_many.
Result<Receipt, BlockError> decode_receipt(Bytes raw,
                                           std::size_t size_bytes_max = receipt_bytes_max_default);
/// What encode_stored() made of a receipt of this type. Errors: rlp, bad_status, too_many.
Result<Receipt, BlockError> decode_stored_receipt(Bytes raw, TxType type);

}  // namespace parley::chain
