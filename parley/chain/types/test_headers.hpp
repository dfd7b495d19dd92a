// For tests only: makes headers.
#pragma once

#include <parley/chain/types/header.hpp>

namespace parley::chain::testing {

/// A header of the fork, every field of which differs from that of an empty one.
inline Header header_of(Fork fork) {
    Header out;
    out.parent_hash = {std::byte{1}};
    out.beneficiary = {{std::byte{2}}};
    out.state_root = {std::byte{3}};
    out.transactions_root = {std::byte{4}};
    out.receipts_root = {std::byte{5}};
    out.logs_bloom.add(bytes_of("bloom"));
    out.difficulty = to_uint256(fork < Fork::paris ? 131'072 : 0);
    out.number = 7;
    out.gas_limit = 30'000'000;
    out.gas_used = 21'000;
    out.timestamp = 1'700'000'000;
    out.extra_data = to_buffer(bytes_of("parley"));
    out.mix_hash = {std::byte{6}};
    out.nonce[7] = std::byte{0x42};
    if (fork >= Fork::london) out.base_fee = to_uint256(1'000'000'000);
    if (fork >= Fork::shanghai) out.withdrawals_root = Hash256{std::byte{7}};
    if (fork >= Fork::cancun) {
        out.blob_gas_used = 131'072;
        out.excess_blob_gas = 393'216;
        out.parent_beacon_root = Hash256{std::byte{8}};
    }
    return out;
}

}  // namespace parley::chain::testing
