// Inside the handshake: its layouts, transcript, keys and sealed parts as pure functions, shared
// by both sides and by the tests that forge messages. docs/formats/handshake.md has the names.
// Internal to transport.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/secp256k1.hpp>
#include <parley/crypto/x25519.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/handshake/handshake.hpp>

#include <cstdint>
#include <string_view>

namespace parley::transport::sts {

/// Bytes that are wiped when they go out of scope. Neither copied nor moved.
template <std::size_t N>
struct Secret {
    ByteArray<N> bytes{};
    Secret() = default;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { clear(); }
    void clear() { wipe(bytes); }
    operator Bytes() const { return bytes; }  // NOLINT(google-explicit-constructor): a view of it
};

// --- M1 and the head of M2 -----------------------------------------------------------------

using Destination = ByteArray<16>;

struct M1 {
    VersionRange versions;
    Destination destination{};
    crypto::X25519Public ephemeral{};
    ByteArray<32> nonce{};
};
/// The first bytes of M1 and of a version notice.
inline constexpr std::string_view magic = "PRLY";
/// `m1.destination` is computed for `responder`, whatever it was.
ByteArray<m1_bytes> encode_m1(const M1& m1, const NodeId& responder);
/// False for less than four bytes.
bool has_magic(Bytes bytes);
/// Precondition: `m1.size() == m1_bytes`.
M1 split_m1(Bytes m1);
/// The dst that an M1 with these bytes must carry to reach `responder`.
Destination destination_of(Bytes m1, const NodeId& responder);

/// ver | eR | nR, before the sealed part.
inline constexpr std::size_t m2_head_bytes = 66;
struct M2Head {
    std::uint16_t version = 0;
    crypto::X25519Public ephemeral{};
    ByteArray<32> nonce{};
};
ByteArray<m2_head_bytes> encode_m2_head(const M2Head& head);
/// Precondition: at least m2_head_bytes.
M2Head split_m2_head(Bytes m2);

// --- Transcript and keys -------------------------------------------------------------------

/// H of the scheme's name.
const Hash256& transcript_0();
/// H(T0|M1)
Hash256 transcript_1(Bytes m1);
/// H(T1|ver|eR|nR)
Hash256 transcript_2(const Hash256& t1, Bytes m2_head);
/// H(T|sealed part): T3 of T2 and T4 of T3.
Hash256 transcript_after(const Hash256& t, Bytes sealed);

/// X(s, l, n) = HKDF-Expand(s, "parley/1 "|l, n). Label: at most 32 characters.
void expand(Bytes secret, std::string_view label, MutableBytes out);

struct Keys {
    Secret<32> m2_key, m3_key, m2_mac, m3_mac, master;
    void clear();
};
/// From T2 and the shared secret Z.
void derive_keys(const Hash256& t2, Bytes shared, Keys& out);
SessionKeys derive_session(const Hash256& t4, Bytes master);

// --- The sealed part of M2 and M3 ----------------------------------------------------------

inline constexpr std::size_t part_bytes = 33 + Hello::wire_bytes + 64 + 32;
inline constexpr std::size_t sealed_bytes = part_bytes + 16;
static_assert(m2_bytes == m2_head_bytes + sealed_bytes);
static_assert(m3_bytes == sealed_bytes);

/// ID | hello | signature | MAC
struct Part {
    NodeId id;
    ByteArray<Hello::wire_bytes> hello{};
    crypto::Signature signature{};
    Hash256 mac{};
};

/// What a side signs and MACs: T2|IDr|H(helloR), or T3|IDi|IDr|H(helloI).
struct Statement {
    Purpose purpose = Purpose::handshake_responder;
    Hash256 transcript{};
    NodeId speaker;
    NodeId listener;  ///< named by the initiator only
    Hash256 hello_hash{};

    crypto::Signature sign(const NodeKey& key, Bytes extra_entropy) const;
    bool verify(const crypto::Signature& signature) const;
    Hash256 mac(Bytes mac_key, const crypto::Signature& signature) const;

private:
    /// Empty for the responder, which does not know its listener yet.
    Bytes named_listener() const;
};
Statement responder_statement(const Hash256& t2, const NodeId& id, Bytes hello);
Statement initiator_statement(const Hash256& t3, const NodeId& id, const NodeId& responder,
                              Bytes hello);

/// Appends the 1681 sealed bytes; `transcript` is the associated data.
void seal_part(Bytes key, const Hash256& transcript, const Part& part, Buffer& out);
/// False when the tag does not fit. Precondition: `sealed.size() == sealed_bytes`.
[[nodiscard]] bool open_part(Bytes key, const Hash256& transcript, Bytes sealed, Part& out);

}  // namespace parley::transport::sts
