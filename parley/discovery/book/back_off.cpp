#include <parley/discovery/book/back_off.hpp>

#include <algorithm>

namespace parley::discovery {

using transport::CloseReason;

namespace {

constexpr std::uint32_t failures_max = 1'000'000;
constexpr std::uint32_t turned_away_max = 1'000;

/// The node lives, but the two of us do not belong together.
bool is_incompatible(CloseReason reason) {
    switch (reason) {
        case CloseReason::self_dial:
        case CloseReason::banned:
        case CloseReason::no_common_version:
        case CloseReason::wrong_network:
        case CloseReason::wrong_genesis:
        case CloseReason::wrong_chain:
        case CloseReason::incompatible_fork:
        case CloseReason::no_common_topic:
        case CloseReason::roles_do_not_fit:
        case CloseReason::misbehaviour:
        case CloseReason::protocol_error:
            return true;
        default:
            return false;
    }
}

/// An end that says nothing against the node.
bool is_blameless(CloseReason reason) {
    switch (reason) {
        case CloseReason::requested:
        case CloseReason::too_many_peers:
        case CloseReason::duplicate:
        case CloseReason::no_memory:
        case CloseReason::tie_lost:
        case CloseReason::rotated:
            return true;
        default:
            return false;
    }
}

}  // namespace

Duration BackOff::longest(const Entry& entry) const {
    if (entry.pin != Pin::none) return config_.pinned_max;
    return is_exempt_from_group_limits(entry.endpoint().address) ? config_.private_max
                                                                 : config_.stranger_max;
}

Duration BackOff::incompatible(const Entry& entry) const {
    return std::min(config_.incompatible, 6 * longest(entry));
}

Duration BackOff::after_failure(Entry& entry) const {
    entry.failures = std::min(entry.failures + 1, failures_max);
    return doubled(config_.first, entry.failures - 1, longest(entry));
}

Duration BackOff::in_outage(const Entry& entry, std::uint32_t failures) const {
    constexpr std::uint32_t dials_a_round = 4;
    const Duration max = std::min(config_.outage_max, longest(entry));
    return doubled(config_.first, failures / dials_a_round, max);
}

Duration BackOff::after_link(Entry& entry, CloseReason reason, Duration age) const {
    const bool stable = age >= config_.stable_after;
    if (stable) entry.failures = 0;
    if (is_incompatible(reason)) return incompatible(entry);
    if (is_blameless(reason)) return config_.turned_away_first;
    return stable ? config_.first : after_failure(entry);
}

Duration BackOff::after_turning_away(Entry& entry, CloseReason reason) const {
    entry.failures = 0;
    if (is_incompatible(reason)) return incompatible(entry);
    const Duration max = std::min(config_.turned_away_max, longest(entry));
    const Duration wait = doubled(config_.turned_away_first, entry.turned_away, max);
    entry.turned_away = std::min(entry.turned_away + 1, turned_away_max);
    return wait;
}

}  // namespace parley::discovery
