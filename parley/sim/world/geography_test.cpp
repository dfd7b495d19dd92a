#include <parley/sim/world/geography.hpp>

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace parley;
using namespace parley::sim;

TEST_CASE("latencies are positive, the same both ways, and shortest within a region") {
    for (const auto a : all_regions) {
        CHECK(base_latency(a, a) >= 500us);
        CHECK(base_latency(a, a) <= 1ms);
        for (const auto b : all_regions) {
            CAPTURE(name(a));
            CAPTURE(name(b));
            CHECK(base_latency(a, b) == base_latency(b, a));
            if (a == b) continue;
            CHECK(base_latency(a, b) > 10ms);
            CHECK(base_latency(a, b) < 250ms);
        }
    }
    CHECK(base_latency(Region::virginia, Region::oregon) == 34ms);
    CHECK(base_latency(Region::cape_town, Region::sydney) == 190ms);
    CHECK(base_latency(Region::ireland, Region::frankfurt) == 13ms);
}

TEST_CASE("no way over a third region is much shorter than the direct one") {
    for (const auto a : all_regions) {
        for (const auto b : all_regions) {
            for (const auto over : all_regions) {
                if (a == b || over == a || over == b) continue;
                CAPTURE(name(a));
                CAPTURE(name(b));
                CAPTURE(name(over));
                CHECK((base_latency(a, over) + base_latency(over, b)) * 100 >=
                      base_latency(a, b) * 60);
            }
        }
    }
}

TEST_CASE("any hundred hosts in a row have the weights exactly") {
    for (const std::size_t first : {std::size_t{0}, std::size_t{37}, ~std::size_t{0} - 99}) {
        std::map<Region, std::size_t> hosts;
        for (std::size_t i = 0; i < 100; ++i) ++hosts[region_of(first + i)];
        for (const auto region : all_regions) {
            CAPTURE(name(region));
            CHECK(hosts[region] == weight_percent(region));
        }
    }
    CHECK(weight_percent(Region::virginia) + weight_percent(Region::oregon) +
              weight_percent(Region::ireland) + weight_percent(Region::frankfurt) >
          60);
}

TEST_CASE("a few hosts are already spread over the world") {
    std::set<Region> met;
    for (std::size_t host = 0; host < 8; ++host) met.insert(region_of(host));
    CHECK(met.size() >= 5);
    CHECK(region_of(0) == Region::virginia);
    CHECK(region_of(1) == Region::frankfurt);
    CHECK(region_of(2) == Region::oregon);
    CHECK(region_of(3) == Region::singapore);
}

TEST_CASE("regions have names of their own") {
    std::set<std::string_view> names;
    for (const auto region : all_regions) names.insert(name(region));
    CHECK(names.size() == all_regions.size());
    CHECK(name(Region::virginia) == "N. Virginia");
    CHECK(name(Region::cape_town) == "Cape Town");
}
