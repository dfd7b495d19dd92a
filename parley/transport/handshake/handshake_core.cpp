#include <parley/transport/handshake/handshake_core.hpp>

#include <algorithm>
#include <cassert>

namespace parley::transport::sts {

namespace {

/// MAC and signature of an opened part, in this order.
Result<void, HandshakeError> check_part(const Statement& statement, Bytes mac_key,
                                        const Part& part) {
    if (!crypto::equal_constant_time(statement.mac(mac_key, part.signature), part.mac)) {
        return fail(HandshakeErrc::bad_mac);
    }
    if (!statement.verify(part.signature)) {
        // Which of the two it was matters only to who reads the error.
        return fail(crypto::is_valid_public_key(part.id.key) ? HandshakeErrc::bad_signature
                                                             : HandshakeErrc::bad_identity);
    }
    return {};
}

}  // namespace

Fresh::Fresh(EntropySource& entropy) {
    Secret<96> drawn;  // one draw: it may be a system call
    entropy.fill(drawn.bytes);
    const Bytes all = drawn;
    std::ranges::copy(all.first(32), ephemeral.bytes.begin());
    std::ranges::copy(all.subspan(32, 32), nonce.begin());
    std::ranges::copy(all.last(32), signature_entropy.bytes.begin());
}

InitiatorCore::InitiatorCore(const NodeKey& key, const NodeId& target, Bytes hello,
                             VersionRange versions, EntropySource& entropy)
    : key_(&key),
      target_(target),
      hello_(array_of<Hello::wire_bytes>(hello)),
      versions_(versions),
      fresh_(entropy) {}

ByteArray<m1_bytes> InitiatorCore::write_m1() {
    ephemeral_.emplace(fresh_.ephemeral);
    fresh_.ephemeral.clear();
    const auto m1 = encode_m1({versions_, {}, ephemeral_->public_key(), fresh_.nonce}, target_);
    transcript_ = transcript_1(m1);
    return m1;
}

/// The checks that need no key of the other side yet, then the shared secret and all from it.
Result<void, HandshakeError> InitiatorCore::agree(const M2Head& head, Bytes m2) {
    if (head.version < versions_.min || head.version > versions_.max) {
        return fail(HandshakeErrc::version_out_of_range, versions_.max, head.version);
    }
    if (!crypto::is_canonical_x25519(head.ephemeral)) {
        return fail(HandshakeErrc::non_canonical_key);
    }
    if (head.ephemeral == ephemeral_->public_key()) return fail(HandshakeErrc::reflected_key);
    auto agreed = ephemeral_->agree(head.ephemeral);
    ephemeral_.reset();
    if (!agreed) return fail(HandshakeErrc::low_order_key);
    transcript_ = transcript_2(transcript_, m2);
    derive_keys(transcript_, *agreed, keys_);
    wipe(*agreed);
    return {};
}

Result<Opened, HandshakeError> InitiatorCore::read_m2(Bytes m2) {
    assert(m2.size() == m2_bytes && ephemeral_);
    const M2Head head = split_m2_head(m2);
    if (const auto agreed = agree(head, m2); !agreed) return std::unexpected{agreed.error()};

    const Bytes sealed = m2.subspan(m2_head_bytes);
    Part part;
    if (!open_part(keys_.m2_key, transcript_, sealed, part)) return fail(HandshakeErrc::bad_tag);
    if (part.id != target_) {
        return fail(crypto::is_valid_public_key(part.id.key) ? HandshakeErrc::wrong_identity
                                                             : HandshakeErrc::bad_identity);
    }
    if (part.id == key_->id()) return fail(HandshakeErrc::own_identity);
    const auto statement = responder_statement(transcript_, part.id, part.hello);
    if (const auto good = check_part(statement, keys_.m2_mac, part); !good) {
        return std::unexpected{good.error()};
    }
    keys_.m2_key.clear();
    keys_.m2_mac.clear();
    transcript_ = transcript_after(transcript_, sealed);
    return Opened{part.id, part.hello, head.version};
}

Buffer InitiatorCore::write_m3() {
    const auto statement = initiator_statement(transcript_, key_->id(), target_, hello_);
    Part part{key_->id(), hello_, statement.sign(*key_, fresh_.signature_entropy), {}};
    part.mac = statement.mac(keys_.m3_mac, part.signature);
    Buffer m3;
    m3.reserve(m3_bytes);
    seal_part(keys_.m3_key, transcript_, part, m3);
    session_ = derive_session(transcript_after(transcript_, m3), keys_.master);
    keys_.clear();
    fresh_.signature_entropy.clear();
    return m3;
}

ResponderCore::ResponderCore(const NodeKey& key, Bytes hello, VersionRange versions,
                             EntropySource& entropy)
    : key_(&key),
      hello_(array_of<Hello::wire_bytes>(hello)),
      versions_(versions),
      fresh_(entropy) {}

Result<void, HandshakeError> ResponderCore::read_m1(Bytes m1) {
    if (!has_magic(m1)) return fail(HandshakeErrc::bad_magic);
    m1_ = split_m1(m1);
    const auto [min, max] = m1_.versions;
    if (min > max) return fail(HandshakeErrc::bad_version_range, max, min);
    if (!crypto::equal_constant_time(destination_of(m1, key_->id()), m1_.destination)) {
        return fail(HandshakeErrc::wrong_destination);
    }
    if (min > versions_.max) return fail(HandshakeErrc::no_common_version, versions_.max, min);
    if (max < versions_.min) return fail(HandshakeErrc::no_common_version, versions_.max, max);
    if (!crypto::is_canonical_x25519(m1_.ephemeral)) return fail(HandshakeErrc::non_canonical_key);
    version_ = std::min(max, versions_.max);
    transcript_ = transcript_1(m1);
    return {};
}

Result<Buffer, HandshakeError> ResponderCore::write_m2() {
    const crypto::X25519Key ephemeral{fresh_.ephemeral};
    fresh_.ephemeral.clear();
    if (ephemeral.public_key() == m1_.ephemeral) return fail(HandshakeErrc::reflected_key);
    auto agreed = ephemeral.agree(m1_.ephemeral);
    if (!agreed) return fail(HandshakeErrc::low_order_key);

    const auto head = encode_m2_head({version_, ephemeral.public_key(), fresh_.nonce});
    const Hash256 t2 = transcript_2(transcript_, head);
    derive_keys(t2, *agreed, keys_);
    wipe(*agreed);

    const auto statement = responder_statement(t2, key_->id(), hello_);
    Part part{key_->id(), hello_, statement.sign(*key_, fresh_.signature_entropy), {}};
    fresh_.signature_entropy.clear();
    part.mac = statement.mac(keys_.m2_mac, part.signature);
    Buffer m2;
    m2.reserve(m2_bytes);
    append(m2, head);
    seal_part(keys_.m2_key, t2, part, m2);
    keys_.m2_key.clear();
    keys_.m2_mac.clear();
    transcript_ = transcript_after(t2, Bytes{m2}.subspan(m2_head_bytes));
    return m2;
}

Result<Opened, HandshakeError> ResponderCore::read_m3(Bytes m3) {
    Part part;
    if (!open_part(keys_.m3_key, transcript_, m3, part)) return fail(HandshakeErrc::bad_tag);
    if (part.id == key_->id()) return fail(HandshakeErrc::own_identity);
    const auto statement = initiator_statement(transcript_, part.id, key_->id(), part.hello);
    if (const auto good = check_part(statement, keys_.m3_mac, part); !good) {
        return std::unexpected{good.error()};
    }
    session_ = derive_session(transcript_after(transcript_, m3), keys_.master);
    keys_.clear();
    return Opened{part.id, part.hello, version_};
}

}  // namespace parley::transport::sts
