#include <parley/chain/consensus/qbft/justification.hpp>

#include <parley/base/mutation.hpp>

#include <fmt/format.h>

#include <set>
#include <utility>

namespace parley::chain::qbft {
namespace {

using Checked = Result<void, JustificationError>;
using enum JustificationErrc;

template <class Payload>
Checked check_authors(std::span<const Signed<Payload>> messages, const Validators& validators) {
    std::set<Address> authors;
    for (const auto& one : messages) {
        if (!validators.contains(one.author)) return fail(not_validator);
        if (!authors.insert(one.author).second && !mutated(Mutation::authors_not_distinct)) {
            return fail(same_author);
        }
    }
    if (messages.size() < validators.quorum()) {
        return fail(too_few, validators.quorum(), messages.size());
    }
    return {};
}

/// That a quorum prepared this at the height.
Checked check_prepares(std::span<const Signed<Prepare>> prepares, std::uint64_t height,
                       const PreparedRound& prepared, const Validators& validators) {
    for (const auto& [prepare, author, signature] : prepares) {
        const bool is_of_round =
            prepare.view.round == prepared.round || mutated(Mutation::rounds_not_compared);
        if (prepare.view.height != height || !is_of_round) return fail(other_view);
        if (prepare.digest != prepared.digest) return fail(other_digest);
    }
    return check_authors(prepares, validators);
}

Checked check_prepared_before(const RoundChange& change) {
    if (mutated(Mutation::rounds_not_compared)) return {};
    if (change.prepared && change.prepared->round >= change.view.round) {
        return fail(prepared_too_late, change.view.round, change.prepared->round);
    }
    return {};
}

}  // namespace

std::string message(const JustificationError& error) {
    switch (error.code) {
        case not_validator:
            return "an author is no validator";
        case same_author:
            return "two messages of one author";
        case too_few:
            return fmt::format("{} messages, expected a quorum of {}", error.actual,
                               error.expected);
        case other_view:
            return "a message of another height or round";
        case other_digest:
            return "another block than the one that was prepared";
        case prepared_too_late:
            return fmt::format("prepared in round {}, expected one before {}", error.actual,
                               error.expected);
        case two_digests:
            return "two blocks prepared in one round";
        case missing_block:
            return "a prepared round without its block";
        case unexpected_block:
            return "a block without a prepared round";
        case unexpected_prepares:
            return "prepares without a prepared round";
        case unexpected_in_first_round:
            return "a justification of round 0";
        case wrong_proposer:
            return "a proposal out of turn";
        case wrong_maker:
            return "a new block of another maker than its proposer";
    }
    std::unreachable();
}

Checked check_round_change(const RoundChangeInput& input, const Validators& validators) {
    const auto& [change, author, signature] = input.message.signed_change;
    if (!validators.contains(author)) return fail(not_validator);
    if (!change.prepared) {
        if (input.digest) return fail(unexpected_block);
        if (!input.message.prepares.empty()) return fail(unexpected_prepares);
        return {};
    }
    if (!input.digest) return fail(missing_block);
    if (const auto checked = check_prepared_before(change); !checked) return checked;
    if (*input.digest != change.prepared->digest) return fail(other_digest);
    return check_prepares(input.message.prepares, change.view.height, *change.prepared, validators);
}

std::optional<PreparedRound> last_prepared(std::span<const Signed<RoundChange>> round_changes) {
    std::optional<PreparedRound> out;
    for (const auto& one : round_changes) {
        const auto& prepared = one.payload.prepared;
        if (prepared && (!out || prepared->round > out->round)) out = prepared;
    }
    return out;
}

Checked check_proposal(const ProposalInput& input, const Validators& validators,
                       const Address& proposer) {
    const auto& proposal = input.message;
    const auto& view = proposal.signed_block.payload.view;
    if (proposal.signed_block.author != proposer) return fail(wrong_proposer);
    if (view.round == 0) {
        if (!proposal.round_changes.empty() || !proposal.prepares.empty()) {
            return fail(unexpected_in_first_round);
        }
        if (input.maker != proposer) return fail(wrong_maker);
        return {};
    }
    for (const auto& one : proposal.round_changes) {
        if (one.payload.view != view) return fail(other_view);
        if (const auto checked = check_prepared_before(one.payload); !checked) return checked;
    }
    const std::span<const Signed<RoundChange>> changes{proposal.round_changes};
    if (const auto checked = check_authors(changes, validators); !checked) return checked;
    const auto last = last_prepared(changes);
    if (!last || mutated(Mutation::highest_prepared_dropped)) {
        if (!proposal.prepares.empty()) return fail(unexpected_prepares);
        if (input.maker != proposer) return fail(wrong_maker);
        return {};
    }
    for (const auto& one : changes) {
        const auto& prepared = one.payload.prepared;
        if (prepared && prepared->round == last->round && prepared->digest != last->digest) {
            return fail(two_digests);
        }
    }
    if (input.digest != last->digest) return fail(other_digest);
    return check_prepares(proposal.prepares, view.height, *last, validators);
}

}  // namespace parley::chain::qbft
