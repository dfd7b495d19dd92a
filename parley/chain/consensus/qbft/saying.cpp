#include <parley/chain/consensus/qbft/saying.hpp>

#include <parley/base/overloaded.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::chain::qbft {
namespace {

/// It is a block of ours, or one that passed the limits.
BlockLimits whole_limits() {
    BlockLimits limits;
    limits.bytes_max = std::size_t{64} << 20;
    limits.extra_data_bytes_max = extra_data_bytes_max;
    return limits;
}

}  // namespace

void Saying::run() {
    std::size_t done = 0;
    while (done < effects.size()) {
        perform(effects[done]);
        if (!error.empty() || away) break;
        ++done;
    }
    effects.erase(effects.begin(), effects.begin() + static_cast<std::ptrdiff_t>(done));
}

void Saying::perform(Effect& effect) {
    std::visit(overloaded{[&](Keep& one) { keep(one.record); }, [&](SayProposal& one) { say(one); },
                          [&](SayPrepare& one) { say(one); }, [&](SayCommit& one) { say(one); },
                          [&](SayRoundChange& one) { say(one); }, [](auto&) {}},
               effect);
}

std::shared_ptr<const ProposedBlock> Saying::find(const Hash256& digest) const {
    const auto at = std::ranges::find(blocks, digest, &ProposedBlock::digest);
    return at == blocks.end() ? nullptr : *at;
}

/// A block that is said to be of this round; `raw` is how it was in the round before.
std::shared_ptr<const ProposedBlock> Saying::in_message(const PreparedRound& which,
                                                        const SharedBytes& raw) {
    auto block = find(which.digest);
    if (!block) {
        auto read = read_block(raw, {.limits = whole_limits(), .form = form});
        if (!read) {
            error = read.error();
            return nullptr;
        }
        block = std::move(*read);
    }
    if (block->extra.round == which.round && block->extra.seals.empty()) return block;
    return std::make_shared<const ProposedBlock>(in_round(*block, which.round, form));
}

template <class Payload>
std::optional<Signatures> Saying::sign(const Payload& payload) {
    auto made = signer->sign({payload, form});
    if (made) return *made;
    if (made.error().kind == SigningError::Kind::away) {
        away = std::move(made.error().why);
    } else {
        refused.push_back(std::move(made.error().why));
    }
    return std::nullopt;
}

template <class Payload>
Signed<Payload> Saying::by_us(Payload payload, const Signatures& made) const {
    return {std::move(payload), *signer->address(), made.signature};
}

void Saying::keep(const Record& record) {
    if (const auto kept = records->write(record); !kept) error = message(kept.error());
}

void Saying::say(const SayPrepare& prepare) {
    const auto made = sign(prepare.payload);
    if (!made) return;
    const auto vote = by_us(prepare.payload, *made);
    out.push_back({Code::prepare, encode(vote), {vote}});
}

void Saying::say(const SayCommit& commit) {
    const auto block = find(commit.digest);
    if (!block) return;
    const CommitToSeal payload{commit.view, block->block.header};
    const auto made = sign(payload);
    if (!made) return;
    const auto vote = by_us(sealed_commit(payload, form, *made->seal), *made);
    out.push_back({Code::commit, encode(vote), {vote}});
}

void Saying::say(SayRoundChange& change) {
    const auto made = sign(change.payload);
    if (!made) return;
    RoundChangeInput input{{by_us(change.payload, *made), change.block, std::move(change.prepares)},
                           {}};
    std::shared_ptr<const ProposedBlock> block;
    if (const auto& prepared = change.payload.prepared) {
        input.digest = prepared->digest;
        block = in_message(*prepared, input.message.block);
    }
    auto bytes = encode(input.message);
    out.push_back({Code::round_change, std::move(bytes), {std::move(input), std::move(block)}});
}

void Saying::say(SayProposal& proposal) {
    const auto& view = proposal.payload.view;
    // One that is proposed again is of an earlier round.
    const auto block = in_message({view.round, proposal.digest}, proposal.payload.block);
    if (!block) return;
    const Proposed payload{view, SharedBytes::own(block->block.encode())};
    const auto made = sign(payload);
    if (!made) return;
    ProposalInput input{
        {by_us(payload, *made), std::move(proposal.round_changes), std::move(proposal.prepares)},
        block->digest,
        block->block.header.beneficiary};
    auto bytes = encode(input.message);
    out.push_back({Code::proposal, std::move(bytes), {std::move(input), block}});
}

}  // namespace parley::chain::qbft
