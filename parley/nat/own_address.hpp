// OwnAddress: the address under which others reach us, by the votes of peers that we dialed: each
// reports the address from which it saw us call. One vote a network group, so that one owner of
// many addresses has one; only a majority of at least three groups changes our mind. IPv4 and IPv6
// are decided apart.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace parley::nat {

/// Which votes count, and how many decide.
struct OwnAddressConfig {
    bool allow_private = false;  ///< private and loopback addresses count, seen and voting
    std::size_t groups_min = 3;  ///< votes for an address, at least
    /// The latest votes, of one family: a new address has won when more than half are for it.
    std::size_t votes_max = 10;
    Duration vote_lifetime = std::chrono::hours{24};  ///< older votes do not count
};

/// The vote on this node's address; see the head of this file.
class OwnAddress {
public:
    /// No votes yet.
    explicit OwnAddress(OwnAddressConfig config) : config_(config) {}

    /// A peer at `voter`, which we dialed, saw us at `seen`. True if address() is another one now.
    bool on_vote(Now now, const IpAddress& voter, const IpAddress& seen);
    /// What the last majority was for, also when its votes are old; nothing before the first.
    std::optional<IpAddress> address(bool v4) const { return family(v4).mind; }
    /// How many votes count, for whichever address.
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
