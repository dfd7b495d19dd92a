#include <parley/discovery/discv5/group_key.hpp>
#include <parley/discovery/discv5/table.hpp>
#include <parley/discovery/discv5/test_network.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using discovery::discv5::test::at;
using discovery::discv5::test::endpoint_in;

namespace {

constexpr Id self{};

/// A table that is driven by its own wake-ups: each check is answered, or not, 100 ms later.
struct Driver {
    Table table{{}, self, Rng{3}};
    Rng rng{4};
    std::uint32_t groups = 0;
    Duration now = 0s;
    std::map<Id, std::vector<Duration>> checks;
    std::function<bool(const Contact&)> lives = [](const Contact&) { return true; };
    /// Called before each step.
    std::function<void()> meanwhile = [] {};

    Contact add(unsigned distance, Origin origin) {
        const Contact node{random_at_distance(self, distance, rng), endpoint_in(groups++), 1, {}};
        table.add(at(now), node, origin);
        return node;
    }
    /// Steps of 10 ms.
    void run(Duration span) {
        std::vector<std::pair<Duration, Contact>> asked;
        for (const Duration end = now + span; now < end; now += 10ms) {
            meanwhile();
            while (!asked.empty() && asked.front().first + 100ms <= now) {
                const Contact node = asked.front().second;
                asked.erase(asked.begin());
                lives(node) ? table.on_alive(at(now), node.id, node.endpoint)
                            : table.on_failed(at(now), node.id, node.endpoint);
            }
            if (table.next_wakeup() > at(now).instant) {
                REQUIRE(table.next_check(at(now)) == nullptr);
                continue;
            }
            if (const auto* entry = table.next_check(at(now))) {
                checks[entry->contact.id].push_back(now);
                asked.emplace_back(now, entry->contact);
            }
        }
    }
    bool checked(const Contact& node) const {
        const auto* entry = table.find(node.id);
        return entry && entry->checked;
    }
};

}  // namespace

TEST_CASE("who came is checked at once, who was heard of soon after") {
    Driver driver;
    const Contact heard = driver.add(256, Origin::heard), came = driver.add(255, Origin::met);
    driver.run(5s);
    REQUIRE(driver.checks[came.id].size() == 1);
    CHECK(driver.checks[came.id][0] <= 10ms);
    REQUIRE(driver.checks[heard.id].size() == 1);
    CHECK(driver.checks[heard.id][0] >= 500ms);
    CHECK(driver.checks[heard.id][0] <= 2s);
    CHECK(driver.checked(heard));
}

TEST_CASE("many who come at once can all be told to others within seconds, amid others") {
    Driver driver;
    // A table that was just filled with what was heard, and that hears more all the time.
    for (unsigned distance = 256; distance > 246; --distance) {
        for (int i = 0; i < 12; ++i) driver.add(distance, Origin::heard);
    }
    driver.meanwhile = [&] {
        if (driver.rng.chance(0.2)) driver.add(256, Origin::heard);
    };
    driver.run(500ms);
    std::vector<Contact> came;
    for (unsigned distance = 256; distance > 236; --distance) {
        came.push_back(driver.add(distance, Origin::met));
        came.push_back(driver.add(distance, Origin::met));
    }
    driver.run(15s);
    for (const auto& node : came) CHECK(driver.checked(node));
}

TEST_CASE("a stream of newcomers does not keep the others from being checked") {
    for (const Origin origin : {Origin::met, Origin::heard}) {
        Driver driver;
        std::vector<Contact> old;
        for (int i = 0; i < 10; ++i) old.push_back(driver.add(256, Origin::met));
        driver.run(30s);
        for (const auto& node : old) REQUIRE(driver.checked(node));
        driver.checks.clear();
        // They never answer, so that there is always room for more.
        driver.lives = [&](const Contact& node) {
            return std::ranges::find(old, node.id, &Contact::id) != old.end();
        };
        driver.meanwhile = [&] {
            for (unsigned distance = 255; distance > 200; --distance) {
                if (driver.rng.chance(0.1)) driver.add(distance, origin);
            }
        };
        driver.run(5min);
        for (const auto& node : old) CHECK(driver.checks[node.id].size() >= 2);
    }
}

TEST_CASE("who lives is checked ever more seldom, and not all at the same time") {
    Driver driver;
    std::vector<Contact> nodes;
    for (int i = 0; i < 16; ++i) nodes.push_back(driver.add(256, Origin::met));
    driver.run(3h);
    std::set<Duration> last;
    for (const auto& node : nodes) {
        const auto& checks = driver.checks[node.id];
        REQUIRE(checks.size() > 10);
        CHECK(checks.size() < 40);
        CHECK(checks[1] - checks[0] <= 13s);
        const Duration gap = checks.back() - checks[checks.size() - 2];
        CHECK(gap >= 7min);
        CHECK(gap <= 13min);
        last.insert(gap);
    }
    CHECK(last.size() > 10);
}

TEST_CASE("who answers other requests all the time is checked nevertheless") {
    Driver driver;
    const Contact node = driver.add(256, Origin::met);
    driver.run(1min);
    const auto before = driver.checks[node.id].size();
    driver.meanwhile = [&] { driver.table.on_alive(at(driver.now), node.id, node.endpoint); };
    driver.run(1h);
    CHECK(driver.checks[node.id].size() >= before + 5);
    CHECK(driver.checks[node.id].size() <= before + 15);
}

TEST_CASE("who failed is checked often again, though it lives") {
    Driver driver;
    const Contact other = driver.add(255, Origin::met), node = driver.add(256, Origin::met);
    driver.run(2h);
    int failures = 1;
    driver.lives = [&](const Contact& asked) { return asked.id != node.id || failures-- <= 0; };
    driver.run(15min);
    REQUIRE(failures < 0);
    const auto& checks = driver.checks[node.id];
    driver.run(2h);
    std::size_t failed = 0;  // the first of two checks that follow on each other closely
    for (std::size_t i = checks.size() - 1; i > 2 && failed == 0; --i) {
        if (checks[i] - checks[i - 1] <= 3s) failed = i - 1;
    }
    REQUIRE(failed > 0);
    CHECK(checks[failed] - checks[failed - 1] >= 7min);
    CHECK(checks[failed + 2] - checks[failed + 1] <= 13s);
    CHECK(driver.checked(node));
    CHECK(driver.checked(other));
}

TEST_CASE("checks keep their distance from each other") {
    Driver driver;
    for (unsigned distance = 256; distance > 240; --distance) {
        for (int i = 0; i < 16; ++i) driver.add(distance, Origin::met);
    }
    driver.run(1min);
    std::vector<Duration> all;
    for (const auto& [id, times] : driver.checks) all.insert(all.end(), times.begin(), times.end());
    std::ranges::sort(all);
    REQUIRE(all.size() > 256);
    for (std::size_t i = 1; i < all.size(); ++i) REQUIRE(all[i] - all[i - 1] >= 100ms);
}

TEST_CASE("a check whose end nobody tells of comes again") {
    Table table{{}, self, Rng{1}};
    Rng rng{2};
    const Contact node{random_at_distance(self, 256, rng), endpoint_in(1), 1, {}};
    table.add(at(0s), node, Origin::met);
    REQUIRE(table.next_check(at(0s)));
    CHECK_FALSE(table.next_check(at(1s)));
    CHECK(table.next_wakeup() == at(3s).instant);
    CHECK(table.next_check(at(3s)));
}

TEST_CASE("limits, counts and places hold through thousands of random calls") {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Rng rng{seed};
        Table table{{}, self, rng.split("table")};
        std::vector<Contact> nodes;
        std::map<Id, bool> live;
        for (int i = 0; i < 400; ++i) {
            const auto distance = 256 - static_cast<unsigned>(rng.below(6));
            const auto group = static_cast<std::uint32_t>(rng.below(60));
            nodes.push_back({random_at_distance(self, distance, rng),
                             endpoint_in(group, static_cast<std::uint32_t>(rng.below(250))),
                             1,
                             {}});
            if (i % 10 == 0) nodes.back().endpoint = *Endpoint::parse("10.0.0.1:1");
            live[nodes.back().id] = rng.chance(0.6);
        }
        Duration now = 0s;
        std::size_t replaced = 0;
        for (int step = 0; step < 6'000; ++step) {
            now += std::chrono::milliseconds{rng.below(300)};
            auto& node = nodes[static_cast<std::size_t>(rng.below(nodes.size()))];
            std::set<Id> checked_before;
            table.for_each([&](const TableEntry& entry, bool in) {
                if (in && entry.checked && entry.failures == 0) {
                    checked_before.insert(entry.contact.id);
                }
            });
            std::optional<Id> failed, removed, moved;
            const std::size_t waiting_before = table.replacements();
            const auto add = [&](Origin origin) {
                const auto* entry = table.find(node.id);
                if (entry && entry->contact.endpoint != node.endpoint) moved = node.id;
                table.add(at(now), node, origin);
            };
            switch (rng.below(12)) {
                case 0:
                    node.sequence += 1;
                    if (rng.chance(0.5)) {
                        node.endpoint = endpoint_in(static_cast<std::uint32_t>(rng.below(60)),
                                                    static_cast<std::uint32_t>(rng.below(250)));
                    }
                    [[fallthrough]];
                case 1:
                case 2:
                case 3:
                    add(Origin::heard);
                    break;
                case 4:
                    add(Origin::met);
                    break;
                case 5:
                    live[node.id] = !live[node.id];
                    break;
                case 6:
                    if (rng.chance(0.1)) {
                        table.remove(at(now), node.id);
                        removed = node.id;
                    }
                    break;
                default:
                    if (const auto* entry = table.next_check(at(now))) {
                        const Contact asked = entry->contact;
                        if (live[asked.id]) {
                            table.on_alive(at(now), asked.id, asked.endpoint);
                        } else {
                            failed = asked.id;
                            table.on_failed(at(now), asked.id, asked.endpoint);
                            replaced += table.replacements() < waiting_before ? 1 : 0;
                        }
                    }
            }
            // Who was well before is still there.
            for (const auto& id : checked_before) {
                if (id == failed || id == removed || id == moved) continue;
                const auto* entry = table.find(id);
                REQUIRE(entry);
                REQUIRE(entry->checked);
            }
            std::set<Id> seen;
            std::map<unsigned, std::pair<std::size_t, std::size_t>> in_bucket;
            std::map<std::pair<unsigned, std::uint64_t>, std::size_t> of_bucket_group;
            std::map<std::uint64_t, std::size_t> of_group;
            std::size_t entries = 0, replacements = 0;
            Instant earliest = never;
            table.for_each([&](const TableEntry& entry, bool in) {
                REQUIRE(seen.insert(entry.contact.id).second);
                const unsigned distance = log_distance(self, entry.contact.id);
                (in ? in_bucket[distance].first : in_bucket[distance].second) += 1;
                (in ? entries : replacements) += 1;
                if (in) {
                    REQUIRE(entry.next_check != never);
                    earliest = std::min(earliest, entry.next_check);
                }
                if (const auto group = group_key(entry.contact.endpoint.address)) {
                    ++of_group[group];
                    ++of_bucket_group[{distance, group}];
                }
            });
            REQUIRE(entries == table.size());
            REQUIRE(replacements == table.replacements());
            // Never later than need be.
            REQUIRE(table.next_wakeup() <= std::max(earliest, at(now).instant + 100ms));
            for (const auto& [distance, counts] : in_bucket) {
                REQUIRE(counts.first <= Table::entries_max);
                REQUIRE(counts.second <= Table::replacements_max);
            }
            for (const auto& [group, count] : of_group) REQUIRE(count <= Table::table_group_max);
            for (const auto& [group, count] : of_bucket_group) {
                REQUIRE(count <= Table::bucket_group_max);
            }
        }
        CHECK(replaced > 5);
        // What it counted of groups is what is there: all leave, and all may come again.
        for (int i = 0; i < 2; ++i) {  // who waited has entered meanwhile
            for (const auto& node : nodes) table.remove(at(now), node.id);
        }
        REQUIRE(table.size() + table.replacements() == 0);
        for (unsigned i = 0; i < 10; ++i) {
            const Contact one{random_at_distance(self, 256 - i / 2, rng), endpoint_in(7, i), 1, {}};
            CHECK(table.add(at(now), one, Origin::heard) == TableResult::added);
        }
    }
}
