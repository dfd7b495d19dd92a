#include <parley/transport/link/heartbeat.hpp>

#include <parley/base/mutation.hpp>

#include <algorithm>
#include <utility>

namespace parley::transport {

namespace {

/// The first Beat goes soon after the start, so that modules hear of each other.
constexpr Duration first_beat_delay = 1s;
/// A peer that sends frames but answers no Beat is given up after so many time-outs.
constexpr int unanswered_timeouts_max = 4;
/// What came during a pause of ours is read so soon after it.
constexpr Duration after_pause = 500ms;

}  // namespace

Heartbeat::Heartbeat(HeartbeatConfig config, Direction direction, Now now)
    : config_(config), direction_(direction), last_frame_(now.instant) {
    if (direction_ == Direction::outbound) {
        next_beat_ = now.instant + std::min(config_.interval, first_beat_delay);
    }
}

bool Heartbeat::on_frame(Now now) {
    last_frame_ = now.instant;
    return std::exchange(probe_until_, std::nullopt).has_value();
}

Result<std::optional<Duration>, LinkError> Heartbeat::on_answer(Now now, std::uint32_t seq) {
    // Of several Beats the other side may answer only the last; each answer is a newer one.
    if (seq <= answered_ || seq > seq_) return fail(LinkErrc::unasked_answer, seq_, seq);
    answered_ = seq;
    if (seq != seq_) {
        if (unanswered_) unanswered_ = sent_at_;
        return std::optional<Duration>{};
    }
    if (!beat_wanted_) unanswered_.reset();
    return std::optional{now.instant - sent_at_};
}

void Heartbeat::on_status(Now now) {
    if (direction_ == Direction::outbound && !beaten_) {
        next_beat_ = now.instant;
        on_timer(now);
    }
}

void Heartbeat::probe(Now now, Duration patience) {
    const auto until = std::max(now.instant, paused_until_) + patience;
    if (!probe_until_ || until < *probe_until_) probe_until_ = until;
    want_beat(now);
}

void Heartbeat::paused(Instant until) {
    paused_until_ = until;
}

void Heartbeat::on_timer(Now now) {
    if (now.instant < next_beat_) return;
    next_beat_ = now.instant + config_.interval;
    beaten_ = true;
    want_beat(now);
}

void Heartbeat::want_beat(Now now) {
    beat_wanted_ = true;
    if (direction_ == Direction::outbound && !unanswered_) unanswered_ = now.instant;
}

std::uint32_t Heartbeat::take_beat(Now now) {
    beat_wanted_ = false;
    sent_at_ = now.instant;
    return ++seq_;
}

Instant Heartbeat::silent_at() const {
    const Instant heard = std::max(last_frame_, paused_until_);
    Instant at = probe_until_ ? std::max(*probe_until_, paused_until_ + after_pause) : never;
    if (direction_ == Direction::inbound) {
        at = std::min(at, heard + config_.interval + config_.timeout);
    } else if (unanswered_) {
        at = std::min(at, std::max(*unanswered_, heard) + config_.timeout);
        at = std::min(at, *unanswered_ + unanswered_timeouts_max * config_.timeout);
    }
    return at;
}

Instant Heartbeat::next_wakeup() const {
    if (mutated(Mutation::timer_dropped)) return never;
    return std::min(next_beat_, silent_at());
}

}  // namespace parley::transport
