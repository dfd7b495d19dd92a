// Withdrawal: ether that the beacon chain gives back to an account, as bodies carry it since
// Shanghai. Threading: values and pure functions. Spec: EIP-4895; docs/formats/block.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/block_error.hpp>

#include <cstdint>

namespace parley::chain {

struct Withdrawal {
    std::uint64_t index = 0;  ///< counts all withdrawals of the chain
    std::uint64_t validator_index = 0;
    Address address;
    std::uint64_t amount = 0;  ///< Gwei: 10^9 wei

    Buffer encode() const;
    friend bool operator==(const Withdrawal&, const Withdrawal&) = default;
};

/// Canonical RLP of exactly four items, each of its own size. Errors: rlp.
Result<Withdrawal, BlockError> decode_withdrawal(Bytes raw);

}  // namespace parley::chain
