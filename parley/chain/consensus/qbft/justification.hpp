// What allows a change of round and a proposal: the rules that keep two blocks from being final at
// one height. A proposal above round 0 must show that a quorum went on to its round, and must be of
// the block that was prepared last among what they report; a change of round must prove what it
// reports by a quorum of prepares.
// Threading: pure functions. Spec: as extra_data.hpp, section "Justification"; Moniz, The Istanbul
// BFT Consensus Algorithm, section 4.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/consensus/qbft/validators.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace parley::chain::qbft {

enum class JustificationErrc : std::uint8_t {
    not_validator,              ///< an author is none
    same_author,                ///< two of the messages are one validator's
    too_few,                    ///< expected: the quorum; actual: messages there are
    other_view,                 ///< a message is of another height, or round than it must be
    other_digest,               ///< a message, or the block, is not of the block that was prepared
    prepared_too_late,          ///< expected: a round below this one; actual: the prepared round
    two_digests,                ///< two blocks prepared in the same round
    missing_block,              ///< a prepared round without the block
    unexpected_block,           ///< a block without a prepared round
    unexpected_prepares,        ///< prepares without a prepared round
    unexpected_in_first_round,  ///< round 0 needs no justification, and has none
    wrong_proposer,             ///< it is another's turn
    wrong_maker,                ///< a new block that another than its proposer made
};
using JustificationError = Error<JustificationErrc>;
/// "2 messages, expected a quorum of 3".
std::string message(const JustificationError& error);

/// A change of round and the hash of its block, if there is one.
struct RoundChangeInput {
    RoundChangeMessage message;
    std::optional<Hash256> digest = {};
};

/// A proposal, with its block's hash and beneficiary.
struct ProposalInput {
    ProposalMessage message;
    Hash256 digest{};
    Address maker;
};

/// Errors: all but those of proposals.
Result<void, JustificationError> check_round_change(const RoundChangeInput& input,
                                                    const Validators& validators);
/// `proposer` is whose turn it is. Errors: all but unexpected_block and missing_block.
Result<void, JustificationError> check_proposal(const ProposalInput& input,
                                                const Validators& validators,
                                                const Address& proposer);
/// The one that was prepared last; nothing if none says that one was.
std::optional<PreparedRound> last_prepared(std::span<const Signed<RoundChange>> round_changes);

}  // namespace parley::chain::qbft
