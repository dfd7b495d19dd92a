#include <parley/transport/handshake/handshake_keys.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/aead.hpp>

#include <algorithm>
#include <array>
#include <cassert>

namespace parley::transport::sts {

namespace {

constexpr std::string_view scheme_name = "parley STS X25519 secp256k1 HKDF-SHA256 AES-256-GCM";
constexpr std::string_view label_prefix = "parley/1 ";
constexpr std::string_view destination_label = "parley/1 dst";

// Offsets in M1.
constexpr std::size_t versions_at = 4;
constexpr std::size_t destination_at = 8;
constexpr std::size_t ephemeral_at = 24;
constexpr std::size_t nonce_at = 56;
static_assert(nonce_at + 32 == m1_bytes);

// Offsets in the plain text of a sealed part.
constexpr std::size_t hello_at = 33;
constexpr std::size_t signature_at = hello_at + Hello::wire_bytes;
constexpr std::size_t mac_at = signature_at + 64;
static_assert(mac_at + 32 == part_bytes);

/// Each key seals one message, so that the nonce need not vary.
constexpr ByteArray<crypto::gcm_nonce_bytes> zero_nonce{};

template <std::size_t N>
void put(MutableBytes out, std::size_t at, const ByteArray<N>& bytes) {
    std::ranges::copy(bytes, out.subspan(at).begin());
}

template <std::size_t N>
void get(Bytes in, std::size_t at, ByteArray<N>& out) {
    std::ranges::copy(in.subspan(at, N), out.begin());
}

}  // namespace

ByteArray<m1_bytes> encode_m1(const M1& m1, const NodeId& responder) {
    ByteArray<m1_bytes> out{};
    std::ranges::copy(bytes_of(magic), out.begin());
    const MutableBytes all{out};
    store_be(all.subspan(versions_at), m1.versions.min);
    store_be(all.subspan(versions_at + 2), m1.versions.max);
    put(all, ephemeral_at, m1.ephemeral);
    put(all, nonce_at, m1.nonce);
    put(all, destination_at, destination_of(out, responder));
    return out;
}

bool has_magic(Bytes bytes) {
    return bytes.size() >= magic.size() && equal(bytes.first(magic.size()), bytes_of(magic));
}

M1 split_m1(Bytes bytes) {
    assert(bytes.size() == m1_bytes);
    M1 m1;
    m1.versions.min = load_be<std::uint16_t>(bytes.subspan(versions_at));
    m1.versions.max = load_be<std::uint16_t>(bytes.subspan(versions_at + 2));
    get(bytes, destination_at, m1.destination);
    get(bytes, ephemeral_at, m1.ephemeral);
    get(bytes, nonce_at, m1.nonce);
    return m1;
}

Destination destination_of(Bytes m1, const NodeId& responder) {
    const Hash256 mac = crypto::hmac_sha256(
        responder,
        {bytes_of(destination_label), m1.first(destination_at), m1.subspan(ephemeral_at)});
    return array_of<16>(mac);
}

ByteArray<m2_head_bytes> encode_m2_head(const M2Head& head) {
    ByteArray<m2_head_bytes> out{};
    const MutableBytes all{out};
    store_be(all, head.version);
    put(all, 2, head.ephemeral);
    put(all, 34, head.nonce);
    return out;
}

M2Head split_m2_head(Bytes m2) {
    M2Head head;
    head.version = load_be<std::uint16_t>(m2);
    get(m2, 2, head.ephemeral);
    get(m2, 34, head.nonce);
    return head;
}

const Hash256& transcript_0() {
    static const Hash256 hash = crypto::sha256(bytes_of(scheme_name));
    return hash;
}

Hash256 transcript_1(Bytes m1) {
    return crypto::sha256({transcript_0(), m1});
}

Hash256 transcript_2(const Hash256& t1, Bytes m2_head) {
    return crypto::sha256({t1, m2_head.first(m2_head_bytes)});
}

Hash256 transcript_after(const Hash256& t, Bytes sealed) {
    return crypto::sha256({t, sealed});
}

void expand(Bytes secret, std::string_view label, MutableBytes out) {
    ByteArray<48> info;
    const auto size = label_prefix.size() + label.size();
    assert(size <= info.size());
    std::ranges::copy(bytes_of(label_prefix), info.begin());
    std::ranges::copy(bytes_of(label), info.begin() + label_prefix.size());
    crypto::hkdf_expand(secret, Bytes{info}.first(size), out);
}

void Keys::clear() {
    m2_key.clear();
    m3_key.clear();
    m2_mac.clear();
    m3_mac.clear();
    master.clear();
}

void derive_keys(const Hash256& t2, Bytes shared, Keys& out) {
    Secret<32> prk;
    prk.bytes = crypto::hkdf_extract(t2, shared);
    expand(prk, "M2 key", out.m2_key.bytes);
    expand(prk, "M3 key", out.m3_key.bytes);
    expand(prk, "M2 mac", out.m2_mac.bytes);
    expand(prk, "M3 mac", out.m3_mac.bytes);
    expand(prk, "master", out.master.bytes);
}

SessionKeys derive_session(const Hash256& t4, Bytes master) {
    Secret<32> secret;
    secret.bytes = crypto::hkdf_extract(t4, master);
    SessionKeys keys;
    expand(secret, "I>R", keys.initiator_to_responder);
    expand(secret, "R>I", keys.responder_to_initiator);
    expand(secret, "session id", keys.session_id);
    expand(secret, "exporter", keys.exporter);
    return keys;
}

Bytes Statement::named_listener() const {
    return purpose == Purpose::handshake_initiator ? listener.bytes() : Bytes{};
}

crypto::Signature Statement::sign(const NodeKey& key, Bytes extra_entropy) const {
    return key.sign(purpose, {transcript, speaker, named_listener(), hello_hash}, extra_entropy);
}

bool Statement::verify(const crypto::Signature& signature) const {
    return parley::verify(speaker, purpose, {transcript, speaker, named_listener(), hello_hash},
                          signature);
}

Hash256 Statement::mac(Bytes mac_key, const crypto::Signature& signature) const {
    return crypto::hmac_sha256(mac_key,
                               {transcript, speaker, named_listener(), hello_hash, signature});
}

Statement responder_statement(const Hash256& t2, const NodeId& id, Bytes hello) {
    return {Purpose::handshake_responder, t2, id, {}, crypto::sha256(hello)};
}

Statement initiator_statement(const Hash256& t3, const NodeId& id, const NodeId& responder,
                              Bytes hello) {
    return {Purpose::handshake_initiator, t3, id, responder, crypto::sha256(hello)};
}

void seal_part(Bytes key, const Hash256& transcript, const Part& part, Buffer& out) {
    const std::array<Bytes, 4> plain{part.id, part.hello, part.signature, part.mac};
    const std::size_t at = out.size();
    out.resize(at + sealed_bytes);
    const MutableBytes sealed = MutableBytes{out}.subspan(at);
    crypto::AesGcm cipher{crypto::AesGcm::Mode::seal, key};
    cipher.seal(zero_nonce, transcript, plain, sealed.first(part_bytes),
                sealed.subspan(part_bytes));
}

bool open_part(Bytes key, const Hash256& transcript, Bytes sealed, Part& out) {
    assert(sealed.size() == sealed_bytes);
    ByteArray<part_bytes> plain;
    crypto::AesGcm cipher{crypto::AesGcm::Mode::open, key};
    if (!cipher.open(zero_nonce, transcript, sealed.first(part_bytes), sealed.subspan(part_bytes),
                     plain)) {
        return false;
    }
    get(plain, 0, out.id.key);
    get(plain, hello_at, out.hello);
    get(plain, signature_at, out.signature);
    get(plain, mac_at, out.mac);
    return true;
}

}  // namespace parley::transport::sts
