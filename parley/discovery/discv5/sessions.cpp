#include <parley/discovery/discv5/sessions.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery::discv5 {

PeerKey peer_key(const Id& id, const Endpoint& endpoint) {
    PeerKey out{};
    const auto to = std::ranges::copy(id, out.begin()).out;
    std::ranges::copy(key_of(endpoint), to);
    return out;
}

const SessionKey* Sessions::sealing(const PeerKey& peer) {
    const auto* session = sessions_.find(peer);
    return session ? &session->current.seal : nullptr;
}

const SessionKey* Sessions::renewed_sealing(const PeerKey& peer) {
    const auto* session = sessions_.find(peer);
    return session && session->generation == generation_ ? &session->current.seal : nullptr;
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

void Sessions::put(const Remote& peer, const Keys& keys) {
    if (auto* session = sessions_.find(peer.key)) {
        session->other = std::exchange(session->current, keys);
        session->generation = generation_;
    } else {
        sessions_.insert(peer.key, share_key(peer.endpoint), {keys, std::nullopt, generation_});
    }
}

}  // namespace parley::discovery::discv5
