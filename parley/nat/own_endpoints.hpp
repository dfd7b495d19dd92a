// OwnEndpoints: where others reach this node, at most one endpoint of each family: what the
// settings advertise, else a listening address that is good for others as it is, else the address
// that peers see, else that of a router that maps our port, else a guess. The port is the router's,
// if there is one.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/nat/own_address.hpp>

#include <optional>
#include <vector>

namespace parley::nat {

/// What this node advertises as its own; see the head of this file.
class OwnEndpoints {
public:
    /// With any in `advertise`, of each family the first, nothing else is advertised, whatever is
    /// learned.
    OwnEndpoints(std::vector<Endpoint> advertise, bool allow_private);

    /// The endpoint of its family is known for certain: votes do not change it.
    void set(const Endpoint& endpoint);
    /// A listener is bound there. `guess`: the address that the system would send from, if `bound`
    /// means all addresses. Of a family the first counts.
    void add_listener(const Endpoint& bound, const std::optional<IpAddress>& guess);
    /// See OwnAddress. True if endpoints() changed.
    bool on_vote(Now now, const IpAddress& voter, const IpAddress& seen);

    /// A router forwards calls at `outside` to us; nothing: none does. A router that is behind
    /// another one (its address is private) is of no use, and passed over. True if endpoints()
    /// changed.
    bool set_mapped(const std::optional<Endpoint>& outside);
    /// Whether a router's outside endpoint can be advertised.
    bool is_of_use(const Endpoint& outside) const {
        return outside.address.is_public() || (allow_private_ && !outside.address.is_unspecified());
    }

    /// What to advertise now: none to two, IPv4 before IPv6.
    std::vector<Endpoint> endpoints() const;

private:
    struct Family {
        std::uint16_t port = 0;  // 0: no listener
        std::optional<IpAddress> address;
        bool certain = false;
    };
    Family& family(const IpAddress& address) { return address.is_v4() ? v4_ : v6_; }
    std::optional<Endpoint> endpoint(bool v4) const;

    std::vector<Endpoint> advertise_;
    bool allow_private_;
    nat::OwnAddress votes_;
    std::optional<Endpoint> mapped_;
    Family v4_, v6_;
};

}  // namespace parley::nat
