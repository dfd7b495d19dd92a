// Datagrams that come while a router is asked by PCP. Whatever they are, it ends, and with a
// mapping only if the router named a port under the nonce.
#include "router_answers.hpp"
#include <parley/nat/pcp_ask.hpp>

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
    const Bytes input = std::as_bytes(std::span{data, size});
    const auto kind = input.empty() ? std::byte{0} : input[0];
    const auto request = fuzz::request_of(MappingMethod::pcp, kind);
    const bool v6 = (kind & std::byte{8}) != std::byte{0};
    PcpAsk ask{request, v6 ? IpAddress::v6({std::byte{0x20}}) : IpAddress::v4({std::byte{10}}),
               nonce};
    bool granted = false;
    fuzz::run(ask, request.action, input.subspan(std::min<std::size_t>(1, input.size())),
              PcpAsk::sends_max, [&](Bytes datagram) { granted = granted || has_nonce(datagram); });
    fuzz::require(!*ask.result() || request.action == MappingAction::check || granted);
    return 0;
}
