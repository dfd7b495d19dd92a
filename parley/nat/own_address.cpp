#include <parley/nat/own_address.hpp>

#include <parley/identity/endpoint.hpp>

#include <algorithm>

namespace parley::nat {

namespace {

/// In private ranges everybody has the same few groups: there each address has its vote.
NetworkGroup group_of_voter(const IpAddress& voter) {
    return is_exempt_from_group_limits(voter) ? exact_group(voter) : outbound_group(voter);
}

}  // namespace

bool OwnAddress::counts(const IpAddress& voter, const IpAddress& seen) const {
    if (voter.is_v4() != seen.is_v4()) return false;
    // No peer on the internet can have seen us at a private address.
    if (!may_be_advertised(seen, voter)) return false;
    return config_.allow_private || (seen.is_public() && voter.is_public());
}

bool OwnAddress::on_vote(Now now, const IpAddress& voter, const IpAddress& seen) {
    if (!counts(voter, seen)) return false;
    Family& f = seen.is_v4() ? v4_ : v6_;
    const NetworkGroup group = group_of_voter(voter);
    std::erase_if(f.votes, [&](const Vote& vote) {
        return vote.group == group || vote.at + config_.vote_lifetime <= now.instant;
    });
    if (f.votes.size() >= config_.votes_max) f.votes.erase(f.votes.begin());
    f.votes.push_back({group, seen, now.instant});
    const auto found = winner(f);
    if (!found || found == f.mind) return false;
    f.mind = found;
    return true;
}

std::optional<IpAddress> OwnAddress::winner(const Family& family) const {
    for (const Vote& candidate : family.votes) {
        const auto votes =
            static_cast<std::size_t>(std::ranges::count(family.votes, candidate.seen, &Vote::seen));
        if (votes >= config_.groups_min && 2 * votes > family.votes.size()) return candidate.seen;
    }
    return std::nullopt;
}

}  // namespace parley::nat
