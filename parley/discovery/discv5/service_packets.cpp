#include <parley/base/endian.hpp>
#include <parley/discovery/book/entry.hpp>
#include <parley/discovery/discv5/service.hpp>

#include <algorithm>

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

bool Service::admit(Now now, const IpAddress& address, TokenBucket Allowance::* what,
                    double packets) {
    const auto key = sender_key(address);
    auto* allowance = addresses_.find(key);
    if (allowance == nullptr) {
        const TokenBucket full{config_.packets_per_second, config_.packets_burst};
        addresses_.insert(
            key, {full,
                  full,
                  {config_.address_handshakes_per_second, config_.address_handshakes_burst}});
        allowance = addresses_.find(key);
    }
    if (allowance == nullptr || (allowance->*what).take(now.instant, packets)) return true;
    ++counters_.dropped;
    return false;
}

void Service::on_datagram(Now now, const Endpoint& from, Bytes datagram) {
    ++counters_.packets_in;
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
    } else if (admit(now, from.address, &Allowance::challenges)) {
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
    put(sender.endpoint, [&](Buffer& out) { mask_packet(sender.id, open->data, {}, out); });
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
    // Who has none of ours (0) needs it, whatever number it has.
    const bool tell_record = kind.record_sequence == 0 || kind.record_sequence < record_.sequence();
    const auto head = header(HandshakePacket{
        .source = self_,
        .id_signature = sign_id(key_, data, initiation->ephemeral_key, request.node.id),
        .ephemeral_key = initiation->ephemeral_key,
        .record = tell_record ? record_.raw() : Bytes{},
    });
    const auto keys = Keys::of_initiator(initiation->keys);
    put(from,
        [&](Buffer& out) { seal_packet(request.node.id, head, keys.seal, request.plain, out); });
    sessions_.put(request.peer, keys);
    request.greeted = true;
    ++counters_.handshakes;
    sent(now, serial, request, head.nonce, config_.handshake_timeout);
}

/// What is dear comes last, and what is forged ends at the first operation on the curve. It leaves
/// the challenge to the one who was asked.
void Service::on_packet(Now now, const Endpoint& from, const Packet& packet,
                        const HandshakePacket& kind) {
    const Sender sender{peer_key(kind.source, from), kind.source, from};
    const auto* asked = challenges_.find(sender.peer);
    if (asked == nullptr || asked->until <= now.instant) return;
    if (!admit(now, from.address, &Allowance::handshakes)) return;
    if (!handshakes_.take(now.instant)) {
        ++counters_.dropped;
        return;
    }
    const auto key = Enr::claimed_id(asked->known.empty() ? kind.record : asked->known);
    if (!key || dht_id(*key) != kind.source ||
        !verify_id(*key, asked->data, kind.ephemeral_key, self_, kind.id_signature)) {
        return;
    }
    const auto agreed =
        agree_as_recipient(key_, kind.ephemeral_key, kind.source, self_, asked->data);
    if (!agreed) return;
    const auto keys = Keys::of_recipient(*agreed);
    const auto plain = open_message(keys.open, packet, plain_room_);
    if (!plain) return;
    const auto record = record_of(*asked, kind, *key);
    if (!record) return;
    challenges_.erase(sender.peer);
    sessions_.put(sender.peer, keys);
    ++counters_.handshakes;
    met(now, sender, *record);
    on_message(now, sender, *plain);
}

/// Of the record that came and the one that we told of, the newer. Nothing if the one that came is
/// bad, or another's.
std::optional<Enr> Service::record_of(const Challenge& asked, const HandshakePacket& kind,
                                      const NodeId& key) {
    std::optional<Enr> out;
    if (!asked.known.empty()) out = *Enr::decode_verified(asked.known);
    if (kind.record.empty() || (out && equal(out->raw(), kind.record))) return out;
    const auto sent = Enr::decode(kind.record);
    if (!sent || sent->id() != key) return std::nullopt;
    if (!out || sent->sequence() > out->sequence()) out = *sent;
    return out;
}

/// Who speaks from elsewhere than its record says was not met there.
void Service::met(Now now, const Sender& sender, const Enr& record) {
    const auto endpoint = record.udp_endpoint();
    if (endpoint && !may_be_advertised(endpoint->address, sender.endpoint.address)) return;
    learned(now, record, endpoint == sender.endpoint ? Origin::met : Origin::heard,
            sender.endpoint);
}

PacketHeader Service::header(const PacketKind& kind) {
    PacketHeader out{.masking_iv = {}, .nonce = {}, .kind = kind};
    random_.fill(out.masking_iv);
    random_.fill(MutableBytes{out.nonce}.first(8));
    store_be(MutableBytes{out.nonce}.last(4), ++nonces_);
    return out;
}

/// An answer. Without a session (it was forgotten meanwhile) there is none.
void Service::say(const Sender& to, const Message& message) {
    const auto* key = sessions_.sealing(to.peer);
    if (key == nullptr) return;
    answer_room_.clear();
    encode(message, answer_room_);
    put(to.endpoint, [&](Buffer& out) {
        seal_packet(to.id, header(OrdinaryPacket{self_}), *key, answer_room_, out);
    });
}

}  // namespace parley::discovery::discv5
