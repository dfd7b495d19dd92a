#include <parley/chain/types/sender.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::chain {
namespace {

namespace gas {
constexpr std::uint64_t transaction = 21'000;
constexpr std::uint64_t creation = 32'000;
constexpr std::uint64_t data_zero = 4;
constexpr std::uint64_t data_non_zero = 16;
constexpr std::uint64_t access_address = 2'400;
constexpr std::uint64_t access_key = 1'900;
constexpr std::uint64_t init_code_word = 2;
}  // namespace gas

/// Of a blob's hash that commits by KZG (EIP-4844).
constexpr std::byte blob_hash_version{0x01};

Result<void, TxError> check_blobs(const Transaction& tx) {
    if (tx.type != TxType::blob) return {};
    if (!tx.to) return fail(TxErrc::blob_creation);
    if (tx.blob_hashes.empty()) return fail(TxErrc::no_blobs);
    if (tx.blob_hashes.size() > blobs_max) {
        return fail(TxErrc::too_many_blobs, blobs_max, tx.blob_hashes.size());
    }
    for (const auto& hash : tx.blob_hashes) {
        if (hash[0] != blob_hash_version) {
            return fail(TxErrc::blob_version, std::to_integer<std::uint64_t>(blob_hash_version),
                        std::to_integer<std::uint64_t>(hash[0]));
        }
    }
    return {};
}

std::string_view name_of(TxField field) {
    switch (field) {
        case TxField::envelope:
            return "envelope";
        case TxField::chain_id:
            return "chain id";
        case TxField::nonce:
            return "nonce";
        case TxField::gas_price:
            return "gas price";
        case TxField::max_priority_fee:
            return "max priority fee";
        case TxField::max_fee:
            return "max fee";
        case TxField::gas_limit:
            return "gas limit";
        case TxField::to:
            return "to";
        case TxField::value:
            return "value";
        case TxField::data:
            return "data";
        case TxField::access_list:
            return "access list";
        case TxField::access_address:
            return "access list address";
        case TxField::access_key:
            return "access list key";
        case TxField::max_blob_fee:
            return "max blob fee";
        case TxField::blob_hashes:
            return "blob hashes";
        case TxField::v:
            return "v";
        case TxField::r:
            return "r";
        case TxField::s:
            return "s";
    }
    return "unknown";
}

}  // namespace

/// Where go-ethereum has words for it, with these: libraries know errors by them.
std::string message(const TxError& error) {
    const auto& [code, expected, actual] = error;
    switch (code) {
        case TxErrc::empty:
            return "empty transaction";
        case TxErrc::too_large:
            return fmt::format("transaction of {} bytes, at most {} allowed", actual, expected);
        case TxErrc::unknown_type:
            return fmt::format("unknown transaction type {:#04x}", actual);
        case TxErrc::rlp:
            return fmt::format("field {}: {}", name_of(static_cast<TxField>(expected)),
                               rlp::name(static_cast<rlp::Errc>(actual)));
        case TxErrc::bad_v:
            return fmt::format("v is {}, not 27, 28 or at least 35", actual);
        case TxErrc::bad_parity:
            return fmt::format("y parity is {}, not 0 or 1", actual);
        case TxErrc::signature_range:
            return "signature: r or s out of range";
        case TxErrc::high_s:
            return "signature: s above half of the curve's order";
        case TxErrc::no_sender:
            return "signature: no public key fits";
        case TxErrc::wrong_chain:
            return fmt::format("invalid chain id for signer: have {} want {}", actual, expected);
        case TxErrc::unprotected:
            return "transaction without chain id (EIP-155)";
        case TxErrc::nonce_too_high:
            return "nonce has max value: 2^64 - 1 can never be used";
        case TxErrc::gas_too_low:
            return fmt::format("intrinsic gas too low: gas {}, minimum needed {}", actual,
                               expected);
        case TxErrc::gas_above_block:
            return fmt::format("exceeds block gas limit: gas {}, at most {}", actual, expected);
        case TxErrc::priority_above_max:
            return "max priority fee per gas higher than max fee per gas";
        case TxErrc::cost_overflow:
            return "gas limit times fee does not fit in 256 bits";
        case TxErrc::type_too_early:
            return fmt::format("unknown transaction type {:#04x} before {}", actual,
                               name(static_cast<Fork>(expected)));
        case TxErrc::init_code_too_large:
            return fmt::format("init code of {} bytes, at most {} allowed", actual, expected);
        case TxErrc::blob_creation:
            return "blob transaction without a recipient";
        case TxErrc::no_blobs:
            return "blob transaction without a blob";
        case TxErrc::too_many_blobs:
            return fmt::format("blob transaction of {} blobs, at most {} allowed", actual,
                               expected);
        case TxErrc::blob_version:
            return fmt::format("blob hash of version {:#04x}, not {:#04x}", actual, expected);
    }
    return "malformed transaction";
}

std::uint64_t intrinsic_gas(const Transaction& tx, Fork fork) {
    std::uint64_t total = gas::transaction;
    const auto data = tx.data.view();
    if (!tx.to) {
        total += gas::creation;
        if (fork >= Fork::shanghai) total += (data.size() + 31) / 32 * gas::init_code_word;
    }
    const auto zeros = static_cast<std::uint64_t>(std::ranges::count(data, std::byte{0}));
    total += zeros * gas::data_zero + (data.size() - zeros) * gas::data_non_zero;
    for (const auto& entry : tx.access_list) {
        total += gas::access_address + entry.keys.size() * gas::access_key;
    }
    return total;
}

Result<void, TxError> check_stateless(const Transaction& tx, const ChainRules& rules) {
    if (tx.raw.size() > rules.tx_bytes_max) {
        return fail(TxErrc::too_large, rules.tx_bytes_max, tx.raw.size());
    }
    if (const auto first = first_fork_of(tx.type); rules.fork < first) {
        return fail(TxErrc::type_too_early, static_cast<std::uint64_t>(first),
                    static_cast<std::uint64_t>(tx.type));
    }
    if (tx.chain_id && *tx.chain_id != rules.chain_id) {
        return fail(TxErrc::wrong_chain, rules.chain_id, *tx.chain_id);
    }
    if (!tx.chain_id && !rules.unprotected_allowed) return fail(TxErrc::unprotected);
    if (auto form = check_signature_form(tx.signature); !form) return form;
    constexpr auto nonce_limit = std::numeric_limits<std::uint64_t>::max();
    if (tx.nonce == nonce_limit) return fail(TxErrc::nonce_too_high, nonce_limit - 1, tx.nonce);
    if (tx.max_priority_fee > tx.max_fee) return fail(TxErrc::priority_above_max);
    if (!checked_multiply(tx.max_fee, tx.gas_limit) ||
        !checked_multiply(tx.max_fee_per_blob_gas, tx.blob_gas())) {
        return fail(TxErrc::cost_overflow);
    }
    if (!tx.to && rules.fork >= Fork::shanghai && tx.data.size() > init_code_bytes_max) {
        return fail(TxErrc::init_code_too_large, init_code_bytes_max, tx.data.size());
    }
    if (auto blobs = check_blobs(tx); !blobs) return blobs;
    const auto intrinsic = intrinsic_gas(tx, rules.fork);
    if (tx.gas_limit < intrinsic) return fail(TxErrc::gas_too_low, intrinsic, tx.gas_limit);
    if (tx.gas_limit > rules.gas_limit_max) {
        return fail(TxErrc::gas_above_block, rules.gas_limit_max, tx.gas_limit);
    }
    return {};
}

}  // namespace parley::chain
