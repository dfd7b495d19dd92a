// read_incoming: a message of another validator, decoded, with its author, and for a block its hash
// and maker: what a Machine takes. Slow: for a Job.
// Threading: pure functions.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/qbft/said.hpp>
#include <parley/chain/types/block.hpp>

#include <memory>
#include <string>

namespace parley::chain::qbft {

/// A block that validators speak of.
struct ProposedBlock {
    Block block;
    ExtraData extra;
    Hash256 digest{};  ///< its hash
};

struct Incoming {
    Said said;
    std::shared_ptr<const ProposedBlock> block = {};  ///< that the message carries
};

/// Limits and form of the chain's blocks.
struct BlockForm {
    BlockLimits limits;
    ExtraForm form = ExtraForm::goquorum;
};

/// Errors, in words: of the code, the message, its block; a block of another height, or whose extra
/// data says another round than the proposal.
Result<Incoming, std::string> read_incoming(std::uint16_t code, const SharedBytes& message,
                                            const BlockForm& form);
/// A block as it stands in a message. Errors, in words.
Result<std::shared_ptr<const ProposedBlock>, std::string> read_block(const SharedBytes& raw,
                                                                     const BlockForm& form);
/// Whether the commit's seal is its author's, over this block in its round.
bool is_sealed_by_author(const Signed<Commit>& commit, const ProposedBlock& block, ExtraForm form);
/// The block as it stands in a proposal of this round, which is part of its extra data.
ProposedBlock in_round(ProposedBlock block, std::uint32_t round, ExtraForm form);

}  // namespace parley::chain::qbft
