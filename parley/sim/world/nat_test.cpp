#include <parley/sim/world/world.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::sim;

namespace {

using Heard = std::vector<std::pair<Endpoint, std::string>>;

struct Hosts {
    World world{WorldConfig{.path = [](HostId, HostId) { return PathConfig{.base = 10ms}; }}};
    std::vector<Heard> heard{4};

    Hosts() {
        for (std::size_t i = 0; i < heard.size(); ++i) {
            world.add_host(inside(i), {}, nullptr);
            world.set_on_datagram(i, [this, i](const Endpoint& from, Bytes bytes) {
                heard[i].emplace_back(from, text_of(bytes));
            });
        }
    }
    static Endpoint inside(std::size_t i) {
        return *Endpoint::parse("11.0.0." + std::to_string(i + 1) + ":7000");
    }
    void send(HostId from, const Endpoint& to, std::string_view text) {
        world.send_datagram(from, to, bytes_of(text));
        world.run_for(1s);
    }
};

}  // namespace

TEST_CASE("without a Nat datagrams go both ways and show where they come from") {
    Hosts hosts;
    hosts.send(0, Hosts::inside(1), "hello");
    CHECK(hosts.heard[1] == Heard{{Hosts::inside(0), "hello"}});
}

TEST_CASE("behind a Nat two hosts share an address, and only answers come in") {
    Hosts hosts;
    const IpAddress outside = Endpoint::parse("12.0.0.1:1")->address;
    hosts.world.set_nat(0, outside);
    hosts.world.set_nat(1, outside);

    hosts.send(2, Hosts::inside(0), "unasked");
    CHECK(hosts.heard[0].empty());

    hosts.send(0, Hosts::inside(2), "from 0");
    hosts.send(1, Hosts::inside(2), "from 1");
    REQUIRE(hosts.heard[2].size() == 2);
    const Endpoint zero = hosts.heard[2][0].first;
    const Endpoint one = hosts.heard[2][1].first;
    CHECK(zero.address == outside);
    CHECK(one.address == outside);
    CHECK(zero.port != one.port);

    hosts.send(2, zero, "answer");
    CHECK(hosts.heard[0] == Heard{{Hosts::inside(2), "answer"}});
    CHECK(hosts.heard[1].empty());

    // Another than the one that was written to; then it is written to as well.
    hosts.send(3, zero, "stranger");
    CHECK(hosts.heard[0].size() == 1);
    hosts.send(0, Hosts::inside(3), "to 3");
    CHECK(hosts.heard[3] == Heard{{zero, "to 3"}});  // the same port for everybody
    hosts.send(3, zero, "no stranger");
    CHECK(hosts.heard[0].size() == 2);
}

TEST_CASE("the way back through a Nat closes when nothing is sent") {
    Hosts hosts;
    hosts.world.set_nat(0, Endpoint::parse("12.0.0.1:1")->address);
    hosts.send(0, Hosts::inside(2), "out");
    REQUIRE(hosts.heard[2].size() == 1);
    const Endpoint outside = hosts.heard[2][0].first;
    hosts.world.run_for(Nat::open_for - 5s);
    hosts.send(2, outside, "in time");
    CHECK(hosts.heard[0].size() == 1);
    hosts.world.run_for(10s);
    hosts.send(2, outside, "too late");
    CHECK(hosts.heard[0].size() == 1);
}
