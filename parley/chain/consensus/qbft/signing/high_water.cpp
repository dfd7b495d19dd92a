#include <parley/chain/consensus/qbft/signing/high_water.hpp>

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace parley::chain::qbft {
namespace {

using Allowed = Result<HighWater, std::string>;

std::string words_of(const View& view) {
    return fmt::format("block {}, round {}", view.height, view.round);
}

std::string words_of(const Hash256& digest) {
    return "0x" + to_hex(digest);
}

std::string words_of(const std::optional<PreparedRound>& prepared) {
    if (!prepared) return "no block";
    return fmt::format("{} of round {}", words_of(prepared->digest), prepared->round);
}

/// At the view of the claim, with what is signed there.
HighWater raised_to(const View& view, const std::optional<HighWater>& before) {
    if (before && before->view == view) return *before;
    HighWater out{.view = view};
    if (before && before->view.height == view.height) out.locked = before->locked;
    return out;
}

Allowed with_vote(HighWater at, std::optional<Hash256> HighWater::* step, std::string_view kind,
                  const Claim& claim) {
    auto& signed_one = at.*step;
    if (signed_one && *signed_one != claim.digest) {
        return std::unexpected{fmt::format("{}: it signed a {} of {}, and none of {} can follow",
                                           words_of(claim.view), kind, words_of(*signed_one),
                                           words_of(claim.digest))};
    }
    signed_one = claim.digest;
    if (claim.code == Code::commit) at.locked = PreparedRound{claim.view.round, claim.digest};
    return at;
}

bool keeps(const PreparedRound& locked, const std::optional<PreparedRound>& prepared) {
    return prepared && (prepared->round > locked.round || *prepared == locked);
}

Allowed with_change(HighWater at, const Claim& claim) {
    const RoundChange change{.view = claim.view, .prepared = claim.prepared};
    if (at.change == change) return at;
    if (at.change) {
        return std::unexpected{fmt::format(
            "{}: it signed a change of round with {}, and none with {} can follow",
            words_of(claim.view), words_of(at.change->prepared), words_of(claim.prepared))};
    }
    if (claim.prepared && claim.prepared->round >= claim.view.round) {
        return std::unexpected{
            fmt::format("{}: a change of round with a block of round {}, "
                        "expected an earlier round",
                        words_of(claim.view), claim.prepared->round)};
    }
    if (at.locked && !keeps(*at.locked, claim.prepared)) {
        return std::unexpected{
            fmt::format("{}: it committed to {}, and the change of round names {}",
                        words_of(claim.view), words_of(at.locked), words_of(claim.prepared))};
    }
    at.change = change;
    return at;
}

}  // namespace

Allowed after(const std::optional<HighWater>& before, const Claim& claim) {
    if (before && claim.view < before->view) {
        return std::unexpected{fmt::format("{} is over: it signed at {}", words_of(claim.view),
                                           words_of(before->view))};
    }
    auto at = raised_to(claim.view, before);
    switch (claim.code) {
        case Code::proposal:
            return with_vote(at, &HighWater::proposed, "Proposal", claim);
        case Code::prepare:
            return with_vote(at, &HighWater::prepared, "Prepare", claim);
        case Code::commit:
            return with_vote(at, &HighWater::committed, "Commit", claim);
        case Code::round_change:
            return with_change(at, claim);
    }
    std::unreachable();
}

}  // namespace parley::chain::qbft
