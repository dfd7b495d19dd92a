// Datagrams that come while a router is asked for a port by NAT-PMP: each is a size and so many
// bytes. Whatever they are, it ends, and with a mapping only if the router named a port.
#include <parley/nat/nat_pmp.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>

using namespace parley;
using namespace parley::nat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes input = std::as_bytes(std::span{data, size});
    const auto kind = input.empty() ? std::byte{0} : input[0];
    const bool remove = (kind & std::byte{1}) != std::byte{0};
    const bool check = (kind & std::byte{4}) != std::byte{0};
    const auto action = remove  ? MappingAction::remove
                        : check ? MappingAction::check
                                : MappingAction::map;
    const auto protocol =
        (kind & std::byte{2}) == std::byte{0} ? MappingProtocol::tcp : MappingProtocol::udp;
    if (!input.empty()) input = input.subspan(1);
    NatPmpAsk ask{
        {MappingMethod::nat_pmp, 30303, 30303, std::chrono::seconds{3600}, action, protocol}};
    Now now{Instant{} + 1h, {}};
    int sent = 0;
    while (!ask.result()) {
        if (ask.output(now)) {
            if (++sent > 2 * static_cast<int>(NatPmpAsk::sends_max)) std::abort();
        } else if (!ask.result() && !input.empty()) {
            const auto bytes = std::min(std::to_integer<std::size_t>(input[0]), input.size() - 1);
            const Bytes datagram = input.subspan(1, bytes);
            ask.on_datagram(datagram);
            input = input.subspan(1 + bytes);
        } else if (!ask.result()) {
            if (ask.next_wakeup() <= now.instant) std::abort();
            now.instant = ask.next_wakeup();
        }
    }
    const auto& result = *ask.result();
    const bool maps = action == MappingAction::map;
    if (result && maps && (result->outside.port == 0 || result->lifetime <= 0s)) std::abort();
    if (result && !remove && !result->epoch) std::abort();
    if (!result && result.error().why.empty()) std::abort();
    return 0;
}
