// Nat: a router that shares one outside address between hosts, as homes and carriers have. For
// datagrams, each inside host has one outside port whatever it writes to (RFC 4787, section 4.1:
// endpoint-independent mapping), and only answers get in: from an endpoint that was written to
// lately (section 5: address- and port-dependent filtering). Streams only go out.
// Bounds: 45,000 hosts.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace parley::sim {

class Nat {
public:
    /// How long the way back stays open after a datagram out; RFC 4787 asks for two minutes, and
    /// many give less.
    static constexpr Duration open_for = 60s;

    explicit Nat(const IpAddress& outside) : outside_(outside) {}

    /// A host sends a datagram to `to`. Returns the endpoint that it appears as there.
    Endpoint out(Instant now, std::size_t host, const Endpoint& to) {
        const auto next = static_cast<std::uint16_t>(first_port + hosts_.size());
        const auto [mapping, made] = ports_.try_emplace(host, next);
        if (made) hosts_.push_back(host);
        const std::uint16_t port = mapping->second;
        open_until_[{port, to}] = now + open_for;
        return {outside_, port};
    }
    /// The host with that outside port; nothing if there is none.
    std::optional<std::size_t> host_of(std::uint16_t port) const {
        const std::size_t n = port - first_port;
        return n < hosts_.size() ? std::optional{hosts_[n]} : std::nullopt;
    }
    /// Whether a datagram from `from` to this outside port gets in.
    bool lets_in(Instant now, const Endpoint& from, std::uint16_t port) const {
        const auto found = open_until_.find({port, from});
        return found != open_until_.end() && now <= found->second;
    }

private:
    static constexpr std::size_t first_port = 20'000;
    IpAddress outside_;
    std::map<std::size_t, std::uint16_t> ports_;
    std::vector<std::size_t> hosts_;  // by port, from the first on
    std::map<std::pair<std::uint16_t, Endpoint>, Instant> open_until_;
};

}  // namespace parley::sim
