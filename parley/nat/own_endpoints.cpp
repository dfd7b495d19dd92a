#include <parley/nat/own_endpoints.hpp>

#include <algorithm>
#include <utility>

namespace parley::nat {

OwnEndpoints::OwnEndpoints(std::vector<Endpoint> advertise, bool allow_private)
    : advertise_(std::move(advertise)),
      allow_private_(allow_private),
      votes_({.allow_private = allow_private}) {}

void OwnEndpoints::set(const Endpoint& endpoint) {
    family(endpoint.address) = {endpoint.port, endpoint.address, true};
}

void OwnEndpoints::add_listener(const Endpoint& bound, const std::optional<IpAddress>& guess) {
    Family& f = family(bound.address);
    if (f.port != 0) return;
    f.port = bound.port;
    if (bound.address.is_unspecified()) {
        f.address = guess;
        return;
    }
    f.address = bound.address;
    // A private one may be mapped to a public one by a router; the machine's own never is.
    f.certain = bound.address.is_public() || bound.address.is_loopback() || allow_private_;
}

bool OwnEndpoints::on_vote(Now now, const IpAddress& voter, const IpAddress& seen) {
    const auto before = endpoints();
    return votes_.on_vote(now, voter, seen) && endpoints() != before;
}

bool OwnEndpoints::set_mapped(const std::optional<Endpoint>& outside) {
    const auto before = endpoints();
    mapped_ = outside && is_of_use(*outside) ? outside : std::nullopt;
    return endpoints() != before;
}

std::optional<Endpoint> OwnEndpoints::endpoint(bool v4) const {
    if (!advertise_.empty()) {
        const auto found = std::ranges::find_if(
            advertise_, [&](const Endpoint& e) { return e.address.is_v4() == v4; });
        return found == advertise_.end() ? std::nullopt : std::optional{*found};
    }
    const Family& f = v4 ? v4_ : v6_;
    if (f.port == 0) return std::nullopt;
    const auto seen = f.certain ? std::nullopt : votes_.address(v4);
    // Peers who see us elsewhere outvote the router: its mapping is not the whole way then.
    const bool mapped = mapped_ && !f.certain && mapped_->address.is_v4() == v4;
    if (mapped && (!seen || *seen == mapped_->address)) return mapped_;
    const auto& address = seen ? seen : f.address;
    if (!address) return std::nullopt;
    return Endpoint{*address, f.port};
}

std::vector<Endpoint> OwnEndpoints::endpoints() const {
    std::vector<Endpoint> out;
    for (const bool v4 : {true, false}) {
        if (const auto one = endpoint(v4)) out.push_back(*one);
    }
    return out;
}

}  // namespace parley::nat
