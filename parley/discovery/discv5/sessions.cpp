#include <parley/discovery/discv5/sessions.hpp>

#include <parley/base/endian.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery::discv5 {

PeerKey peer_key(const Id& id, const Endpoint& endpoint) {
    PeerKey out{};
    auto to = std::ranges::copy(id, out.begin()).out;
    std::ranges::copy(endpoint.address.bytes(), to);
    out[48] = std::byte{endpoint.address.is_v4() ? std::uint8_t{4} : std::uint8_t{6}};
    out[49] = static_cast<std::byte>(endpoint.port >> 8);
    out[50] = static_cast<std::byte>(endpoint.port);
    return out;
}

const SessionKey* Sessions::sealing(const PeerKey& peer) {
    const auto* session = sessions_.find(peer);
    return session ? &session->current.seal : nullptr;
}

std::optional<Bytes> Sessions::open(const PeerKey& peer, const Packet& packet, PacketBuffer& room) {
    auto* session = sessions_.find(peer);
    if (!session) return std::nullopt;
    if (const auto plain = open_message(session->current.open, packet, room)) return plain;
    if (!session->other) return std::nullopt;
    const auto plain = open_message(session->other->open, packet, room);
    if (plain) std::swap(session->current, *session->other);
    return plain;
}

void Sessions::put(const PeerKey& peer, const Keys& keys) {
    if (auto* session = sessions_.find(peer)) {
        session->other = std::exchange(session->current, keys);
    } else {
        sessions_.insert(peer, {keys, std::nullopt});
    }
}

}  // namespace parley::discovery::discv5
