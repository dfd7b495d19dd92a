#include <parley/chain/consensus/unsealed/unsealed.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/types/wide_uint.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace parley::chain {
namespace {

constexpr std::size_t ommers_max = 2;
constexpr std::uint64_t ommer_depth_max = 6;
constexpr std::uint64_t difficulty_min = 131'072;

std::unexpected<EngineError> refuse_header(std::string reason) {
    return std::unexpected{EngineError{std::move(reason)}};
}

/// Wei: 2 ether (EIP-1234), times a fraction.
Uint256 block_reward(std::uint64_t numerator, std::uint64_t denominator) {
    constexpr std::uint64_t two_ether = 2'000'000'000'000'000'000;
    return to_uint256(two_ether / denominator * numerator);
}

/// The blocks that a new one follows, and the ommers that they had.
struct Relatives {
    std::vector<ChainHeader> ancestors;  // the parent first
    std::set<Hash256> ommers;
};

Relatives relatives_of(const Header& header, const Ancestry& headers,
                       const AncestryBlocks& blocks) {
    Relatives out;
    Hash256 hash = header.parent_hash;
    for (std::uint64_t depth = 0; depth <= ommer_depth_max; ++depth) {
        auto ancestor = headers(hash);
        if (!ancestor) break;
        if (const auto block = blocks(hash)) {
            for (const auto& ommer : block->body.ommers) out.ommers.insert(ommer.hash());
        }
        hash = ancestor->header.parent_hash;
        out.ancestors.push_back(std::move(*ancestor));
    }
    return out;
}

}  // namespace

Fork Unsealed::fork_of(const Header& header, const ChainHeader& parent) const {
    return forks_.after(parent.total_difficulty, header.number, header.timestamp);
}

Uint256 next_difficulty(const Header& parent, std::uint64_t timestamp, Fork fork) {
    const WideUint before = widen(parent.difficulty);
    const WideUint step = before / 2048;
    const std::uint64_t up = parent.ommers_hash == empty_ommers_hash ? 1 : 2;
    const std::uint64_t down = std::min((timestamp - parent.timestamp) / 9, up + 99);
    WideUint out = before + step * up - step * down;
    if (out < difficulty_min) out = difficulty_min;
    // The bomb, which each of these forks has put off.
    const std::uint64_t delay = fork >= Fork::london ? 9'700'000 : 9'000'000;
    const std::uint64_t number = parent.number + 1;
    const std::uint64_t period = number > delay ? (number - delay) / 100'000 : 0;
    if (period > 1) out += WideUint{1} << (period - 2);
    return narrow(out);
}

Result<void, EngineError> Unsealed::check_header(const Header& header, const ChainHeader& parent,
                                                 Fork fork) const {
    if (header.extra_data.size() > extra_data_bytes_max()) {
        return refuse_header(fmt::format("extra data of {} bytes, expected at most {}",
                                         header.extra_data.size(), extra_data_bytes_max()));
    }
    if (fork < Fork::paris) {
        const auto difficulty = next_difficulty(parent.header, header.timestamp, fork);
        if (header.difficulty == difficulty) return {};
        return refuse_header(fmt::format("difficulty: expected {}, got {}", to_decimal(difficulty),
                                         to_decimal(header.difficulty)));
    }
    if (header.difficulty != Uint256{}) {
        return refuse_header(fmt::format("difficulty: expected 0 since the merge, got {}",
                                         to_decimal(header.difficulty)));
    }
    if (header.nonce != ByteArray<8>{}) return refuse_header("nonce is not 0 since the merge");
    if (header.ommers_hash != empty_ommers_hash) return refuse_header("ommers since the merge");
    return {};
}

void Unsealed::prepare(Header& header, const ChainHeader& parent, Fork fork) const {
    header.difficulty =
        fork < Fork::paris ? next_difficulty(parent.header, header.timestamp, fork) : Uint256{};
}

Result<void, EngineError> Unsealed::check_ommers(const Block& block, Fork, const Ancestry& headers,
                                                 const AncestryBlocks& blocks) const {
    const auto& ommers = block.body.ommers;
    if (ommers.empty()) return {};
    if (ommers.size() > ommers_max) {
        return refuse_header(
            fmt::format("{} ommers, expected at most {}", ommers.size(), ommers_max));
    }
    auto relatives = relatives_of(block.header, headers, blocks);
    for (const auto& ommer : ommers) {
        const auto hash = ommer.hash();
        if (!relatives.ommers.insert(hash).second) return refuse_header("an ommer comes twice");
        const auto& ancestors = relatives.ancestors;
        if (std::ranges::find(ancestors, hash, &ChainHeader::hash) != ancestors.end()) {
            return refuse_header("an ommer is an ancestor of its block");
        }
        const auto parent = std::ranges::find(ancestors, ommer.parent_hash, &ChainHeader::hash);
        if (parent == ancestors.end() || parent == ancestors.begin()) {
            return refuse_header(
                "an ommer's parent is no ancestor of the second to seventh "
                "generation");
        }
        const Fork fork = fork_of(ommer, *parent);
        if (const auto valid = chain::check_header(ommer, parent->header, fork); !valid) {
            return refuse_header("ommer: " + message(valid.error()));
        }
        if (auto valid = check_header(ommer, *parent, fork); !valid) {
            return refuse_header("ommer: " + valid.error().reason);
        }
    }
    return {};
}

void Unsealed::reward(const Block& block, Fork fork, StateEdit& state) const {
    if (fork >= Fork::paris) return;
    for (const auto& ommer : block.body.ommers) {
        state.credit(ommer.beneficiary, block_reward(8 - (block.header.number - ommer.number), 8));
    }
    state.credit(block.header.beneficiary, block_reward(32 + block.body.ommers.size(), 32));
}

bool Unsealed::is_better(const ChainHeader& a, const ChainHeader& b) const {
    return std::tie(a.total_difficulty, a.header.number) >
           std::tie(b.total_difficulty, b.header.number);
}

}  // namespace parley::chain
