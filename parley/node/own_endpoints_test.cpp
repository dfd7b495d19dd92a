#include <parley/nat/own_endpoints.hpp>

#include <parley/base/store.hpp>
#include <parley/events/test_log.hpp>
#include <parley/node/node.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::node;
using parley::nat::OwnEndpoints;

namespace {

using Endpoints = std::vector<Endpoint>;

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}
Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}
Now after(Duration time) {
    return {Instant{1h + time}, unix_from_milliseconds(1'750'000'000'000)};
}
void vote(OwnEndpoints& reach, std::string_view seen, int first = 1) {
    for (int n = first; n < first + 3; ++n) {
        reach.on_vote(after(0s), ip("20." + std::to_string(n) + ".0.1"), ip(seen));
    }
}

/// A node in virtual time that hears from its peers where they see it.
struct Seen {
    MemoryStore store;
    TestLog log;               // what the owner is to be warned of
    SeededEntropy entropy{1};  // of use to a node that listens
    std::unique_ptr<Node> node;
    Duration time{0};
    int voters = 0;

    explicit Seen(const NodeConfig& config) { restart(config); }
    /// With what was saved.
    void restart(const NodeConfig& config) {
        node.reset();
        ByteArray<32> secret{};
        secret[31] = std::byte{1};
        node = Node::create(config, NodeKey::from_secret(secret).value(), store, log, Rng{1},
                            after(time), {}, &entropy)
                   .value();
    }
    void vote(std::string_view seen, int count = 3) {
        for (int i = 0; i < count; ++i) {
            const Endpoint voter{ip("20." + std::to_string(++voters % 256) + ".0.1"), 1};
            node->hub().publish(transport::OwnAddressObserved{
                transport::LinkId{1}, node->id(), voter, {ip(seen), 40000}});
        }
        node->turn(after(time));
    }
    void run(Duration duration) {
        const Duration end = time + duration;
        while (node->next_wakeup() <= after(end).instant) {
            time = std::max(time + 1ms, node->next_wakeup() - after(0s).instant);
            node->on_timer(after(time));
            node->turn(after(time));
            for (auto& job : node->take_jobs()) {
                job.run();
                node->finish_job(job, after(time));
            }
        }
        time = end;
    }
};

}  // namespace

TEST_CASE(
    "own endpoints: a guess gives way to what peers see, an address that is certain does not") {
    OwnEndpoints reach{{}, false};
    vote(reach, "81.2.3.4");
    CHECK(reach.endpoints().empty());  // nobody listens
    reach.add_listener(at("0.0.0.0:30770"), std::nullopt);
    CHECK(reach.endpoints() == Endpoints{at("81.2.3.4:30770")});

    OwnEndpoints guessed{{}, false};
    guessed.add_listener(at("0.0.0.0:30770"), ip("81.1.1.1"));
    CHECK(guessed.endpoints() == Endpoints{at("81.1.1.1:30770")});
    vote(guessed, "81.2.3.4");
    CHECK(guessed.endpoints() == Endpoints{at("81.2.3.4:30770")});

    OwnEndpoints natted{{}, false};
    natted.add_listener(at("192.168.1.5:1"), std::nullopt);
    CHECK(natted.endpoints() == Endpoints{at("192.168.1.5:1")});
    vote(natted, "81.2.3.4");
    CHECK(natted.endpoints() == Endpoints{at("81.2.3.4:1")});

    for (const auto* certain : {"81.7.7.7:1", "127.0.0.1:1"}) {
        OwnEndpoints fixed{{}, false};
        fixed.add_listener(at(certain), std::nullopt);
        vote(fixed, "81.2.3.4");
        CHECK(fixed.endpoints() == Endpoints{at(certain)});
    }
    OwnEndpoints told{{}, false};
    told.set(at("81.7.7.7:1"));
    vote(told, "81.2.3.4");
    CHECK(told.endpoints() == Endpoints{at("81.7.7.7:1")});
}

TEST_CASE("own endpoints: both families at once, of each the first listener") {
    OwnEndpoints reach{{}, true};
    reach.add_listener(at("[::1]:3"), std::nullopt);
    reach.add_listener(at("127.0.0.1:1"), std::nullopt);
    reach.add_listener(at("127.0.0.2:2"), std::nullopt);
    CHECK(reach.endpoints() == Endpoints{at("127.0.0.1:1"), at("[::1]:3")});
}

TEST_CASE("own endpoints: what is advertised is told, and nothing else") {
    OwnEndpoints reach{{at("81.5.5.5:5")}, false};
    reach.add_listener(at("0.0.0.0:1"), ip("81.1.1.1"));
    reach.add_listener(at("[::]:1"), ip("2a00::1"));
    vote(reach, "81.2.3.4");
    CHECK(reach.endpoints() == Endpoints{at("81.5.5.5:5")});
    CHECK(OwnEndpoints{{at("[2a00::5]:6"), at("81.5.5.5:5")}, false}.endpoints() ==
          Endpoints{at("81.5.5.5:5"), at("[2a00::5]:6")});
}

TEST_CASE("a node's record follows what its peers see, a minute apart at least") {
    NodeConfig config;
    Seen seen{config};
    seen.node->add_listener(after(0s), at("0.0.0.0:30770"), std::nullopt);
    auto sequence = seen.node->record().sequence();
    const auto is_new = [&] {
        const auto before = std::exchange(sequence, seen.node->record().sequence());
        CHECK(sequence >= before);
        return sequence > before;
    };
    CHECK_FALSE(seen.node->record().tcp_endpoint());
    seen.vote("81.2.3.4");
    CHECK(is_new());
    CHECK(seen.node->record().tcp_endpoint() == at("81.2.3.4:30770"));
    CHECK(seen.node->hello().record == seen.node->record());
    // It moves twice in a moment.
    seen.vote("81.9.9.9", 10);
    seen.vote("81.8.8.8", 10);
    CHECK_FALSE(is_new());
    seen.run(59s);
    CHECK_FALSE(is_new());
    seen.run(2s);
    CHECK(is_new());
    CHECK(seen.node->record().tcp_endpoint() == at("81.8.8.8:30770"));
    // And back before anybody was told: nothing to tell.
    seen.vote("81.9.9.9", 10);
    seen.vote("81.8.8.8", 10);
    seen.run(5min);
    CHECK_FALSE(is_new());
}

TEST_CASE("a node's record names its client; a new version is a new record") {
    NodeConfig config;
    config.client = "parley/0.1.0/linux";
    Seen seen{config};
    CHECK(seen.node->record().client() == ClientEntry{"parley", "0.1.0"});
    const auto sequence = seen.node->record().sequence();
    seen.run(5s);  // it is saved
    config.client = "parley/0.2.0/linux";
    seen.restart(config);
    CHECK(seen.node->record().client() == ClientEntry{"parley", "0.2.0"});
    const auto later = seen.node->record().sequence();
    CHECK(later > sequence);
    seen.restart(config);
    CHECK(seen.node->record().sequence() == later);

    const std::pair<std::string, ClientEntry> clients[] = {
        {"own", {"own", ""}},
        {"own/", {"own", ""}},
        {"own/1/2/3", {"own", "1"}},
        {std::string(40, 'n') + "/" + std::string(23, 'v'),
         {std::string(24, 'n'), std::string(23, 'v')}},
    };
    for (const auto& [text, entry] : clients) {
        config.client = text;
        seen.restart(config);
        CHECK(seen.node->record().client() == entry);
    }
}

TEST_CASE("the largest record of a node fits into 300 bytes") {
    NodeConfig config;
    config.client = std::string(31, 'n') + "/" + std::string(32, 'v');
    config.network.id = ~0ULL;
    config.network.forks = {~0ULL};
    config.p2p.listen = {at("127.0.0.1:65535"), at("[::1]:65535")};
    config.p2p.allow_private = true;
    Seen seen{config};
    for (const auto& endpoint : config.p2p.listen) {
        seen.node->add_listener(after(0s), endpoint, std::nullopt);
    }
    CHECK(seen.node->record().udp_endpoint());
    CHECK(seen.node->record().raw().size() <= Enr::size_bytes_max - 24);  // numbers that are small
}

TEST_CASE("a node that listens on both families says both in its record") {
    NodeConfig config;
    config.p2p.allow_private = true;
    Seen seen{config};
    seen.node->add_listener(after(0s), at("127.0.0.1:1001"), std::nullopt);
    seen.node->add_listener(after(0s), at("[::1]:1002"), std::nullopt);
    const Enr& record = seen.node->record();
    CHECK(record.tcp_endpoint() == at("127.0.0.1:1001"));
    CHECK(record.other_tcp_endpoint() == at("[::1]:1002"));
    CHECK(seen.node->endpoint() == at("127.0.0.1:1001"));
}

TEST_CASE("a node that advertises an address, or calls through a proxy, does not follow") {
    NodeConfig config;
    SUBCASE("advertise") {
        config.p2p.advertise = {at("81.5.5.5:5")};
    }
    SUBCASE("proxy") {
        config.p2p.proxy.endpoint = at("127.0.0.1:1080");  // they see the proxy
    }
    Seen seen{config};
    seen.node->add_listener(after(0s), at("0.0.0.0:30770"), std::nullopt);
    const auto before = seen.node->record();
    seen.vote("81.2.3.4", 10);
    seen.run(5min);
    CHECK(seen.node->record() == before);
}

TEST_CASE(
    "own endpoints: a router's mapping says address and port, until peers see another address") {
    OwnEndpoints reach{{}, false};
    reach.add_listener(at("192.168.1.5:30770"), std::nullopt);
    CHECK(reach.set_mapped(at("81.2.3.4:40001")));
    CHECK(reach.endpoints() == Endpoints{at("81.2.3.4:40001")});
    CHECK_FALSE(reach.set_mapped(at("81.2.3.4:40001")));
    vote(reach, "81.2.3.4");
    CHECK(reach.endpoints() == Endpoints{at("81.2.3.4:40001")});
    vote(reach, "81.9.9.9");
    CHECK(reach.endpoints() == Endpoints{at("81.9.9.9:30770")});
    CHECK_FALSE(reach.set_mapped(std::nullopt));

    OwnEndpoints lost{{}, false};
    lost.add_listener(at("0.0.0.0:30770"), std::nullopt);
    CHECK(lost.set_mapped(at("81.2.3.4:40001")));
    CHECK(lost.set_mapped(std::nullopt));
    CHECK(lost.endpoints().empty());

    // A router behind a router.
    for (const auto* inside : {"192.168.0.7:1", "100.64.0.1:1", "10.0.0.1:1", "127.0.0.1:1"}) {
        CHECK_FALSE(lost.set_mapped(at(inside)));
        CHECK(lost.endpoints().empty());
    }
    OwnEndpoints site{{}, true};
    site.add_listener(at("0.0.0.0:30770"), ip("192.168.1.5"));
    CHECK(site.set_mapped(at("10.0.0.1:1")));
    CHECK(site.endpoints() == Endpoints{at("10.0.0.1:1")});

    OwnEndpoints certain{{}, false};
    certain.add_listener(at("81.7.7.7:1"), std::nullopt);
    CHECK_FALSE(certain.set_mapped(at("81.2.3.4:40001")));
    OwnEndpoints told{{at("81.5.5.5:5")}, false};
    told.add_listener(at("192.168.1.5:30770"), std::nullopt);
    CHECK_FALSE(told.set_mapped(at("81.2.3.4:40001")));
    CHECK(told.endpoints() == Endpoints{at("81.5.5.5:5")});
}

TEST_CASE("a node's record follows a mapping; one behind another router is not advertised") {
    NodeConfig config;
    Seen seen{config};
    seen.node->add_listener(after(0s), at("0.0.0.0:30770"), std::nullopt);
    nat::MappingStatus status;
    status.mode = nat::MappingMode::automatic;
    status.mapping = {nat::MappingMethod::upnp, at("192.168.0.7:40001"), 3600s};
    seen.node->set_port_mapping(after(0s), status);
    CHECK_FALSE(seen.node->own().mapping_is_of_use());
    CHECK_FALSE(seen.node->record().tcp_endpoint());
    status.mapping->outside = at("81.2.3.4:40001");
    seen.node->set_port_mapping(after(0s), status);
    CHECK(seen.node->own().mapping_is_of_use());
    CHECK(seen.node->record().tcp_endpoint() == at("81.2.3.4:40001"));
    const auto sequence = seen.node->record().sequence();
    // That UDP is not mapped is said once.
    CHECK(seen.log.lines.size() == 1);  // about the other router
    status.udp_why = {nat::MappingErrc::refused, "no"};
    for (int i = 0; i < 2; ++i) seen.node->set_port_mapping(after(0s), status);
    REQUIRE(seen.log.lines.size() == 2);
    CHECK(seen.log.lines[1] ==
          "warn the router maps TCP alone: the DHT may not reach this node why=no");
    status.udp_why.reset();
    // It comes and goes: no more than one record a minute.
    status.mapping.reset();
    seen.node->set_port_mapping(after(1s), status);
    CHECK(seen.node->record().sequence() == sequence);
    seen.run(61s);
    CHECK(seen.node->record().sequence() > sequence);
    CHECK_FALSE(seen.node->record().tcp_endpoint());
}

TEST_CASE("a pinhole for IPv6 changes no record; that there is none is no warning") {
    NodeConfig config;
    Seen seen{config};
    seen.node->add_listener(after(0s), at("[::]:30770"), ip("2a00::5"));
    const auto sequence = seen.node->record().sequence();
    nat::MappingStatus status;
    status.mode = nat::MappingMode::automatic;
    status.why = {nat::MappingErrc::no_router, "nobody"};
    seen.node->set_pinhole(status);
    status.why.reset();
    status.mapping = {nat::MappingMethod::pcp, at("[2a00::5]:30770"), 3600s};
    status.udp_why = {nat::MappingErrc::refused, "no"};
    seen.node->set_pinhole(status);
    CHECK(seen.node->own().pinhole() == status);
    CHECK(seen.node->record().sequence() == sequence);
    CHECK(seen.log.lines.empty());
}
