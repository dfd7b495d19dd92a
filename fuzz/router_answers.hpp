// What the fuzz targets of NAT-PMP and PCP share: a request whose first byte of input says what is
// wanted, and datagrams that come while a router is asked, each a size and so many bytes.
#pragma once

#include <parley/base/time.hpp>
#include <parley/nat/mapping.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>

namespace parley::nat::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

/// Bit 0: a removal, else bit 2: a check; bit 1: of UDP.
inline MappingRequest request_of(MappingMethod method, std::byte kind) {
    const auto is_set = [&](int bit) { return (kind & std::byte{1} << bit) != std::byte{0}; };
    return {.method = method,
            .port = 30303,
            .outside_port = 30303,
            .lifetime = std::chrono::hours{1},
            .action = is_set(0)   ? MappingAction::remove
                      : is_set(2) ? MappingAction::check
                                  : MappingAction::map,
            .protocol = is_set(1) ? MappingProtocol::udp : MappingProtocol::tcp};
}

/// Drives the request to its end, which comes after `sends_max` datagrams at most and makes sense,
/// and shows each answer to `see`.
template <class Ask, class See>
void run(Ask& ask, MappingAction action, Bytes answers, unsigned sends_max, See see) {
    Now now{Instant{} + 1h, {}};
    unsigned sent = 0;
    while (!ask.result()) {
        if (ask.output(now)) {
            require(++sent <= sends_max);
        } else if (!ask.result() && !answers.empty()) {
            const auto bytes =
                std::min(std::to_integer<std::size_t>(answers[0]), answers.size() - 1);
            const Bytes datagram = answers.subspan(1, bytes);
            see(datagram);
            ask.on_datagram(datagram);
            answers = answers.subspan(1 + bytes);
        } else if (!ask.result()) {
            require(ask.next_wakeup() > now.instant);
            now.instant = ask.next_wakeup();
        }
    }
    const auto& result = *ask.result();
    if (!result) return require(!result.error().why.empty());
    require(action == MappingAction::remove || result->epoch.has_value());
    require(action != MappingAction::map || (result->outside.port != 0 && result->lifetime > 0s));
}

}  // namespace parley::nat::fuzz
