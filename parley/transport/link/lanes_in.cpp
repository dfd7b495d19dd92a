#include <parley/transport/link/lanes_in.hpp>

#include <parley/base/mutation.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <algorithm>
#include <bit>
#include <cassert>

namespace parley::transport {

namespace {

/// Messages up to this size share memory; larger ones own theirs.
constexpr std::size_t small_message_bytes = 4096;

}  // namespace

void LanesIn::add(std::uint64_t window, std::uint32_t message_bytes_max) {
    assert(lanes_.size() < lanes_max);
    Lane lane{};
    lane.first_window = lane.window = lane.limit = window;
    lane.message_bytes_max = message_bytes_max;
    lanes_.push_back(std::move(lane));
}

Result<void, LinkError> LanesIn::take(const Chunk& chunk, Delivered& out) {
    if (chunk.lane == control_lane || chunk.lane > lanes_.size()) {
        return fail(LinkErrc::unknown_lane, lanes_.size(), chunk.lane);
    }
    auto& lane = lanes_[chunk.lane - 1U];
    return chunk.first() ? take_first(lane, chunk, out) : take_next(lane, chunk, out);
}

Result<void, LinkError> LanesIn::take_first(Lane& lane, const Chunk& chunk, Delivered& out) {
    const auto size = chunk.bytes.size();
    if (lane.open) {
        return fail(LinkErrc::message_open, lane.total - lane.message.size(), chunk.total);
    }
    if (chunk.total > lane.message_bytes_max) {
        return fail(LinkErrc::message_too_large, lane.message_bytes_max, chunk.total);
    }
    // Whole at once: from here on the total is a size that the node's cap has room for.
    const auto cost = credit_cost(chunk.total);
    if (const auto left = lane.limit - lane.cost_in; cost > left) {
        return fail(LinkErrc::over_credit, left, cost);
    }
    if (chunk.last() ? size != chunk.total : size >= chunk.total) {
        return fail(LinkErrc::wrong_sum, chunk.total, size);
    }
    if (!chunk.last() && size < part_bytes_min) {
        return fail(LinkErrc::small_chunk, part_bytes_min, size);
    }
    lane.cost_in += cost;
    note_grant(chunk.lane);
    if (chunk.last() && size <= small_message_bytes) {
        out.add_small(chunk.lane, chunk.code, chunk.bytes);
        return {};
    }
    lane.open = true;
    lane.code = chunk.code;
    lane.total = chunk.total;
    lane.message.reserve(chunk.total);
    return take_next(lane, chunk, out);
}

Result<void, LinkError> LanesIn::take_next(Lane& lane, const Chunk& chunk, Delivered& out) {
    const auto size = chunk.bytes.size();
    if (!lane.open) return fail(LinkErrc::no_message_open, 0, size);
    const auto left = lane.total - lane.message.size();
    if (chunk.last() ? size != left : size >= left) return fail(LinkErrc::wrong_sum, left, size);
    if (!chunk.last() && size < part_bytes_min) {
        return fail(LinkErrc::small_chunk, part_bytes_min, size);
    }
    append(lane.message, chunk.bytes);
    if (!chunk.last()) return {};
    lane.open = false;
    out.add_large(chunk.lane, lane.code, std::move(lane.message));
    lane.message = {};
    return {};
}

void LanesIn::consumed(LaneId lane, std::uint64_t cost) {
    if (lane == control_lane || lane > lanes_.size()) return;
    auto& l = lanes_[lane - 1U];
    l.cost_done = std::min(l.cost_done + cost, l.cost_in);
    note_grant(lane);
}

/// Grants are seldom, unless the sender may be waiting for room for its largest message.
void LanesIn::note_grant(LaneId lane) {
    if (mutated(Mutation::credit_not_granted)) return;
    const auto& l = lanes_[lane - 1U];
    const auto pending = l.cost_done + l.window - l.limit;
    if (pending < message_overhead_bytes) return;
    const bool may_be_blocked = l.limit - l.cost_in < credit_cost(l.message_bytes_max);
    if (may_be_blocked || pending * 2 >= l.window) grants_due_ |= 1U << (lane - 1U);
}

std::optional<CreditMessage> LanesIn::next_grant() {
    if (grants_due_ == 0) return std::nullopt;
    const auto index = static_cast<std::size_t>(std::countr_zero(grants_due_));
    grants_due_ &= grants_due_ - 1;
    auto& lane = lanes_[index];
    lane.limit = lane.cost_done + lane.window;
    return CreditMessage{static_cast<LaneId>(index + 1), lane.limit};
}

/// Twice the window, as long as not one quarter of it waits for the module: then the credit was on
/// its way for too long, and not in the module's hands. And not before half a window came since
/// then: who sends nothing needs no more, and what was wanted before may not be here yet.
std::uint64_t LanesIn::growth_wanted(LaneId lane) {
    if (lane == control_lane || lane > lanes_.size()) return 0;
    auto& l = lanes_[lane - 1U];
    if (l.cost_in - l.asked_at < l.window / 2) return 0;
    const auto held = l.cost_in - l.cost_done - (l.open ? credit_cost(l.total) : 0);
    if (held > l.window / 4 || l.window >= lane_window_bytes_max) return 0;
    l.asked_at = l.cost_in;
    return std::min(l.window, lane_window_bytes_max - l.window);
}

void LanesIn::grow(LaneId lane, std::uint64_t bytes) {
    if (lane == control_lane || lane > lanes_.size()) return;
    auto& l = lanes_[lane - 1U];
    l.window = std::max(l.window, std::min(l.window + bytes, lane_window_bytes_max));
    note_grant(lane);
}

/// What the module still holds stays within the window that is left.
Result<std::uint64_t, LinkError> LanesIn::on_returned(const CreditMessage& returned) {
    if (returned.lane == control_lane || returned.lane > lanes_.size()) {
        return fail(LinkErrc::unknown_lane, lanes_.size(), returned.lane);
    }
    auto& l = lanes_[returned.lane - 1U];
    const auto limit = l.cost_in + l.first_window;
    if (returned.limit != l.limit || limit >= l.limit) return 0;
    l.limit = limit;
    const auto window = l.limit - l.cost_done;
    return std::exchange(l.window, window) - window;
}

void LanesIn::clear() {
    for (auto& lane : lanes_) lane.message = {};
    grants_due_ = 0;
}

}  // namespace parley::transport
