// For tests only: makes and signs transactions.
#pragma once

#include <parley/chain/types/transaction.hpp>

#include <cstdint>
#include <utility>

namespace parley::chain::testing {

/// A secret that is valid for every `seed` but is nobody's. Never for value.
inline ByteArray<32> secret_of(std::uint64_t seed) {
    auto secret = to_uint256(seed + 1);
    secret[0] = std::byte{0x01};
    return secret;
}

/// An ordinary transfer; chain id 1, gas 21,000, price 10 gwei.
inline Transaction transfer(std::uint64_t nonce, std::uint64_t price = 10'000'000'000) {
    Transaction tx;
    tx.type = TxType::dynamic_fee;
    tx.chain_id = 1;
    tx.nonce = nonce;
    tx.gas_limit = 21'000;
    tx.max_fee = to_uint256(price);
    tx.max_priority_fee = to_uint256(price);
    tx.to = Address{{std::byte{0x42}}};
    tx.value = to_uint256(1);
    return tx;
}

/// Signs, then fills in `raw` and `hash`.
inline Transaction sign(Transaction tx, const ByteArray<32>& secret) {
    const auto signature = crypto::sign_recoverable(secret, tx.signing_hash());
    tx.signature = signature.rs;
    tx.y_parity = signature.parity;
    auto decoded = decode_transaction(SharedBytes::own(tx.encode()));
    return decoded ? std::move(*decoded) : tx;
}

}  // namespace parley::chain::testing
