// A network without a chain: what its user says of it reaches record, Hello and links; what is
// saved, and what a module that does not fit is told.
#include <parley/p2p/network.hpp>

#include <parley/events/test_log.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace parley;
using namespace parley::p2p;

namespace {

NodeKey key_of(std::uint64_t seed) {
    SeededEntropy entropy{seed};
    return NodeKey::generate(entropy);
}

struct Module final : transport::PeerHandler {
    explicit Module(std::string name) : topic_name(std::move(name)) {}
    transport::TopicSpec topic() const override {
        auto spec = transport::TopicSpec{.name = topic_name};
        if (window > 0) spec.window_bytes = window;
        return spec;
    }
    void attached(transport::Network& to) override { network = &to; }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
        return nullptr;
    }
    std::string topic_name;
    std::uint32_t window = 0;  // 0: the default
    transport::Network* network = nullptr;
};

struct Fixture {
    explicit Fixture(Config config = {}) : settings(std::move(config)) { restart(); }
    void restart(std::vector<transport::PeerHandler*> modules = {}) {
        network.reset();
        network = std::make_unique<Network>(settings, key_of(1), *store, log, Rng{2}, now);
        const auto opened = network->open(now, std::move(modules));
        REQUIRE(opened);
    }
    void lose_store() {
        network.reset();
        store = std::make_unique<MemoryStore>();
        restart();
        network->add_listener(now, *Endpoint::parse("127.0.0.1:77"), std::nullopt);
    }
    /// Somebody hands out this record.
    void meet(const Enr& record) {
        network->hub().publish(
            transport::DialFailed{.target = {key_of(9).id(), *Endpoint::parse("10.0.0.1:1")},
                                  .slot_class = transport::SlotClass::ordinary,
                                  .reason = transport::CloseReason::too_many_peers,
                                  .alive = true,
                                  .others = {record},
                                  .detail = ""});
        network->turn(now);
        network->on_timer(now);
    }
    void save(Duration after = 1s) {
        now.instant += after;
        network->on_timer(now);
        for (auto& job : network->take_jobs()) {
            job.run();
            network->finish_job(job, now);
        }
    }
    ParleyEntry said() const { return *network->record().parley(); }

    /// parley.toml has changed, and the node is told.
    std::vector<NotTaken> reload(Config changed) {
        settings = std::move(changed);
        return network->reload(now, settings);
    }

    Config settings;
    TestLog log;
    std::unique_ptr<MemoryStore> store = std::make_unique<MemoryStore>();
    Now now{Instant{100s}, UnixTime{1s}};
    std::unique_ptr<Network> network;
};

std::vector<std::string> topics_of(const Network& network) {
    std::vector<std::string> out;
    for (const auto& topic : network.hello().topics) out.push_back(topic.name);
    return out;
}

}  // namespace

TEST_CASE("network: it has no topic but peer exchange and those of its modules") {
    Fixture f;
    CHECK(topics_of(*f.network) == std::vector<std::string>{"pex"});
    Module kv{"kv"};
    f.restart({&kv});
    CHECK(topics_of(*f.network) == std::vector<std::string>{"kv", "pex"});
    CHECK(kv.network == &f.network->network());
    CHECK(&kv.network->jobs() == &f.network->jobs());
    CHECK(&kv.network->hub() == &f.network->hub());
    CHECK(kv.network->id() == f.network->id());
}

TEST_CASE("network: modules whose topics do not fit are refused at the start, by name") {
    Fixture f;
    Module one{"kv"};
    Module two{"kv"};
    CHECK_THROWS_WITH_AS(f.restart({&one, &two}), "topic \"kv\": two modules have it, one may",
                         std::invalid_argument);
    Module pex{"pex"};
    CHECK_THROWS_WITH_AS(f.restart({&pex}), "topic \"pex\": two modules have it, one may",
                         std::invalid_argument);
    Module strange{"Key Value"};
    CHECK_THROWS_AS(f.restart({&strange}), std::invalid_argument);
}

TEST_CASE("network: the owners of addresses reach the book and the slots") {
    Config config;
    config.owners = OwnerGroups{std::make_shared<const AsMap>(*AsMap::parse("20.0.0.0/8 64500"))};
    const Fixture f{config};
    const auto ip = *IpAddress::parse("20.1.0.1");
    CHECK(f.network->book().owners().of(ip).as == 64500);
    CHECK(f.network->slots().limits().owners.of(ip).as == 64500);
}

TEST_CASE("network: head, forks, roles and services change while it runs") {
    Config config;
    config.network = {.name = "test", .id = 9, .genesis = Hash256{std::byte{1}}, .forks = {10}};
    Fixture f{config};
    const auto before = f.said();
    CHECK(before.fork_next == 10);
    CHECK(before.roles == transport::role::full);
    CHECK(f.network->hello().fork.next == 10);
    auto sequence = f.network->record().sequence();

    f.network->set_head(f.now, 9);  // no fork activates: nothing new is said
    CHECK(f.network->record().sequence() == sequence);
    f.network->set_head(f.now, 10);
    CHECK(f.said().fork_hash != before.fork_hash);
    CHECK(f.said().fork_next == 0);
    CHECK(f.network->record().sequence() > std::exchange(sequence, f.network->record().sequence()));
    CHECK(f.network->hello().fork.hash == f.said().fork_hash);

    f.network->set_forks(f.now, {10, 20});
    CHECK(f.said().fork_next == 20);
    CHECK(f.network->hello().fork.next == 20);
    f.network->set_roles(f.now, transport::role::light);
    f.network->set_services(f.now, transport::service::blocks);
    CHECK(f.said().roles == transport::role::light);
    CHECK(f.said().services == transport::service::blocks);
    CHECK(f.network->hello().roles == transport::role::light);
    CHECK(f.network->hello().services == transport::service::blocks);
    CHECK(f.network->hello().record == f.network->record());
}

TEST_CASE("network: record, bans and permissions continue after a restart") {
    Config config;
    config.permissions.enabled = true;
    config.p2p.listen = {*Endpoint::parse("127.0.0.1:1")};
    config.p2p.allow_private = true;
    Fixture f{config};
    const auto friend_id = key_of(2).id();
    CHECK(f.network->allow(f.now, friend_id) == Permissions::Outcome::changed);
    CHECK(f.network->ban(f.now, {.who = key_of(3).id(),
                                 .until = f.now.unix_time + std::chrono::hours{1},
                                 .why = "test",
                                 .by_owner = true}));
    f.network->add_listener(f.now, *Endpoint::parse("127.0.0.1:77"), std::nullopt);
    f.save();
    const auto record = f.network->record();
    f.restart();
    CHECK(f.network->permissions().allows(friend_id));
    CHECK(f.network->bans(f.now).size() == 1);
    f.network->add_listener(f.now, *Endpoint::parse("127.0.0.1:77"), std::nullopt);
    // The same contents again: what was said in between has taken numbers.
    CHECK(f.network->record().tcp_endpoint() == record.tcp_endpoint());
    CHECK(f.network->record().sequence() > record.sequence());
}

TEST_CASE(
    "network: a ban is on disk a tenth of a second later, what can be learned again within one") {
    Fixture f;
    f.save();
    const auto ban = [&](std::uint64_t n) {
        CHECK(f.network->ban(f.now, {.who = key_of(n).id(),
                                     .until = f.now.unix_time + std::chrono::hours{1},
                                     .why = "test",
                                     .by_owner = false}));
        CHECK(f.network->next_wakeup() <= f.now.instant + 100ms);
    };
    ban(3);
    f.save(99ms);  // not for each of many
    ban(4);
    f.save(1ms);
    f.restart();
    CHECK(f.network->bans(f.now).size() == 2);
}

TEST_CASE("network: a node that lost its store is above what others have of it") {
    Config config;
    config.p2p.listen = {*Endpoint::parse("127.0.0.1:1")};
    config.p2p.allow_private = true;
    Fixture f{config};
    f.network->add_listener(f.now, *Endpoint::parse("127.0.0.1:77"), std::nullopt);
    const auto before = f.network->record();
    f.now.unix_time += 2ms;
    f.lose_store();
    CHECK(f.network->record().sequence() > before.sequence());
    // Even with a clock that is wrong: it meets its own record, and goes above it.
    f.now.unix_time -= std::chrono::hours{24};
    f.lose_store();
    CHECK(f.network->record().sequence() < before.sequence());
    f.meet(before);
    CHECK(f.network->record().sequence() > before.sequence());
    CHECK(f.network->hello().record == f.network->record());
}

TEST_CASE("network: an allow-list that is reloaded is the settings' own, not the owner's change") {
    Fixture f;
    const auto one = key_of(2).id();
    const auto two = key_of(3).id();
    Config config;
    config.permissions.allow = {one};
    CHECK(f.reload(config).empty());
    CHECK(f.network->permissions().enabled());
    CHECK(f.network->permissions().allows(one));
    CHECK_FALSE(f.network->permissions().allows(two));
    f.save();
    f.settings.permissions.allow = {two};  // edited while the node is down
    f.restart();
    CHECK_FALSE(f.network->permissions().allows(one));
    CHECK(f.network->permissions().allows(two));

    // And the reverse: taken off by a reload, added again before the next start.
    config.permissions.allow = {};
    config.permissions.enabled = true;
    f.reload(config);
    CHECK_FALSE(f.network->permissions().allows(two));
    f.save();
    f.settings.permissions.allow = {two};
    f.restart();
    CHECK(f.network->permissions().allows(two));

    CHECK(f.log.lines.empty());
    f.reload({});
    CHECK(f.network->permissions().allows(one));
    CHECK(f.log.lines == std::vector<std::string>{"warn the network is open to everybody now"});
}

TEST_CASE("network: what a reload has no room for is said, and tried again by the next one") {
    Fixture f;
    for (std::uint64_t n = 2; n < 2 + named_peers_max; ++n) {
        const auto id = key_of(n).id();
        REQUIRE(f.network->trust(id));
        REQUIRE(f.network->add_peer(f.now, {id, *Endpoint::parse("81.2.3.4:7")}));
    }
    Config config;
    const auto late = key_of(2000).id();
    config.p2p.trusted = {key_of(2).id(), late};
    config.p2p.static_peers = {{late, *Endpoint::parse("81.2.3.4:7")}};
    const auto not_taken = f.reload(config);
    REQUIRE(not_taken.size() == 2);
    CHECK(not_taken[0].setting == "p2p.static_peers");
    CHECK(not_taken[1].setting == "p2p.trusted");
    CHECK(not_taken[1].why ==
          "no room for 1 of 2: with those that were added while the node runs, there are 1024");
    REQUIRE(f.network->untrust(key_of(3).id()));
    REQUIRE(f.network->remove_peer(f.now, key_of(3).id()));
    CHECK(f.reload(config).empty());
    CHECK(f.network->untrust(late));
}

TEST_CASE("network: settings that name this node itself are no targets, and the log names them") {
    Config config;
    config.p2p.boot = {{key_of(1).id(), *Endpoint::parse("81.2.3.4:7")}};
    config.p2p.static_peers = {{key_of(1).id(), *Endpoint::parse("81.2.3.4:8")},
                               {key_of(2).id(), *Endpoint::parse("81.2.3.4:9")}};
    const Fixture f{config};
    const auto own = "target=" + key_of(1).id().to_string();
    CHECK(
        f.log.lines ==
        std::vector{"warn a setting names this node itself setting=p2p.boot " + own + "@81.2.3.4:7",
                    "warn a setting names this node itself setting=p2p.static_peers " + own +
                        "@81.2.3.4:8"});
}

TEST_CASE("network: memory for less than one link is refused at the start, with the number") {
    Config config;
    config.p2p.receive_bytes_max = 1 << 20;
    Module large{"large"};
    large.window = 2 << 20;
    Fixture f{config};
    CHECK_THROWS_WITH_AS(
        f.restart({&large}),
        "p2p.receive_bytes_max: expected 2162688 or more, the windows of one link, got 1048576",
        std::invalid_argument);
}
