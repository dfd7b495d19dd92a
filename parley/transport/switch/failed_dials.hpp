// FailedDials: which failures of explicit targets are news to the node's owner. A target that
// stays away is dialed for ever, but one line in the log per reason is enough.
// Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/events/log.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/types.hpp>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::transport {

class FailedDials {
public:
    /// `targets_max` are remembered; the one that failed least recently is forgotten first.
    FailedDials(std::size_t targets_max, std::uint64_t salt) : targets_(targets_max, salt) {}

    /// Why the last dial of a target came to nothing.
    struct Failure {
        std::string target;
        CloseReason reason{};
        std::string detail;       ///< what was expected and what came
        std::string_view advice;  ///< what its owner can do; empty: nothing is known
    };

    /// A dial of an explicit target came to nothing: a line at warning, once a reason until
    /// on_up().
    void warn(const FailedAttempt& attempt, Log& log);
    /// Those explicit targets of which no link has come up since, the last failure first.
    std::vector<Failure> all() const;
    /// A link to it is up, inbound or outbound.
    void on_up(const NodeId& id) { targets_.erase(id); }
    std::size_t size() const { return targets_.size(); }

private:
    struct Known {
        std::bitset<256> reasons;  // by the value of CloseReason
        Failure last;
    };
    LruMap<NodeId, Known> targets_;
};

/// What the owner of this node can do about a dial that failed; empty where nothing is known.
/// `alive`: the node proved its ID.
std::string_view advice(CloseReason reason, bool alive);

}  // namespace parley::transport
