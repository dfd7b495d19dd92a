// Dials by name, and to more than one address.
#include <parley/runtime/io/test_closed_port.hpp>
#include <parley/runtime/io/test_proxy.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;
using transport::CloseReason;

namespace {

const IpAddress loopback4 = *IpAddress::parse("127.0.0.1");
const IpAddress loopback6 = *IpAddress::parse("::1");
/// Nobody listens at any of its ports: others use 127.0.0.1.
const IpAddress silent4 = *IpAddress::parse("127.77.0.1");

/// Names of a test, which may change while it runs.
class Names {
public:
    void set(const std::string& host, std::vector<IpAddress> addresses) {
        const std::scoped_lock lock{state_->mutex};
        state_->known[host] = std::move(addresses);
    }
    Lookup lookup() const {
        return [state = state_](const std::string& host) -> Addresses {
            const std::scoped_lock lock{state->mutex};
            ++state->asked;
            const auto found = state->known.find(host);
            if (found == state->known.end()) return std::unexpected{"no such name"};
            return found->second;
        };
    }
    int asked() const {
        const std::scoped_lock lock{state_->mutex};
        return state_->asked;
    }

private:
    struct State {
        std::mutex mutex;
        std::map<std::string, std::vector<IpAddress>> known;
        int asked = 0;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

TestNode::Options asking(const Names& names, Log& log = no_log()) {
    TestNode::Options options;
    options.host.lookup = names.lookup();
    options.log = &log;
    return options;
}

Target named(const TestNode& node, std::string host) {
    return {node.target().id, {{}, node.target().endpoint.port}, std::move(host)};
}

/// The one peer's endpoint, as those above the connection see it.
std::string peer_of(TestNode& node) {
    std::string out;
    node.on_node([&](Now) {
        const auto peers = node.core().links().peers();
        if (peers.size() == 1) out = peers[0].endpoint.to_string();
    });
    return out;
}

}  // namespace

TEST_CASE("a name is resolved for each dial, and the link is to the address that it led to") {
    Names names;
    DetailLog log{"link ended before it was up", "detail"};
    Stream topic_a{{}};
    TestNode a{{&topic_a}};
    Stream topic_b{{}};
    TestNode b{{&topic_b}, asking(names, log)};
    b.dial(named(a, "a.example"));
    CHECK(log.wait() == "a.example: no such name");
    CHECK(b.saw_end(CloseReason::dial_failed));
    names.set("a.example", {loopback4});
    b.dial(named(a, "a.example"));
    CHECK(b.saw_up());
    CHECK(names.asked() == 2);
    CHECK(peer_of(b) == a.target().endpoint.to_string());
}

TEST_CASE("all addresses of a name are tried, those of either family") {
    Names names;
    TestNode::Options six;
    six.host.listen = {{loopback6, 0}};
    Stream topic_a{{}};
    TestNode a{{&topic_a}, six};
    DetailLog log{"link ended before it was up", "detail"};
    Stream topic_b{{}};
    TestNode b{{&topic_b}, asking(names, log)};
    SUBCASE("the second one answers") {
        names.set("a.example", {silent4, loopback6});
        b.dial(named(a, "a.example"));
        CHECK(b.saw_up());
        CHECK(peer_of(b) == a.target().endpoint.to_string());
    }
    SUBCASE("none does, and each is told") {
        const ClosedPort closed;
        names.set("a.example", {loopback4, silent4});
        b.dial({a.target().id, closed.at({}), "a.example"});
        CHECK(b.saw_end(CloseReason::dial_failed));
        CHECK(log.wait() == closed.at(loopback4).to_string() + ": Connection refused; " +
                                closed.at(silent4).to_string() + ": Connection refused");
    }
}

TEST_CASE("a name that is not resolved in time, and a dial that is given up meanwhile") {
    const auto opened = std::make_shared<std::promise<void>>();
    const auto gate = opened->get_future().share();
    DetailLog log{"link ended before it was up", "detail"};
    Stream topic_a{{}};
    TestNode a{{&topic_a}};
    {
        TestNode::Options options;
        options.host.lookup = [gate](const std::string&) -> Addresses {
            gate.wait();
            return std::vector{loopback4};
        };
        options.log = &log;
        SUBCASE("out of time") {
            options.host.connect_timeout = 50ms;
            Stream topic_b{{}};
            TestNode b{{&topic_b}, options};
            b.dial(named(a, "a.example"));
            CHECK(log.wait() == "a.example: the name was not resolved in time");
        }
        SUBCASE("given up") {
            Stream topic_b{{}};
            TestNode b{{&topic_b}, options};
            b.dial(named(a, "a.example"));
            b.on_node([&](Now now) {
                b.core().links().disconnect(now, a.target().id, CloseReason::requested);
            });
            CHECK(b.saw_end(CloseReason::requested));
        }
        SUBCASE("the host ends") {
            Stream topic_b{{}};
            TestNode b{{&topic_b}, options};
            b.dial(named(a, "a.example"));
            b.host().stop();
            CHECK(b.ended());
        }
    }
    opened->set_value();
}

TEST_CASE("of two families the one is dialed that answers, and first from then on") {
    TestNode::Options six;
    six.host.listen = {{loopback6, 0}};
    Stream topic_a{{}};
    Stream topic_b{{}};
    Stream topic_c{{}};
    TestNode a{{&topic_a}, six};
    // The other one listens on both: what was learned of the first decides.
    TestNode::Options both;
    both.host.listen = {{loopback6, 0}, {loopback4, 0}};
    TestNode c{{&topic_c}, both};
    REQUIRE(c.endpoints().size() == 2);
    DetailLog log{"link ended before it was up", "detail"};
    TestNode b{{&topic_b}, asking({}, log)};
    const ClosedPort closed;
    const Endpoint closed4 = closed.at(loopback4);
    const Endpoint closed6 = closed.at(loopback6);

    SUBCASE("IPv6, as nobody is there over IPv4") {
        b.dial({a.target().id, closed4, {}, a.target().endpoint});
        CHECK(b.saw_up());
        CHECK(peer_of(b) == a.target().endpoint.to_string());
        b.dial({c.target().id, c.endpoints()[1], {}, c.endpoints()[0]});
        CHECK(c.saw_up());
        c.on_node([&](Now) {
            for (const auto& peer : c.core().links().peers()) {
                CHECK(peer.endpoint.address == loopback6);
            }
        });
    }
    SUBCASE("IPv4, if it comes first and answers") {
        b.dial({c.target().id, c.endpoints()[1], {}, c.endpoints()[0]});
        CHECK(b.saw_up());
        CHECK(peer_of(b) == c.endpoints()[1].to_string());
    }
    SUBCASE("neither") {
        b.dial({a.target().id, closed4, {}, closed6});
        CHECK(b.saw_end(CloseReason::dial_failed));
        CHECK(log.wait() == closed4.to_string() + ": Connection refused; " + closed6.to_string() +
                                ": Connection refused");
    }
}

TEST_CASE("who dials is told from where it was seen to call") {
    Stream topic_a{{}};
    Stream topic_b{{}};
    std::promise<transport::OwnAddressObserved> said;
    Hub::Subscription subscription;  // ends after the node's thread
    TestNode a{{&topic_a}};
    TestNode b{{&topic_b}};
    b.on_node([&](Now) {
        subscription = b.core().hub().subscribe<transport::OwnAddressObserved>(
            [&](const transport::OwnAddressObserved& seen) { said.set_value(seen); });
    });
    b.dial(a.target());
    auto seen = said.get_future();
    REQUIRE(seen.wait_for(patience) == std::future_status::ready);
    const auto what = seen.get();
    CHECK(what.by == a.target().id);
    CHECK(what.by_endpoint == a.target().endpoint);
    CHECK(what.seen.address == loopback4);
    a.on_node([&](Now) {
        const auto peers = a.core().links().peers();
        CHECK(peers.size() == 1);
        for (const auto& peer : peers) CHECK(peer.endpoint == what.seen);
    });
}

TEST_CASE("a proxy is given the name, and nobody else is asked") {
    Names names;
    Stream topic_a{{}};
    TestNode a{{&topic_a}};
    TestProxy proxy{{.name_leads_to = a.target().endpoint}};
    auto options = asking(names);
    options.host.proxy = transport::Proxy{proxy.endpoint(), {}, {}};
    Stream topic_b{{}};
    TestNode b{{&topic_b}, options};
    b.dial(named(a, "a.example"));
    CHECK(b.saw_up());
    CHECK(names.asked() == 0);
    const auto port = std::to_string(a.target().endpoint.port);
    CHECK(proxy.asked() == std::vector{"a.example:" + port});
}
