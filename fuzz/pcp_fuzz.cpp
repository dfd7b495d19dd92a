// Datagrams that come while a router is asked by PCP: each is a size and so many bytes. Whatever
// they are, it ends, and with a mapping only if the router named a port under the nonce.
#include <parley/nat/pcp_ask.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>

using namespace parley;
using namespace parley::nat;

namespace {

constexpr PcpNonce nonce{std::byte{1}, std::byte{2}, std::byte{3}};

/// Whether any reply with a mapping has the nonce.
bool has_nonce(Bytes datagram) {
    const auto reply = decode_pcp_reply(datagram);
    return reply && reply->map && reply->map->nonce == nonce;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes input = std::as_bytes(std::span{data, size});
    const auto kind = input.empty() ? std::byte{0} : input[0];
    const auto is_set = [&](int bit) { return (kind & std::byte{1} << bit) != std::byte{0}; };
    const auto action = is_set(0)   ? MappingAction::remove
                        : is_set(2) ? MappingAction::check
                                    : MappingAction::map;
    const auto protocol = is_set(1) ? MappingProtocol::udp : MappingProtocol::tcp;
    const auto own = is_set(3) ? IpAddress::v6({std::byte{0x20}}) : IpAddress::v4({std::byte{10}});
    if (!input.empty()) input = input.subspan(1);
    PcpAsk ask{{MappingMethod::pcp, 30303, 30303, std::chrono::seconds{3600}, action, protocol},
               own,
               nonce};
    Now now{Instant{} + 1h, {}};
    unsigned sent = 0;
    bool granted = false;
    while (!ask.result()) {
        if (ask.output(now)) {
            if (++sent > PcpAsk::sends_max) std::abort();
        } else if (!ask.result() && !input.empty()) {
            const auto bytes = std::min(std::to_integer<std::size_t>(input[0]), input.size() - 1);
            const Bytes datagram = input.subspan(1, bytes);
            granted = granted || has_nonce(datagram);
            ask.on_datagram(datagram);
            input = input.subspan(1 + bytes);
        } else if (!ask.result()) {
            if (ask.next_wakeup() <= now.instant) std::abort();
            now.instant = ask.next_wakeup();
        }
    }
    const auto& result = *ask.result();
    if (!result) {
        if (result.error().why.empty()) std::abort();
        return 0;
    }
    if (action != MappingAction::check && !granted) std::abort();
    if (action != MappingAction::remove && !result->epoch) std::abort();
    const bool maps = action == MappingAction::map;
    if (maps && (result->outside.port == 0 || result->lifetime <= 0s)) std::abort();
    return 0;
}
