// OwnAddress: under which address others reach us, by the votes of peers that we dialed. Each tells
// from where it saw us call. One vote a network group, so that one owner of many addresses has one;
// a majority of at least three groups changes our mind, and nothing less. IPv4 and IPv6 apart.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace parley::nat {

struct OwnAddressConfig {
    bool allow_private = false;  ///< private and loopback addresses count, seen and voting
    std::size_t groups_min = 3;
    /// The latest ones; a new address has won when more than half of them are for it.
    std::size_t votes_max = 10;
    Duration vote_lifetime = std::chrono::hours{24};
};

class OwnAddress {
public:
    explicit OwnAddress(OwnAddressConfig config) : config_(config) {}

    /// `voter`, whom we dialed, saw us at `seen`. True if address() is another one now.
    bool on_vote(Now now, const IpAddress& voter, const IpAddress& seen);
    /// What the last majority said, also when its votes are old; nothing before the first.
    std::optional<IpAddress> address(bool v4) const { return family(v4).mind; }
    /// Votes that count.
    std::size_t votes(bool v4) const { return family(v4).votes.size(); }

private:
    struct Vote {
        NetworkGroup group;
        IpAddress seen;
        Instant at;
    };
    struct Family {
        std::vector<Vote> votes;  // oldest first
        std::optional<IpAddress> mind;
    };
    const Family& family(bool v4) const { return v4 ? v4_ : v6_; }
    bool counts(const IpAddress& voter, const IpAddress& seen) const;
    std::optional<IpAddress> winner(const Family& family) const;

    OwnAddressConfig config_;
    Family v4_, v6_;
};

}  // namespace parley::nat
