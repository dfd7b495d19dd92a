#include <parley/transport/link/link.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/transport/link/link_impl.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::transport {

Link::Impl::Impl(LinkConfig config, std::shared_ptr<const LinkIdentity> identity,
                 Direction direction, Now now)
    : config_(config),
      identity_(std::move(identity)),
      direction_(direction),
      phase_(direction == Direction::inbound ? Phase::awaiting_m1 : Phase::awaiting_m2),
      started_(now.instant),
      asked_(now.instant),
      controls_in_(controls_per_second, controls_burst),
      up_(config_.bandwidth.up_per_link),
      down_(config_.bandwidth.down_per_link) {}

void Link::Impl::on_end(CloseReason why, Events& out) {
    if (closed()) return;
    close(why,
          fmt::format("the stream ended without Goodbye, {} bytes came and {} went", bytes_in_,
                      bytes_out_),
          out);
}

void Link::Impl::on_command(Now now, LinkCommand&& command, Events& out) {
    if (closed()) return;
    std::visit(overloaded{
                   [&](Proceed&) { proceed(now); },
                   [&](Refuse& c) { refuse(c.goodbye, out); },
                   [&](Abandon& c) { close(c.reason, "abandoned", out); },
                   [&](Send& c) { send(now, std::move(c), out); },
                   [&](SendChunks& c) {
                       lanes_out_.push_chunks(c.lane, std::move(c.chunks), c.cost);
                       if (!lanes_out_.sendable()) lanes_out_.note_blocked(now.instant);
                   },
                   [&](Consumed& c) { lanes_in_.consumed(c.lane, c.bytes); },
                   [&](GrowWindow& c) { lanes_in_.grow(c.lane, c.bytes); },
                   [&](TellDrained& c) {
                       lanes_out_.tell_drained(c.lane);
                       report_drained(out);
                   },
                   [&](SetStatus& c) {
                       statuses_ = std::move(c.statuses);
                       if (heartbeat_) heartbeat_->on_status(now);
                   },
                   [&](Probe& c) {
                       if (heartbeat_) heartbeat_->probe(now, c.patience);
                   },
               },
               command);
}

void Link::Impl::send(Now now, Send&& command, Events& out) {
    const auto cost = credit_cost(command.message.size());
    if (!lanes_out_.push(command.lane, command.code, std::move(command.message))) {
        out.emplace_back(Drained{command.lane, cost});
    } else if (!lanes_out_.sendable()) {
        lanes_out_.note_blocked(now.instant);
    }
}

void Link::Impl::proceed(Now now) {
    if (phase_ != Phase::proven) return;
    if (direction_ == Direction::outbound) {
        send_m3();
        phase_ = Phase::awaiting_ready;
    } else {
        ready_due_ = true;
        seen_due_ = remote_;
        go_up(now);
    }
}

void Link::Impl::refuse(const Goodbye& goodbye, Events& out) {
    // M3 completes the handshake, so that the other side knows who turned it away and why.
    if (phase_ == Phase::proven && direction_ == Direction::outbound) send_m3();
    if (sealer_) say_goodbye(goodbye);
    close(goodbye.reason,
          fmt::format("ours: {}, theirs: {}", goodbye.sender_value, goodbye.receiver_value), out);
}

void Link::Impl::go_up(Now now) {
    phase_ = Phase::up;
    heartbeat_.emplace(config_.heartbeat, direction_, now);
}

/// Readies the last message. The records of others make room where the frame is small.
void Link::Impl::say_goodbye(Goodbye goodbye) {
    const auto room = std::min(control_bytes_max, frame_bytes_max_ - first_chunk_header_bytes);
    goodbye_due_ = encode_goodbye(goodbye);
    while (goodbye_due_.size() > room && !goodbye.others.empty()) {
        goodbye.others.pop_back();
        goodbye_due_ = encode_goodbye(goodbye);
    }
}

void Link::Impl::fail_link(const LinkError& error, std::string where, Events& out) {
    auto detail = std::move(where) + message(error);
    if (error.code == LinkErrc::frames_used_up) {
        close(CloseReason::rotated, std::move(detail), out);
    } else if (is_frame_error(error.code)) {
        close(CloseReason::bad_frame, std::move(detail), out);
    } else {
        say_goodbye({.reason = CloseReason::misbehaviour, .sender_value = detail});
        close(CloseReason::protocol_error, std::move(detail), out);
    }
}

/// The only way to the end. What is left to write stays, the rest is given back.
void Link::Impl::close(CloseReason reason, std::string detail, Events& out,
                       std::optional<Goodbye> goodbye) {
    if (closed()) return;
    phase_ = Phase::closed;
    if (goodbye_due_.empty()) {  // else M3 may still have to go before it
        Buffer{}.swap(raw_out_);
        raw_sent_ = 0;
    }
    initiator_.reset();
    responder_.reset();
    handshake_in_ = {};
    opener_.reset();
    heartbeat_.reset();
    frame_started_ = never;
    lanes_out_.clear();
    lanes_in_.clear();
    ready_due_ = false;
    seen_due_.reset();
    answer_due_.reset();
    blocked_due_.reset();
    out.emplace_back(Closed{.reason = reason,
                            .detail = std::move(detail),
                            .goodbye = std::move(goodbye),
                            .bytes_in = bytes_in_,
                            .bytes_out = bytes_out_});
}

void Link::Impl::on_timer(Now now, Events& out) {
    if (closed()) return;
    if (phase_ != Phase::up && now.instant >= handshake_deadline()) {
        return close(CloseReason::handshake_timeout,
                     fmt::format("{} bytes came in {} ms", bytes_in_,
                                 (now.instant - started_) / std::chrono::milliseconds{1}),
                     out);
    }
    if (frame_started_ != never && now.instant >= frame_deadline()) {
        return close(CloseReason::frame_timeout,
                     fmt::format("a frame was not complete after {} ms",
                                 (now.instant - frame_started_) / std::chrono::milliseconds{1}),
                     out);
    }
    if (!heartbeat_) return;
    if (heartbeat_->silent(now)) {
        auto detail = fmt::format("no frame for {} ms",
                                  heartbeat_->silence(now) / std::chrono::milliseconds{1});
        say_goodbye({.reason = CloseReason::silent, .sender_value = detail});
        return close(CloseReason::silent, std::move(detail), out);
    }
    heartbeat_->on_timer(now);
    lanes_out_.trim();
}

/// While we did not read, a frame could not come; but none takes for ever.
Instant Link::Impl::frame_deadline() const {
    constexpr int timeouts_max = 6;
    return std::min(std::max(frame_started_, read_at_) + config_.frame_timeout,
                    frame_started_ + timeouts_max * config_.frame_timeout);
}

Instant Link::Impl::next_wakeup() const {
    if (closed()) return never;
    Instant at = phase_ == Phase::up ? never : handshake_deadline();
    if (frame_started_ != never) at = std::min(at, frame_deadline());
    if (heartbeat_) at = std::min(at, heartbeat_->next_wakeup());
    if (held_) at = std::min(at, write_at_);
    return at;
}

// --- Link ------------------------------------------------------------------------------------

Link::Link(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Link::Link(Link&&) noexcept = default;
Link& Link::operator=(Link&&) noexcept = default;
Link::~Link() = default;

Link Link::dial(LinkConfig config, std::shared_ptr<const LinkIdentity> identity,
                const NodeId& target, Now now, EntropySource& entropy) {
    auto impl = std::make_unique<Impl>(config, std::move(identity), Direction::outbound, now);
    impl->start_dial(target, entropy);
    return Link{std::move(impl)};
}

Link Link::accept(LinkConfig config, std::shared_ptr<const LinkIdentity> identity, Now now,
                  EntropySource& entropy, std::optional<Endpoint> remote) {
    auto impl = std::make_unique<Impl>(config, std::move(identity), Direction::inbound, now);
    impl->start_accept(entropy, remote);
    return Link{std::move(impl)};
}

void Link::on_bytes(Now now, MutableBytes bytes, std::vector<LinkEvent>& out) {
    impl_->on_bytes(now, bytes, out);
}
void Link::on_end(Now, CloseReason why, std::vector<LinkEvent>& out) {
    impl_->on_end(why, out);
}
void Link::on_command(Now now, LinkCommand command, std::vector<LinkEvent>& out) {
    impl_->on_command(now, std::move(command), out);
}
void Link::on_timer(Now now, std::vector<LinkEvent>& out) {
    impl_->on_timer(now, out);
}
Instant Link::next_wakeup() const {
    return impl_->next_wakeup();
}
std::size_t Link::produce(Now now, MutableBytes room, std::vector<LinkEvent>& out) {
    return impl_->produce(now, room, out);
}

void Link::produce(Now now, Buffer& bytes, std::vector<LinkEvent>& out) {
    const auto bytes_max = impl_->config().output_bytes_max;
    while (impl_->wants_to_write() && bytes.size() + produce_bytes_min <= bytes_max) {
        const auto before = bytes.size();
        const auto wanted = std::max(produce_bytes_min, impl_->output_estimate());
        bytes.resize(before + std::min(wanted, bytes_max - before));
        const auto written = impl_->produce(now, MutableBytes{bytes}.subspan(before), out);
        bytes.resize(before + written);
        if (written == 0) break;
    }
}

bool Link::wants_to_write() const {
    return impl_->wants_to_write();
}
Instant Link::read_at() const {
    return impl_->read_at();
}
bool Link::closed() const {
    return impl_->closed();
}

}  // namespace parley::transport
