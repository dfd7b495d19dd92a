#include <parley/transport/switch/failed_dials.hpp>

namespace parley::transport {

namespace {

/// Whether a dial that ended so failed: not where another link to the node stays, or where this
/// node ended the dial on purpose.
bool is_failure(CloseReason reason) {
    switch (reason) {
        case CloseReason::requested:
        case CloseReason::shutting_down:
        case CloseReason::duplicate:
        case CloseReason::tie_lost:
        case CloseReason::rotated:
            return false;
        default:
            return true;
    }
}

}  // namespace

void FailedDials::warn(const FailedAttempt& attempt, Log& log) {
    if (!is_failure(attempt.reason)) return;
    auto& known = targets_.find_or_insert(attempt.target.id);
    known.last = {.target = attempt.target.to_string(),
                  .reason = attempt.reason,
                  .detail = attempt.detail,
                  .advice = advice(attempt.reason, attempt.alive)};
    const auto bit = static_cast<std::size_t>(attempt.reason);
    if (known.reasons.test(bit)) return;  // no news
    known.reasons.set(bit);
    log.write(LogLevel::warn, "switch", "no link to a target",
              {{"target", attempt.target.to_string()},
               {"reason", name(attempt.reason)},
               {"detail", attempt.detail},
               {"advice", advice(attempt.reason, attempt.alive)}});
}

std::vector<FailedDials::Failure> FailedDials::all() const {
    std::vector<Failure> out;
    for (const auto& [id, known] : targets_.entries()) {
        if (!known.last.target.empty()) out.push_back(known.last);
    }
    return out;
}

std::string_view advice(CloseReason reason, bool alive) {
    switch (reason) {
        case CloseReason::wrong_identity:
            return "another node answers there: update the ID";
        case CloseReason::self_dial:
            return "the target is this node itself: remove it";
        case CloseReason::dial_failed:
            return "nothing listens there, or nothing gets through: check address, port and "
                   "firewall";
        case CloseReason::handshake_timeout:
            return "no Parley node answers there: check address and port";
        case CloseReason::handshake_failed:
            return "what answers there is no Parley node: check address and port";
        case CloseReason::truncated:
        case CloseReason::reset:
            // A node that is called by another one's ID hangs up without a word.
            return alive
                       ? "the node hung up without a word: its log may say why"
                       : "what answers there has not that ID, is no Parley node or takes no calls "
                         "from here: check the ID, then address and port";
        case CloseReason::no_common_version:
            return "upgrade the older one of the two";
        case CloseReason::wrong_network:
        case CloseReason::wrong_genesis:
        case CloseReason::wrong_chain:
            return "the two are of different networks: check the settings of both";
        case CloseReason::incompatible_fork:
            return "the two know different forks: upgrade the one that lacks a fork";
        case CloseReason::no_common_topic:
            return "the two have no module in common, or not in the same version";
        case CloseReason::roles_do_not_fit:
            return "a light node needs a full one that serves light nodes";
        case CloseReason::banned:
            return "one of the two has banned or not allowed the other: see its bans and "
                   "allow-list";
        case CloseReason::too_many_peers:
            return "it has no free slot: its owner can trust this node, or allow more peers";
        case CloseReason::misbehaviour:
            return "one of the two broke a rule of the link: upgrade the older one, and see the "
                   "log of the other";
        case CloseReason::silent:
            return "the node answers no heartbeat: it is overloaded or asleep, or the path to it "
                   "drops packets";
        case CloseReason::no_memory:
            return "the windows of all links need more memory than the node may use for them";
        default:
            return "";
    }
}

}  // namespace parley::transport
