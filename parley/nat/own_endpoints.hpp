// OwnEndpoints: where others reach this node, at most one endpoint of each family: what the
// settings advertise, else a listening address that is good for others as it is, else what peers
// say they see, else what a router says that maps our port, else a guess. The router also says the
// port. Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/nat/own_address.hpp>

#include <optional>
#include <vector>

namespace parley::nat {

class OwnEndpoints {
public:
    /// With `advertise` nothing else is told, whatever is learned.
    OwnEndpoints(std::optional<Endpoint> advertise, bool allow_private);

    /// It is known for certain: also above votes.
    void set(const Endpoint& endpoint);
    /// A listener is bound there. `guess`: the address that the system would send from, if `bound`
    /// means all addresses. Of a family the first counts.
    void add_listener(const Endpoint& bound, const std::optional<IpAddress>& guess);
    /// See OwnAddress. True if endpoints() changed.
    bool on_vote(Now now, const IpAddress& voter, const IpAddress& seen);

    /// A router sends on who calls there; nothing: none does. Of no use, and passed over, is one
    /// that is behind a router itself (its address is private). True if endpoints() changed.
    bool set_mapped(const std::optional<Endpoint>& outside);
    /// Whether others can be told of it.
    bool is_of_use(const Endpoint& outside) const {
        return outside.address.is_public() || (allow_private_ && !outside.address.is_unspecified());
    }

    /// IPv4 before IPv6.
    std::vector<Endpoint> endpoints() const;

private:
    struct Family {
        std::uint16_t port = 0;  // 0: nobody listens
        std::optional<IpAddress> address;
        bool certain = false;
    };
    Family& family(const IpAddress& address) { return address.is_v4() ? v4_ : v6_; }
    std::optional<Endpoint> endpoint(bool v4) const;

    std::optional<Endpoint> advertise_;
    bool allow_private_;
    nat::OwnAddress votes_;
    std::optional<Endpoint> mapped_;
    Family v4_, v6_;
};

}  // namespace parley::nat
