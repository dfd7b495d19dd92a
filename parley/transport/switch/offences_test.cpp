#include <parley/transport/switch/offences.hpp>

#include <parley/base/store.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::transport;

namespace {

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}
NodeId node(unsigned char n) {
    NodeId id;
    id.key[0] = std::byte{2};
    id.key[32] = std::byte{n};
    return id;
}
Now at(Duration d) {
    return {Instant{} + d, UnixTime{} + std::chrono::hours{24 * 365} +
                               std::chrono::duration_cast<std::chrono::milliseconds>(d)};
}

}  // namespace

TEST_CASE("offences: prices add up to a ban of the ID, and never of its address") {
    Offences offences{{}, 7};
    const IpAddress from = ip("203.0.113.7");
    CHECK_FALSE(offences.charge(at(0s), node(1), from, Offence::malformed));
    CHECK(offences.find(at(0s), node(1)) == nullptr);
    CHECK(offences.charge(at(0s), node(1), from, Offence::malformed));
    REQUIRE(offences.find(at(0s), node(1)) != nullptr);
    CHECK(offences.find(at(0s), node(1))->why == "malformed");
    CHECK(offences.find(at(0s), from) == nullptr);  // neighbours share it
    CHECK(offences.find(at(0s), node(2)) == nullptr);
    CHECK(offences.find(at(23h), node(1)) != nullptr);
    CHECK(offences.find(at(24h), node(1)) == nullptr);
}

TEST_CASE("offences: a score halves in its half-life") {
    OffenceConfig config;
    config.half_life = 10min;
    Offences offences{config, 7};
    offences.charge(at(0s), node(1), ip("8.8.8.8"), Offence::malformed);
    CHECK(offences.score(at(0s), node(1)) == doctest::Approx(50.0));
    CHECK(offences.score(at(10min), node(1)) == doctest::Approx(25.0));
    CHECK(offences.score(at(20min), node(1)) == doctest::Approx(12.5));
    CHECK_FALSE(offences.charge(at(10min), node(1), ip("8.8.8.8"), Offence::malformed));
    CHECK(offences.score(at(10min), node(1)) == doctest::Approx(75.0));
    CHECK(offences.score(at(0s), node(9)) == 0.0);
}

TEST_CASE("offences: the owner bans IPv6 by /64") {
    Offences offences{{}, 7};
    const auto until = at(1h).unix_time;
    CHECK(offences.impose(at(0s), {exact_group(ip("2001:db8::1")), until, "test"}));
    CHECK(offences.find(at(0s), ip("2001:db8::2")) != nullptr);
    CHECK(offences.find(at(0s), ip("2001:db8:0:1::1")) == nullptr);
}

TEST_CASE("offences: bans outlive a restart") {
    Offences before{{}, 7};
    before.ban(at(0s), node(1), "first");
    const auto day = at(24h).unix_time;
    CHECK(before.impose(at(0s), {exact_group(ip("8.8.8.8")), day, "second"}));
    CHECK(before.impose(at(0s), {exact_group(ip("2001:db8::1")), day, "third"}));
    CHECK(before.impose(at(0s), {exact_group(ip("10.0.0.1")), at(2h).unix_time, "fourth"}));
    MemoryStore store;
    StoreBatch batch;
    before.take_changes(batch);
    CHECK(batch.changes.size() == 4);
    REQUIRE(store.write(batch).has_value());

    std::vector<Ban> read;
    const auto scanned = store.scan(Offences::table, [&](Bytes key, Bytes value) {
        read.push_back(Offences::decode(key, value).value());
        return true;
    });
    REQUIRE(scanned.has_value());
    CHECK(read == before.bans());
    Offences after{{}, 8};
    after.load(at(1h), read);
    CHECK(after.find(at(1h), node(1)) != nullptr);
    CHECK(after.find(at(1h), ip("8.8.8.8")) != nullptr);
    CHECK(after.find(at(1h), ip("2001:db8::99")) != nullptr);
    CHECK(after.bans() == before.bans());
    REQUIRE(after.find(at(1h), ip("10.0.0.1")) != nullptr);
    CHECK(after.find(at(1h), ip("10.0.0.1"))->by_owner);
    CHECK_FALSE(after.find(at(1h), node(1))->by_owner);
    CHECK(after.find(at(2h), ip("10.0.0.1")) == nullptr);

    CHECK(after.unban(node(1)));
    CHECK_FALSE(after.unban(node(1)));
    StoreBatch failed;
    after.take_changes(failed);
    CHECK_FALSE(after.changed());
    after.write_again(failed);
    StoreBatch changes;
    after.take_changes(changes);
    REQUIRE(changes.changes.size() == failed.changes.size());
    REQUIRE(store.write(changes).has_value());
    std::size_t left = 0;
    REQUIRE(store
                .scan(Offences::table,
                      [&](Bytes, Bytes) {
                          ++left;
                          return true;
                      })
                .has_value());
    CHECK(left == 3);
    StoreBatch none;
    after.take_changes(none);
    CHECK(none.empty());

    // Earlier versions banned addresses for what a node there did.
    Offences forgiving{{}, 9};
    forgiving.load(at(1h), {{exact_group(ip("9.9.9.9")), day, "malformed"}});
    CHECK(forgiving.bans().empty());
    CHECK(forgiving.changed());

    Offences late{{}, 9};
    late.load(at(25h), read);
    CHECK(late.bans().empty());
    StoreBatch cleared;
    late.take_changes(cleared);
    CHECK(cleared.changes.size() == 1);  // what is over leaves the store
    // The owner's does so later: this clock may be ahead, and the next one right.
    Offences much_later{{}, 9};
    much_later.load(at(48h + Offences::owners_kept), read);
    much_later.take_changes(cleared);
    CHECK(cleared.changes.size() == 1 + 4);
}

TEST_CASE(
    "offences: the owner's bans replace others, and others neither replace nor outlast them") {
    OffenceConfig config;
    config.bans_max = 3;
    Offences offences{config, 7};
    offences.ban(at(0s), node(1), "malformed");
    const auto until = [](Duration d) { return at(d).unix_time; };
    CHECK(offences.impose(at(0s), {node(1), until(1h), "rude"}));
    REQUIRE(offences.find(at(59min), node(1)) != nullptr);
    CHECK(offences.find(at(59min), node(1))->why == "rude");
    CHECK(offences.find(at(61min), node(1)) == nullptr);
    offences.ban(at(0s), node(1), "malformed");  // lasts longer, and remains the owner's
    CHECK(offences.find(at(23h), node(1))->why == "rude");
    CHECK(offences.impose(at(0s), {exact_group(ip("10.0.0.1")), until(1h), std::string(200, 'x')}));
    CHECK(offences.find(at(0s), ip("10.0.0.1"))->why.size() == Ban::why_bytes_max);
    for (unsigned char i = 10; i < 20; ++i) offences.ban(at(0s), node(i), "flood");
    CHECK(offences.bans().size() == 3);
    CHECK(offences.find(at(0s), ip("10.0.0.1")) != nullptr);
    CHECK(offences.impose(at(0s), {node(2), until(1h), ""}));
    CHECK_FALSE(offences.impose(at(0s), {node(3), until(1h), ""}));
    offences.ban(at(0s), node(4), "flood");
    CHECK(offences.find(at(0s), node(4)) == nullptr);
    CHECK(offences.impose(at(2h), {node(3), until(3h), ""}));  // over ones make room
    CHECK(offences.unban(node(1)));
    CHECK(offences.find(at(2h), node(1)) == nullptr);
}

TEST_CASE("offences: damaged entries of the store are refused") {
    Offences offences{{}, 7};
    CHECK(offences.impose(at(0s), {exact_group(ip("2001:db8::1")), at(1h).unix_time, "why"}));
    StoreBatch batch;
    offences.take_changes(batch);
    const Buffer key = batch.changes.at(0).key;
    const Buffer value = batch.changes.at(0).value.value();
    REQUIRE(Offences::decode(key, value).has_value());
    const auto with = [](Buffer b, std::size_t i, unsigned char c) {
        b[i] = std::byte{c};
        return b;
    };
    struct Case {
        const char* what;
        Buffer key;
        Buffer value;
    };
    const std::vector<Case> cases{
        {"no key", {}, value},
        {"unknown tag", with(key, 0, 'x'), value},
        {"short key", to_buffer(Bytes{key}.first(key.size() - 1)), value},
        {"no family", with(key, 1, 5), value},
        {"a whole group", with(key, 2, 48), value},
        {"bits beyond the /64", with(key, key.size() - 1, 1), value},
        {"short value", key, to_buffer(Bytes{value}.first(7))},
        {"absurd time", key, with(value, 0, 0xc0)},
        {"long text", key, Buffer(8 + Ban::why_bytes_max + 1)},
        {"an ID's tag on an address", with(key, 0, 'i'), value},
    };
    for (const Case& c : cases) {
        CAPTURE(c.what);
        CHECK_FALSE(Offences::decode(c.key, c.value).has_value());
    }
}

TEST_CASE("offences: every table is bounded; the ban that ends first makes room") {
    OffenceConfig config;
    config.bans_max = 4;
    config.scores_max = 4;
    Offences offences{config, 7};
    for (unsigned char i = 0; i < 100; ++i) {
        offences.ban(at(std::chrono::seconds{i}), node(i), std::string(1000, 'x'));
        offences.charge(at(0s), node(i), ip("8.8.8.8"), Offence::useless);
    }
    CHECK(offences.bans().size() == 4);
    CHECK(offences.find(at(100s), node(99)) != nullptr);
    CHECK(offences.find(at(100s), node(95)) == nullptr);
    CHECK(offences.bans()[0].why.size() == Ban::why_bytes_max);
    CHECK(offences.score(at(0s), node(0)) == 0.0);
    StoreBatch batch;
    offences.take_changes(batch);
    CHECK(batch.changes.size() <= 8);
}

TEST_CASE(
    "offences: who has many addresses in one group makes the node forget its own bans alone") {
    OffenceConfig config;
    config.bans_max = 8;
    Offences offences{config, 7};
    for (unsigned char i = 1; i <= 4; ++i) {
        const auto from = "20." + std::to_string(i) + ".0.1";
        offences.ban(at(0s), node(i), "long-standing", ip(from.c_str()));
    }
    for (unsigned char i = 10; i < 210; ++i) {
        const auto from = "8.8." + std::to_string(i) + ".1";
        offences.ban(at(1min + std::chrono::seconds{i}), node(i), "flood", ip(from.c_str()));
    }
    CHECK(offences.bans().size() == 8);
    for (unsigned char i = 1; i <= 4; ++i) CHECK(offences.find(at(5min), node(i)) != nullptr);
    CHECK(offences.find(at(5min), node(209)) != nullptr);
    CHECK(offences.find(at(5min), node(205)) == nullptr);
}
