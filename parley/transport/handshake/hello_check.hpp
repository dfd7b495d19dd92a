// What two nodes that said Hello have in common, and whether a link between them makes sense.
// Threading: pure functions.
#pragma once

#include <parley/transport/handshake/fork_id.hpp>
#include <parley/transport/handshake/goodbye.hpp>
#include <parley/transport/handshake/hello.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::transport {

/// A topic that both sides have in the same version, and so a lane.
struct CommonTopic {
    std::string name;
    std::uint32_t version;
    HelloTopic ours;
    HelloTopic theirs;
};
/// The topic by which light nodes are served: common only where one of the two is a light node.
inline constexpr std::string_view light_topic_name = "light";
/// The topics of a link, sorted by name: lane = index + 1. Both sides come to the same ones.
std::vector<CommonTopic> common_topics(const Hello& ours, const Hello& theirs);

/// A light node keeps headers only; one that also says full is taken as full. `roles` and
/// `services`: as in a Hello, or in the entry `parley` of a record.
bool is_light(std::uint64_t roles);
inline bool is_light(const Hello& hello) {
    return is_light(hello.roles);
}
/// It is a full node that serves light ones.
bool serves_light(std::uint64_t roles, std::uint64_t services);

/// Nothing if the two fit; otherwise the Goodbye that names both values. Checked in the order:
/// version, network, genesis, chain (where both name one), fork, roles, topics.
std::optional<Goodbye> check_hello(const Hello& ours, const ForkRules& our_forks,
                                   const Hello& theirs);

}  // namespace parley::transport
