// Crowds of callers from public addresses, which limits by address count, on the loopback device of
// a namespace. A connection to an address of the device comes from that very address, so a guest
// that calls the node at 9.7.0.1 is a caller from 9.7.0.1.
#include "crowd.hpp"
#include "faults.hpp"
#include <parley/identity/node_id.hpp>
#include <parley/transport/handshake/handshake.hpp>

#include <fmt/format.h>
#include <tools/wan/device.hpp>
#include <tools/wan/end.hpp>

#include <algorithm>
#include <filesystem>

namespace parley::chaos {

namespace {

constexpr int guests = 4;  // for each attack
constexpr int guests_max = 64;
constexpr Duration join_time = 5s;
constexpr int ipv6_crowd = 256;  // networks of one /56

std::string guest_address(int number) {
    return fmt::format("9.{}.0.1", 1 + number);
}
std::string guest_address_v6(int number) {
    return fmt::format("2a02:{}::1", 1 + number);
}
std::string crowd_address_v6(int number) {
    return fmt::format("2a01:4f8:0:{:x}::1", number);
}

void furnish() {
    wan::set_ipv4("lo:1", "8.0.0.1", "255.0.0.0");   // the node
    wan::set_ipv4("lo:2", "45.0.0.1", "255.0.0.0");  // crowds
    for (int i = 0; i < ipv6_crowd; ++i) wan::add_ipv6("lo", crowd_address_v6(i));
    for (int i = 0; i < guests_max; ++i) {
        wan::set_ipv4(fmt::format("lo:g{}", i), guest_address(i), "255.255.255.255");
        wan::add_ipv6("lo", guest_address_v6(i));
    }
}

/// `count` addresses, so many in each /24, and so many of those in each /16.
std::vector<IpAddress> crowd(unsigned count, unsigned each_24, unsigned each_16) {
    std::vector<IpAddress> out;
    for (unsigned i = 0; i < count; ++i) {
        const auto group = i / each_24;
        out.push_back(*IpAddress::parse(
            fmt::format("45.{}.{}.{}", group / each_16, group % each_16, 1 + i % each_24)));
    }
    return out;
}

std::vector<IpAddress> crowd_v6() {
    std::vector<IpAddress> out;
    for (int i = 0; i < ipv6_crowd; ++i) out.push_back(*IpAddress::parse(crowd_address_v6(i)));
    return out;
}

double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

struct Attack {
    std::string_view name;
    CrowdPlan plan;
};

Endpoint besieged() {
    return {*IpAddress::parse("8.0.0.1"), NodeProcess::port};
}

/// As long as the first message of a handshake, and none.
Buffer no_handshake() {
    return Buffer(transport::m1_bytes, std::byte{0x5a});
}

std::vector<Attack> attacks() {
    const Endpoint node = besieged();
    const Endpoint node_v6{*IpAddress::parse(crowd_address_v6(0)), NodeProcess::port};
    const Buffer junk = no_handshake();
    Buffer newer = junk;  // a later version of the protocol, to nobody
    std::ranges::copy(bytes_of("PRLY"), newer.begin());
    for (const std::size_t at : {4U, 6U}) newer[at] = std::byte{0};
    for (const std::size_t at : {5U, 7U}) newer[at] = std::byte{2};
    Buffer astray = newer;  // our version, to another node
    for (const std::size_t at : {5U, 7U}) astray[at] = std::byte{1};
    using enum CrowdHabit;
    return {
        {"8 of one /24 stall, 20/s", {crowd(8, 8, 1), node, stalls, {}, 20}},
        {"64 stall, 200/s", {crowd(64, 8, 2), node, stalls, {}, 200}},
        {"250 stall, 300/s", {crowd(250, 4, 4), node, stalls, {}, 300}},
        {"an IPv6 /56 comes and goes, 400/s", {crowd_v6(), node_v6, leaves, {}, 400}},
        {"250 stall, as fast as can be", {crowd(250, 4, 4), node, stalls}},
        {"250 come and go, as fast as can be", {crowd(250, 4, 4), node, leaves}},
        {"250 of 250 /16 stall, as fast as can be", {crowd(250, 1, 1), node, stalls}},
        {"250 send junk, as fast as can be", {crowd(250, 4, 4), node, speaks, junk}},
        {"250 seek another node, as fast as can be", {crowd(250, 4, 4), node, speaks, astray}},
        {"250 speak version 2, as fast as can be", {crowd(250, 4, 4), node, speaks, newer}},
    };
}

std::string target(const NodeProcess& node, const std::string& host) {
    return fmt::format("{}@{}:{}", node.id(), host, NodeProcess::port);
}

/// Makes nodes that join from addresses of their own, by both families in turns.
class Guests {
public:
    Guests(const Swarm& swarm, const NodeProcess& host, int space)
        : binary_(swarm.binary()), folder_(swarm.folder()), host_(host), space_(space) {}

    /// How long it took a new node from its start to its link. Throws Failed.
    Duration join(std::string_view during) {
        const int number = made_++;
        const bool v6 = number % 2 == 1;
        const auto own = v6 ? "[" + guest_address_v6(number) + "]" : guest_address(number);
        return join_from(own, during);
    }
    Duration join_from(const std::string& own, std::string_view during,
                       Duration patience = join_time) {
        NodeProcess guest{{.binary = binary_,
                           .folder = fmt::format("{}/guest-{}", folder_, ++folders_),
                           .end = 0,
                           .space = space_,
                           .boot = target(host_, own),
                           .listen = {"--listen", own + ":30701"}}};
        const auto began = std::chrono::steady_clock::now();
        guest.start();
        wait_until(patience,
                   fmt::format("a new node from {} joins within {} s while {}", own, patience / 1s,
                               during),
                   [&] { return guest.links() > 0; });
        return std::chrono::steady_clock::now() - began;
    }

private:
    std::string binary_;
    std::string folder_;
    const NodeProcess& host_;
    int space_;
    int made_ = 0;
    int folders_ = 0;
};

}  // namespace

std::string siege(Swarm& swarm, const FaultOptions&) {
    const auto space = wan::make_namespace(&furnish);
    NodeProcess host{{.binary = swarm.binary(),
                      .folder = swarm.folder() + "/besieged",
                      .end = 0,
                      .space = space.get(),
                      .boot = {},
                      .listen = {"--listen", "0.0.0.0:30700", "--listen", "[::]:30700",
                                 "--advertise", "8.0.0.1:30700", "--inbound-max", "200"}}};
    host.start();
    wait_until(10s, "the node answers", [&] { return host.call("parley_status").has_value(); });
    Guests newcomers{swarm, host, space.get()};
    Duration longest{};
    std::uint64_t calls = 0;
    for (const auto& [name, plan] : attacks()) {
        const Crowd crowd{plan, space.get()};
        sleep_for(2s);
        Duration most{};
        for (int i = 0; i < guests; ++i) most = std::max(most, newcomers.join(name));
        fmt::print(
            "    {:42} {:8} calls, {:8} seen to be turned away, a new node joins within {:.1f} s\n",
            name, crowd.calls(), crowd.turned_away(), seconds(most));
        std::fflush(stdout);
        longest = std::max(longest, most);
        calls += crowd.calls();
    }
    // Behind the address of many that failed: it waits some seconds, and nobody is banned for what
    // may be an honest mistake.
    const std::string shared = guest_address(guests_max - 1);
    {
        const Crowd neighbours{
            {{*IpAddress::parse(shared)}, besieged(), CrowdHabit::speaks, no_handshake(), 10},
            space.get()};
        sleep_for(5s);
    }
    const auto waited = newcomers.join_from(shared, "its neighbours have failed 50 times", 60s);
    fmt::print("    {:42} a new node of the same address joins within {:.1f} s\n",
               "50 calls of junk from one address", seconds(waited));
    const auto bans = host.call("admin_bans");
    require(bans && bans->as_array().empty(), "nobody is banned");
    return fmt::format("{} calls; every new node joined within {:.1f} s", calls, seconds(longest));
}

}  // namespace parley::chaos
