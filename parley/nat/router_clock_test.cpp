#include <parley/nat/router_clock.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::nat;

namespace {

constexpr auto nat_pmp = MappingMethod::nat_pmp;
constexpr auto pcp = MappingMethod::pcp;

Now at(Duration since_start) {
    return {Instant{} + 1h + since_start, {}};
}

/// Whether mappings count as lost when an epoch of 10'000 is followed by `epoch` after `waited`.
bool lost(MappingMethod method, Duration waited, std::uint32_t epoch) {
    RouterClock clock;
    CHECK_FALSE(clock.on_epoch(at(0s), method, 10'000));
    return clock.on_epoch(at(waited), method, epoch);
}

}  // namespace

TEST_CASE("router clock: NAT-PMP's may be an eighth slower, and two seconds") {
    CHECK_FALSE(lost(nat_pmp, 800s, 10'800));
    CHECK_FALSE(lost(nat_pmp, 800s, 10'698));
    CHECK(lost(nat_pmp, 800s, 10'697));
    CHECK(lost(nat_pmp, 800s, 0));
    CHECK(lost(nat_pmp, 800s, 800));
    CHECK_FALSE(lost(nat_pmp, 0s, 9'998));
    CHECK(lost(nat_pmp, 0s, 9'997));
    CHECK_FALSE(lost(nat_pmp, 1s, 4'000'000'000));
}

TEST_CASE("router clock: PCP's may be a sixteenth slower or faster, and two seconds") {
    CHECK_FALSE(lost(pcp, 1600s, 11'600));
    CHECK_FALSE(lost(pcp, 1600s, 11'498));
    CHECK(lost(pcp, 1600s, 11'497));
    CHECK_FALSE(lost(pcp, 1498s, 11'600));
    CHECK(lost(pcp, 1497s, 11'600));
    CHECK_FALSE(lost(pcp, 0s, 9'999));  // answers that overtook each other
    CHECK(lost(pcp, 0s, 9'998));
    CHECK(lost(pcp, 100s, 3));
}

TEST_CASE("router clock: each answer counts from the one before, of the same method") {
    RouterClock clock;
    CHECK_FALSE(clock.on_epoch(at(0s), nat_pmp, 10'000));
    CHECK_FALSE(clock.on_epoch(at(0s), pcp, 5));
    CHECK_FALSE(clock.on_epoch(at(100s), pcp, 105));
    CHECK(clock.on_epoch(at(200s), pcp, 10));
    CHECK_FALSE(clock.on_epoch(at(300s), pcp, 110));
}
