// Settings of the address book.
// Threading: values only.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/owner_group.hpp>
#include <parley/transport/handshake/hello.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::discovery {

/// The network whose nodes are kept: records of others are of no use.
struct NetworkFilter {
    std::uint64_t network_id = 0;               ///< as in the `parley` entry of records
    std::optional<transport::ForkRules> forks;  ///< without: any fork
    /// This node is a light one: of use are full nodes that serve such. To a full node light ones
    /// are of no use.
    bool is_light = false;
};

/// Waits double from the first to the cap of their kind, each with jitter.
struct BackOffConfig {
    Duration first = 1s;                                 ///< after one failure
    Duration stranger_max = std::chrono::hours{1};       ///< cap for public addresses
    Duration private_max = 30s;                          ///< cap for private and loopback addresses
    Duration pinned_max = 10s;                           ///< cap for boot and static nodes
    Duration turned_away_first = 5s;                     ///< alive, but no room
    Duration turned_away_max = std::chrono::minutes{2};  ///< the same, after many in a row
    Duration incompatible = std::chrono::minutes{30};    ///< alive, but of no use to us
    Duration outage_max = std::chrono::minutes{2};       ///< while nobody answers at all
    double jitter = 0.25;                                ///< of every wait, either way; 0 to 1
    Duration stable_after = 30s;  ///< a link shorter than this counts as a failure
    /// A new endpoint in its record lets a waiting node be dialed after this at the latest; not
    /// at once, or nodes could have us dial any address as often as they like.
    Duration moved = 30s;
};

/// Bounds and rules of one book.
struct BookConfig {
    /// Places, in both tables; see Buckets.
    std::size_t entries_max = 81'920;
    /// What a group is, in the tables and among outbound links.
    OwnerGroups owners{};
    /// False: places do not depend on groups and sources, and age does not count. For comparisons.
    bool resist = true;
    /// Keep private and loopback addresses; only for a node that is in such a network itself.
    bool allow_private = false;
    BackOffConfig back_off;  ///< waits after dials and links
    /// An entry that was not heard of for so long is forgotten.
    Duration forget_after = std::chrono::hours{24 * 30};
    /// An untried entry not heard of for so long, or a tried one without a link for
    /// `forget_failing_after`, may be evicted for a new one.
    Duration stale_after = std::chrono::hours{24};
    /// With this many failures an entry that never had a link is forgotten at once...
    std::uint32_t hopeless_failures = 10;
    /// ...and one that had, when that is so long ago.
    Duration forget_failing_after = std::chrono::hours{24 * 7};
};

}  // namespace parley::discovery
