// The Station-to-Station handshake (SIGMA-I, transcript bound), both sides, without I/O.
// Steps are separate calls, so that the Switch decides between proof and commitment.
// docs/formats/handshake.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/crypto/x25519.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/handshake/hello.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace parley::transport {

inline constexpr std::size_t m1_bytes = 88;
inline constexpr std::size_t m2_bytes = 1747;
inline constexpr std::size_t m3_bytes = 1681;
inline constexpr std::uint16_t protocol_version_min = 1;
inline constexpr std::uint16_t protocol_version_max = 1;

/// What can be wrong with M1, M2 or M3. docs/formats/handshake.md.
enum class HandshakeErrc : std::uint8_t {
    bad_magic,             ///< M1 does not start with "PRLY"
    bad_version_range,     ///< verMin > verMax
    wrong_destination,     ///< dst is not ours
    no_common_version,     ///< expected: our highest; actual: their highest (or lowest if above)
    non_canonical_key,     ///< eI or eR is not below 2^255-19
    low_order_key,         ///< the shared secret is zero
    reflected_key,         ///< eR = eI
    version_out_of_range,  ///< ver of M2; expected: our highest; actual: ver
    bad_tag,               ///< the sealed part does not open
    bad_identity,          ///< no compressed key on the curve
    wrong_identity,        ///< a valid key, but not the one dialed
    own_identity,          ///< the other side is ourselves
    bad_mac,
    bad_signature,
    bad_hello,         ///< actual: the HelloErrc
    version_mismatch,  ///< the Hello repeats another range than M1 had, or ver is not its result
};
using HandshakeError = Error<HandshakeErrc>;
/// For the log: what was expected and what came.
std::string message(const HandshakeError& error);

/// The first frame keys of both directions, and the session's name. Wiped on destruction.
struct SessionKeys {
    ByteArray<32> initiator_to_responder{};
    ByteArray<32> responder_to_initiator{};
    ByteArray<32> session_id{};
    /// X(TS, "exporter"): binds another protocol to this very session. Secret.
    ByteArray<32> exporter{};
    SessionKeys() = default;
    SessionKeys(const SessionKeys&) = delete;
    SessionKeys& operator=(const SessionKeys&) = delete;
    SessionKeys(SessionKeys&& other) noexcept;
    SessionKeys& operator=(SessionKeys&& other) noexcept;
    ~SessionKeys();
};

/// The other side's identity, proven, and its Hello.
struct HandshakeProof {
    NodeId peer;
    Hello hello;
    std::uint16_t version = 0;  ///< the protocol version that both speak
};

/// The protocol versions that a side speaks, min <= max.
struct VersionRange {
    std::uint16_t min = protocol_version_min;
    std::uint16_t max = protocol_version_max;
};
/// Those that a Hello offers.
inline VersionRange versions_of(const Hello& hello) {
    return {hello.version_min, hello.version_max};
}

/// The side that dials. Call write_m1, read_m2, write_m3, in this order; after an error, none.
class Initiator {
public:
    /// `hello` is our encoded Hello. `key` and `known`, if there is one, must outlive the object.
    /// Entropy is drawn here.
    Initiator(const NodeKey& key, const NodeId& target, Bytes hello, VersionRange versions,
              EntropySource& entropy, KnownRecords* known = nullptr);
    Initiator(Initiator&&) noexcept;
    Initiator& operator=(Initiator&&) noexcept;
    ~Initiator();

    /// The first message; its range of versions is the one given.
    ByteArray<m1_bytes> write_m1();
    /// Precondition: `m2.size() == m2_bytes`. Nothing about ourselves was sent before.
    Result<HandshakeProof, HandshakeError> read_m2(Bytes m2);
    /// Instead of M2: the range of a responder with which we share no version
    /// (version_notice.hpp); nothing if it is no answer to our M1. Ends the handshake.
    std::optional<VersionRange> read_version_notice(Bytes notice);
    /// Proves this side's ID: the dial is committed.
    Buffer write_m3();
    /// The keys of the session, once, after write_m3.
    SessionKeys take_keys();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The side that was dialed. Call read_m1, write_m2, read_m3, take_keys.
class Responder {
public:
    /// As Initiator's.
    Responder(const NodeKey& key, Bytes hello, VersionRange versions, EntropySource& entropy,
              KnownRecords* known = nullptr);
    Responder(Responder&&) noexcept;
    Responder& operator=(Responder&&) noexcept;
    ~Responder();

    /// Precondition: `m1.size() == m1_bytes`. Does no curve operation; an error is answered by
    /// silence, but no_common_version by a version notice.
    Result<void, HandshakeError> read_m1(Bytes m1);
    /// All the public-key work of the first half. low_order_key is found here.
    Result<Buffer, HandshakeError> write_m2();
    /// Precondition: `m3.size() == m3_bytes`.
    Result<HandshakeProof, HandshakeError> read_m3(Bytes m3);
    /// The keys of the session, once, after read_m3.
    SessionKeys take_keys();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace parley::transport
