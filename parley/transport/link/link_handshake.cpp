// Link, up to the moment when both sides are authenticated.
#include <parley/transport/handshake/hello_check.hpp>
#include <parley/transport/handshake/version_notice.hpp>
#include <parley/transport/link/link_impl.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::transport {

void Link::Impl::start_dial(const NodeId& target, EntropySource& entropy) {
    initiator_.emplace(*identity_->key, target, encode_hello(identity_->hello),
                       versions_of(identity_->hello), entropy, identity_->known_records.get());
    raw_out_ = to_buffer(initiator_->write_m1());
}

void Link::Impl::start_accept(EntropySource& entropy, std::optional<Endpoint> remote) {
    remote_ = remote;
    entropy_ = &entropy;
}

void Link::Impl::on_bytes(Now now, MutableBytes bytes, Events& out) {
    if (closed()) return;
    bytes_in_ += bytes.size();
    const std::size_t size = bytes.size();
    if (phase_ < Phase::proven) on_handshake_bytes(now, bytes, out);
    if (!closed() && !bytes.empty()) on_bytes_after_proof(now, bytes, out);
    if (!closed()) pay_for_input(now, size);
}

void Link::Impl::on_bytes_after_proof(Now now, MutableBytes bytes, Events& out) {
    if (!opener_) {
        // Authenticated, and our M3 not sent: the responder has nothing to say yet.
        return close(CloseReason::handshake_failed,
                     fmt::format("expected nothing after M2, got {} bytes", bytes.size()), out);
    }
    on_frames(now, bytes, out);
}

/// Takes one message of the handshake from the front of `bytes`.
void Link::Impl::on_handshake_bytes(Now now, MutableBytes& bytes, Events& out) {
    const auto size = phase_ == Phase::awaiting_m1   ? m1_bytes
                      : phase_ == Phase::awaiting_m2 ? m2_bytes
                                                     : m3_bytes;
    const auto taken = std::min(size - handshake_in_.size(), bytes.size());
    append(handshake_in_, bytes.first(taken));
    bytes = bytes.subspan(taken);
    if (phase_ == Phase::awaiting_m2 && begins_version_notice(handshake_in_)) {
        return on_version_notice(out);
    }
    if (handshake_in_.size() < size) return;
    if (phase_ != Phase::awaiting_m3 && !bytes.empty()) {
        // The other side cannot know yet what the next message must hold.
        return close(CloseReason::handshake_failed,
                     fmt::format("expected {} bytes, got {}", size, size + bytes.size()), out);
    }
    switch (phase_) {
        case Phase::awaiting_m1:
            on_m1(now, out);
            break;
        case Phase::awaiting_m2:
            on_m2(now, out);
            break;
        default:
            on_m3(now, out);
    }
    handshake_in_.clear();
}

void Link::Impl::on_m1(Now now, Events& out) {
    responder_.emplace(*identity_->key, encode_hello(identity_->hello),
                       versions_of(identity_->hello), *entropy_, identity_->known_records.get());
    if (const auto read = responder_->read_m1(handshake_in_); !read) {
        auto notice = read.error().code == HandshakeErrc::no_common_version
                          ? to_buffer(encode_version_notice(versions_of(identity_->hello),
                                                            handshake_in_, identity_->key->id()))
                          : Buffer{};
        handshake_failed(read.error(), out);
        raw_out_ = std::move(notice);  // last words
        return;
    }
    auto m2 = responder_->write_m2();
    if (!m2) return handshake_failed(m2.error(), out);
    raw_out_ = std::move(*m2);
    phase_ = Phase::awaiting_m3;
    asked_ = now.instant;
}

void Link::Impl::on_m2(Now now, Events& out) {
    auto proof = initiator_->read_m2(handshake_in_);
    if (!proof) return handshake_failed(proof.error(), out);
    on_proof(now, std::move(*proof), out);
}

/// The responder speaks no version that we do; all that it may send is there, or more comes.
void Link::Impl::on_version_notice(Events& out) {
    if (handshake_in_.size() < version_notice_bytes) return;
    const auto theirs = handshake_in_.size() == version_notice_bytes
                            ? initiator_->read_version_notice(handshake_in_)
                            : std::nullopt;
    if (!theirs) return close(CloseReason::handshake_failed, "a version notice that is none", out);
    close(CloseReason::no_common_version,
          fmt::format("it speaks {}, we {}", to_string(*theirs),
                      to_string(versions_of(identity_->hello))),
          out);
}

void Link::Impl::on_m3(Now now, Events& out) {
    auto proof = responder_->read_m3(handshake_in_);
    if (!proof) return handshake_failed(proof.error(), out);
    take_keys(responder_->take_keys());
    on_proof(now, std::move(*proof), out);
}

void Link::Impl::on_proof(Now now, HandshakeProof&& proof, Events& out) {
    phase_ = Phase::proven;
    frame_bytes_max_ = std::min<std::size_t>(proof.hello.frame_bytes_max, frame_msg_bytes_max);
    for (const auto& topic : common_topics(identity_->hello, proof.hello)) {
        const auto spec = std::ranges::find(identity_->topics, topic.name, &TopicSpec::name);
        const auto& ours = spec == identity_->topics.end() ? TopicSpec{} : *spec;
        lanes_out_.add(ours.priority, initial_credit(topic.theirs), topic.theirs.message_bytes_max,
                       drained_told_min(ours.send_budget_bytes));
        lanes_in_.add(initial_credit(topic.ours), topic.ours.message_bytes_max);
    }
    out.emplace_back(Authenticated{proof.peer, std::move(proof.hello), std::nullopt,
                                   now.instant - asked_, proof.version});
}

/// Nothing is sent: the other side has not proven to be a node, or has shown that it is none.
void Link::Impl::handshake_failed(const HandshakeError& error, Events& out) {
    auto reason = CloseReason::handshake_failed;
    if (error.code == HandshakeErrc::wrong_identity) reason = CloseReason::wrong_identity;
    if (error.code == HandshakeErrc::own_identity) reason = CloseReason::self_dial;
    if (error.code == HandshakeErrc::wrong_destination) reason = CloseReason::wrong_destination;
    if (error.code == HandshakeErrc::no_common_version) reason = CloseReason::no_common_version;
    close(reason, message(error), out);
}

void Link::Impl::send_m3() {
    raw_out_ = initiator_->write_m3();
    raw_sent_ = 0;
    take_keys(initiator_->take_keys());
}

void Link::Impl::take_keys(SessionKeys keys) {
    const bool initiator = direction_ == Direction::outbound;
    sealer_.emplace(initiator ? keys.initiator_to_responder : keys.responder_to_initiator);
    opener_.emplace(initiator ? keys.responder_to_initiator : keys.initiator_to_responder,
                    std::min<std::size_t>(identity_->hello.frame_bytes_max, frame_msg_bytes_max));
    initiator_.reset();
    responder_.reset();
    Buffer{}.swap(handshake_in_);
}

/// Once proven, the Switch may let a link wait for another one to the same peer.
Instant Link::Impl::handshake_deadline() const {
    const auto whole = started_ + config_.handshake_timeout;
    if (phase_ == Phase::awaiting_m1) {
        return std::min(whole, started_ + config_.first_message_timeout);
    }
    return phase_ < Phase::proven ? whole : whole + config_.handshake_timeout;
}

}  // namespace parley::transport
