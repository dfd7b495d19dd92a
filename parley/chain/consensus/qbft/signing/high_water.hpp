// HighWater: the last that a key signed, and whether it may sign something more: two things that
// exclude each other it never signs, whoever asks, however often.
//
//     const auto next = after(log.latest(), claim);
//     if (!next) return next.error();              // in words
//     if (!log.write(*next)) return "no room";     // before the signature leaves
//
// The rule. Views (height, round) never go back. In one view there is at most one block of each of
// Proposal, Prepare and Commit, and one change of round; the same may be signed again. Who
// committed to a block names it, or one that was prepared later, in each later change of round at
// this height.
//
// It has no idea of validators and quorums: whether others justify a block is the node's to know.
// Threading: values and pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>

#include <optional>
#include <string>

namespace parley::chain::qbft {

struct HighWater {
    View view;  ///< the highest of all that was signed
    // In this view.
    std::optional<Hash256> proposed = {};
    std::optional<Hash256> prepared = {};
    std::optional<Hash256> committed = {};
    std::optional<RoundChange> change = {};
    std::optional<PreparedRound> locked = {};  ///< the last Commit at this height
    friend bool operator==(const HighWater&, const HighWater&) = default;
};

/// What was signed once the claim is; the same if it was signed before. Errors, in words: it would
/// contradict what was.
Result<HighWater, std::string> after(const std::optional<HighWater>& before, const Claim& claim);

}  // namespace parley::chain::qbft
