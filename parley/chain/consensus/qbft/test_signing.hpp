// For tests only: signed messages, by number.
#pragma once

#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <cstdint>
#include <utility>

namespace parley::chain::qbft::testing {

inline Seal seal_of(const Hash256& digest, std::uint64_t seed) {
    return seal_with(chain::testing::secret_of(seed), digest);
}

template <class Payload>
Signed<Payload> sign(Payload payload, std::uint64_t seed) {
    const auto signature = seal_of(signing_hash(payload), seed);
    return {std::move(payload), address_of_secret(chain::testing::secret_of(seed)), signature};
}

}  // namespace parley::chain::qbft::testing
