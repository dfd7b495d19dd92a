#include <parley/transport/link/pacer.hpp>

#include <parley/transport/link/test_link_pair.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace parley::transport {
namespace {

using namespace testing;

constexpr Instant start = Instant{} + 1h;

TEST_CASE("pacer: bytes take their time, after a burst of a quarter of a second") {
    Pacer pacer{1000};
    CHECK(pacer.spend(start, 200) == start);
    CHECK(pacer.spend(start, 100) == start + 50ms);
    CHECK(pacer.spend(start, 1000) == start + 1050ms);
    CHECK(pacer.spend(start + 5s, 250) == start + 5s);  // no more than the burst was saved
    CHECK(pacer.spend(start + 5s, 10) == start + 5s + 10ms);
    CHECK(Pacer{0}.spend(start, 1'000'000'000) == start);
}

TEST_CASE("pacer: another rate counts from the next bytes on") {
    Pacer pacer{0};
    CHECK(pacer.spend(start, 1'000'000) == start);
    pacer.set_rate(1000);
    CHECK(pacer.limits());
    CHECK(pacer.spend(start, 1250) == start + 1s);
    pacer.set_rate(0);
    CHECK(pacer.spend(start, 1'000'000) == start);
}

TEST_CASE("pacer: a limit that is set on links that are up slows them down") {
    LinkConfig config;
    config.bandwidth.up_all = std::make_shared<Pacer>(0);
    LinkPair pair{config};
    pair.bring_up();
    const auto pacer = config.bandwidth.up_all;
    pacer->set_rate(20'000);
    for (int i = 0; i < 100; ++i) pair.dialer.command(pair.now(), send_of(block_lane, 1, 10'000));
    pair.run_for(30s);
    std::size_t bytes = 0;
    for (const auto& message : received(pair.listener)) bytes += message.bytes.size();
    CHECK(bytes >= 560'000);
    CHECK(bytes <= 640'000);
}

TEST_CASE("pacer: those who share one have the rate together, and each its turn") {
    Pacer pacer{10'000};
    std::vector<std::uint64_t> moved(4);
    std::vector<Instant> next(4, start);
    for (Instant now = start; now < start + 100s; now += 1ms) {
        for (std::size_t i = 0; i < next.size(); ++i) {
            if (next[i] > now) continue;
            moved[i] += 100 * (i + 1);
            next[i] = pacer.spend(now, 100 * (i + 1));
        }
    }
    std::uint64_t all = 0;
    for (const auto one : moved) all += one;
    CHECK(all >= 990'000);
    CHECK(all <= 1'010'000);
    CHECK(moved[0] >= 90'000);  // the smallest moves fewer bytes a turn, but has as many turns
}

TEST_CASE("pacer: a link keeps to its upload limit, and is up all the same") {
    LinkConfig config;
    config.bandwidth.up_per_link = 20'000;
    LinkPair pair{config};
    pair.bring_up();
    for (int i = 0; i < 100; ++i) pair.dialer.command(pair.now(), send_of(block_lane, 1, 10'000));
    pair.run_for(30s);
    std::size_t bytes = 0;
    for (const auto& message : received(pair.listener)) bytes += message.bytes.size();
    CHECK(bytes >= 560'000);
    CHECK(bytes <= 620'000);
    CHECK_FALSE(pair.dialer.has<Closed>());
    CHECK_FALSE(pair.listener.has<Closed>());
    // Last words do not wait.
    pair.dialer.command(pair.now(), Refuse{{CloseReason::requested, {}, {}, {}}});
    pair.pump();
    CHECK(pair.listener.closed().reason == CloseReason::requested);
}

TEST_CASE("pacer: links share the limit of all") {
    LinkConfig config;
    config.bandwidth.up_all = std::make_shared<Pacer>(100'000);
    LinkPair a{config};
    LinkPair b{config};
    a.bring_up();
    b.bring_up();
    for (LinkPair* pair : {&a, &b}) {
        for (int i = 0; i < 100; ++i) {
            pair->dialer.command(pair->now(), send_of(block_lane, 1, 10'000));
        }
        pair->pump();
    }
    for (int i = 0; i < 500; ++i) {
        a.run_for(10ms);
        b.run_for(10ms);
    }
    std::size_t bytes = 0;
    for (LinkPair* pair : {&a, &b}) {
        std::size_t of_one = 0;
        for (const auto& message : received(pair->listener)) of_one += message.bytes.size();
        CHECK(of_one >= 200'000);
        bytes += of_one;
    }
    CHECK(bytes >= 460'000);
    CHECK(bytes <= 530'000);
}

TEST_CASE("pacer: nobody waits longer than four seconds, whatever the others moved") {
    Pacer pacer{1000};
    for (int i = 0; i < 100; ++i) pacer.spend(start, 10'000);
    CHECK(pacer.spend(start, 10'000) == start + 4s);
    CHECK(pacer.spend(start + 4s, 1000) == start + 5s);
}

TEST_CASE("pacer: turns are a sixteenth of a second's worth") {
    CHECK(Pacer{0}.turn_bytes() == 16 * 1024);
    CHECK(Pacer{1}.turn_bytes() == 1024);
    CHECK(Pacer{100 * 1024}.turn_bytes() == 6400);
    CHECK(Pacer{1U << 30}.turn_bytes() == 16 * 1024);
}

TEST_CASE("pacer: strangers in their handshakes make no link wait") {
    LinkConfig config;
    config.bandwidth.up_all = std::make_shared<Pacer>(1000);
    config.bandwidth.down_all = std::make_shared<Pacer>(1000);
    for (int i = 0; i < 20; ++i) {
        LinkPair stranger{config};
        stranger.pump();
        stranger.dialer.command(stranger.now(), Proceed{});
        stranger.pump();
    }
    CHECK(config.bandwidth.up_all->spend(at({}).instant, 0) == at({}).instant);
    CHECK(config.bandwidth.down_all->spend(at({}).instant, 0) == at({}).instant);
}

TEST_CASE("pacer: what a link reads is paid for before it reads on, and that is no silence") {
    LinkConfig config;
    config.bandwidth.down_per_link = 1000;
    config.heartbeat = {.interval = 1s, .timeout = 1s};
    LinkPair pair{config};
    pair.bring_up();
    pair.dialer.command(pair.now(), send_of(block_lane, 1, 50'000));
    pair.pump();
    CHECK(pair.listener.link.read_at() == pair.now().instant + 4s);
    (void)received(pair.listener);
    pair.time += 5s;  // longer than a silent peer is kept
    pair.listener.link.on_timer(pair.now(), pair.listener.events);
    CHECK_FALSE(pair.listener.has<Closed>());
    pair.time += 1s;  // but not for ever
    pair.listener.link.on_timer(pair.now(), pair.listener.events);
    CHECK(pair.listener.closed().reason == CloseReason::silent);
}

}  // namespace
}  // namespace parley::transport
