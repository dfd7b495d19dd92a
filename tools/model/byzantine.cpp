#include <tools/model/byzantine.hpp>

#include <parley/base/overloaded.hpp>

#include <set>
#include <utility>

namespace parley::model {
namespace {

constexpr std::size_t quorum = 3;

/// Of the honest ones so many as are needed beside one of another.
template <class Vote>
std::vector<Vote> with(std::vector<Vote> honest, const Vote& another) {
    if (honest.size() < quorum) honest.push_back(another);
    return honest;
}

}  // namespace

Heard::Heard(const Messages& messages, std::span<const SaidId> said) {
    for (const auto id : said) {
        std::visit(overloaded{[&](const qbft::ProposalInput& one) {
                                  proposals_[view_of(one).round].push_back(id);
                              },
                              [&](const qbft::RoundChangeInput& one) {
                                  round_changes_[view_of(one).round].push_back(id);
                              },
                              [&](const qbft::Signed<qbft::Prepare>& one) {
                                  const auto& [view, digest] = one.payload;
                                  prepares_[slot(view.round, value_of(digest))].push_back(one);
                              },
                              [&](const qbft::Signed<qbft::Commit>& one) {
                                  const auto& payload = one.payload;
                                  ++commits_[slot(payload.view.round, value_of(payload.digest))];
                              }},
                   messages[id]);
    }
}

const std::vector<qbft::Signed<qbft::Prepare>>& Heard::prepares(std::uint32_t round,
                                                                Value value) const {
    return prepares_[slot(round, value)];
}

std::size_t Heard::commits(std::uint32_t round, Value value) const {
    return commits_[slot(round, value)];
}

std::vector<std::uint32_t> Heard::key(std::uint32_t round) const {
    std::vector<std::uint32_t> out{round};
    for (std::uint32_t below = 0; below < round; ++below) {
        for (const auto value : values) {
            std::uint32_t authors = 0;
            for (const auto& one : prepares(below, value)) authors |= 1U << index_of(one.author);
            out.push_back(authors);
        }
    }
    out.insert(out.end(), round_changes_[round].begin(), round_changes_[round].end());
    return out;
}

qbft::Signed<qbft::Prepare> Byzantine::prepare(std::uint32_t round, Value value) const {
    return {{{height, round}, digest_of(value)}, address_, {}};
}

qbft::Signed<qbft::Commit> Byzantine::commit(std::uint32_t round, Value value) const {
    return {{{height, round}, digest_of(value), {}}, address_, {}};
}

std::vector<Byzantine::Claim> Byzantine::claims(const Heard& heard, std::uint32_t below) const {
    std::vector<Claim> out;
    // Up to the round itself, which the rules refuse.
    for (std::uint32_t claimed = 0; claimed <= below; ++claimed) {
        for (const auto value : values) {
            const qbft::PreparedRound prepared{claimed, digest_of(value)};
            for (std::uint32_t actual = 0; actual < below; ++actual) {
                auto honest = heard.prepares(actual, value);
                if (honest.size() + 1 < quorum) continue;
                out.push_back({prepared, with(std::move(honest), prepare(actual, value))});
            }
            out.push_back({prepared, {quorum, prepare(claimed, value)}});
        }
    }
    return out;
}

std::vector<std::vector<qbft::Signed<qbft::RoundChange>>> Byzantine::change_sets(
    const Heard& heard, std::uint32_t round) const {
    std::vector<qbft::Signed<qbft::RoundChange>> honest;
    for (const auto id : heard.round_changes(round)) {
        honest.push_back(std::get<qbft::RoundChangeInput>(messages_[id]).message.signed_change);
    }
    std::vector<qbft::Signed<qbft::RoundChange>> own{{{{height, round}, {}}, address_, {}}};
    for (std::uint32_t claimed = 0; claimed <= round; ++claimed) {
        for (const auto value : values) {
            own.push_back(
                {{{height, round}, qbft::PreparedRound{claimed, digest_of(value)}}, address_, {}});
        }
    }
    std::vector<std::vector<qbft::Signed<qbft::RoundChange>>> out;
    if (honest.size() == quorum) out.push_back(honest);
    for (const auto& mine : own) {
        out.push_back({quorum, mine});
        for (std::size_t i = 0; i < honest.size(); ++i) {
            for (std::size_t j = i + 1; j < honest.size(); ++j) {
                out.push_back({honest[i], honest[j], mine});
            }
        }
    }
    return out;
}

std::vector<SaidId> Byzantine::proposals(const Heard& heard, std::uint32_t round) {
    const auto [at, is_new] = known_proposals_.try_emplace(heard.key(round));
    if (!is_new) return at->second;
    std::vector<std::vector<qbft::Signed<qbft::Prepare>>> proofs{{}};
    for (auto& claim : claims(heard, round)) proofs.push_back(std::move(claim.prepares));
    auto sets = change_sets(heard, round);
    if (round == 0) sets = {{}};
    for (const auto value : values) {
        const auto allowed = [&]() -> std::optional<Said> {
            for (const auto& changes : sets) {
                for (const auto& prepares : proofs) {
                    qbft::ProposalInput input;
                    input.message.signed_block = {{{height, round}, block_of(value)}, address_, {}};
                    input.message.round_changes = changes;
                    input.message.prepares = prepares;
                    input.digest = digest_of(value);
                    input.maker = address_;
                    if (check_proposal(input, validators_, address_)) return input;
                }
            }
            return std::nullopt;
        }();
        if (allowed) at->second.push_back(messages_.id_of(*allowed));
    }
    return at->second;
}

std::vector<SaidId> Byzantine::round_changes(const Heard& heard, std::uint32_t round) {
    const auto [at, is_new] = known_changes_.try_emplace(heard.key(round));
    if (!is_new) return at->second;
    qbft::RoundChangeInput input;
    input.message.signed_change = {{{height, round}, {}}, address_, {}};
    at->second.push_back(messages_.id_of(input));
    std::set<std::pair<std::uint32_t, Hash256>> claimed;
    for (auto& claim : claims(heard, round)) {
        input.message.signed_change.payload.prepared = claim.prepared;
        input.message.block = block_of(value_of(claim.prepared.digest));
        input.message.prepares = std::move(claim.prepares);
        input.digest = claim.prepared.digest;
        if (!check_round_change(input, validators_)) continue;
        if (!claimed.insert({claim.prepared.round, claim.prepared.digest}).second) continue;
        at->second.push_back(messages_.id_of(input));
    }
    return at->second;
}

}  // namespace parley::model
