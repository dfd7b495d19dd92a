#include <parley/chain/consensus/qbft/progress.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace parley::chain::qbft {
namespace {

constexpr std::size_t names_max = 4;
constexpr std::size_t name_characters = 10;  // "0x" and eight digits

/// What is missing of `what`, and from whom.
std::string missing(const Progress& progress, const std::string& what,
                    const std::function<bool(const ValidatorProgress&)>& has_said) {
    std::size_t said = 0;
    std::vector<std::string> others;
    for (const auto& one : progress.validators) {
        if (has_said(one)) {
            ++said;
        } else {
            others.push_back(one.address.to_string().substr(0, name_characters));
        }
    }
    const auto more = progress.quorum - std::min(progress.quorum, said);
    auto out = fmt::format("{} more {} ({} of {})", more, what, said, progress.quorum);
    if (others.empty()) return out;
    out += "; none from ";
    for (std::size_t i = 0; i < std::min(others.size(), names_max); ++i) {
        if (i > 0) out += ", ";
        out += others[i];
    }
    if (others.size() > names_max) {
        out += fmt::format(" and {} others", others.size() - names_max);
    }
    return out;
}

bool is_quorum(const Progress& progress,
               const std::function<bool(const ValidatorProgress&)>& has_said) {
    const auto said = std::ranges::count_if(progress.validators, has_said);
    return static_cast<std::size_t>(said) >= progress.quorum;
}

}  // namespace

std::string waits_for(const Progress& progress, Now now) {
    if (progress.is_finished) return "the block is agreed on, and is being executed";
    const auto& round = progress.view.round;
    const auto has_changed = [&](const ValidatorProgress& one) { return one.changed_to >= round; };
    const auto has_prepared = [](const ValidatorProgress& one) { return one.has_prepared; };
    const auto has_committed = [](const ValidatorProgress& one) { return one.has_committed; };
    if (!progress.proposal) {
        if (round > 0 && !is_quorum(progress, has_changed)) {
            return missing(progress, fmt::format("for round {}", round), has_changed);
        }
        if (now.instant < progress.period_end) {
            const std::chrono::duration<double> left = progress.period_end - now.instant;
            return fmt::format("the time of the next block, in {:.1f} s", left.count());
        }
        return fmt::format("the proposal of {}", progress.proposer.to_string());
    }
    if (!progress.is_checked) return "the check of the proposal";
    if (!is_quorum(progress, has_prepared)) return missing(progress, "to prepare", has_prepared);
    return missing(progress, "to commit", has_committed);
}

}  // namespace parley::chain::qbft
