// What one faulty validator can say, given what the honest ones said: anything that it can sign,
// with any of their messages attached. Of what has the same effect only one is given: a proposal
// that the rules allow for each block, a change of round for each claim.
// Threading: one thread.
#pragma once

#include <tools/model/messages.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace parley::model {

/// Rounds 0 to rounds - 1 are explored.
inline constexpr std::uint32_t rounds = 3;

/// What honest validators said, sorted by kind.
class Heard {
public:
    Heard(const Messages& messages, std::span<const SaidId> said);

    const std::vector<qbft::Signed<qbft::Prepare>>& prepares(std::uint32_t round,
                                                             Value value) const;
    /// How many committed it.
    std::size_t commits(std::uint32_t round, Value value) const;
    const std::vector<SaidId>& round_changes(std::uint32_t round) const {
        return round_changes_[round];
    }
    const std::vector<SaidId>& proposals(std::uint32_t round) const { return proposals_[round]; }
    /// What another must equal for the faulty validator to be able to say the same in this round.
    std::vector<std::uint32_t> key(std::uint32_t round) const;

private:
    static std::size_t slot(std::uint32_t round, Value value) {
        return round * std::size(values) + static_cast<std::size_t>(value) - 1;
    }
    std::array<std::vector<qbft::Signed<qbft::Prepare>>, rounds * std::size(values)> prepares_;
    std::array<std::size_t, rounds * std::size(values)> commits_{};
    std::array<std::vector<SaidId>, rounds> round_changes_;
    std::array<std::vector<SaidId>, rounds> proposals_;
};

class Byzantine {
public:
    Byzantine(std::size_t index, const qbft::Validators& validators, Messages& messages)
        : address_(validator(index)), validators_(validators), messages_(messages) {}

    const chain::Address& address() const { return address_; }
    qbft::Signed<qbft::Prepare> prepare(std::uint32_t round, Value value) const;
    qbft::Signed<qbft::Commit> commit(std::uint32_t round, Value value) const;
    /// Precondition: it is the proposer of the round.
    std::vector<SaidId> proposals(const Heard& heard, std::uint32_t round);
    std::vector<SaidId> round_changes(const Heard& heard, std::uint32_t round);

private:
    struct Claim {
        qbft::PreparedRound prepared;
        std::vector<qbft::Signed<qbft::Prepare>> prepares;
    };
    std::vector<Claim> claims(const Heard& heard, std::uint32_t below) const;
    std::vector<std::vector<qbft::Signed<qbft::RoundChange>>> change_sets(
        const Heard& heard, std::uint32_t round) const;

    chain::Address address_;
    const qbft::Validators& validators_;
    Messages& messages_;
    std::map<std::vector<std::uint32_t>, std::vector<SaidId>> known_proposals_;
    std::map<std::vector<std::uint32_t>, std::vector<SaidId>> known_changes_;
};

}  // namespace parley::model
