#include <parley/discovery/discv5/table.hpp>

#include <parley/discovery/discv5/intake.hpp>
#include <parley/discovery/discv5/test_network.hpp>
#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using discovery::discv5::test::at;
using discovery::discv5::test::endpoint_in;

namespace {

constexpr Id self{};
const IpAddress stranger = endpoint_in(1'000'000).address;

/// A table, and nodes for it: each in a /24 of its own unless said otherwise.
struct Rig {
    explicit Rig(TableConfig config = {}) : table(config, self, Rng{7}) {}

    Table table;
    Rng rng{8};
    std::uint32_t groups = 0;

    Contact contact(unsigned distance) { return contact(distance, endpoint_in(groups++)); }
    Contact contact(unsigned distance, const Endpoint& endpoint) {
        return {random_at_distance(self, distance, rng), endpoint, 1, {}};
    }
    TableResult add(const Contact& contact, Origin origin = Origin::heard, Duration when = 0s) {
        return table.add(at(when), contact, origin);
    }
    Contact add_new(unsigned distance, Origin origin = Origin::heard, Duration when = 0s) {
        const Contact node = contact(distance);
        REQUIRE(add(node, origin, when) == TableResult::added);
        return node;
    }
    Contact add_checked(unsigned distance, Duration when = 0s) {
        const Contact node = add_new(distance, Origin::heard, when);
        alive(node, when);
        return node;
    }
    void alive(const Contact& node, Duration when) {
        table.on_alive(at(when), node.id, node.endpoint);
    }
    void fail(const Contact& node, Duration when) {
        table.on_failed(at(when), node.id, node.endpoint);
    }
    bool told(const Contact& node, const IpAddress& asker = stranger) {
        const std::array distances{static_cast<std::uint16_t>(log_distance(self, node.id))};
        return std::ranges::any_of(table.at_distances(distances, 16, asker),
                                   [&](const auto* e) { return e->contact.id == node.id; });
    }
    std::vector<Id> ids_told(std::vector<std::uint16_t> distances, std::size_t count) {
        std::vector<Id> ids;
        for (const auto* entry : table.at_distances(distances, count, stranger)) {
            ids.push_back(entry->contact.id);
        }
        return ids;
    }
};

bool known(const Table& table, const Contact& node) {
    return table.find(node.id) != nullptr;
}

Contact moved(const Contact& node, const Endpoint& endpoint) {
    return {node.id, endpoint, node.sequence + 1, node.record};
}

}  // namespace

TEST_CASE("a contact is made of a record with a UDP endpoint") {
    using discovery::test::key;
    const Endpoint endpoint = endpoint_in(3);
    const auto record = *EnrBuilder{5}.ip(endpoint.address).tcp(1).udp(endpoint.port).sign(key(1));
    const auto contact = Contact::of(record);
    REQUIRE(contact);
    CHECK(contact->id == dht_id(record.id()));
    CHECK(contact->endpoint == endpoint);
    CHECK(contact->sequence == 5);
    CHECK(equal(contact->record, record.raw()));
    CHECK_FALSE(Contact::of(*EnrBuilder{5}.ip(endpoint.address).tcp(1).sign(key(1))));
    CHECK_FALSE(Contact::of(*EnrBuilder{5}.udp(1).sign(key(1))));
}

TEST_CASE("a node of both families is asked in the one that can be sent") {
    const auto four = *Endpoint::parse("8.1.0.4:4000");
    const auto six = *Endpoint::parse("[2a01:4f8::6]:6000");
    const auto dual = *EnrBuilder{1}
                           .ip(four.address)
                           .udp(four.port)
                           .ip(six.address)
                           .udp6(six.port)
                           .sign(discovery::test::key(1));
    CHECK(Contact::of(dual)->endpoint == four);
    CHECK(Contact::of(dual, {.v4 = false, .v6 = true})->endpoint == six);
    CHECK(dual.has_udp_endpoint(four));
    CHECK(dual.has_udp_endpoint(six));
    CHECK_FALSE(dual.has_udp_endpoint({six.address, four.port}));
    const auto only_four =
        *EnrBuilder{1}.ip(four.address).udp(four.port).sign(discovery::test::key(1));
    CHECK_FALSE(Contact::of(only_four, {.v4 = false, .v6 = true}));

    // So the table of an IPv6-only node holds them where it can ask them, and not the others.
    Table table{{}, dht_id(discovery::test::key(9).id()), Rng{1}};
    Intake intake{table, {.v4 = false, .v6 = true}};
    (void)intake.add({}, only_four, Origin::heard);
    CHECK(table.size() == 0);
    (void)intake.add({}, dual, Origin::heard);
    REQUIRE(table.size() == 1);
    CHECK(table.find(dht_id(dual.id()))->contact.endpoint == six);
}

TEST_CASE("what nobody could be asked at, and ourselves, is refused") {
    Rig rig;
    CHECK(rig.add({self, endpoint_in(1), 1, {}}) == TableResult::own);
    for (const char* text : {"0.0.0.0:1", "224.0.0.1:1", "64.0.0.1:0", "[ff02::1]:1"}) {
        CAPTURE(text);
        CHECK(rig.add(rig.contact(256, *Endpoint::parse(text))) == TableResult::bad_address);
    }
    CHECK(rig.table.size() == 0);
    CHECK(rig.table.next_wakeup() == never);
}

TEST_CASE("a bucket takes 16, ten more wait, the newest of them") {
    Rig rig;
    std::vector<Contact> entries, waiting;
    for (int i = 0; i < 16; ++i) entries.push_back(rig.add_new(256));
    for (int i = 0; i < 12; ++i) {
        waiting.push_back(rig.contact(256));
        CHECK(rig.add(waiting.back()) == TableResult::waiting);
    }
    CHECK(rig.add(entries[3]) == TableResult::known);
    CHECK(rig.table.size() == 16);
    CHECK(rig.table.replacements() == 10);
    std::vector<Id> listed;
    rig.table.for_each([&](const TableEntry& entry, bool in) {
        if (!in) listed.push_back(entry.contact.id);
    });
    std::vector<Id> expected;
    for (int i = 11; i >= 2; --i) expected.push_back(waiting[static_cast<std::size_t>(i)].id);
    CHECK(listed == expected);
    // Heard of again, it is the newest; and a neighbouring bucket has room.
    CHECK(rig.add(waiting[5]) == TableResult::waiting);
    CHECK(rig.add(rig.contact(256)) == TableResult::waiting);
    CHECK(rig.add(rig.contact(255)) == TableResult::added);
    CHECK(rig.table.replacements() == 10);
    std::size_t place = 0, found = 99;
    rig.table.for_each([&](const TableEntry& entry, bool in) {
        if (in) return;
        if (entry.contact.id == waiting[5].id) found = place;
        ++place;
    });
    CHECK(found == 1);
}

TEST_CASE("who waits and was met is not pushed out by who was only heard of") {
    Rig rig;
    for (int i = 0; i < 16; ++i) rig.add_checked(256);
    for (int i = 0; i < 10; ++i) {
        CHECK(rig.add(rig.contact(256), Origin::met) == TableResult::waiting);
    }
    CHECK(rig.add(rig.contact(256)) == TableResult::bucket_full);
    const Contact last = rig.contact(256);
    CHECK(rig.add(last, Origin::met) == TableResult::waiting);
    CHECK(rig.add(last) == TableResult::waiting);  // heard of, too
    CHECK(rig.add(rig.contact(256)) == TableResult::bucket_full);
    CHECK(rig.table.replacements() == 10);
}

TEST_CASE("of one /24 two stand in a bucket and ten in the table, of one /48 as many") {
    for (const bool v6 : {false, true}) {
        CAPTURE(v6);
        Rig rig;
        int host = 0;
        const auto of_group = [&](unsigned distance, int group) {
            const auto text =
                v6 ? "[2600:0:" + std::to_string(group) + ":" + std::to_string(++host) + "::1]:1"
                   : "64.1." + std::to_string(group) + "." + std::to_string(++host) + ":1";
            return rig.contact(distance, *Endpoint::parse(text));
        };
        for (unsigned distance = 256; distance > 251; --distance) {
            const Contact first = of_group(distance, 1);
            CHECK(rig.add(first) == TableResult::added);
            CHECK(rig.add(of_group(distance, 1)) == TableResult::added);
            CHECK(rig.add(of_group(distance, 1)) == TableResult::group_full);
        }
        CHECK(rig.add(of_group(251, 1)) == TableResult::group_full);
        CHECK(rig.add(of_group(251, 2)) == TableResult::added);
        CHECK(rig.table.size() == 11);
        CHECK(rig.table.replacements() == 0);
        // Who leaves makes room.
        Contact gone;
        rig.table.for_each([&](const TableEntry& entry, bool) { gone = entry.contact; });
        rig.table.remove(at(0s), gone.id);  // the one of the other group
        CHECK(rig.add(of_group(251, 1)) == TableResult::group_full);
        rig.table.for_each([&](const TableEntry& entry, bool) { gone = entry.contact; });
        rig.table.remove(at(0s), gone.id);
        CHECK(rig.add(of_group(251, 1)) == TableResult::added);
    }
}

TEST_CASE("private and loopback addresses do not count, and nothing does when limits are off") {
    for (const char* text : {"10.0.0.1:1", "127.0.0.1:1", "[fd00::1]:1"}) {
        Rig rig;
        for (int i = 0; i < 16; ++i) {
            CHECK(rig.add(rig.contact(256, *Endpoint::parse(text))) == TableResult::added);
        }
    }
    TableConfig config;
    config.address_limits = false;
    Rig rig{config};
    for (int i = 0; i < 16; ++i) {
        CHECK(rig.add(rig.contact(256, endpoint_in(1))) == TableResult::added);
    }
    CHECK(rig.add(rig.contact(256, endpoint_in(1))) == TableResult::waiting);
}

TEST_CASE("those who wait count, but give way to who enters") {
    Rig rig;
    for (int i = 0; i < 16; ++i) rig.add_checked(256);
    const auto of_group = [&](unsigned distance) {
        return rig.contact(distance, endpoint_in(500'000, 1 + rig.groups++));
    };
    for (unsigned distance : {256U, 256U}) {
        CHECK(rig.add(of_group(distance)) == TableResult::waiting);
    }
    CHECK(rig.add(of_group(256)) == TableResult::group_full);
    for (unsigned distance : {255U, 255U, 254U, 254U, 253U, 253U, 252U, 252U}) {
        CHECK(rig.add(of_group(distance)) == TableResult::added);
    }
    CHECK(rig.table.replacements() == 2);
    CHECK(rig.add(of_group(251)) == TableResult::added);
    CHECK(rig.table.replacements() == 1);
    CHECK(rig.add(of_group(250)) == TableResult::added);
    CHECK(rig.table.replacements() == 0);
    CHECK(rig.add(of_group(249)) == TableResult::group_full);
    CHECK(rig.add(of_group(256)) == TableResult::group_full);
}

TEST_CASE("only who answered at its endpoint is told to others") {
    Rig rig;
    const Contact node = rig.add_new(256);
    CHECK_FALSE(rig.told(node));
    rig.table.add(at(1s), node, Origin::met);  // a handshake proves nothing of the endpoint
    CHECK_FALSE(rig.told(node));
    rig.table.on_alive(at(1s), node.id, endpoint_in(77));
    CHECK_FALSE(rig.told(node));
    rig.alive(node, 1s);
    CHECK(rig.told(node));
    CHECK(rig.table.checked() == 1);
}

TEST_CASE("answers hold the first distance first, at most so many, and each node once") {
    Rig rig;
    std::vector<Contact> far, near;
    for (int i = 0; i < 10; ++i) far.push_back(rig.add_checked(256));
    for (int i = 0; i < 10; ++i) near.push_back(rig.add_checked(250));
    rig.add_new(250);
    CHECK(rig.ids_told({256}, 16).size() == 10);
    CHECK(rig.ids_told({256, 256, 0, 257, 65535, 1}, 16).size() == 10);
    const auto both = rig.ids_told({250, 256}, 16);
    REQUIRE(both.size() == 16);
    for (const auto& node : near) CHECK(std::ranges::find(both, node.id) != both.end());
    CHECK(std::ranges::all_of(std::span{both}.first(10),
                              [](const Id& id) { return log_distance(self, id) == 250; }));
    CHECK(rig.ids_told({250, 256}, 3).size() == 3);
    CHECK(rig.ids_told({}, 16).empty());
    // Which three is chance.
    CHECK(rig.ids_told({250}, 3) != rig.ids_told({250}, 3));
}

TEST_CASE("private addresses are told in private, loopback ones on this machine") {
    Rig rig;
    const auto ip = [](const char* text) { return *IpAddress::parse(text); };
    const Contact site = rig.contact(256, *Endpoint::parse("10.0.0.1:1"));
    const Contact machine = rig.contact(256, *Endpoint::parse("127.0.0.1:1"));
    for (const auto& node : {site, machine}) {
        rig.add(node);
        rig.alive(node, 0s);
    }
    CHECK_FALSE(rig.told(site, stranger));
    CHECK(rig.told(site, ip("192.168.1.1")));
    CHECK(rig.told(site, ip("127.0.0.1")));
    CHECK_FALSE(rig.told(machine, stranger));
    CHECK_FALSE(rig.told(machine, ip("10.0.0.9")));
    CHECK(rig.told(machine, ip("127.0.0.1")));
}

TEST_CASE("a newer record replaces the older; with another endpoint it is checked anew") {
    Rig rig;
    Contact node = rig.add_checked(256);
    CHECK(rig.add(node) == TableResult::known);
    node.sequence = 5;
    CHECK(rig.add(node) == TableResult::updated);
    CHECK(rig.told(node));
    CHECK(rig.table.find(node.id)->contact.sequence == 5);
    Contact older = moved(node, endpoint_in(88));
    older.sequence = 4;
    CHECK(rig.add(older) == TableResult::known);
    CHECK(rig.table.find(node.id)->contact.endpoint == node.endpoint);

    const Contact elsewhere = moved(node, endpoint_in(88));
    CHECK(rig.add(elsewhere, Origin::heard, 60s) == TableResult::updated);
    CHECK_FALSE(rig.told(node));
    CHECK(rig.table.next_wakeup() <= at(62s).instant);
    rig.alive(node, 61s);  // an answer from where it was
    CHECK_FALSE(rig.told(node));
    rig.alive(elsewhere, 61s);
    CHECK(rig.told(node));

    // Those who wait are kept up to date, too.
    for (int i = 0; i < 15; ++i) rig.add_checked(256);
    const Contact waiting = rig.contact(256);
    CHECK(rig.add(waiting) == TableResult::waiting);
    CHECK(rig.add(moved(waiting, endpoint_in(89))) == TableResult::waiting);
    CHECK(rig.add(waiting) == TableResult::waiting);
    std::optional<Contact> kept;
    rig.table.for_each([&](const TableEntry& entry, bool in) {
        if (!in) kept = entry.contact;
    });
    CHECK(kept->endpoint == endpoint_in(89));
}

TEST_CASE("who moves into a group that is full stays what it was") {
    Rig rig;
    for (int i = 0; i < 2; ++i) {
        CHECK(rig.add(rig.contact(256, endpoint_in(900, static_cast<std::uint32_t>(5 + i)))) ==
              TableResult::added);
    }
    const Contact node = rig.add_checked(256);
    CHECK(rig.add(moved(node, endpoint_in(900))) == TableResult::group_full);
    CHECK(rig.told(node));
    CHECK(rig.table.find(node.id)->contact.endpoint == node.endpoint);
    // Within its own group it may move.
    const Contact neighbour{node.id, {node.endpoint.address, 9}, 2, {}};
    CHECK(rig.add(neighbour) == TableResult::updated);
}

TEST_CASE("a node that lives is never evicted for another, one that fails is replaced soon") {
    Rig rig;
    std::vector<Contact> entries;
    for (int i = 0; i < 16; ++i) entries.push_back(rig.add_checked(256));
    for (int i = 0; i < 10; ++i) {
        CHECK(rig.add(rig.contact(256), i == 4 ? Origin::met : Origin::heard, 1s) ==
              TableResult::waiting);
    }
    for (const auto& node : entries) CHECK(known(rig.table, node));

    // Time passes; one of them is gone. Quick retries, then one of those who wait enters.
    const Contact gone = entries[4];
    Duration failed_first{}, now = 0s;
    unsigned asked = 0;
    for (; known(rig.table, gone) && now < 15min; now += 50ms) {
        const auto* entry = rig.table.next_check(at(now));
        if (!entry) continue;
        const Contact node = entry->contact;
        if (node.id == gone.id) {
            if (asked++ == 0) failed_first = now;
            rig.fail(node, now);
        } else {
            rig.alive(node, now);
        }
    }
    CHECK(asked == 3);
    CHECK(now - failed_first <= 10s);
    CHECK(rig.table.size() == 16);
    CHECK(rig.table.replacements() == 9);
    std::size_t unchecked = 0;
    rig.table.for_each([&](const TableEntry& entry, bool in) {
        if (!in || entry.checked) return;
        ++unchecked;
        CHECK(entry.met);  // rather than one that was heard of
    });
    CHECK(unchecked == 1);
    // The newcomer is due at once.
    CHECK(rig.table.next_wakeup() <= at(now + 100ms).instant);
}

TEST_CASE("who fails while nobody answers is kept: it may be us") {
    Rig rig;
    std::vector<Contact> nodes;
    for (int i = 0; i < 5; ++i) nodes.push_back(rig.add_checked(256));
    Duration now = 1s;
    for (; now < 1h; now += 1s) {
        while (const auto* entry = rig.table.next_check(at(now))) {
            const Contact node = entry->contact;
            rig.fail(node, now);
        }
    }
    CHECK(rig.table.size() == 5);
    CHECK_FALSE(rig.told(nodes[0]));
    // The network is back, and one of them with it: the others go when they fail again.
    rig.alive(nodes[0], now);
    CHECK(rig.told(nodes[0]));
    for (const Duration end = now + 30min; now < end; now += 1s) {
        while (const auto* entry = rig.table.next_check(at(now))) {
            const Contact node = entry->contact;
            node.id == nodes[0].id ? rig.alive(node, now) : rig.fail(node, now);
        }
    }
    CHECK(rig.table.size() == 1);
    CHECK(known(rig.table, nodes[0]));
}

TEST_CASE("who is kept though it fails makes room for a newcomer") {
    Rig rig;
    std::vector<Contact> nodes;
    for (int i = 0; i < 16; ++i) nodes.push_back(rig.add_checked(256));
    for (const Duration when : {10s, 20s, 30s}) rig.fail(nodes[3], when);
    CHECK(known(rig.table, nodes[3]));
    rig.add_new(256, Origin::heard, 31s);
    CHECK_FALSE(known(rig.table, nodes[3]));
    CHECK(rig.table.size() == 16);
}

TEST_CASE("failures within a moment count as one") {
    Rig rig;
    const Contact other = rig.add_checked(255), node = rig.add_checked(256);
    for (int i = 0; i < 10; ++i) rig.fail(node, 10s + i * 50ms);
    rig.alive(other, 11s);
    REQUIRE(known(rig.table, node));
    CHECK(rig.table.find(node.id)->failures == 1);
    CHECK(rig.told(node));
    rig.alive(node, 12s);
    CHECK(rig.table.find(node.id)->failures == 0);
    // What failed somewhere else says nothing.
    rig.table.on_failed(at(20s), node.id, endpoint_in(77));
    CHECK(rig.table.find(node.id)->failures == 0);
}

TEST_CASE("in a full bucket who came takes the place of who was only heard of") {
    Rig rig;
    for (int i = 0; i < 15; ++i) rig.add_checked(256);
    const Contact heard = rig.add_new(256);
    CHECK(rig.add(rig.contact(256)) == TableResult::waiting);
    const Contact came = rig.add_new(256, Origin::met);
    CHECK_FALSE(known(rig.table, heard));
    CHECK(rig.table.replacements() == 2);
    CHECK(rig.add(rig.contact(256), Origin::met) == TableResult::waiting);
    CHECK(known(rig.table, came));
}

TEST_CASE("closest gives checked ones first, the closest of them; seeds are of every bucket") {
    Rig rig;
    std::vector<Contact> checked;
    for (unsigned distance : {256U, 255U, 254U, 250U}) {
        for (int i = 0; i < 16; ++i) checked.push_back(rig.add_checked(distance));
    }
    std::vector<Contact> unchecked;
    for (int i = 0; i < 5; ++i) unchecked.push_back(rig.add_new(200));
    const Id target = random_at_distance(self, 254, rig.rng);
    std::ranges::sort(
        checked, [&](const Contact& a, const Contact& b) { return closer(target, a.id, b.id); });
    const auto closest = rig.table.closest(target, 20);
    REQUIRE(closest.size() == 20);
    for (std::size_t i = 0; i < 20; ++i) CHECK(closest[i].id == checked[i].id);
    CHECK(rig.table.closest(target, 1000).size() == 69);

    const auto seeds = rig.table.seeds(target);
    for (std::size_t i = 0; i < 16; ++i) CHECK(seeds[i].id == checked[i].id);
    for (unsigned distance : {256U, 255U, 250U}) {
        CHECK(std::ranges::count(std::span{seeds}.subspan(16), distance,
                                 [](const Contact& c) { return log_distance(self, c.id); }) == 1);
    }
    std::vector<Id> ids;
    for (const auto& seed : seeds) ids.push_back(seed.id);
    std::ranges::sort(ids);
    CHECK(std::ranges::adjacent_find(ids) == ids.end());
}

TEST_CASE("a table of unchecked nodes still has seeds") {
    Rig rig;
    const Contact boot = rig.add_new(256);
    REQUIRE(rig.table.seeds(rig.contact(255).id).size() == 1);
    CHECK(rig.table.closest(boot.id, 16).front().id == boot.id);
}

TEST_CASE("a full table keeps within its memory") {
    Rig rig;
    const Buffer record(Enr::size_bytes_max);
    const auto contact = [&](unsigned distance) {
        Contact node = rig.contact(distance);
        node.record = SharedBytes::copy(record);
        return node;
    };
    const auto before = ::mallinfo2().uordblks;
    for (unsigned distance = 256; distance > 16; --distance) {
        for (std::size_t i = 0; i < Table::entries_max + Table::replacements_max + 3; ++i) {
            rig.add(contact(distance), i % 2 == 0 ? Origin::met : Origin::heard);
        }
    }
    const auto used = ::mallinfo2().uordblks - before;
    const std::size_t nodes = rig.table.size() + rig.table.replacements();
    CHECK(nodes == std::size_t{240} * (Table::entries_max + Table::replacements_max));
    if (used == 0) return;  // under a sanitizer's allocator
    MESSAGE(used, " bytes for ", nodes, " nodes");
    CHECK(used <= nodes * Table::contact_bytes_max);
}
