// LanesOut and LanesIn by themselves, and one against the other.
#include <parley/transport/link/lanes_in.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <doctest/doctest.h>

namespace parley::transport {
namespace {

/// One frame's msg of at most `size` bytes.
Buffer fill(LanesOut& lanes, std::size_t size) {
    Buffer room(size);
    ChunkWriter writer{room};
    lanes.fill(writer);
    Buffer msg;
    for (const auto part : writer.parts()) append(msg, part);
    return msg;
}

std::vector<Chunk> chunks_of(Bytes msg) {
    std::vector<Chunk> out;
    while (!msg.empty()) {
        const auto chunk = take_chunk(msg);
        REQUIRE(chunk);
        out.push_back(*chunk);
    }
    return out;
}

std::size_t count(Delivered& delivered) {
    std::size_t out = 0;
    delivered.visit([&](const Delivered::Item&) { return ++out > 0; });
    return out;
}

SharedBytes bytes_of_size(std::size_t size) {
    return SharedBytes::own(Buffer(size));
}

TEST_CASE("lanes: the chunk vectors of docs/formats/link.md") {
    LanesOut lanes;
    lanes.add(Priority::bulk, 1 << 20, 1 << 20);
    REQUIRE(lanes.push(1, 0x0102, SharedBytes::copy(bytes_of("hi"))));
    CHECK(to_hex(fill(lanes, 100)) ==
          "0103000201020000000268"
          "69");
    REQUIRE(lanes.push(1, 0x0102, SharedBytes::own(Buffer(515, std::byte{'x'}))));
    const auto part = fill(lanes, 10 + 512);
    CHECK(to_hex(Bytes{part}.first(12)) ==
          "010102000102"
          "00000203"
          "7878");
    CHECK(part.size() == 522);
    CHECK(to_hex(fill(lanes, 100)) ==
          "01020003"
          "787878");
    CHECK(fill(lanes, 100).empty());
}

TEST_CASE("lanes: frames are filled, and small messages are not cut") {
    LanesOut lanes;
    lanes.add(Priority::bulk, 1 << 20, 1 << 20);
    for (int i = 0; i < 20; ++i) REQUIRE(lanes.push(1, 1, bytes_of_size(100)));
    CHECK(fill(lanes, 1000).size() == 9 * 110);
    CHECK(fill(lanes, 1100).size() == 1100);
    lanes.clear();
    CHECK_FALSE(lanes.sendable());
    CHECK(lanes.queued_bytes() == 0);
    // A large one fills what is left.
    REQUIRE(lanes.push(1, 1, bytes_of_size(100)));
    REQUIRE(lanes.push(1, 2, bytes_of_size(100000)));
    CHECK(fill(lanes, 65536).size() == 65536);
    const auto rest = chunks_of(fill(lanes, 65536));
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].flags == chunk_flag::last);
    CHECK(rest[0].bytes.size() == 100000 - (65536 - 110 - 10));
}

TEST_CASE("lanes: lanes of one priority take turns") {
    LanesOut lanes;
    for (int i = 0; i < 3; ++i) lanes.add(Priority::bulk, 4 << 20, 1 << 20);
    for (LaneId lane = 1; lane <= 3; ++lane) {
        for (int i = 0; i < 3; ++i) REQUIRE(lanes.push(lane, 1, bytes_of_size(1 << 20)));
    }
    std::array<std::size_t, 4> sent{};
    for (int frame = 0; frame < 48; ++frame) {
        const auto msg = fill(lanes, 65536);
        CHECK(msg.size() == 65536);
        for (const auto& chunk : chunks_of(msg)) sent[chunk.lane] += chunk.bytes.size();
    }
    for (LaneId lane = 1; lane <= 3; ++lane) {
        CHECK(sent[lane] > 900000);
        CHECK(sent[lane] < 1200000);
    }
}

TEST_CASE("lanes: what drained is counted in credit cost when the whole message has left") {
    LanesOut lanes;
    lanes.add(Priority::bulk, 1 << 20, 1 << 20);
    REQUIRE(lanes.push(1, 1, bytes_of_size(3000)));
    REQUIRE(lanes.push(1, 1, bytes_of_size(0)));
    std::uint64_t drained = 0;
    const auto take = [&] {
        drained = 0;
        lanes.take_drained(true, [&](LaneId lane, std::uint64_t bytes) {
            CHECK(lane == 1);
            drained += bytes;
        });
        return drained;
    };
    fill(lanes, 2000);
    CHECK(take() == 0);
    fill(lanes, 2000);
    CHECK(take() == 3064 + 64);
    CHECK(take() == 0);
    CHECK(lanes.queued_bytes() == 0);
}

TEST_CASE("lanes: credit holds back the next message and nothing of the one begun") {
    LanesOut lanes;
    lanes.add(Priority::bulk, 1064, 1000);
    REQUIRE(lanes.push(1, 1, bytes_of_size(1000)));
    REQUIRE(lanes.push(1, 2, bytes_of_size(0)));
    CHECK(fill(lanes, 600).size() == 600);
    CHECK(lanes.sendable());
    CHECK(chunks_of(fill(lanes, 2000)).size() == 1);
    CHECK_FALSE(lanes.sendable());
    CHECK(lanes.on_credit(1, 1064 + 63, Instant{}).error() ==
          LinkError{LinkErrc::credit_not_raised, 1128, 1127});
    const auto highest = 1064 + lane_window_bytes_max;
    CHECK(lanes.on_credit(1, highest + 1, Instant{}).error() ==
          LinkError{LinkErrc::credit_beyond_sent, highest, highest + 1});
    CHECK(lanes.on_credit(1, 1064 + 64, Instant{}));
    CHECK(lanes.sendable());
    CHECK(chunks_of(fill(lanes, 2000)).size() == 1);
}

TEST_CASE("lanes: credit says for how long messages waited for it and for nothing else") {
    LanesOut lanes;
    lanes.add(Priority::bulk, 1064, 1000);
    const Instant start{1h};
    lanes.note_blocked(start);  // nothing waits
    REQUIRE(lanes.push(1, 1, bytes_of_size(1000)));
    lanes.note_blocked(start);  // credit is there
    (void)fill(lanes, 2000);
    CHECK(lanes.on_credit(1, 1128, start + 1s) == Duration{0});
    REQUIRE(lanes.push(1, 2, bytes_of_size(1000)));
    lanes.note_blocked(start + 2s);
    lanes.note_blocked(start + 3s);
    CHECK(lanes.on_credit(1, 1192, start + 5s) == Duration{3s});
    // Not yet enough: it waits on, from when somebody looks.
    lanes.note_blocked(start + 6s);
    CHECK(lanes.on_credit(1, 2128, start + 7s) == Duration{1s});
    CHECK(lanes.on_credit(1, 2128 + 64, start + 8s) == Duration{0});
}

TEST_CASE("lanes: a window grows while the module keeps up, up to a limit") {
    LanesIn lanes;
    lanes.add(4000, 936);
    Delivered out;
    const Buffer body(936);  // costs 1,000
    const auto take = [&](bool whole) {
        Chunk chunk;
        chunk.lane = 1;
        chunk.flags = whole ? chunk_flag::known : chunk_flag::first;
        chunk.total = 936;
        chunk.bytes = Bytes{body}.first(whole ? 936 : part_bytes_min);
        REQUIRE(lanes.take(chunk, out));
    };
    CHECK(lanes.growth_wanted(0) == 0);
    CHECK(lanes.growth_wanted(2) == 0);
    CHECK(lanes.growth_wanted(1) == 0);  // who sends nothing needs nothing
    take(true);
    CHECK(lanes.growth_wanted(1) == 0);
    take(true);
    CHECK(lanes.growth_wanted(1) == 0);  // half of it waits for the module
    lanes.consumed(1, 1000);
    CHECK(lanes.growth_wanted(1) == 4000);  // a quarter
    CHECK(lanes.growth_wanted(1) == 0);     // that was wanted already, and may be on its way
    lanes.consumed(1, 1000);
    take(true);
    lanes.consumed(1, 1000);
    take(false);
    CHECK(lanes.growth_wanted(1) == 4000);  // the module has not even got it

    while (lanes.next_grant()) {
    }
    lanes.grow(1, 4000);
    CHECK(lanes.next_grant() == CreditMessage{1, 3000 + 8000});
    lanes.grow(1, lane_window_bytes_max);  // no more than the limit
    CHECK(lanes.next_grant() == CreditMessage{1, 3000 + lane_window_bytes_max});
    CHECK(lanes.growth_wanted(1) == 0);
}

TEST_CASE("lanes: a window that grew is given back by who sends nothing for some Beats") {
    LanesIn in;
    in.add(4000, 936);
    LanesOut out;
    out.add(Priority::blocks, 4000, 936);
    const auto beats = [&](unsigned n) {
        std::optional<CreditMessage> given;
        for (unsigned i = 0; i < n; ++i) given = out.give_back(1);
        return given;
    };
    CHECK_FALSE(beats(2 * idle_beats_max));  // nothing grew
    in.grow(1, 8000);
    REQUIRE(out.on_credit(1, in.next_grant()->limit, Instant{}));
    CHECK(beats(1) == CreditMessage{1, 12'000});
    // A Credit that crosses it stands, for both.
    in.grow(1, 12'000);
    const auto crossing = in.next_grant();
    CHECK(crossing == CreditMessage{1, 24'000});
    CHECK(in.on_returned({1, 12'000}) == 0U);
    REQUIRE(out.on_credit(1, crossing->limit, Instant{}));
    CHECK_FALSE(beats(idle_beats_max - 1));  // counted anew
    CHECK(beats(1) == CreditMessage{1, 24'000});
    CHECK(in.on_returned({1, 24'000}) == 20'000U);
    CHECK(in.on_returned({1, 24'000}) == 0U);
    CHECK(in.on_returned({1, 4000}) == 0U);
    CHECK_FALSE(in.grant_due());
    // The first window is there for both, as at the start; what is queued keeps more.
    Delivered delivered;
    for (int i = 0; i < 4; ++i) REQUIRE(out.push(1, 1, SharedBytes::own(Buffer(936))));
    CHECK_FALSE(beats(2 * idle_beats_max));
    Buffer room(8000);
    ChunkWriter writer{room};
    out.fill(writer);
    CHECK_FALSE(out.sendable());
    Buffer msg;
    for (const auto part : writer.parts()) append(msg, part);
    Bytes rest{msg};
    while (!rest.empty()) REQUIRE(in.take(*take_chunk(rest), delivered));
    CHECK(count(delivered) == 4);
    in.consumed(1, 4000);
    CHECK(in.next_grant() == CreditMessage{1, 8000});
}

TEST_CASE("lanes: grants are seldom while there is room, and come when there is little") {
    LanesIn lanes;
    lanes.add(100000, 1000);
    Delivered out;
    const Buffer body(936);  // costs 1,000
    const auto take = [&] {
        Chunk chunk;
        chunk.lane = 1;
        chunk.flags = chunk_flag::known;
        chunk.total = 936;
        chunk.bytes = body;
        REQUIRE(lanes.take(chunk, out));
    };
    for (int i = 0; i < 49; ++i) {
        take();
        lanes.consumed(1, 1000);
    }
    CHECK_FALSE(lanes.grant_due());
    take();
    lanes.consumed(1, 1000);
    CHECK(lanes.next_grant() == CreditMessage{1, 150000});
    CHECK_FALSE(lanes.next_grant());
    // A module holds all but one message: what little came back is granted at once.
    for (int i = 0; i < 98; ++i) take();
    lanes.consumed(1, 1000);
    CHECK_FALSE(lanes.grant_due());  // room for the largest message is left
    take();
    CHECK(lanes.next_grant() == CreditMessage{1, 151000});
    // More than was received never comes back.
    lanes.consumed(1, 1 << 30);
    CHECK(lanes.next_grant() == CreditMessage{1, 249000});
    CHECK(count(out) == 149);
}

TEST_CASE("lanes: messages that are laid out leave as far as credit, room and the turn go") {
    LanesOut lanes;
    lanes.add(Priority::consensus, 5 * credit_cost(100), 1000);
    Buffer chunks;
    for (int i = 0; i < 8; ++i) lay_out(chunks, 1, static_cast<Code>(i), Buffer(100));
    lanes.push_chunks(1, std::move(chunks), 8 * credit_cost(100));
    CHECK(lanes.queued_bytes() == 880);
    CHECK(fill(lanes, 109).empty());  // no room for one
    CHECK(fill(lanes, 329).size() == 220);
    CHECK(fill(lanes, 1000).size() == 330);  // then the credit is used up
    CHECK_FALSE(lanes.sendable());
    std::uint64_t drained = 0;
    const auto take_drained = [&] {
        lanes.take_drained(true, [&](LaneId lane, std::uint64_t bytes) {
            CHECK(lane == 1);
            drained += bytes;
        });
        return std::exchange(drained, 0);
    };
    CHECK(take_drained() == 5 * credit_cost(100));
    lanes.note_blocked(Instant{});
    CHECK(lanes.on_credit(1, 20 * credit_cost(100), Instant{} + 1s) == Duration{1s});
    const auto rest = fill(lanes, 1000);
    const auto last = chunks_of(rest);
    REQUIRE(last.size() == 3);
    CHECK(last.back().code == 7);
    CHECK(last.back().flags == chunk_flag::known);
    CHECK(take_drained() == 3 * credit_cost(100));
    CHECK(lanes.queued_bytes() == 0);
    CHECK_FALSE(lanes.sendable());
}

TEST_CASE("lanes: what is sent is received, however it is cut") {
    Rng rng{5};
    LanesOut sender;
    LanesIn receiver;
    for (const auto priority : {Priority::bulk, Priority::consensus, Priority::bulk}) {
        sender.add(priority, 20000, 10000);
        receiver.add(20000, 10000);
    }
    std::array<std::vector<Buffer>, 4> sent, got;
    for (int round = 0; round < 3000; ++round) {
        if (round < 2000) {
            const auto lane = static_cast<LaneId>(1 + rng.below(3));
            const auto size = rng.chance(0.5) ? rng.below(50) : rng.below(10001);
            Buffer bytes(static_cast<std::size_t>(size));
            for (auto& b : bytes) b = static_cast<std::byte>(rng.next());
            sent[lane].push_back(bytes);
            if (size < 50 && rng.chance(0.5)) {
                Buffer chunks;
                lay_out(chunks, lane, 9, bytes);
                auto cost = credit_cost(bytes.size());
                for (auto more = rng.below(40); more > 0; --more) {
                    bytes.push_back(std::byte{1});
                    sent[lane].push_back(bytes);
                    lay_out(chunks, lane, 9, bytes);
                    cost += credit_cost(bytes.size());
                }
                sender.push_chunks(lane, std::move(chunks), cost);
            } else {
                REQUIRE(sender.push(lane, 9, SharedBytes::own(std::move(bytes))));
            }
        }
        const auto msg = fill(sender, static_cast<std::size_t>(1000 + rng.below(8000)));
        Delivered out;
        for (const auto& chunk : chunks_of(msg)) REQUIRE(receiver.take(chunk, out));
        out.visit([&](const Delivered::Item& item) {
            got[item.lane].push_back(to_buffer(item.bytes));
            receiver.consumed(item.lane, credit_cost(item.bytes.size()));
            return true;
        });
        while (const auto grant = receiver.next_grant()) {
            REQUIRE(sender.on_credit(grant->lane, grant->limit, Instant{}));
        }
    }
    for (LaneId lane = 1; lane <= 3; ++lane) {
        CHECK(got[lane].size() == sent[lane].size());
        CHECK((got[lane] == sent[lane]));
    }
}

}  // namespace
}  // namespace parley::transport
