#include <parley/transport/handshake/handshake.hpp>

#include <parley/transport/handshake/handshake_core.hpp>
#include <parley/transport/handshake/version_notice.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace parley::transport {

namespace {

/// The Hello of a side that has proven its ID.
Result<HandshakeProof, HandshakeError> read_hello(const sts::Opened& opened, KnownRecords* known) {
    auto hello = decode_hello(opened.hello, opened.peer, known);
    if (!hello) {
        return fail(HandshakeErrc::bad_hello, 0, static_cast<std::uint64_t>(hello.error().code));
    }
    return HandshakeProof{opened.peer, std::move(*hello), opened.version};
}

}  // namespace

std::string message(const HandshakeError& error) {
    switch (error.code) {
        case HandshakeErrc::bad_magic:
            return "not a Parley handshake";
        case HandshakeErrc::bad_version_range:
            return fmt::format("lowest version {} is above the highest {}", error.actual,
                               error.expected);
        case HandshakeErrc::no_common_version:
            return fmt::format("no common version: ours up to {}, theirs {}", error.expected,
                               error.actual);
        case HandshakeErrc::non_canonical_key:
            return "ephemeral key is not canonical";
        case HandshakeErrc::wrong_destination:
            return "meant for another node";
        case HandshakeErrc::low_order_key:
            return "ephemeral key has low order";
        case HandshakeErrc::reflected_key:
            return "our own ephemeral key came back";
        case HandshakeErrc::version_out_of_range:
            return fmt::format("version {} was not offered; ours goes up to {}", error.actual,
                               error.expected);
        case HandshakeErrc::bad_tag:
            return "sealed part does not open";
        case HandshakeErrc::bad_identity:
            return "ID is no public key";
        case HandshakeErrc::wrong_identity:
            return "another node than the one dialed";
        case HandshakeErrc::own_identity:
            return "the other side is this node itself";
        case HandshakeErrc::bad_mac:
            return "MAC of the ID does not fit";
        case HandshakeErrc::bad_signature:
            return "signature does not verify";
        case HandshakeErrc::bad_hello:
            return "Hello: " + message(HelloError{static_cast<HelloErrc>(error.actual)});
        case HandshakeErrc::version_mismatch:
            return fmt::format("versions were changed on the way: expected {}, got {}",
                               error.expected, error.actual);
    }
    return "unknown";
}

SessionKeys::SessionKeys(SessionKeys&& other) noexcept {
    *this = std::move(other);
}

SessionKeys& SessionKeys::operator=(SessionKeys&& other) noexcept {
    if (this == &other) return *this;
    for (const auto part :
         {&SessionKeys::initiator_to_responder, &SessionKeys::responder_to_initiator,
          &SessionKeys::session_id, &SessionKeys::exporter}) {
        this->*part = other.*part;
        wipe(other.*part);
    }
    return *this;
}

SessionKeys::~SessionKeys() {
    wipe(initiator_to_responder);
    wipe(responder_to_initiator);
    wipe(session_id);
    wipe(exporter);
}

struct Initiator::State {
    sts::InitiatorCore core;
    NodeId target;
    KnownRecords* known;
    ByteArray<m1_bytes> m1{};
};

Initiator::Initiator(const NodeKey& key, const NodeId& target, Bytes hello, VersionRange versions,
                     EntropySource& entropy, KnownRecords* known)
    : state_(new State{{key, target, hello, versions, entropy}, target, known}) {}
Initiator::Initiator(Initiator&&) noexcept = default;
Initiator& Initiator::operator=(Initiator&&) noexcept = default;
Initiator::~Initiator() = default;

ByteArray<m1_bytes> Initiator::write_m1() {
    state_->m1 = state_->core.write_m1();
    return state_->m1;
}

std::optional<VersionRange> Initiator::read_version_notice(Bytes notice) {
    const auto versions = decode_version_notice(notice, state_->m1, state_->target);
    state_.reset();
    return versions;
}

Result<HandshakeProof, HandshakeError> Initiator::read_m2(Bytes m2) {
    const auto ours = state_->core.versions();
    const auto read = [&]() -> Result<HandshakeProof, HandshakeError> {
        const auto opened = state_->core.read_m2(m2);
        if (!opened) return std::unexpected{opened.error()};
        auto proof = read_hello(*opened, state_->known);
        if (!proof) return proof;
        const auto expected = std::min(ours.max, proof->hello.version_max);
        if (proof->version != expected || proof->version < proof->hello.version_min) {
            return fail(HandshakeErrc::version_mismatch, expected, proof->version);
        }
        return proof;
    };
    auto proof = read();
    if (!proof) state_.reset();  // wipes every secret
    return proof;
}

Buffer Initiator::write_m3() {
    return state_->core.write_m3();
}

SessionKeys Initiator::take_keys() {
    return state_->core.take_keys();
}

struct Responder::State {
    sts::ResponderCore core;
    KnownRecords* known;
};

Responder::Responder(const NodeKey& key, Bytes hello, VersionRange versions, EntropySource& entropy,
                     KnownRecords* known)
    : state_(new State{{key, hello, versions, entropy}, known}) {}
Responder::Responder(Responder&&) noexcept = default;
Responder& Responder::operator=(Responder&&) noexcept = default;
Responder::~Responder() = default;

Result<void, HandshakeError> Responder::read_m1(Bytes m1) {
    auto read = state_->core.read_m1(m1);
    if (!read) state_.reset();  // wipes every secret
    return read;
}

Result<Buffer, HandshakeError> Responder::write_m2() {
    auto m2 = state_->core.write_m2();
    if (!m2) state_.reset();
    return m2;
}

Result<HandshakeProof, HandshakeError> Responder::read_m3(Bytes m3) {
    const auto said = state_->core.their_versions();
    const auto read = [&]() -> Result<HandshakeProof, HandshakeError> {
        const auto opened = state_->core.read_m3(m3);
        if (!opened) return std::unexpected{opened.error()};
        auto proof = read_hello(*opened, state_->known);
        if (!proof) return proof;
        if (proof->hello.version_max != said.max) {
            return fail(HandshakeErrc::version_mismatch, said.max, proof->hello.version_max);
        }
        if (proof->hello.version_min != said.min) {
            return fail(HandshakeErrc::version_mismatch, said.min, proof->hello.version_min);
        }
        return proof;
    };
    auto proof = read();
    if (!proof) state_.reset();
    return proof;
}

SessionKeys Responder::take_keys() {
    return state_->core.take_keys();
}

}  // namespace parley::transport
