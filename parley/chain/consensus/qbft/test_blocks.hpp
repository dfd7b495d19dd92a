// For tests only: blocks with transactions, as validators propose them, and messages with them.
#pragma once

#include <parley/chain/consensus/qbft/incoming.hpp>
#include <parley/chain/consensus/qbft/test_signing.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <cstdint>
#include <memory>

namespace parley::chain::qbft::testing {

inline constexpr BlockForm block_form{.limits = {.extra_data_bytes_max = extra_data_bytes_max}};

/// Of a round of height 5; nothing but its extra data and transactions means anything.
inline std::shared_ptr<const ProposedBlock> proposed_block(std::uint64_t transactions,
                                                           std::uint32_t round = 0) {
    ProposedBlock out;
    out.block.header.number = 5;
    out.extra.validators = {{{std::byte{1}}}};
    out.extra.round = round;
    out.block.header.extra_data = out.extra.encode();
    for (std::uint64_t i = 0; i < transactions; ++i) {
        out.block.body.transactions.push_back(
            chain::testing::sign(chain::testing::transfer(0), chain::testing::secret_of(i + 1)));
    }
    out.digest = hash_with(out.block.header, out.extra, 0);
    return std::make_shared<const ProposedBlock>(std::move(out));
}

inline SharedBytes raw(const ProposedBlock& block) {
    return SharedBytes::own(block.block.encode());
}

/// Of the block's round, by the validator of secret 1.
inline SharedBytes proposal_of(const ProposedBlock& block) {
    const View view{block.block.header.number, block.extra.round};
    return encode(ProposalMessage{.signed_block = sign(Proposed{view, raw(block)}, 1)});
}

}  // namespace parley::chain::qbft::testing
