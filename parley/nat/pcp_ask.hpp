// PcpAsk: one request by PCP; see RouterAsk.
// Threading: one thread at a time.
#pragma once

#include <parley/nat/pcp.hpp>
#include <parley/nat/router_ask.hpp>

#include <optional>
#include <string>

namespace parley::nat {

class PcpAsk : public RouterAsk {
public:
    /// `request` is of the method pcp. `own`: this machine's address on the way to the router; of
    /// IPv6 the one that the pinhole is for. `nonce`: of the mapping, the same in each request for
    /// it.
    PcpAsk(const MappingRequest& request, const IpAddress& own, const PcpNonce& nonce);

    /// A datagram to send now, if there is one.
    std::optional<Buffer> output(Now now);
    /// A datagram from the router's address and port came. A router that speaks another version
    /// ends it; what else is no reply to this request is passed over.
    void on_datagram(Bytes datagram);

private:
    /// What the reply says of another mapping than this; empty: nothing.
    std::string mismatch(const PcpReply& reply) const;
    void on_reply(const PcpReply& reply);

    IpAddress own_;
    PcpMap wanted_;
};

}  // namespace parley::nat
