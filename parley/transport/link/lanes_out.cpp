#include <parley/transport/link/lanes_out.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

namespace parley::transport {

namespace {

/// A turn when others of the same priority, or a class that is owed, wait as well.
constexpr std::size_t shared_turn_bytes = 16 * 1024;
/// A waiting class earns 1 byte for so many that those before it send.
constexpr std::size_t waiting_share = 16;
/// No more is remembered than this, so that a class that was blocked cannot hog the link later.
constexpr std::size_t owed_bytes_max = 64 * 1024;
/// A message up to this size is not cut to fill a frame: the receiver takes whole ones faster.
constexpr std::size_t uncut_bytes = 2048;
/// Popped entries are moved away when so many are at the front.
constexpr std::size_t compact_at = 256;

std::size_t class_of(Priority priority) {
    return static_cast<std::size_t>(priority);
}

}  // namespace

void LanesOut::Lane::pop() {
    queue[head].bytes = {};
    ++head;
    sent_of_head = 0;
    head_begun = false;
    if (head == queue.size()) {
        queue.clear();
        head = 0;
    } else if (head >= compact_at && head * 2 >= queue.size()) {
        queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(head));
        head = 0;
    }
}

void LanesOut::add(Priority priority, std::uint64_t window, std::uint32_t message_bytes_max,
                   std::uint64_t told_min) {
    assert(lanes_.size() < lanes_max);
    Lane lane{};
    lane.priority = priority;
    lane.window = lane.limit = window;
    lane.message_bytes_max = message_bytes_max;
    lane.drained.told_min = told_min;
    lanes_.push_back(std::move(lane));
}

bool LanesOut::push(LaneId lane, Code code, SharedBytes message) {
    if (lane == control_lane || lane > lanes_.size()) return false;
    auto& l = lanes_[lane - 1U];
    if (message.size() > l.message_bytes_max) return false;
    queued_bytes_ += message.size() + first_chunk_header_bytes;
    l.queue.push_back({std::move(message), code, false});
    return true;
}

void LanesOut::tell_drained(LaneId lane) {
    if (lane > 0 && lane <= lanes_.size()) lanes_[lane - 1U].drained.told_min = 1;
}

void LanesOut::push_chunks(LaneId lane, Buffer&& chunks, std::uint64_t cost) {
    assert(lane != control_lane && lane <= lanes_.size() && !chunks.empty());
    if (chunks.capacity() > 2 * chunks.size()) chunks.shrink_to_fit();  // it may wait for long
    queued_bytes_ += chunks.size();
    lanes_[lane - 1U].queue.push_back({SharedBytes::own(std::move(chunks)), 0, true, cost});
}

Result<Duration, LinkError> LanesOut::on_credit(LaneId lane, std::uint64_t limit, Instant now) {
    if (lane == control_lane || lane > lanes_.size()) {
        return fail(LinkErrc::unknown_lane, lanes_.size(), lane);
    }
    auto& l = lanes_[lane - 1U];
    // Credit returns by whole messages, so that what was sent bounds how many Credits can come.
    const auto lowest = l.limit + message_overhead_bytes;
    if (limit < lowest) return fail(LinkErrc::credit_not_raised, lowest, limit);
    const auto highest = l.cost_sent + std::max(l.window, lane_window_bytes_max);
    if (limit > highest) return fail(LinkErrc::credit_beyond_sent, highest, limit);
    l.limit = limit;
    const auto since = std::exchange(l.blocked_since, never);
    return since == never ? Duration{0} : now - since;
}

std::optional<CreditMessage> LanesOut::give_back(LaneId lane) {
    auto& l = lanes_[lane - 1U];
    const bool idle = l.empty() && l.cost_sent == std::exchange(l.cost_at_beat, l.cost_sent);
    l.idle_beats = idle ? l.idle_beats + 1 : 0;
    if (l.idle_beats < idle_beats_max || l.limit <= l.cost_sent + l.window) return std::nullopt;
    l.idle_beats = 0;
    return CreditMessage{lane, std::exchange(l.limit, l.cost_sent + l.window)};
}

void LanesOut::note_blocked(Instant now) {
    for (auto& lane : lanes_) {
        if (lane.blocked_since == never && !lane.empty() && !lane.sendable()) {
            lane.blocked_since = now;
        }
    }
}

bool LanesOut::sendable() const {
    return std::ranges::any_of(lanes_, &Lane::sendable);
}

auto LanesOut::sendable_by_class() const -> std::array<LaneMask, classes> {
    std::array<LaneMask, classes> masks{};
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        if (lanes_[i].sendable()) masks[class_of(lanes_[i].priority)] |= LaneMask{1} << i;
    }
    return masks;
}

/// The first class that wants to send, unless a later one has waited for long enough; within the
/// class the lanes take turns. Precondition: some class wants to.
auto LanesOut::next_turn(const std::array<LaneMask, classes>& masks) -> Turn {
    std::size_t chosen = classes;
    bool owed = false;
    for (std::size_t c = classes; c-- > 0;) {
        if (masks[c] == 0) {
            owed_bytes_[c] = 0;
        } else if (!owed || owed_bytes_[c] >= shared_turn_bytes) {
            chosen = c;
            owed = owed_bytes_[c] >= shared_turn_bytes;
        }
    }
    const auto mask = masks[chosen];
    const auto after_last = mask & (~LaneMask{0} << (last_lane_[chosen] + 1));
    const auto lane = static_cast<std::size_t>(std::countr_zero(after_last ? after_last : mask));
    last_lane_[chosen] = lane;
    const bool alone = !owed && std::has_single_bit(mask);
    return {lane, alone ? std::numeric_limits<std::size_t>::max() : shared_turn_bytes};
}

void LanesOut::count_turn(std::size_t lane, std::size_t bytes,
                          const std::array<LaneMask, classes>& masks) {
    const auto sender = class_of(lanes_[lane].priority);
    owed_bytes_[sender] -= std::min(owed_bytes_[sender], bytes);
    for (std::size_t c = sender + 1; c < classes; ++c) {
        if (masks[c] == 0) continue;
        owed_bytes_[c] = std::min(owed_bytes_[c] + bytes / waiting_share, owed_bytes_max);
    }
}

void LanesOut::fill(ChunkWriter& out) {
    while (true) {
        const auto masks = sendable_by_class();
        if (std::ranges::all_of(masks, [](LaneMask mask) { return mask == 0; })) return;
        const auto turn = next_turn(masks);
        const auto before = out.size();
        const bool room =
            fill_from(lanes_[turn.lane], static_cast<LaneId>(turn.lane + 1), turn.bytes_max, out);
        count_turn(turn.lane, out.size() - before, masks);
        if (!room) return;
    }
}

/// False when the frame is full.
bool LanesOut::fill_from(Lane& lane, LaneId id, std::size_t bytes_max, ChunkWriter& out) {
    const auto start = out.size();
    do {
        const auto used = out.size() - start;
        if (used >= bytes_max) return true;
        if (!put_chunk(lane, id, bytes_max - used, out)) return false;
    } while (lane.sendable());
    return true;
}

bool LanesOut::put_chunk(Lane& lane, LaneId id, std::size_t bytes_max, ChunkWriter& out) {
    const auto& head = lane.queue[lane.head];
    if (head.laid_out) return put_laid_out(lane, bytes_max, out);
    const auto total = head.bytes.size();
    const auto left = total - lane.sent_of_head;
    const auto header = lane.head_begun ? chunk_header_bytes : first_chunk_header_bytes;
    if (out.room() < header) return false;
    auto size = left;
    if (const auto fits = out.room() - header; size > fits) {
        // A frame of its own may be too small for the message: then it is cut wherever it must.
        if (!out.empty() && (size <= uncut_bytes || fits < part_bytes_min)) return false;
        if (fits == 0) return false;
        size = fits;
    }
    if (size > uncut_bytes)
        size = std::min({size, std::max(bytes_max, uncut_bytes), chunk_bytes_max});

    Chunk chunk;
    chunk.lane = id;
    chunk.code = head.code;
    chunk.total = static_cast<std::uint32_t>(total);
    chunk.bytes = head.bytes.view().subspan(lane.sent_of_head, size);
    if (!lane.head_begun) {
        chunk.flags = chunk_flag::first;
        lane.cost_sent += credit_cost(total);
        lane.head_begun = true;
    }
    if (size == left) chunk.flags |= chunk_flag::last;
    out.put(chunk, head.bytes);
    lane.sent_of_head += size;
    if (size == left) {
        queued_bytes_ -= total + first_chunk_header_bytes;
        lane.drained.bytes += credit_cost(total);  // as the Switch counted it
        lane.pop();
    }
    return true;
}

/// As many whole messages as there is room, credit and turn for, at least one, in one piece.
bool LanesOut::put_laid_out(Lane& lane, std::size_t bytes_max, ChunkWriter& out) {
    auto& head = lane.queue[lane.head];
    const auto chunks = head.bytes.view().subspan(lane.sent_of_head);
    const auto room = std::min(out.room(), chunks.size());
    const bool all =
        chunks.size() <= std::min(room, bytes_max) && lane.cost_sent + head.cost <= lane.limit;
    std::size_t taken = all ? chunks.size() : 0;
    std::uint64_t cost = all ? head.cost : 0;
    while (taken < std::min(bytes_max, chunks.size())) {
        const auto size = first_laid_out(chunks.subspan(taken));
        const auto next_cost = credit_cost(size);
        const auto end = taken + first_chunk_header_bytes + size;
        if (end > room || lane.cost_sent + cost + next_cost > lane.limit) break;
        taken = end;
        cost += next_cost;
    }
    if (taken == 0) return false;
    out.put_laid_out(chunks.first(taken), head.bytes);
    head.cost -= cost;
    queued_bytes_ -= taken;
    lane.cost_sent += cost;
    lane.drained.bytes += cost;
    lane.sent_of_head += taken;
    if (taken == chunks.size()) lane.pop();
    return true;
}

void LanesOut::clear() {
    for (auto& lane : lanes_) {
        lane.queue = {};
        lane.head = 0;
        lane.sent_of_head = 0;
        lane.head_begun = false;
    }
    queued_bytes_ = 0;
}

void LanesOut::trim() {
    for (auto& lane : lanes_) {
        if (lane.empty() && lane.queue.capacity() > 0) std::vector<Waiting>{}.swap(lane.queue);
    }
}

}  // namespace parley::transport
