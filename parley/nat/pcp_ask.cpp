#include <parley/nat/pcp_ask.hpp>

#include <fmt/format.h>

namespace parley::nat {

namespace {

PcpMap wanted_of(const MappingRequest& request, const IpAddress& own, const PcpNonce& nonce) {
    // A removal asks for nothing, and IPv4 takes any address; a firewall keeps the own one.
    const auto none = own.is_v4() ? IpAddress{} : IpAddress::v6({});
    const bool remove = request.action == MappingAction::remove;
    return {.nonce = nonce,
            .protocol = request.protocol,
            .port = request.port,
            .outside = {remove || own.is_v4() ? none : own,
                        remove ? std::uint16_t{0} : request.outside_port}};
}

}  // namespace

PcpAsk::PcpAsk(const MappingRequest& request, const IpAddress& own, const PcpNonce& nonce)
    : RouterAsk(request), own_(own), wanted_(wanted_of(request, own, nonce)) {}

std::optional<Buffer> PcpAsk::output(Now now) {
    if (!is_due(now)) return std::nullopt;
    const auto action = request().action;
    if (action == MappingAction::check) return encode_pcp_announce(own_);
    return encode_pcp_map(own_, action == MappingAction::remove ? 0 : wanted_seconds(), wanted_);
}

void PcpAsk::on_datagram(Bytes datagram) {
    if (result()) return;
    const auto reply = decode_pcp_reply(datagram);
    if (!reply) {
        if (reply.error().code != PcpErrc::bad_version) return on_nonsense(message(reply.error()));
        return fail_with(MappingErrc::refused,
                         "the router speaks another protocol: " + message(reply.error()));
    }
    if (auto other = mismatch(*reply); !other.empty()) return on_nonsense(std::move(other));
    on_reply(*reply);
}

std::string PcpAsk::mismatch(const PcpReply& reply) const {
    const bool check = request().action == MappingAction::check;
    if (check != !reply.map) return check ? "a mapping, expected none" : "expected a mapping";
    if (check) return {};
    const auto& map = *reply.map;
    if (map.nonce != wanted_.nonce) {
        return fmt::format("nonce {}, expected {}", to_hex(map.nonce), to_hex(wanted_.nonce));
    }
    if (map.protocol != wanted_.protocol || map.port != wanted_.port) {
        return fmt::format("{} port {}, expected {} port {}", name(map.protocol), map.port,
                           name(wanted_.protocol), wanted_.port);
    }
    return {};
}

void PcpAsk::on_reply(const PcpReply& reply) {
    // A check wants the epoch, which a refusal has as well; a pinhole's address is the own one.
    if (request().action == MappingAction::check) {
        const auto address = own_.is_v4() ? IpAddress{} : own_;
        return succeed_with({MappingMethod::pcp, {address, 0}, 0s, reply.epoch});
    }
    if (reply.result != PcpResult::success) {
        return fail_with(MappingErrc::refused, "the router refuses: " + message(reply.result));
    }
    if (request().action == MappingAction::remove) {
        if (reply.lifetime_seconds == 0) succeed_with({});  // else of a request before
        return;
    }
    if (reply.map->outside.port == 0 || reply.lifetime_seconds == 0) {
        return fail_with(MappingErrc::bad_answer, "the router gives no port");
    }
    succeed_with({MappingMethod::pcp, reply.map->outside,
                  std::chrono::seconds{reply.lifetime_seconds}, reply.epoch});
}

}  // namespace parley::nat
