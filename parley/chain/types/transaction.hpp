// Transaction: Ethereum's transactions, decoded strictly from bytes and checked without state.
//
// Decoding knows the types of all forks; whether a fork has a type is a rule (check_stateless).
// Spec: docs/formats/transaction.md; Yellow Paper; EIP-155, 2718, 2930, 1559, 3860, 4844.
// Threading: values and pure functions, safe on any thread. A transaction travels three steps:
// decode_transaction and check_stateless are cheap; recover_sender costs an elliptic-curve
// operation and belongs in a Job.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/fork.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace parley::chain {

/// Why a transaction is refused, whatever the state of the chain.
enum class TxErrc : std::uint8_t {
    empty,                ///< no bytes at all
    too_large,            ///< expected: bytes at most; actual: bytes that came
    unknown_type,         ///< the first byte is neither a list nor 01 to 03; actual: that byte
    rlp,                  ///< expected: the TxField; actual: the rlp::Errc
    bad_v,                ///< legacy v is not 27, 28 or at least 35; actual: v
    bad_parity,           ///< typed y parity is not 0 or 1; actual: what came
    signature_range,      ///< r or s is zero or not below the order of the curve
    high_s,               ///< s is above half of the order (EIP-2)
    no_sender,            ///< no public key fits the signature
    wrong_chain,          ///< expected: our chain id; actual: the transaction's
    unprotected,          ///< no chain id (before EIP-155), and the rules want one
    nonce_too_high,       ///< 2^64 - 1 can never be used (EIP-2681)
    gas_too_low,          ///< expected: intrinsic gas; actual: gas limit
    gas_above_block,      ///< expected: gas at most; actual: gas limit
    priority_above_max,   ///< max priority fee above max fee (EIP-1559)
    cost_overflow,        ///< gas times its max fee is 2^256 or more; or blob gas times its own
    type_too_early,       ///< expected: the Fork that brings the type; actual: the type
    init_code_too_large,  ///< expected: bytes at most (EIP-3860); actual: bytes that came
    blob_creation,        ///< a blob transaction without a recipient (EIP-4844)
    no_blobs,             ///< a blob transaction without a blob
    too_many_blobs,       ///< expected: blobs at most; actual: blobs there are
    blob_version,         ///< a blob's hash of an unknown version; expected: the known; actual: it
};
using TxError = Error<TxErrc>;

/// Where decoding stopped.
enum class TxField : std::uint8_t {
    envelope,
    chain_id,
    nonce,
    gas_price,
    max_priority_fee,
    max_fee,
    gas_limit,
    to,
    value,
    data,
    access_list,
    access_address,
    access_key,
    max_blob_fee,
    blob_hashes,
    v,  ///< v or y parity
    r,
    s,
};
/// One line for a log or a caller: "field to: wrong size".
std::string message(const TxError& error);

/// The envelope; a typed one begins with this number as a byte (EIP-2718).
enum class TxType : std::uint8_t { legacy = 0, access_list = 1, dynamic_fee = 2, blob = 3 };
/// What an envelope that begins with this byte holds; nothing if it is neither a list nor a known
/// type.
std::optional<TxType> tx_type_of(std::byte first);
/// The first fork that has this type.
Fork first_fork_of(TxType type);

/// Of each blob (EIP-4844).
inline constexpr std::uint64_t gas_per_blob = 131'072;
/// Of a block, and so of a transaction (EIP-4844).
inline constexpr std::size_t blobs_max = 6;
/// Bytes of code that a creation may run (EIP-3860).
inline constexpr std::size_t init_code_bytes_max = 49'152;

/// An account and the storage slots in it that a transaction will touch (EIP-2930).
struct AccessEntry {
    Address address;
    std::vector<Hash256> keys;
    friend bool operator==(const AccessEntry&, const AccessEntry&) = default;
};

struct Transaction {
    TxType type = TxType::legacy;
    std::optional<std::uint64_t> chain_id;  ///< absent: legacy from before EIP-155
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    Uint256 max_priority_fee{};  ///< wei per gas; legacy and EIP-2930: the gas price
    Uint256 max_fee{};           ///< wei per gas; legacy and EIP-2930: the gas price
    std::optional<Address> to;   ///< absent: creates a contract
    Uint256 value{};             ///< wei
    SharedBytes data;            ///< decoded: a slice of `raw`
    std::vector<AccessEntry> access_list;
    Uint256 max_fee_per_blob_gas{};    ///< wei
    std::vector<Hash256> blob_hashes;  ///< versioned (EIP-4844)
    std::uint8_t y_parity = 0;         ///< 0 or 1
    crypto::Signature signature{};     ///< r | s, as they came
    Hash256 hash{};                    ///< keccak256(raw); set by decoding
    SharedBytes raw;                   ///< the bytes on the wire; set by decoding

    std::uint64_t blob_gas() const { return blob_hashes.size() * gas_per_blob; }
    /// What is hashed and signed: for legacy RLP, else the type byte and RLP.
    Buffer encode_for_signing() const;
    Hash256 signing_hash() const;
    /// The bytes on the wire, made from the fields (not from `raw`).
    Buffer encode() const;
};

/// Wei paid per gas in a block of this base fee: min(max_fee, base_fee + max_priority_fee)
/// (EIP-1559).
Uint256 effective_gas_price(const Uint256& max_fee, const Uint256& max_priority_fee,
                            const Uint256& base_fee);

/// 128 KiB, headers and signature included.
inline constexpr std::size_t tx_bytes_max_default = std::size_t{128} * 1024;

/// What a chain demands of every transaction, whatever the state.
struct ChainRules {
    std::uint64_t chain_id = 1;
    Fork fork = Fork::london;  ///< of the block that the transaction is for
    std::size_t tx_bytes_max = tx_bytes_max_default;
    /// Ethereum takes legacy transactions without chain id; they can be replayed elsewhere.
    bool unprotected_allowed = true;
    /// More than a block could hold is never mined.
    std::uint64_t gas_limit_max = std::numeric_limits<std::uint64_t>::max();
};

/// Everything that the form alone decides: canonical RLP, sizes of fields, type, v. Not the
/// signature. A blob transaction comes as it stands in blocks, without its blobs. The result shares
/// `raw`. Errors: empty, too_large, unknown_type, rlp, blob_creation, bad_v, bad_parity.
Result<Transaction, TxError> decode_transaction(SharedBytes raw,
                                                std::size_t size_bytes_max = tx_bytes_max_default);

/// Everything else that needs no state, but for the sender. Errors, in this order: too_large,
/// type_too_early, wrong_chain, unprotected, signature_range, high_s, nonce_too_high,
/// priority_above_max, cost_overflow, init_code_too_large, blob_creation, no_blobs, too_many_blobs,
/// blob_version, gas_too_low, gas_above_block.
Result<void, TxError> check_stateless(const Transaction& tx, const ChainRules& rules);

/// The account that signed. Slow (about 50 us): for a worker. Errors: signature_range, high_s,
/// no_sender.
Result<Address, TxError> recover_sender(const Transaction& tx);

/// Gas that the transaction costs before anything runs: 21,000; 16 for a non-zero and 4 for a zero
/// byte of data (EIP-2028); 32,000 more for a creation, and since Shanghai 2 for each 32 bytes of
/// its data, the last of them filled up (EIP-3860); 2,400 and 1,900 for each address and key of the
/// access list (EIP-2930). Blobs have gas of their own: see Transaction::blob_gas().
std::uint64_t intrinsic_gas(const Transaction& tx, Fork fork);

}  // namespace parley::chain
