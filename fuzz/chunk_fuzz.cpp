// What an authenticated peer may send, as a sequence of steps on one link's lanes: chunks through
// LanesIn with modules that let go or hold on, Credits into LanesOut, Beats. Whatever comes, what
// is held stays within the windows, and credit is neither lost nor invented.
#include <parley/base/endian.hpp>
#include <parley/transport/link/control.hpp>
#include <parley/transport/link/lanes_in.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>

using namespace parley;
using namespace parley::transport;

namespace {

constexpr std::uint64_t window = 4096;
constexpr std::uint32_t message_max = 1000;
constexpr LaneId lane_count = 3;

void check(bool ok) {
    if (!ok) std::abort();
}

class Lanes {
public:
    Lanes() {
        for (LaneId i = 0; i < lane_count; ++i) {
            in_.add(window, message_max);
            out_.add(static_cast<Priority>(1 + i), window, message_max);
        }
    }

    /// False when the link would be closed.
    bool take(Bytes msg) {
        Delivered delivered;
        while (!msg.empty()) {
            const auto chunk = take_chunk(msg);
            if (!chunk) return false;
            const auto ok = chunk->lane == control_lane ? control(*chunk)
                                                        : in_.take(*chunk, delivered).has_value();
            if (!ok) return false;
        }
        delivered.visit([&](const Delivered::Item& item) {
            check(item.bytes.size() <= message_max);
            held_[item.lane] += credit_cost(item.bytes.size());
            check(held_[item.lane] <= windows_[item.lane]);
            return true;
        });
        return true;
    }
    void let_go(LaneId lane) {
        in_.consumed(lane, std::exchange(held_[lane], 0));
        while (const auto grant = in_.next_grant()) {
            check(grant->limit > granted_[grant->lane]);
            granted_[grant->lane] = grant->limit;
        }
    }
    void send(LaneId lane, std::size_t size) {
        if (out_.queued_bytes() < 65536) {
            (void)out_.push(lane, 1, SharedBytes::own(Buffer(size)));
        }
        Buffer room(600);
        ChunkWriter writer{room};
        out_.fill(writer);
        std::size_t total = 0;
        for (const auto part : writer.parts()) total += part.size();
        check(total == writer.size() && total <= room.size());
        check(!out_.sendable() || total > 0);
    }

private:
    bool control(const Chunk& chunk) {
        const auto beat = decode_beat(chunk.bytes, lane_count);
        if (chunk.code == static_cast<Code>(ControlCode::beat)) {
            if (!beat) return false;
            const auto again =
                encode_beat(beat->seq, beat->is_answer, encode_statuses(beat->statuses));
            check(equal(again, chunk.bytes));
            return true;
        }
        if (chunk.code == static_cast<Code>(ControlCode::seen)) {
            const auto seen = decode_seen(chunk.bytes);
            check(!seen || decode_seen(encode_seen(*seen)) == seen);
            return seen.has_value();
        }
        if (chunk.code == static_cast<Code>(ControlCode::blocked)) {
            const auto lane = decode_blocked(chunk.bytes, lane_count);
            if (!lane) return false;
            const auto more = in_.growth_wanted(*lane);
            check(windows_[*lane] + more <= lane_window_bytes_max);
            in_.grow(*lane, more);
            windows_[*lane] += more;
            return true;
        }
        const auto credit = decode_credit(chunk.bytes);
        if (chunk.code == static_cast<Code>(ControlCode::returned)) {
            if (!credit) return false;
            const auto bytes = in_.on_returned(*credit);
            check(!bytes || window + *bytes <= windows_[credit->lane]);
            if (bytes) windows_[credit->lane] -= *bytes;
            return bytes.has_value();
        }
        return credit && out_.on_credit(credit->lane, credit->limit, Instant{});
    }

    LanesIn in_;
    LanesOut out_;
    std::array<std::uint64_t, lane_count + 1> held_{};
    std::array<std::uint64_t, lane_count + 1> granted_{};
    std::array<std::uint64_t, lane_count + 1> windows_{0, window, window, window};
};

}  // namespace

/// Steps: kind u8, then 0: size u16 and a msg; 1: a lane to let go of; 2: a lane and a size to
/// send.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes input = std::as_bytes(std::span{data, size});
    Lanes lanes;
    while (input.size() >= 4) {
        const auto kind = std::to_integer<unsigned>(input[0]) % 3;
        const auto number = load_be<std::uint16_t>(input.subspan(1, 2));
        if (kind == 0) {
            input = input.subspan(3);
            const auto msg = input.first(std::min<std::size_t>(number, input.size()));
            input = input.subspan(msg.size());
            if (!lanes.take(msg)) return 0;
        } else {
            const auto lane = static_cast<LaneId>(1 + number % lane_count);
            if (kind == 1) lanes.let_go(lane);
            if (kind == 2) lanes.send(lane, number % (message_max + 10));
            input = input.subspan(3);
        }
    }
    return 0;
}
