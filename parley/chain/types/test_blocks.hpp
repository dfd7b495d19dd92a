// For tests only: makes blocks.
#pragma once

#include <parley/chain/types/block.hpp>
#include <parley/chain/types/test_headers.hpp>
#include <parley/chain/types/test_transactions.hpp>

namespace parley::chain::testing {

/// A legacy transaction, one with blobs, an ommer and a withdrawal.
inline Body mixed_body() {
    auto legacy = transfer(0);
    legacy.type = TxType::legacy;
    auto blob = transfer(7);
    blob.type = TxType::blob;
    blob.max_priority_fee = to_uint256(1'000'000'000);
    blob.gas_limit = 100'000;
    blob.data = SharedBytes::copy(bytes_of("data"));
    blob.access_list = {{Address{{std::byte{1}}}, {Hash256{std::byte{2}}}}, {}};
    blob.max_fee_per_blob_gas = to_uint256(2'000'000'000);
    blob.blob_hashes = {Hash256{std::byte{1}}, Hash256{std::byte{1}}};
    Header ommer;
    ommer.difficulty = to_uint256(1);
    ommer.number = 6;
    const Withdrawal withdrawal{
        .index = 5, .validator_index = 6, .address = {{std::byte{9}}}, .amount = 32'000'000'000};
    return {.transactions = {sign(legacy, secret_of(0)), sign(blob, secret_of(0))},
            .ommers = {ommer},
            .withdrawals = {{withdrawal}}};
}

}  // namespace parley::chain::testing
