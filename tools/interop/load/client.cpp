#include "client.hpp"
#include <parley/discovery/discv5/message.hpp>

namespace parley::interop {

using namespace discovery::discv5;

std::optional<MeasuredNode> MeasuredNode::of(const Enr& record) {
    const auto endpoint = record.udp_endpoint();
    if (!endpoint) return std::nullopt;
    return MeasuredNode{record.id(), *endpoint};
}

Buffer Client::ping_message() {
    return encode(Ping{.request_id = RequestId::of(++request_), .record_sequence = 1});
}

bool Client::is_pong(Bytes datagram) const {
    const auto plain = speaker_.opened(datagram);
    const auto message = decode_message(plain ? Bytes{*plain} : Bytes{});
    const auto* pong = message ? std::get_if<Pong>(&*message) : nullptr;
    return pong != nullptr && pong->request_id == RequestId::of(request_) &&
           pong->recipient == speaker_.endpoint;
}

}  // namespace parley::interop
