#include <parley/discovery/discv5/wire.hpp>

#include <parley/base/endian.hpp>

#include <utility>

namespace parley::discovery::discv5 {

namespace {

/// Random bytes in place of a message, as long as a PING.
constexpr std::size_t random_message_bytes = 44;

/// Of the record in a handshake and the one that the challenge named (empty: none), the newer.
/// Nothing if the one in the handshake does not verify, or is not of that key.
std::optional<Enr> newer_record(Bytes known, Bytes sent, const NodeId& key) {
    std::optional<Enr> out;
    if (!known.empty()) out = *Enr::decode_verified(known);
    if (sent.empty() || (out && equal(out->raw(), sent))) return out;
    const auto record = Enr::decode(sent);
    if (!record || record->id() != key) return std::nullopt;
    if (!out || record->sequence() > out->sequence()) out = *record;
    return out;
}

}  // namespace

Wire::Wire(const WireConfig& config, const NodeKey& key, const Enr& record, EntropySource& entropy,
           FindContact known, Rng& rng)
    : config_(config),
      key_(key),
      self_(dht_id(key.id())),
      record_(record),
      known_(std::move(known)),
      entropy_(entropy),
      random_(entropy),
      sessions_(config.sessions_max, rng.next()),
      challenges_(config.challenges_max, rng.next()),
      addresses_(config.addresses_max, rng.next()),
      group_handshakes_(config.addresses_max, rng.next()),
      handshakes_(config.handshakes_per_second, config.handshakes_burst) {}

/// A peer whose copy of our record lacks our endpoint cannot list us, and only a handshake delivers
/// the new record: so what is asked from now on brings it.
bool Wire::set_record(const Enr& record) {
    const auto moved_in = [&](IpFamilies family) {
        return record.udp_endpoint(family) != record_.udp_endpoint(family);
    };
    const bool moved = moved_in({.v4 = true, .v6 = false}) || moved_in({.v4 = false, .v6 = true});
    record_ = record;
    if (moved) sessions_.renew();
    return moved;
}

// --- Allowances ---

Wire::Allowance& Wire::allowance_of(const IpAddress& address) {
    const auto key = key_of(exact_group(address));
    if (auto* known = addresses_.find(key)) return *known;
    const TokenBucket packets{config_.packets_per_second, config_.packets_burst};
    return addresses_.find_or_insert(
        key,
        {.in_sessions = packets,
         .challenges = packets,
         .handshakes = {config_.address_handshakes_per_second, config_.address_handshakes_burst},
         .greetings = {config_.greetings_per_second, config_.greetings_burst}});
}

bool Wire::take(Now now, const IpAddress& address, TokenBucket Allowance::* what, double packets) {
    if ((allowance_of(address).*what).take(now.instant, packets)) return true;
    ++counters_.dropped;
    return false;
}

bool Wire::admit(Now now, const IpAddress& address, double packets) {
    return take(now, address, &Allowance::in_sessions, packets);
}

bool Wire::admit_handshake(Now now, const IpAddress& address) {
    if (!take(now, address, &Allowance::handshakes, 1)) return false;
    bool admitted = true;
    if (!is_exempt_from_group_limits(address)) {
        admitted = group_handshakes_
                       .find_or_insert(
                           key_of(outbound_group(address)),
                           {config_.group_handshakes_per_second, config_.group_handshakes_burst})
                       .take(now.instant);
    }
    if (admitted && handshakes_.take(now.instant)) return true;
    ++counters_.dropped;
    return false;
}

// --- In ---

Wire::Incoming Wire::receive(Now now, const Endpoint& from, Bytes datagram) {
    random_.stir(now);
    ++counters_.packets_in;
    const auto packet = decode_packet(self_, datagram, header_room_);
    if (!packet) {
        ++counters_.unreadable;
        return {};
    }
    return std::visit([&](const auto& kind) { return on_packet(now, from, *packet, kind); },
                      packet->kind);
}

Wire::Heard Wire::heard(const Remote& from, std::optional<Enr> record, Bytes plain) {
    Heard out{.from = from, .record = std::move(record), .message = {}};
    if (auto message = decode_message(plain)) {
        out.message = std::move(*message);
    } else {
        ++counters_.unreadable;
    }
    return out;
}

Wire::Incoming Wire::on_packet(Now now, const Endpoint& from, const Packet& packet,
                               const OrdinaryPacket& kind) {
    const auto remote = Remote::of(kind.source, from);
    if (const auto plain = sessions_.open(remote.key, packet, plain_room_)) {
        return heard(remote, {}, *plain);
    }
    if (take(now, from.address, &Allowance::challenges, 1)) challenge(now, remote, packet.nonce);
    return {};
}

Wire::Incoming Wire::on_packet(Now, const Endpoint& from, const Packet& packet,
                               const WhoAreYou& kind) {
    return Challenged{.from = from,
                      .nonce = packet.nonce,
                      .data = array_of<challenge_bytes>(packet.header),
                      .record_sequence = kind.record_sequence};
}

/// Costly checks come last, and a forged packet fails at the first operation on the curve. It does
/// not use up the challenge, which the true node can still answer.
Wire::Incoming Wire::on_packet(Now now, const Endpoint& from, const Packet& packet,
                               const HandshakePacket& kind) {
    const auto remote = Remote::of(kind.source, from);
    const auto* asked = challenges_.find(remote.key);
    if (asked == nullptr || asked->until <= now.instant) return {};
    if (!admit_handshake(now, from.address)) return {};
    const auto key = Enr::claimed_id(asked->known.empty() ? kind.record : asked->known);
    if (!key || dht_id(*key) != kind.source ||
        !verify_id(*key, asked->data, kind.ephemeral_key, self_, kind.id_signature)) {
        return {};
    }
    const auto agreed =
        agree_as_recipient(key_, kind.ephemeral_key, kind.source, self_, asked->data);
    if (!agreed) return {};
    const auto keys = Keys::of_recipient(*agreed);
    const auto plain = open_message(keys.open, packet, plain_room_);
    if (!plain) return {};
    auto record = newer_record(asked->known, kind.record, *key);
    if (!record) return {};
    challenges_.erase(remote.key);
    sessions_.put(remote, keys);
    ++counters_.handshakes;
    return heard(remote, std::move(record), *plain);
}

/// While one is open, every further packet gets the same challenge again: the handshake that
/// answers it may be on its way already.
void Wire::challenge(Now now, const Remote& to, const Nonce& nonce) {
    auto* open = challenges_.find(to.key);
    if (open == nullptr || open->until <= now.instant) {
        WhoAreYou who_are_you;
        entropy_.fill(who_are_you.id_nonce);
        Challenge fresh;
        fresh.until = now.instant + config_.challenge_lifetime;
        if (const auto* contact = known_(to.id)) {
            fresh.known = contact->record;
            who_are_you.record_sequence = contact->sequence;
        }
        fresh.data = encode_challenge(header({}).masking_iv, nonce, who_are_you);
        challenges_.insert(to.key, share_key(to.endpoint), fresh);
        open = challenges_.find(to.key);
    }
    ++counters_.challenges;
    put(to.endpoint, [&](Buffer& out) { mask_packet(to.id, open->data, {}, out); });
}

// --- Out ---

PacketHeader Wire::header(const PacketKind& kind) {
    PacketHeader out{.masking_iv = {}, .nonce = {}, .kind = kind};
    random_.fill(out.masking_iv);
    random_.fill(MutableBytes{out.nonce}.first(8));
    store_be(MutableBytes{out.nonce}.last(4), ++nonces_);
    return out;
}

std::optional<Nonce> Wire::send_request(Now now, const Contact& to, Bytes plain) {
    random_.stir(now);
    const auto head = header(OrdinaryPacket{self_});
    if (const auto* key = sessions_.renewed_sealing(peer_key(to.id, to.endpoint))) {
        put(to.endpoint, [&](Buffer& out) { seal_packet(to.id, head, *key, plain, out); });
        return head.nonce;
    }
    if (!is_exempt_from_group_limits(to.endpoint.address) &&
        !take(now, to.endpoint.address, &Allowance::greetings, 1)) {
        return std::nullopt;
    }
    ByteArray<random_message_bytes> random;
    random_.fill(random);
    put(to.endpoint, [&](Buffer& out) { mask_packet(to.id, encode_header(head), random, out); });
    return head.nonce;
}

bool Wire::send_handshake(const Contact& to, const Challenged& challenge, Bytes plain) {
    const auto peer = Enr::decode_verified(to.record);
    if (!peer) return false;
    allowance_of(to.endpoint.address).greetings.give_back();  // somebody is there
    const auto initiation = agree_as_initiator(entropy_, peer->id(), self_, to.id, challenge.data);
    if (!initiation) return false;
    // A node that has no record of ours (0) needs it, even if its number is 0 too.
    const bool tell_record =
        challenge.record_sequence == 0 || challenge.record_sequence < record_.sequence();
    const auto head = header(HandshakePacket{
        .source = self_,
        .id_signature = sign_id(key_, challenge.data, initiation->ephemeral_key, to.id),
        .ephemeral_key = initiation->ephemeral_key,
        .record = tell_record ? record_.raw() : Bytes{},
    });
    const auto keys = Keys::of_initiator(initiation->keys);
    put(to.endpoint, [&](Buffer& out) { seal_packet(to.id, head, keys.seal, plain, out); });
    sessions_.put(Remote::of(to.id, to.endpoint), keys);
    ++counters_.handshakes;
    return true;
}

void Wire::send_answer(const Remote& to, const Message& message) {
    const auto* key = sessions_.sealing(to.key);
    if (key == nullptr) return;
    answer_room_.clear();
    encode(message, answer_room_);
    put(to.endpoint, [&](Buffer& out) {
        seal_packet(to.id, header(OrdinaryPacket{self_}), *key, answer_room_, out);
    });
}

}  // namespace parley::discovery::discv5
