#include <parley/nat/port_mapping.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::nat;

namespace {

constexpr auto pcp = MappingMethod::pcp;
constexpr auto nat_pmp = MappingMethod::nat_pmp;
constexpr auto upnp = MappingMethod::upnp;
constexpr auto map = MappingAction::map;
constexpr auto check = MappingAction::check;
constexpr auto removal = MappingAction::remove;
constexpr auto tcp = MappingProtocol::tcp;
constexpr auto udp = MappingProtocol::udp;

Now at(Duration since_start) {
    return {Instant{} + 1h + since_start, {}};
}

MappingResult mapped(MappingMethod method, std::string_view outside,
                     std::chrono::seconds lifetime = 3600s,
                     std::optional<std::uint32_t> epoch = {}) {
    return Mapping{method, *Endpoint::parse(outside), lifetime, epoch};
}
/// Mapped for an hour by a router that has known its mappings for so long.
MappingResult known_for(std::uint32_t epoch, MappingMethod method = nat_pmp) {
    return mapped(method, "81.2.3.4:30303", 3600s, epoch);
}
MappingResult failure(MappingErrc code) {
    return std::unexpected{MappingError{code, "no"}};
}

PortMapping make(MappingMode mode) {
    PortMappingConfig config;
    config.mode = mode;
    config.port = 30303;
    config.jitter = 0;
    return PortMapping{config, Rng{1}};
}

PortMapping make_with_udp() {
    PortMappingConfig config;
    config.mode = MappingMode::nat_pmp;
    config.port = 30303;
    config.udp = true;
    return PortMapping{config, Rng{1}};
}

/// When it will ask again, after `time`, and that it does not before.
Duration asks_after(PortMapping& core, Duration time) {
    const Duration wake = core.next_wakeup() - at(0s).instant;
    CHECK_FALSE(core.next(at(wake - 1ms)));
    CHECK(core.next(at(wake)));
    return wake - time;
}

}  // namespace

TEST_CASE("port mapping: asked at once, and again at half of its time") {
    auto core = make(MappingMode::nat_pmp);
    const MappingRequest first{nat_pmp, 30303, 30303, 3600s};
    CHECK(core.next(at(0s)) == first);
    CHECK_FALSE(core.next(at(0s)));  // one at a time
    CHECK_FALSE(core.status().mapping);
    core.on_result(at(1s), mapped(nat_pmp, "81.2.3.4:30303", 600s));
    CHECK(core.status().mapping->outside.to_string() == "81.2.3.4:30303");
    CHECK(asks_after(core, 1s) == 300s);
    core.on_result(at(301s), mapped(nat_pmp, "81.2.3.4:30303", 600s));
    CHECK(asks_after(core, 301s) == 300s);
}

TEST_CASE("port mapping: the router may give another port, which is asked for from then on") {
    auto core = make(MappingMode::nat_pmp);
    core.next(at(0s));
    core.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:40001", 3600s));
    CHECK(core.status().mapping->outside.port == 40001);
    CHECK(core.next(at(1800s)) == MappingRequest{nat_pmp, 30303, 40001, 3600s});
}

TEST_CASE("port mapping: a router's times are taken within bounds") {
    struct Case {
        std::chrono::seconds lifetime;
        Duration asked_after;
    };
    for (const auto& [lifetime, asked_after] :
         {Case{1s, 60s}, Case{119s, 60s}, Case{600s, 300s}, Case{7200s, 3600s},
          Case{std::chrono::seconds{0xffffffff}, 3600s}, Case{0s, 3600s}, Case{-5s, 3600s}}) {
        auto core = make(MappingMode::upnp);
        core.next(at(0s));
        core.on_result(at(0s), mapped(upnp, "81.2.3.4:30303", lifetime));
        CAPTURE(lifetime.count());
        CHECK(asks_after(core, 0s) == asked_after);
    }
}

TEST_CASE("port mapping: what fails is tried the other ways, then after waits that double") {
    auto core = make(MappingMode::automatic);
    CHECK(core.next(at(0s))->method == pcp);
    core.on_result(at(0s), failure(MappingErrc::refused));
    CHECK(core.next(at(0s))->method == nat_pmp);
    core.on_result(at(0s), failure(MappingErrc::no_answer));
    CHECK_FALSE(core.status().why);
    CHECK(core.next(at(0s))->method == upnp);
    core.on_result(at(0s), failure(MappingErrc::no_router));
    CHECK(core.status().why ==
          MappingError{MappingErrc::no_router, "PCP: no; NAT-PMP: no; UPnP: no"});
    Duration time{0};
    for (const auto wait : {30s, 60s, 120s, 240s, 480s, 960s, 1920s, 3600s, 3600s}) {
        const Duration waited = asks_after(core, time);  // PCP
        CHECK(waited == wait);
        time += waited;
        core.on_result(at(time), failure(MappingErrc::refused));
        CHECK(core.next(at(time))->method == nat_pmp);
        core.on_result(at(time), failure(MappingErrc::refused));
        CHECK(core.next(at(time))->method == upnp);
        core.on_result(at(time), failure(MappingErrc::refused));
    }
    core.next(at(time + 3600s));
    core.on_result(at(time + 3600s), failure(MappingErrc::no_answer));
    core.next(at(time + 3600s));
    core.on_result(at(time + 3600s), mapped(nat_pmp, "81.2.3.4:30303"));
    CHECK_FALSE(core.status().why);
    // The way that worked comes first from then on, and the waits begin anew.
    CHECK(core.next(at(time + 5400s))->method == nat_pmp);
    core.on_result(at(time + 5400s), failure(MappingErrc::no_answer));
    CHECK(core.next(at(time + 5400s))->method == upnp);
    core.on_result(at(time + 5400s), failure(MappingErrc::no_answer));
    CHECK(core.next(at(time + 5400s))->method == pcp);
    core.on_result(at(time + 5400s), failure(MappingErrc::no_answer));
    CHECK(asks_after(core, time + 5400s) == 30s);
}

TEST_CASE("port mapping: a router that forgot its mappings is asked again at once") {
    auto core = make(MappingMode::nat_pmp);
    core.next(at(0s));
    core.on_result(at(0s), known_for(10'000));
    CHECK(core.next_wakeup() == at(300s).instant);
    CHECK_FALSE(core.next(at(299s)));
    const MappingRequest clock{nat_pmp, 30303, 30303, 0s, check};
    CHECK(core.next(at(300s)) == clock);
    core.on_result(at(300s), known_for(10'300));
    CHECK_FALSE(core.next(at(599s)));  // it knows all
    CHECK(core.next(at(600s)) == clock);
    core.on_result(at(600s), failure(MappingErrc::no_answer));  // it may be starting
    CHECK(core.status().mapping);
    CHECK_FALSE(core.next(at(899s)));
    CHECK(core.next(at(900s)) == clock);
    core.on_result(at(900s), known_for(100));
    CHECK(core.next(at(900s)) == MappingRequest{nat_pmp, 30303, 30303, 3600s});
    core.on_result(at(900s), known_for(100));
    CHECK(core.status().mapping->outside.to_string() == "81.2.3.4:30303");
    CHECK_FALSE(core.next(at(1199s)));
    // One that does not answer such questions is asked for the mapping at half of its time.
    for (Duration time = 1200s; time < 2700s; time += 300s) {
        CHECK(core.next(at(time)) == clock);
        core.on_result(at(time), failure(MappingErrc::no_answer));
    }
    CHECK(core.next(at(2700s))->action == map);
}

TEST_CASE("port mapping: an address that changed is asked for at once") {
    auto core = make(MappingMode::nat_pmp);
    core.next(at(0s));
    core.on_result(at(0s), known_for(10'000));
    core.next(at(300s));
    core.on_result(at(300s), mapped(nat_pmp, "81.9.9.9:0", 0s, 10'300));
    CHECK(core.next(at(300s))->action == map);
    core.on_result(at(300s), mapped(nat_pmp, "81.9.9.9:30303", 3600s, 10'300));
    CHECK(core.status().mapping->outside.to_string() == "81.9.9.9:30303");
    // PCP's answer has no address.
    auto silent = make(MappingMode::pcp);
    silent.next(at(0s));
    silent.on_result(at(0s), known_for(10'000, pcp));
    CHECK(silent.next(at(300s))->action == check);
    silent.on_result(at(300s), mapped(pcp, "0.0.0.0:0", 0s, 10'300));
    CHECK_FALSE(silent.next(at(599s)));
}

TEST_CASE("port mapping: forgotten between TCP and UDP; a clock that stands asks once a check") {
    auto core = make_with_udp();
    core.next(at(0s));
    core.on_result(at(0s), known_for(10'000));
    core.next(at(0s));
    core.on_result(at(10s), known_for(0));
    CHECK(core.next(at(10s))->protocol == tcp);
    core.on_result(at(10s), known_for(0));
    CHECK(core.next(at(10s))->protocol == udp);
    core.on_result(at(10s), known_for(0));
    const auto wake = core.next_wakeup();
    CHECK(wake > at(200s).instant);
    CHECK(core.next({wake, {}})->action == check);
    core.on_result({wake, {}}, known_for(0));
    CHECK(core.next({wake, {}})->action == map);
    core.on_result({wake, {}}, known_for(0));
    CHECK(core.next({wake, {}})->protocol == udp);
    core.on_result({wake, {}}, known_for(0));
    CHECK(core.next_wakeup() > wake + 200s);
}

TEST_CASE("port mapping: nothing is checked after the end") {
    auto over = make(MappingMode::nat_pmp);
    over.next(at(0s));
    over.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:30303", 600s, 0));
    over.next(at(300s));
    over.on_result(at(300s), failure(MappingErrc::no_answer));
    CHECK(over.next(at(600s))->action == map);
    CHECK_FALSE(over.status().mapping);
    over.on_result(at(600s), failure(MappingErrc::no_answer));
    CHECK(over.next_wakeup() == at(660s).instant);
    CHECK_FALSE(over.next(at(659s)));
    auto stopped = make(MappingMode::nat_pmp);
    stopped.next(at(0s));
    stopped.on_result(at(0s), known_for(0));
    stopped.next(at(300s));
    stopped.stop();
    stopped.on_result(at(300s), known_for(0));
    CHECK(stopped.next(at(300s))->action == removal);
}

TEST_CASE("port mapping: a pinhole for IPv6 by PCP or UPnP") {
    PortMappingConfig config;
    config.mode = MappingMode::automatic;
    config.port = 30303;
    config.v6 = true;
    config.jitter = 0;
    PortMapping core{config, Rng{1}};
    CHECK(core.next(at(0s)) == MappingRequest{pcp, 30303, 30303, 3600s});
    core.on_result(at(0s), mapped(pcp, "81.2.3.4:30303"));
    CHECK(core.next(at(0s)) == MappingRequest{upnp, 30303, 30303, 3600s});
    core.on_result(at(0s), failure(MappingErrc::refused));
    CHECK(core.status().why ==
          MappingError{MappingErrc::refused,
                       "PCP: the router says it is at 81.2.3.4:30303; UPnP: no"});
    core.next(at(30s));
    core.on_result(at(30s), mapped(pcp, "[2a00::1]:30303"));
    CHECK(core.status().mapping->outside.to_string() == "[2a00::1]:30303");
    config.mode = MappingMode::nat_pmp;
    CHECK(PortMapping{config, Rng{1}}.next_wakeup() == never);
}

TEST_CASE("port mapping: one that is not renewed lasts until its time is over") {
    auto core = make(MappingMode::nat_pmp);
    core.next(at(0s));
    core.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:30303", 200s));
    for (Duration time = 100s; time < 200s; time = core.next_wakeup() - at(0s).instant) {
        CHECK(core.next(at(time)));
        CHECK(core.status().mapping);
        core.on_result(at(time), failure(MappingErrc::no_answer));
    }
    CHECK(core.status().mapping);
    core.next(at(200s));
    CHECK_FALSE(core.status().mapping);
    CHECK(core.status().why);
}

TEST_CASE("port mapping: a port that is taken, and a router that knows no end") {
    auto core = make(MappingMode::upnp);
    std::vector<std::uint16_t> ports;
    for (int i = 0; i < 4; ++i) {
        const auto request = core.next(at(0s));
        REQUIRE(request);
        ports.push_back(request->outside_port);
        core.on_result(at(0s), failure(MappingErrc::port_taken));
    }
    CHECK_FALSE(core.next(at(29s)));  // enough for now
    CHECK(ports[0] == 30303);
    for (int i = 1; i < 4; ++i) {
        CHECK(ports[static_cast<std::size_t>(i)] >= 1024);
        CHECK(ports[static_cast<std::size_t>(i)] != 30303);
    }
    CHECK(core.next(at(30s))->lifetime == 3600s);
    core.on_result(at(30s), failure(MappingErrc::permanent_only));
    const auto for_ever = core.next(at(30s));
    REQUIRE(for_ever);
    CHECK(for_ever->lifetime == 0s);
    core.on_result(at(30s), failure(MappingErrc::permanent_only));
    CHECK_FALSE(core.next(at(30s)));  // it contradicts itself
}

TEST_CASE("port mapping: an address that is none counts as a failure") {
    for (const auto* outside : {"0.0.0.0:30303", "81.2.3.4:0", "[2a00::1]:30303"}) {
        auto core = make(MappingMode::nat_pmp);
        core.next(at(0s));
        core.on_result(at(0s), mapped(nat_pmp, outside));
        CAPTURE(outside);
        CHECK_FALSE(core.status().mapping);
        REQUIRE(core.status().why);
        CHECK(core.status().why->code == MappingErrc::bad_answer);
    }
}

TEST_CASE("port mapping: taken back at the end, once, whatever the router says") {
    for (const auto& result : {mapped(upnp, "81.2.3.4:40000"), failure(MappingErrc::no_answer)}) {
        auto core = make(MappingMode::upnp);
        core.next(at(0s));
        core.on_result(at(0s), mapped(upnp, "81.2.3.4:40000"));
        core.stop();
        CHECK_FALSE(core.stopped());
        CHECK(core.next(at(1s)) == MappingRequest{upnp, 30303, 40000, 0s, removal});
        core.on_result(at(1s), result);
        CHECK(core.stopped());
        CHECK_FALSE(core.next(at(2s)));
        CHECK(core.next_wakeup() == never);
    }
    auto never_mapped = make(MappingMode::upnp);
    never_mapped.stop();
    CHECK(never_mapped.stopped());
    CHECK_FALSE(never_mapped.next(at(0s)));
    // An answer that comes after the end was wanted is taken back as well.
    auto late = make(MappingMode::upnp);
    late.next(at(0s));
    late.stop();
    CHECK_FALSE(late.stopped());
    late.on_result(at(1s), mapped(upnp, "81.2.3.4:40000"));
    CHECK(late.next(at(1s))->action == removal);
}

TEST_CASE("port mapping: UDP follows TCP, at the outside port that TCP got") {
    auto core = make_with_udp();
    CHECK(core.next(at(0s)) == MappingRequest{nat_pmp, 30303, 30303, 3600s, map, tcp});
    core.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:40001"));
    CHECK(core.next_wakeup() <= at(0s).instant);
    CHECK_FALSE(core.status().udp);
    CHECK(core.next(at(0s)) == MappingRequest{nat_pmp, 30303, 40001, 3600s, map, udp});
    CHECK_FALSE(core.next(at(0s)));  // one at a time
    core.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:40001", 600s));
    CHECK(core.status().udp);
    CHECK_FALSE(core.status().udp_why);
    // Both are renewed at half of the shorter time.
    CHECK(asks_after(core, 0s) == 300s);
    core.on_result(at(300s), mapped(nat_pmp, "81.2.3.4:40001"));
    CHECK(core.status().udp);
    CHECK(core.next(at(300s))->protocol == udp);
    core.on_result(at(300s), mapped(nat_pmp, "81.2.3.4:40001"));
    CHECK(asks_after(core, 300s) == 1800s);
    // Both are taken back, TCP last.
    core.on_result(at(2100s), failure(MappingErrc::no_answer));
    core.stop();
    CHECK(core.next(at(2101s)) == MappingRequest{nat_pmp, 30303, 40001, 0s, removal, udp});
    core.on_result(at(2101s), failure(MappingErrc::no_answer));
    CHECK_FALSE(core.stopped());
    CHECK(core.next(at(2101s)) == MappingRequest{nat_pmp, 30303, 40001, 0s, removal, tcp});
    core.on_result(at(2101s), Mapping{});
    CHECK(core.stopped());
}

TEST_CASE("port mapping: without UDP the mapping of TCP stands, and UDP is tried at its renewal") {
    auto core = make_with_udp();
    core.next(at(0s));
    core.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:30303"));
    CHECK(core.next(at(0s))->protocol == udp);
    core.on_result(at(0s), failure(MappingErrc::refused));
    CHECK(core.status().mapping);
    CHECK_FALSE(core.status().why);
    CHECK_FALSE(core.status().udp);
    CHECK(core.status().udp_why == MappingError{MappingErrc::refused, "no"});
    CHECK(asks_after(core, 0s) == 1800s);
    core.on_result(at(1800s), mapped(nat_pmp, "81.2.3.4:30303"));
    CHECK(core.next(at(1800s))->protocol == udp);
    core.on_result(at(1800s), mapped(nat_pmp, "81.2.3.4:30303"));
    CHECK(core.status().udp);
    CHECK_FALSE(core.status().udp_why);
    // Nobody is told of a port that is gone.
    core.next(at(3600s));
    core.on_result(at(3600s), failure(MappingErrc::no_answer));
    CHECK(core.status().udp);
    core.next(at(5400s));
    CHECK_FALSE(core.status().mapping);
    CHECK_FALSE(core.status().udp);
}

TEST_CASE("port mapping: UDP at another outside port than TCP is taken back") {
    auto core = make_with_udp();
    core.next(at(0s));
    core.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:30303"));
    core.next(at(0s));
    core.on_result(at(0s), mapped(nat_pmp, "81.2.3.4:40002"));
    CHECK_FALSE(core.status().udp);
    CHECK(core.status().udp_why ==
          MappingError{MappingErrc::port_taken,
                       "the router gives UDP port 40002, and TCP port 30303"});
    CHECK(core.next_wakeup() <= at(0s).instant);
    CHECK(core.next(at(0s)) == MappingRequest{nat_pmp, 30303, 40002, 0s, removal, udp});
    core.on_result(at(0s), Mapping{});
    CHECK(asks_after(core, 0s) == 1800s);
    // TCP moves: UDP leaves its port, and follows.
    core.on_result(at(1800s), mapped(nat_pmp, "81.2.3.4:30303"));
    core.next(at(1800s));
    core.on_result(at(1800s), mapped(nat_pmp, "81.2.3.4:30303"));
    CHECK(core.status().udp);
    CHECK(core.next(at(3600s))->protocol == tcp);
    core.on_result(at(3600s), mapped(nat_pmp, "81.2.3.4:40005"));
    CHECK_FALSE(core.status().udp);
    CHECK(core.next(at(3600s)) == MappingRequest{nat_pmp, 30303, 30303, 0s, removal, udp});
    core.on_result(at(3600s), Mapping{});
    CHECK(core.next(at(3600s)) == MappingRequest{nat_pmp, 30303, 40005, 3600s, map, udp});
}

TEST_CASE("port mapping: off asks nobody; modes have names") {
    auto core = make(MappingMode::off);
    CHECK_FALSE(core.next(at(0s)));
    CHECK(core.next_wakeup() == never);
    for (const auto mode : {MappingMode::off, MappingMode::pcp, MappingMode::nat_pmp,
                            MappingMode::upnp, MappingMode::automatic}) {
        CHECK(parse_mapping_mode(name(mode)) == mode);
    }
    CHECK_FALSE(parse_mapping_mode("on"));
}
