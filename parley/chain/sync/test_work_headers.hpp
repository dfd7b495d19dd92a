// For tests only: chains of headers by work, and a peer that gives them.
#pragma once

#include <parley/base/endian.hpp>
#include <parley/chain/consensus/pow/proof_of_work.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/types/fees.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace parley::chain::testing {

inline constexpr std::uint64_t work_interval_s = 10;
/// Of the genesis: so many hashes a block, as long as blocks are on time.
inline constexpr std::uint64_t work_difficulty = 8;

inline ProofOfWorkConfig work_config() {
    ProofOfWorkConfig config;
    config.forks.london_block = 0;
    config.asert = {.anchor_time_s = 1'000,
                    .anchor_target = target_of_difficulty(to_uint256(work_difficulty)),
                    .interval_s = work_interval_s,
                    .half_life_s = 40};
    return config;
}

inline std::shared_ptr<const ProofOfWork> work_engine() {
    return std::make_shared<const ProofOfWork>(work_config());
}

inline ChainHeader work_genesis() {
    ChainHeader out;
    out.header.gas_limit = 30'000'000;
    out.header.timestamp = 1'000;
    out.header.base_fee = to_uint256(1'000'000'000);
    out.header.difficulty = to_uint256(1);
    out.hash = out.header.hash();
    out.total_difficulty = out.header.difficulty;
    return out;
}

/// Looks for a nonce that is good.
inline void mine(Header& header, const Uint256& target) {
    for (std::uint64_t nonce = 0; header.hash() > target; ++nonce) {
        store_be(MutableBytes{header.nonce}, nonce);
    }
}

/// On `parent`, so many seconds later; blocks of other `value` are others.
inline ChainHeader mined_after(const ProofOfWork& engine, const ChainHeader& parent,
                               std::uint8_t value, std::uint64_t seconds = work_interval_s) {
    ChainHeader out;
    auto& header = out.header;
    header.parent_hash = parent.hash;
    header.number = parent.header.number + 1;
    header.timestamp = parent.header.timestamp + seconds;
    header.gas_limit = parent.header.gas_limit;
    header.base_fee = next_base_fee(parent.header);
    header.state_root = {std::byte{value}};
    engine.prepare(header, parent, engine.fork_of(header, parent));
    mine(header, engine.target_after(parent));
    out.hash = header.hash();
    out.total_difficulty = *checked_add(parent.total_difficulty, header.difficulty);
    return out;
}

/// `count` headers after `chain`'s last, which is copied.
inline std::vector<ChainHeader> grown(const ProofOfWork& engine, std::vector<ChainHeader> chain,
                                      std::size_t count, std::uint8_t value,
                                      std::uint64_t seconds = work_interval_s) {
    for (std::size_t i = 0; i < count; ++i) {
        chain.push_back(mined_after(engine, chain.back(), value, seconds));
    }
    return chain;
}

/// As an honest peer that has this chain answers.
inline std::vector<Header> answer_from(const std::vector<ChainHeader>& chain,
                                       const sync_topic::GetHeaders& question) {
    std::vector<Header> out;
    for (const auto& wanted : question.from) {
        const auto at = std::ranges::find(chain, wanted, &ChainHeader::hash);
        if (at == chain.end()) continue;
        for (auto next = at + 1; next != chain.end() && out.size() < question.count; ++next) {
            out.push_back(next->header);
        }
        return out;
    }
    return out;
}

inline sync_topic::ChainStatus status_of(const ChainHeader& end) {
    return {end.header.number, end.hash, end.total_difficulty};
}

}  // namespace parley::chain::testing
