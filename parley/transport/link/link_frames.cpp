// Link, from proof to the end: what comes in frames and what goes out in them.
#include <parley/transport/link/link_impl.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::transport {

// --- In ----------------------------------------------------------------------------------------

void Link::Impl::on_frames(Now now, MutableBytes bytes, Events& out) {
    while (!closed()) {
        const auto msg = opener_->next(bytes);
        if (!msg) return fail_link(msg.error(), {}, out);
        if (!*msg) break;
        frame_started_ = never;
        on_msg(now, **msg, out);
    }
    if (closed() || !opener_->mid_frame()) {
        frame_started_ = never;
    } else if (frame_started_ == never) {
        frame_started_ = now.instant;
    }
}

void Link::Impl::on_msg(Now now, Bytes msg, Events& out) {
    if (heartbeat_ && heartbeat_->on_frame(now)) out.emplace_back(Alive{});
    Delivered delivered{msg.size()};
    while (!msg.empty() && !closed()) {
        const auto chunk = take_chunk(msg);
        if (!chunk) {
            flush(delivered, out);
            return fail_link(chunk.error(), {}, out);
        }
        if (chunk->lane == control_lane) {
            flush(delivered, out);
            on_control(now, *chunk, out);
            continue;
        }
        const auto taken = phase_ == Phase::up ? lanes_in_.take(*chunk, delivered)
                                               : fail(LinkErrc::before_ready, 0, chunk->lane);
        if (!taken) {
            flush(delivered, out);
            return fail_link(taken.error(), fmt::format("lane {}: ", chunk->lane), out);
        }
    }
    flush(delivered, out);
}

void Link::Impl::flush(Delivered& delivered, Events& out) {
    if (delivered.empty()) return;
    out.emplace_back(std::exchange(delivered, Delivered{}));
}

Result<void, LinkError> Link::Impl::check_control(Now now, const Chunk& chunk) {
    if (chunk.first() && chunk.total > control_bytes_max) {
        return fail(LinkErrc::control_too_large, control_bytes_max, chunk.total);
    }
    if (!chunk.first() || !chunk.last() || chunk.bytes.size() != chunk.total) {
        return fail(LinkErrc::split_control);
    }
    const auto code = ControlCode{chunk.code};
    if (code != ControlCode::credit && !controls_in_.take(now.instant)) {
        return fail(LinkErrc::too_many_controls, controls_per_second);
    }
    const bool ready = code == ControlCode::ready;
    if (ready && phase_ != Phase::awaiting_ready) return fail(LinkErrc::unexpected_ready);
    if (phase_ != Phase::up && !ready && code != ControlCode::goodbye) {
        return fail(LinkErrc::before_ready, 0, chunk.code);
    }
    return {};
}

void Link::Impl::on_control(Now now, const Chunk& chunk, Events& out) {
    if (const auto ok = check_control(now, chunk); !ok) {
        return fail_link(ok.error(), "control: ", out);
    }
    switch (ControlCode{chunk.code}) {
        case ControlCode::ready:
            return on_ready(now, chunk.bytes, out);
        case ControlCode::beat:
            return on_beat(now, chunk.bytes, out);
        case ControlCode::goodbye:
            return on_goodbye(chunk.bytes, out);
        case ControlCode::seen:
            return on_observed_address(chunk.bytes, out);
        case ControlCode::credit:
            return on_credit(now, chunk.bytes, out);
        case ControlCode::blocked:
            return on_blocked(chunk.bytes, out);
        case ControlCode::stalled:
            return on_stalled(chunk.bytes, out);
        case ControlCode::returned:
            return on_returned(chunk.bytes, out);
    }
    if (chunk.code < control_extension_min) {
        fail_link({LinkErrc::unknown_control, 0, chunk.code}, {}, out);
    }
}

void Link::Impl::on_ready(Now now, Bytes body, Events& out) {
    if (!body.empty()) {
        return fail_link({LinkErrc::bad_control, 0, body.size()}, "Ready: ", out);
    }
    go_up(now);
    out.emplace_back(Up{});
}

void Link::Impl::on_beat(Now now, Bytes body, Events& out) {
    auto beat = decode_beat(body, lanes_in_.lane_max());
    if (!beat) return fail_link(beat.error(), "Beat: ", out);
    Beat event{std::move(beat->statuses), std::nullopt};
    if (beat->is_answer) {
        const auto round_trip = heartbeat_->on_answer(now, beat->seq);
        if (!round_trip) return fail_link(round_trip.error(), "Beat: ", out);
        event.round_trip = *round_trip;
    } else {
        answer_due_ = beat->seq;
    }
    out.emplace_back(std::move(event));
}

void Link::Impl::on_observed_address(Bytes body, Events& out) {
    if (direction_ != Direction::outbound || std::exchange(seen_heard_, true)) return;
    const auto endpoint = decode_seen(body);
    if (!endpoint) return fail_link(endpoint.error(), "ObservedAddress: ", out);
    out.emplace_back(ObservedAddress{*endpoint});
}

void Link::Impl::on_credit(Now now, Bytes body, Events& out) {
    const auto credit = decode_credit(body);
    const auto waited = credit ? lanes_out_.on_credit(credit->lane, credit->limit, now.instant)
                               : std::unexpected{credit.error()};
    if (!waited) return fail_link(waited.error(), "Credit: ", out);
    if (*waited < blocked_min || now.instant < blocked_next_) return;
    blocked_due_ = credit->lane;
    blocked_next_ = now.instant + blocked_interval;
}

void Link::Impl::on_blocked(Bytes body, Events& out) {
    const auto lane = decode_blocked(body, lanes_in_.lane_max());
    if (!lane) return fail_link(lane.error(), "Blocked: ", out);
    if (config_.bandwidth.limits_reading()) return;  // the wait is our own doing
    const auto bytes = lanes_in_.growth_wanted(*lane);
    if (bytes > 0) out.emplace_back(GrowthWanted{*lane, bytes});
}

void Link::Impl::on_returned(Bytes body, Events& out) {
    const auto returned = decode_credit(body);
    const auto bytes =
        returned ? lanes_in_.on_returned(*returned) : std::unexpected{returned.error()};
    if (!bytes) return fail_link(bytes.error(), "Returned: ", out);
    if (*bytes > 0) out.emplace_back(GrowthReturned{returned->lane, *bytes});
}

/// Its links go on without their node: a peer of no use, which does not know it.
void Link::Impl::on_stalled(Bytes body, Events& out) {
    const auto stalled = decode_stalled(body);
    if (!stalled) return fail_link(stalled.error(), "Stalled: ", out);
    if (*stalled < config_.stalled_max) return;
    auto detail =
        fmt::format("its node has been stalled for {} ms", *stalled / std::chrono::milliseconds{1});
    say_goodbye({.reason = CloseReason::silent, .sender_value = detail});
    close(CloseReason::silent, std::move(detail), out);
}

void Link::Impl::on_goodbye(Bytes body, Events& out) {
    auto goodbye = decode_goodbye(body);
    if (!goodbye) {
        return fail_link({LinkErrc::bad_control, 0, body.size()},
                         "Goodbye: " + message(goodbye.error()) + ": ", out);
    }
    auto detail = fmt::format("Goodbye: {}, theirs: {}, ours: {}", name(goodbye->reason),
                              goodbye->sender_value, goodbye->receiver_value);
    close(goodbye->reason, std::move(detail), out, std::move(*goodbye));
}

// --- Out ---------------------------------------------------------------------------------------

bool Link::Impl::control_due() const {
    return !goodbye_due_.empty() || ready_due_ || seen_due_ || answer_due_ || blocked_due_ ||
           (heartbeat_ && heartbeat_->beat_wanted()) ||
           (phase_ == Phase::up && lanes_in_.grant_due());
}

bool Link::Impl::wants_to_write() const {
    if (raw_sent_ < raw_out_.size()) return true;
    return sealer_ && (control_due() || (phase_ == Phase::up && lanes_out_.sendable()));
}

/// About how many bytes produce() would write.
std::size_t Link::Impl::output_estimate() const {
    const auto queued = lanes_out_.queued_bytes() + produce_bytes_min;
    const auto frames = 1 + queued / std::max<std::size_t>(frame_bytes_max_, 1024);
    return queued + frames * (frame_header_bytes + first_chunk_header_bytes) + raw_out_.size();
}

/// Within the limits of bandwidth. Neither handshakes, of which there are few at a time, nor last
/// words wait or are paid for: strangers could make all links wait by them.
std::size_t Link::Impl::produce(Now now, MutableBytes room, Events& out) {
    Pacer* all = config_.bandwidth.limit_up();
    held_ = false;
    if (phase_ != Phase::up || (!all && !up_.limits())) return produce_now(now, room, out);
    held_ = now.instant < write_at_;
    if (held_) return 0;
    const auto turn = std::min(up_.turn_bytes(), all ? all->turn_bytes() : room.size());
    const auto written = produce_now(now, room.first(std::min(room.size(), turn)), out);
    if (written == 0) return 0;
    write_at_ = up_.spend(now.instant, written);
    if (all) write_at_ = std::max(write_at_, all->spend(now.instant, written));
    return written;
}

/// A pause of ours is no silence of the other side.
void Link::Impl::pay_for_input(Now now, std::size_t bytes) {
    Pacer* all = config_.bandwidth.limit_down();
    if (phase_ != Phase::up || (!all && !down_.limits())) return;
    read_at_ = down_.spend(now.instant, bytes);
    if (all) read_at_ = std::max(read_at_, all->spend(now.instant, bytes));
    heartbeat_->paused(read_at_);
}

std::size_t Link::Impl::produce_now(Now now, MutableBytes room, Events& out) {
    std::size_t written = std::min(room.size(), raw_out_.size() - raw_sent_);
    std::copy_n(raw_out_.begin() + static_cast<std::ptrdiff_t>(raw_sent_), written, room.begin());
    raw_sent_ += written;
    if (raw_sent_ == raw_out_.size()) {
        Buffer{}.swap(raw_out_);
        raw_sent_ = 0;
        while (sealer_) {
            const auto rest = room.subspan(written);
            // The end of a large room is not worth a small frame.
            if (rest.size() < (written > 0 ? produce_bytes_min : 2 * frame_header_bytes)) break;
            const auto frame = produce_frame(now, rest, out);
            if (frame == 0) break;
            written += frame;
        }
        if (phase_ == Phase::up) lanes_out_.note_blocked(now.instant);
        report_drained(out);
    }
    bytes_out_ += written;
    return written;
}

void Link::Impl::report_drained(Events& out) {
    lanes_out_.take_drained(
        std::exchange(tell_all_drained_, false),
        [&](LaneId lane, std::uint64_t bytes) { out.emplace_back(Drained{lane, bytes}); });
}

/// One frame at the front of `room`; its size, 0 if there is nothing to say.
std::size_t Link::Impl::produce_frame(Now now, MutableBytes room, Events& out) {
    const auto msg_max = std::min(frame_bytes_max_, room.size() - frame_header_bytes);
    ChunkWriter writer{room.subspan(frame_header_bytes, msg_max)};
    put_controls(now, writer);
    if (phase_ == Phase::up) lanes_out_.fill(writer);
    if (writer.empty()) return 0;
    const auto size = frame_header_bytes + writer.size();
    if (!sealer_->seal(writer.parts(), room.first(size))) {
        sealer_.reset();
        fail_link({LinkErrc::frames_used_up, frame_number_end, 0}, {}, out);
        return 0;
    }
    return size;
}

void Link::Impl::put_controls(Now now, ChunkWriter& writer) {
    const auto fits = [&](std::size_t body) {
        return writer.room() >= first_chunk_header_bytes + body;
    };
    const auto put = [&](ControlCode code, Bytes body) {
        writer.put(Chunk{.lane = control_lane,
                         .flags = chunk_flag::first | chunk_flag::last,
                         .code = static_cast<Code>(code),
                         .total = static_cast<std::uint32_t>(body.size()),
                         .bytes = body});
    };
    const auto put_beat = [&](std::uint32_t seq, bool is_answer) {
        const auto body_max = std::min(control_bytes_max, writer.room() - first_chunk_header_bytes);
        const auto statuses = cut_statuses(statuses_, body_max - beat_header_bytes);
        put(ControlCode::beat, encode_beat(seq, is_answer, statuses));
        tell_all_drained_ = true;
        const auto stalled =
            config_.node_turn ? config_.node_turn->length(now.instant) : Duration{0};
        if (stalled >= config_.stalled_told && fits(stalled_message_bytes)) {
            put(ControlCode::stalled, encode_stalled(stalled));
        }
        for (LaneId lane = 1; lane <= lanes_out_.lane_max() && fits(credit_message_bytes); ++lane) {
            if (const auto returned = lanes_out_.give_back(lane)) {
                put(ControlCode::returned, encode_credit(*returned));
            }
        }
    };
    if (ready_due_ && fits(0)) {
        put(ControlCode::ready, {});
        ready_due_ = false;
    }
    if (!goodbye_due_.empty()) {
        if (!fits(goodbye_due_.size())) return;
        put(ControlCode::goodbye, goodbye_due_);
        Buffer{}.swap(goodbye_due_);
        return;  // nothing follows: the link is closed
    }
    if (phase_ != Phase::up) return;
    if (seen_due_) {
        if (const auto body = encode_seen(*seen_due_); fits(body.size())) {
            put(ControlCode::seen, body);
            seen_due_.reset();
        }
    }
    if (answer_due_ && fits(beat_header_bytes + 1)) {
        put_beat(*answer_due_, true);
        answer_due_.reset();
    }
    if (heartbeat_->beat_wanted() && fits(beat_header_bytes + 1)) {
        put_beat(heartbeat_->take_beat(now), false);
    }
    if (blocked_due_ && fits(blocked_message_bytes)) {
        put(ControlCode::blocked, encode_blocked(*blocked_due_));
        blocked_due_.reset();
    }
    while (lanes_in_.grant_due() && fits(credit_message_bytes)) {
        put(ControlCode::credit, encode_credit(*lanes_in_.next_grant()));
    }
}

}  // namespace parley::transport
