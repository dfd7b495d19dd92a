#include <parley/p2p/permissions.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace parley;
using namespace parley::p2p;

namespace {

NodeId id(unsigned char n) {
    ByteArray<32> secret{};
    secret.back() = std::byte{n};
    return NodeId{crypto::public_key(secret)};
}

void save(Permissions& permissions, Store& store) {
    StoreBatch batch;
    permissions.take_changes(batch);
    CHECK_FALSE(permissions.has_changes());
    REQUIRE(store.write(batch));
}

/// As after a restart with these settings.
Permissions loaded(const PermissionsConfig& config, Store& store) {
    Permissions out{config};
    REQUIRE(out.load(store));
    return out;
}

std::size_t rows(Store& store) {
    std::size_t count = 0;
    REQUIRE(store.scan(Permissions::table, [&](Bytes, Bytes) { return ++count > 0; }));
    return count;
}

}  // namespace

TEST_CASE("permissions: an open network allows everybody; a list or the switch closes it") {
    CHECK(Permissions{{}}.allows(id(1)));
    CHECK_FALSE(Permissions{{}}.enabled());
    PermissionsConfig config;
    config.enabled = true;
    CHECK_FALSE(Permissions{config}.allows(id(1)));
    config = {};
    config.allow = {id(1)};
    CHECK(Permissions{config}.allows(id(1)));
    CHECK_FALSE(Permissions{config}.allows(id(2)));
}

TEST_CASE("permissions: the last one removed leaves the network closed") {
    PermissionsConfig config;
    config.allow = {id(1)};
    Permissions permissions{config};
    CHECK(permissions.set(id(1), false) == Permissions::Outcome::changed);
    CHECK(permissions.enabled());
    CHECK_FALSE(permissions.allows(id(1)));
    CHECK_FALSE(permissions.allows(id(2)));
}

TEST_CASE("permissions: changes outlive a restart, and only what differs is stored") {
    PermissionsConfig config;
    config.allow = {id(1), id(2)};
    MemoryStore store;
    Permissions permissions{config};
    CHECK_FALSE(permissions.has_changes());
    CHECK(permissions.set(id(3), true) == Permissions::Outcome::changed);
    CHECK(permissions.set(id(3), true) == Permissions::Outcome::same);
    CHECK(permissions.set(id(1), false) == Permissions::Outcome::changed);
    CHECK(permissions.set(id(4), false) == Permissions::Outcome::same);
    save(permissions, store);
    CHECK(rows(store) == 2);

    auto again = loaded(config, store);
    CHECK(again.allowed() == std::set{id(2), id(3)});
    CHECK_FALSE(again.has_changes());
    CHECK(again.set(id(3), false) == Permissions::Outcome::changed);
    CHECK(again.set(id(1), true) == Permissions::Outcome::changed);
    save(again, store);
    CHECK(rows(store) == 0);

    again.set(id(5), true);
    save(again, store);
    config.allow.push_back(id(5));  // the settings have caught up
    auto third = loaded(config, store);
    CHECK(third.allowed() == std::set{id(1), id(2), id(5)});
    save(third, store);
    CHECK(rows(store) == 0);
}

TEST_CASE("permissions: settings read while it runs are no changes of the owner's") {
    PermissionsConfig config;
    MemoryStore store;
    Permissions permissions{config};
    config.allow = {id(1), id(2)};
    permissions.configure(config);
    CHECK(permissions.enabled());
    CHECK_FALSE(permissions.allows(id(3)));
    CHECK_FALSE(permissions.has_changes());

    permissions.set(id(2), false);
    permissions.set(id(3), true);
    save(permissions, store);
    config.allow = {id(2), id(4)};
    permissions.configure(config);
    CHECK(permissions.allowed() == std::set{id(3), id(4)});  // as after a start with them
    CHECK(loaded(config, store).allowed() == permissions.allowed());

    config.allow = {id(3), id(4)};  // what the owner changed is now in the settings
    permissions.configure(config);
    save(permissions, store);
    CHECK(rows(store) == 0);
    config.allow = {};
    permissions.configure(config);
    CHECK_FALSE(permissions.enabled());
    CHECK(permissions.allows(id(1)));
}

TEST_CASE("permissions: what could not be written is written later") {
    PermissionsConfig config;
    config.allow = {id(1)};
    MemoryStore store;
    Permissions permissions{config};
    permissions.set(id(2), true);
    permissions.set(id(1), false);
    save(permissions, store);
    permissions.set(id(1), true);
    permissions.set(id(2), false);
    StoreBatch lost;
    permissions.take_changes(lost);
    permissions.set(id(3), true);
    permissions.write_again();
    CHECK(permissions.has_changes());
    save(permissions, store);
    CHECK(loaded(config, store).allowed() == std::set{id(1), id(3)});
    CHECK(rows(store) == 1);
}

TEST_CASE("permissions: rows that are none are skipped and erased") {
    MemoryStore store;
    StoreBatch batch;
    const Buffer one{std::byte{1}};
    const Buffer two{std::byte{2}};
    batch.put(Permissions::table, id(1).bytes(), one);
    batch.put(Permissions::table, id(2).bytes(), two);
    batch.put(Permissions::table, id(3).bytes(), {});
    batch.put(Permissions::table, id(4).bytes().first(32), one);
    batch.put(Permissions::table, ByteArray<33>{}, one);
    REQUIRE(store.write(batch));
    Permissions permissions{{}};
    const auto report = permissions.load(store);
    REQUIRE(report);
    CHECK(report->loaded == 1);
    CHECK(report->corrupt == 4);
    CHECK(permissions.allowed() == std::set{id(1)});
    save(permissions, store);
    CHECK(rows(store) == 1);
}

TEST_CASE("permissions: changes are bounded") {
    Permissions permissions{{}};
    SeededEntropy entropy{1};
    NodeId any;
    for (std::size_t i = 0; i < Permissions::changes_max; ++i) {
        entropy.fill(any.key);
        REQUIRE(permissions.set(any, true) == Permissions::Outcome::changed);
    }
    CHECK(permissions.set(id(1), true) == Permissions::Outcome::full);
    CHECK(permissions.set(any, false) == Permissions::Outcome::changed);
    CHECK(permissions.set(id(1), true) == Permissions::Outcome::changed);
}
