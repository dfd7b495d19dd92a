// What a Switch does with callers that have proven nothing, and with many that misbehave at one
// address.
#include <parley/transport/switch/door.hpp>
#include <parley/transport/switch/test_switch.hpp>

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <set>

namespace parley::transport {
namespace {

using namespace test;

struct Node {
    explicit Node(SwitchConfig config = {}) : rig(keys[0], {&chat}, config) {}

    std::vector<NodeKey> keys = sorted_keys(40);
    TestModule chat{{.name = "chat", .message_bytes_max = 1000, .window_bytes = 20'000}};
    Rig rig;
};

TEST_CASE("strangers: a mismatch is no offence: no ban, and nothing that a success does not end") {
    constexpr std::array mismatches{CloseReason::handshake_failed,  CloseReason::handshake_timeout,
                                    CloseReason::truncated,         CloseReason::wrong_destination,
                                    CloseReason::no_common_version, CloseReason::reset};
    for (const auto reason : mismatches) {
        CAPTURE(name(reason));
        Node n;
        int refused = 0;
        for (int i = 0; i < 60; ++i) {
            n.rig.time += 10s;
            const auto link = n.rig.node->on_accept(n.rig.now(), endpoint("8.8.8.8"));
            if (link) n.rig.closed(*link, reason);
            refused += link ? 0 : 1;
        }
        CHECK(n.rig.node->offences().bans().empty());
        CHECK(refused > 10);  // waits of up to 16 s
        n.rig.time += 16s;
        n.rig.closed(n.rig.up_inbound(n.keys[1], "8.8.8.8"), CloseReason::requested);
        n.rig.closed(n.rig.accept("8.8.8.8"), reason);
        n.rig.accept("8.8.8.8");
    }
}

TEST_CASE(
    "strangers: a bad tag ends the link and is charged to nobody: it may come from the path") {
    Node n;
    for (int i = 0; i < 30; ++i) {
        n.rig.time += 10s;
        n.rig.closed(n.rig.up_inbound(n.keys[1], "9.9.9.9"), CloseReason::bad_frame);
    }
    CHECK(n.rig.node->offences().score(n.rig.now(), n.keys[1].id()) == 0.0);
    n.rig.closed(n.rig.up_inbound(n.keys[1], "9.9.9.9"), CloseReason::protocol_error);
    CHECK(n.rig.node->offences().score(n.rig.now(), n.keys[1].id()) > 0.0);
}

TEST_CASE(
    "strangers: an address is refused once many identities misbehaved there, known ones are not") {
    Node n;
    std::vector<NodeId> book{n.keys[20].id()};
    n.rig.node->set_known([&](const NodeId& id) { return std::ranges::count(book, id) > 0; });
    n.rig.node->set_class(n.keys[21].id(), SlotClass::trusted);
    n.chat.on_handle = [](Context&, Code, Message) -> Result<void, Offence> {
        return std::unexpected{Offence::invalid_data};
    };
    constexpr LaneId chat_lane = 1;
    for (std::size_t i = 1; i <= 8; ++i) {
        n.rig.time += 10s;
        const LinkId link = n.rig.up_inbound(n.keys[i], "8.8.8.8");
        n.rig.deliver(link, chat_lane, 1, "x");
        n.rig.closed(link, CloseReason::requested);
    }
    CHECK(n.rig.node->offences().bans().empty());  // each of them once
    n.rig.time += 10s;
    const LinkId stranger = n.rig.accept("8.8.8.8");
    n.rig.prove(stranger, n.keys[9]);
    CHECK(n.rig.command(stranger) == "refuse too_many_peers");
    n.rig.closed(stranger);

    n.rig.up_inbound(n.keys[20], "8.8.8.8");
    n.rig.up_inbound(n.keys[21], "8.8.8.8");
    n.rig.up_outbound(n.keys[22], "8.8.8.8");
    n.rig.up_inbound(n.keys[9], "8.8.8.9");
    n.rig.time += 10min;
    n.rig.up_inbound(n.keys[10], "8.8.8.8");
}

TEST_CASE("strangers: when all tokens are out, the oldest of the crowd gives way") {
    SwitchConfig config;
    config.slots.handshake_in_max = 4;
    config.slots.giving_way_max = 2;
    config.slots.handshake_group_part = config.slots.handshake_wide_group_part = 1;
    Node n{config};
    const LinkId honest = n.rig.accept("9.9.9.9");
    std::vector<LinkId> crowd;
    for (const auto* from : {"8.8.1.1", "8.8.2.1", "8.8.3.1"}) crowd.push_back(n.rig.accept(from));
    const auto caller = [&](const char* from) {
        return n.rig.node->on_accept(n.rig.now(), endpoint(from));
    };
    CHECK_FALSE(caller("7.7.7.7"));  // they have just come
    n.rig.time += Door::undisturbed;
    const auto newcomer = caller("7.7.7.7");
    REQUIRE(newcomer);
    CHECK(n.rig.command(crowd[0]) == "abandon rotated");
    CHECK(n.rig.node->slots().in_use_total() == 5);
    REQUIRE(caller("6.6.6.6"));
    CHECK(n.rig.command(crowd[1]) == "abandon rotated");
    CHECK_FALSE(caller("5.5.5.5"));  // two are on their way out
    n.rig.closed(crowd[0]);
    REQUIRE(caller("5.5.5.5"));
    CHECK(n.rig.node->stats().gave_way == 3);
    n.rig.prove(*newcomer, n.keys[1]);
    CHECK(n.rig.command(*newcomer) == "proceed");
    CHECK(n.rig.node->offences().bans().empty());
    n.rig.prove(crowd[1], n.keys[2]);  // crossed the command
    CHECK(n.rig.node->peers().size() == 1);
    (void)honest;
}

/// A handshake of an honest caller takes `round_trip` from accept to proof.
struct Siege {
    static constexpr Duration step = 1ms;
    explicit Siege(SwitchConfig config = {}) : n(config) {}

    /// For 60 s: `attackers` call `rate` times a second in all and stall until they time out;
    /// honest callers of ten addresses in each family, each in a group of its own, call once a
    /// second in each. The share of their calls that came to a proof, in the worse family.
    double run(const std::vector<std::string>& attackers, double rate, Duration stall,
               Duration round_trip = 300ms) {
        double due = 0;
        std::size_t next = 0;
        std::array<int, 2> proven{};
        int calls = 0;
        for (int ms = 0; ms < 60'000; ++ms) {
            n.rig.time += step;
            for (due += rate / 1000; due >= 1; due -= 1) {
                call(attackers[next++ % attackers.size()], stall, std::nullopt);
            }
            if (ms % 1000 == 500) {
                ++calls;
                call(fmt::format("{}.7.7.7", 100 + calls % 10), round_trip, 0);
                call(fmt::format("24{}::7", 10 + calls % 10), round_trip, 1);
            }
            finish(proven);
        }
        return static_cast<double>(std::ranges::min(proven)) / calls;
    }

private:
    struct Call {
        LinkId link;
        std::optional<std::size_t> honest;  ///< in this family
    };
    void call(const std::string& from, Duration lasts, std::optional<std::size_t> honest) {
        const auto link = n.rig.node->on_accept(n.rig.now(), endpoint(from));
        if (link) ends.emplace(n.rig.time + lasts, Call{*link, honest});
        drain();
    }
    /// Those that were told to go have gone.
    void drain() {
        for (auto& effect : n.rig.node->take_effects()) {
            const auto* command = std::get_if<CommandLink>(&effect);
            if (command && std::holds_alternative<Abandon>(command->command)) {
                gone.insert(command->link);
                n.rig.closed(command->link, CloseReason::rotated);
            }
        }
    }
    void finish(std::array<int, 2>& proven) {
        while (!ends.empty() && ends.begin()->first <= n.rig.time) {
            const Call done = ends.begin()->second;
            ends.erase(ends.begin());
            if (gone.erase(done.link) > 0) continue;
            if (done.honest) {
                ++proven.at(*done.honest);
                n.rig.prove(done.link, n.keys[1]);
                n.rig.closed(done.link, CloseReason::requested);
            } else {
                n.rig.closed(done.link, CloseReason::handshake_timeout);
            }
            drain();
        }
    }

    Node n;
    std::multimap<Duration, Call> ends;  ///< by the time of the end
    std::set<LinkId> gone;
};

std::vector<std::string> addresses(std::size_t count, const char* pattern) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(fmt::format(fmt::runtime(pattern), i % 250, i / 250 % 250));
    }
    return out;
}

TEST_CASE("strangers: honest callers get in nine times in ten, whoever else stalls at the door") {
    CHECK(Siege{}.run(addresses(8, "8.8.8.{}"), 20, 2s) >= 0.9);
    CHECK(Siege{}.run(addresses(64, "8.8.{}.1"), 200, 2s) >= 0.9);
    CHECK(Siege{}.run(addresses(64, "20.{}.1.1"), 200, 5s) >= 0.9);
    CHECK(Siege{}.run(addresses(250, "20.{}.1.1"), 300, 5s) >= 0.9);
    CHECK(Siege{}.run(addresses(250, "20.{}.1.1"), 5000, 5s) >= 0.9);
    CHECK(Siege{}.run(addresses(256, "2001:db8:1:{:x}::1"), 400, 0ms) >= 0.9);
    CHECK(Siege{}.run(addresses(250, "2001:{:x}::1"), 400, 5s) >= 0.9);
}

}  // namespace
}  // namespace parley::transport
