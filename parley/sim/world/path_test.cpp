#include <parley/sim/world/path.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

using namespace parley;
using namespace parley::sim;

namespace {

constexpr int draws = 100'000;

constexpr Instant at(Duration since_origin) {
    return Instant{since_origin};
}

PathConfig rough() {
    return {.base = 40ms,
            .jitter_mean = 3ms,
            .tail_per_million = 20'000,
            .tail_mean = 200ms,
            .bytes_per_second = 1'000'000};
}

}  // namespace

TEST_CASE("exponential: mean, quantiles and bound") {
    Rng rng{1};
    std::vector<Duration> times;
    Duration sum{};
    for (int i = 0; i < draws; ++i) {
        times.push_back(exponential(1s, rng));
        sum += times.back();
    }
    std::ranges::sort(times);
    CHECK(times.front() >= 0s);
    CHECK(times.back() < 23s);
    // Of 100,000 draws the mean strays by 0.32 % (one sigma).
    CHECK(sum / draws > 990ms);
    CHECK(sum / draws < 1010ms);
    // -ln(1 - p) at p = 1/10, 1/2, 9/10, 99/100, 999/1000; within four sigma or more.
    const auto near = [&](std::size_t rank, Duration want, Duration slack) {
        CAPTURE(rank);
        CHECK(times[rank] > want - slack);
        CHECK(times[rank] < want + slack);
    };
    near(10'000, 105'361us, 4'500us);
    near(50'000, 693'147us, 13ms);
    near(90'000, 2'302'585us, 38ms);
    near(99'000, 4'605'170us, 130ms);
    near(99'900, 6'907'755us, 400ms);
}

TEST_CASE("exponential: no mean, no draw; the largest mean does not overflow") {
    Rng rng{1};
    CHECK(exponential(0s, rng) == 0s);
    CHECK(rng.next() == Rng{1}.next());
    for (int i = 0; i < 1000; ++i) {
        const auto time = exponential(Duration::max() / 23, rng);
        REQUIRE(time >= 0s);
    }
}

TEST_CASE("a path without anything takes no time, one with a base takes that") {
    Rng rng{1};
    Path none{{}};
    CHECK(none.send(at(5ms), 1'000'000, rng) == at(5ms));
    Path base{{.base = 30ms}};
    CHECK(base.send(at(5ms), 1'000'000, rng) == at(35ms));
    CHECK(base.line_free_at() == at(5ms));
    CHECK(rng.next() == Rng{1}.next());
}

TEST_CASE("bandwidth is respected exactly, however the bytes are cut") {
    Rng rng{1};
    const PathConfig config{.base = 10ms, .bytes_per_second = 7'000'000};
    Path whole{config};
    const Instant one = whole.send(at(1s), 7'000'000, rng);
    CHECK(one == at(1s + 1s + 10ms));
    CHECK(whole.line_free_at() == at(2s));
    // What waits begins when the line is free, what comes later when it comes.
    CHECK(whole.send(at(1500ms), 700'000, rng) == at(2s + 100ms + 10ms));
    CHECK(whole.send(at(9s), 700'000, rng) == at(9s + 100ms + 10ms));

    // 1 byte is 142.857... ns: no fraction gets lost.
    Path cut{config};
    Instant last{};
    for (int i = 0; i < 7'000'000; ++i) last = cut.send(at(1s), 1, rng);
    CHECK(last == one);
    Path single{config};
    CHECK(single.send(at(0s), 1, rng) == at(10ms + 143ns));
    CHECK(single.send(at(0s), 1, rng) == at(10ms + 286ns));
    CHECK(single.send(at(0s), 1, rng) == at(10ms + 429ns));
    CHECK(single.send(at(0s), 0, rng) == at(10ms + 429ns));

    // Large numbers: 1 TB at 3 B/s, 1 TB at 1 TB/s.
    constexpr std::size_t terabyte = 1'000'000'000'000;
    Path slow{{.bytes_per_second = 3}};
    CHECK(slow.send(at(0s), 3'000'000'000, rng) == at(1'000'000'000s));
    Path fast{{.bytes_per_second = terabyte}};
    CHECK(fast.send(at(0s), 60 * terabyte, rng) == at(60s));
}

TEST_CASE("a stream keeps its order and never beats base and bandwidth") {
    Rng rng{7};
    Path path{rough()};
    Instant now{};
    Instant last{};
    Instant line{};
    std::size_t held = 0;
    for (int i = 0; i < draws; ++i) {
        now += Duration{static_cast<std::int64_t>(rng.below(2'000'000))};
        const auto bytes = rng.below(1500);
        line = std::max(line, now) + std::chrono::microseconds{bytes};
        const Instant arrival = path.send(now, bytes, rng);
        REQUIRE(arrival >= last);
        REQUIRE(arrival >= line + 40ms);
        REQUIRE(path.line_free_at() == line);
        held += arrival == last ? 1 : 0;
        last = arrival;
    }
    CHECK(held > 0);  // some had to wait for one before that was late
}

TEST_CASE("jitter and tail have their means") {
    Rng rng{3};
    Duration jitter{};
    Duration tail{};
    for (int i = 0; i < draws; ++i) {
        // A path of its own for each, so that none waits for another.
        jitter += Path{{.jitter_mean = 3ms}}.send(at(0s), 100, rng) - at(0s);
        tail +=
            Path{{.tail_per_million = 20'000, .tail_mean = 200ms}}.send(at(0s), 100, rng) - at(0s);
    }
    CHECK(jitter / draws > 2'970us);
    CHECK(jitter / draws < 3'030us);
    // 2 % of 200 ms; about 2,000 of them, hence one sigma is 3 %.
    CHECK(tail / draws > 3'600us);
    CHECK(tail / draws < 4'400us);
}

TEST_CASE("datagrams: without faults each arrives once and in order") {
    Rng rng{4};
    DatagramPath path{rough(), {}};
    Instant last{};
    for (int i = 0; i < 10'000; ++i) {
        const Instant now = at(i * 100us);
        const auto arrivals = path.deliveries(now, 100, rng);
        REQUIRE(arrivals.size() == 1);
        REQUIRE(arrivals[0] >= now + 40ms);
        REQUIRE(arrivals[0] >= last);
        last = arrivals[0];
    }
}

TEST_CASE("datagrams over the MTU are lost and take no time of the line") {
    Rng rng{4};
    DatagramPath path{{.bytes_per_second = 1000}, {.mtu = 1280}};
    CHECK(path.deliveries(at(0s), 1281, rng).empty());
    const auto fits = path.deliveries(at(0s), 1280, rng);
    REQUIRE(fits.size() == 1);
    CHECK(fits[0] == at(1280ms));
    CHECK(rng.next() == Rng{4}.next());
}

TEST_CASE("datagrams: loss, doubling and reordering are as often as set") {
    Rng rng{5};
    const DatagramFaults faults{.loss = 50'000, .duplicate = 20'000, .reorder = 30'000};
    DatagramPath path{{.base = 10ms}, faults};
    int lost = 0;
    int doubled = 0;
    int overtaken = 0;
    Instant last{};
    for (int i = 0; i < draws; ++i) {
        const Instant now = at(i * 1ms);
        const auto arrivals = path.deliveries(now, 100, rng);
        if (arrivals.empty()) {
            ++lost;
            continue;
        }
        if (arrivals.size() == 2) {
            ++doubled;
            REQUIRE(arrivals[0] <= arrivals[1]);
            REQUIRE(arrivals[1] >= now + 10ms + 20ms);
            REQUIRE(arrivals[1] < now + 10ms + 40ms);
        }
        if (arrivals[0] != now + 10ms) {
            ++overtaken;
            REQUIRE(arrivals[0] >= now + 10ms + 20ms);
            REQUIRE(arrivals[0] < now + 10ms + 40ms);
        }
        for (const Instant arrival : arrivals) last = std::max(last, arrival);
    }
    CHECK(last > at(draws * 1ms));
    const auto near = [](int got, double want) {
        CHECK(got > want * 0.93);
        CHECK(got < want * 1.07);
    };
    near(lost, draws * 0.05);
    near(doubled, draws * 0.95 * 0.02);
    near(overtaken, draws * 0.95 * 0.03);
}

TEST_CASE("datagrams: a chance of a million is certain") {
    Rng rng{6};
    DatagramPath lossy{{}, {.loss = per_million}};
    DatagramPath doubling{{}, {.duplicate = per_million, .reorder = per_million, .late_min = 0ms}};
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(lossy.deliveries(at(0s), 100, rng).empty());
        const auto arrivals = doubling.deliveries(at(1ms), 100, rng);
        REQUIRE(arrivals.size() == 2);
        REQUIRE(arrivals[0] == at(1ms));
        REQUIRE(arrivals[1] == at(1ms));
    }
}

// What a compiler, a library or a change of the code must not alter: runs are replayed from seeds.
// The numbers come from a second implementation, in Python with exact fractions.
TEST_CASE("the same seed gives the same times everywhere") {
    Rng rng{42};
    std::array<std::int64_t, 8> plain{};
    for (auto& time : plain) time = exponential(1s, rng).count();
    CHECK(plain == std::array<std::int64_t, 8>{2'103'523'884, 932'702'445, 119'991'935, 7'254'569,
                                               585'566'846, 2'883'361, 194'263'354, 617'556'473});

    Path path{rough()};
    std::array<std::int64_t, 8> stream{};
    for (std::size_t i = 0; i < stream.size(); ++i) {
        stream[i] = path.send(at(i * 10ms), 1000, rng).time_since_epoch().count();
    }
    CHECK(stream == std::array<std::int64_t, 8>{41'730'036, 51'071'530, 61'295'491, 72'929'123,
                                                82'670'500, 92'867'525, 108'343'146, 114'109'310});

    DatagramPath datagrams{rough(), {.loss = 200'000, .duplicate = 300'000, .reorder = 300'000}};
    std::vector<std::int64_t> arrivals;
    for (std::size_t i = 0; i < 8; ++i) {
        for (const Instant arrival : datagrams.deliveries(at(i * 10ms), 100, rng)) {
            arrivals.push_back(arrival.time_since_epoch().count());
        }
        arrivals.push_back(0);  // ends a datagram
    }
    CHECK(arrivals == std::vector<std::int64_t>{43'386'578, 0, 54'373'734, 0, 89'601'524, 0,
                                                72'053'864, 0, 85'185'867, 0, 0, 100'742'443, 0,
                                                111'347'240, 147'094'563, 0});
    // And far along, a hash over a million draws.
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (int i = 0; i < 1'000'000; ++i) {
        hash = (hash ^ static_cast<std::uint64_t>(exponential(1h, rng).count())) * 0x100000001b3ULL;
    }
    CHECK(hash == 658703963847975800ULL);
}
