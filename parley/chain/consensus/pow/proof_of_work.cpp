#include <parley/chain/consensus/pow/proof_of_work.hpp>

#include <fmt/format.h>

#include <string>
#include <utility>

namespace parley::chain {
namespace {

std::unexpected<EngineError> refuse_work(std::string reason) {
    return std::unexpected{EngineError{std::move(reason)}};
}

}  // namespace

Fork ProofOfWork::fork_of(const Header& header, const ChainHeader& parent) const {
    return config_.forks.after(parent.total_difficulty, header.number, header.timestamp);
}

Uint256 ProofOfWork::target_after(const ChainHeader& parent) const {
    return next_target(config_.asert, parent.header.number, parent.header.timestamp);
}

Result<void, EngineError> ProofOfWork::check_header(const Header& header, const ChainHeader& parent,
                                                    Fork) const {
    if (header.extra_data.size() > extra_data_bytes_max()) {
        return refuse_work(fmt::format("extra data of {} bytes, expected at most {}",
                                       header.extra_data.size(), extra_data_bytes_max()));
    }
    const auto target = target_after(parent);
    const auto difficulty = difficulty_of_target(target);
    if (header.difficulty != difficulty) {
        return refuse_work(fmt::format("difficulty: expected {}, got {}", to_decimal(difficulty),
                                       to_decimal(header.difficulty)));
    }
    if (header.ommers_hash != empty_ommers_hash) {
        return refuse_work("blocks by work have no ommers here");
    }
    if (const auto hash = header.hash(); hash > target) {
        return refuse_work(fmt::format("too little work: hash {}, expected at most {}",
                                       to_hex(hash), to_hex(target)));
    }
    return {};
}

void ProofOfWork::prepare(Header& header, const ChainHeader& parent, Fork) const {
    header.difficulty = difficulty_of_target(target_after(parent));
}

Result<void, EngineError> ProofOfWork::check_ommers(const Block& block, Fork, const Ancestry&,
                                                    const AncestryBlocks&) const {
    if (block.body.ommers.empty()) return {};
    return refuse_work("blocks by work have no ommers here");
}

void ProofOfWork::reward(const Block& block, Fork, StateEdit& state) const {
    if (config_.reward == Uint256{}) return;
    state.credit(block.header.beneficiary, config_.reward);
}

bool ProofOfWork::is_better(const ChainHeader& a, const ChainHeader& b) const {
    return a.total_difficulty > b.total_difficulty;
}

}  // namespace parley::chain
