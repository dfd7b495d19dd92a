// Eviction: which link leaves when a newcomer calls and all inbound slots are taken. Those stay
// that are good at what is hard to fake: an address in a network group that an attacker cannot
// foretell, a short way, something useful sent lately, a long time here. Of the rest the youngest
// of the largest group leaves, but only if the newcomer's group is then no larger than that group
// was; of two that are alone in theirs the newcomer stays. (As Bitcoin Core's node/eviction, which
// an attacker has to beat in every criterion at once.) Threading: pure functions.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/owner_group.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace parley::transport {

/// An ordinary inbound link that is up.
struct InboundLink {
    LinkId link;
    OwnerGroup group;  ///< whose its address is
    Instant since;
    std::optional<Duration> round_trip;
    std::optional<Instant> useful_at;  ///< when a module last called it useful
};

/// The link to end; nothing if none may leave for a newcomer of that group. `salt` decides which
/// groups are kept, and must be the node's secret and always the same.
std::optional<LinkId> choose_victim(const std::vector<InboundLink>& links,
                                    const OwnerGroup& newcomer, std::uint64_t salt);

}  // namespace parley::transport
