#include <parley/codec/endian.hpp>
#include <parley/discovery/discv5/service.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace parley::discovery::discv5 {
namespace {

/// IPv4 address, or IPv6 /64.
ByteArray<17> sender_key(const IpAddress& address) {
    const auto group = exact_group(address);
    ByteArray<17> out{};
    std::ranges::copy(group.prefix, out.begin());
    out.back() = std::byte{group.v4};
    return out;
}

}  // namespace

bool Service::admit(Now now, const IpAddress& address) {
    const auto key = sender_key(address);
    auto* bucket = addresses_.find(key);
    if (bucket == nullptr) {
        addresses_.insert(key, TokenBucket{config_.packets_per_second, config_.packets_burst});
        bucket = addresses_.find(key);
    }
    return bucket == nullptr || bucket->take(now.instant);
}

void Service::on_datagram(Now now, const Endpoint& from, Bytes datagram) {
    ++counters_.packets_in;
    if (!admit(now, from.address)) {
        ++counters_.dropped;
        return;
    }
    const auto packet = decode_packet(self_, datagram, header_room_);
    if (!packet) {
        ++counters_.unreadable;
        return;
    }
    std::visit([&](const auto& kind) { on_packet(now, from, *packet, kind); }, packet->kind);
}

void Service::on_packet(Now now, const Endpoint& from, const Packet& packet,
                        const OrdinaryPacket& kind) {
    const Sender sender{peer_key(kind.source, from), kind.source, from};
    if (const auto plain = sessions_.open(sender.peer, packet, plain_room_)) {
        on_message(now, sender, *plain);
    } else {
        challenge(now, sender, packet.nonce);
    }
}

/// Asks who it is. While an answer is awaited, whatever else comes gets the same challenge again:
/// the handshake may cross it on the way.
void Service::challenge(Now now, const Sender& sender, const Nonce& nonce) {
    auto* open = challenges_.find(sender.peer);
    if (open == nullptr || open->until <= now.instant) {
        if (open != nullptr) challenges_.erase(sender.peer);
        WhoAreYou who_are_you;
        entropy_.fill(who_are_you.id_nonce);
        Challenge fresh;
        fresh.until = now.instant + config_.challenge_lifetime;
        if (const auto* entry = table_.find(sender.id)) {
            fresh.known = entry->contact.record;
            who_are_you.record_sequence = entry->contact.sequence;
        }
        fresh.data = encode_challenge(header({}).masking_iv, nonce, who_are_you);
        challenges_.insert(sender.peer, fresh);
        open = challenges_.find(sender.peer);
    }
    ++counters_.challenges;
    put(sender.endpoint, mask_packet(sender.id, open->data));
}

void Service::on_packet(Now now, const Endpoint& from, const Packet& packet,
                        const WhoAreYou& kind) {
    const auto found = by_nonce_.find(packet.nonce);
    if (found == by_nonce_.end()) return;
    const Serial serial = found->second;
    auto& request = requests_.find(serial)->second;
    if (request.greeted || request.node.endpoint != from) return;
    const auto peer = Enr::decode_verified(request.node.record);
    if (!peer) return;
    const auto data = array_of<challenge_bytes>(packet.header);
    const auto initiation = agree_as_initiator(entropy_, peer->id(), self_, request.node.id, data);
    if (!initiation) return;
    const bool tell_record = kind.record_sequence < record_.sequence();
    const auto head = header(HandshakePacket{
        .source = self_,
        .id_signature = sign_id(key_, data, initiation->ephemeral_key, request.node.id),
        .ephemeral_key = initiation->ephemeral_key,
        .record = tell_record ? record_.raw() : Bytes{},
    });
    const auto keys = Keys::of_initiator(initiation->keys);
    put(from, seal_packet(request.node.id, head, keys.seal, request.plain));
    sessions_.put(request.peer, keys);
    request.greeted = true;
    ++counters_.handshakes;
    sent(now, serial, request, head.nonce, config_.handshake_timeout);
}

void Service::on_packet(Now now, const Endpoint& from, const Packet& packet,
                        const HandshakePacket& kind) {
    const Sender sender{peer_key(kind.source, from), kind.source, from};
    const auto* open = challenges_.find(sender.peer);
    if (open == nullptr || open->until <= now.instant) return;
    if (!handshakes_.take(now.instant)) {
        ++counters_.dropped;
        return;
    }
    // One attempt: who fails is challenged again by its next packet.
    const Challenge asked = *open;
    challenges_.erase(sender.peer);
    const auto record = record_of(asked, kind);
    if (!record) return;
    if (!verify_id(record->id(), asked.data, kind.ephemeral_key, self_, kind.id_signature)) return;
    const auto agreed =
        agree_as_recipient(key_, kind.ephemeral_key, kind.source, self_, asked.data);
    if (!agreed) return;
    const auto keys = Keys::of_recipient(*agreed);
    const auto plain = open_message(keys.open, packet, plain_room_);
    if (!plain) return;
    sessions_.put(sender.peer, keys);
    ++counters_.handshakes;
    learned(now, *record, Origin::met, from);
    on_message(now, sender, *plain);
}

/// Whose handshake it is: of the record that came and the one that we told of, the newer.
std::optional<Enr> Service::record_of(const Challenge& asked, const HandshakePacket& kind) const {
    std::optional<Enr> out;
    if (!asked.known.empty()) {
        if (const auto known = Enr::decode_verified(asked.known)) out = *known;
    }
    if (kind.record.empty() || (out && equal(out->raw(), kind.record))) return out;
    const auto sent = Enr::decode(kind.record);
    if (!sent || dht_id(sent->id()) != kind.source) return std::nullopt;
    if (!out || sent->sequence() > out->sequence()) out = *sent;
    return out;
}

PacketHeader Service::header(const PacketKind& kind) {
    PacketHeader out{.masking_iv = {}, .nonce = {}, .kind = kind};
    const std::array words{rng_.next(), rng_.next(), rng_.next()};
    std::memcpy(out.masking_iv.data(), words.data(), out.masking_iv.size());
    std::memcpy(out.nonce.data(), &words[2], sizeof words[2]);
    store_be(MutableBytes{out.nonce}.last(4), ++nonces_);
    return out;
}

void Service::put(const Endpoint& to, Bytes packet) {
    ++counters_.packets_out;
    outbox_.add(to, packet);
}

/// An answer. Without a session (it was forgotten meanwhile) there is none.
void Service::say(const Sender& to, const Message& message) {
    const auto* key = sessions_.sealing(to.peer);
    if (key == nullptr) return;
    Buffer plain;
    encode(message, plain);
    put(to.endpoint, seal_packet(to.id, header(OrdinaryPacket{self_}), *key, plain));
}

}  // namespace parley::discovery::discv5
