#include <parley/chain/types/fork.hpp>

#include <parley/transport/handshake/fork_id.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::chain;

namespace {

ForkSchedule all_forks() {
    return {.london_block = 10,
            .terminal_total_difficulty = to_uint256(1'000),
            .merge_netsplit_block = 20,
            .shanghai_time = 2'000,
            .cancun_time = 3'000};
}

ForkError missing(Fork before, Fork fork) {
    return {ForkErrc::missing, static_cast<std::uint64_t>(before),
            static_cast<std::uint64_t>(fork)};
}

}  // namespace

TEST_CASE("the fork of a block: by number, by the merge, by time") {
    const auto forks = all_forks();
    CHECK(forks.validate());
    CHECK(forks.at(0, 0, false) == Fork::berlin);
    CHECK(forks.at(9, 5'000, false) == Fork::berlin);
    CHECK(forks.at(10, 0, false) == Fork::london);
    CHECK(forks.at(1'000, 5'000, false) == Fork::london);  // times count from the merge on
    CHECK(forks.at(10, 1'999, true) == Fork::paris);
    CHECK(forks.at(10, 2'000, true) == Fork::shanghai);
    CHECK(forks.at(10, 2'999, true) == Fork::shanghai);
    CHECK(forks.at(10, 3'000, true) == Fork::cancun);

    CHECK(ForkSchedule{}.at(1'000'000, 2'000'000'000, true) == Fork::berlin);
    CHECK(ForkSchedule{.london_block = 0}.at(0, 0, false) == Fork::london);
    const ForkSchedule at_once{.london_block = 0,
                               .terminal_total_difficulty = Uint256{},
                               .shanghai_time = 0,
                               .cancun_time = 0};
    CHECK(at_once.validate());
    CHECK(at_once.at(0, 0, true) == Fork::cancun);
}

TEST_CASE("a schedule whose forks are out of order is refused with the reason") {
    const struct {
        const char* name;
        void (*change)(ForkSchedule&);
        ForkError error;
        const char* text;
    } table[] = {
        {"no london", [](ForkSchedule& f) { f.london_block.reset(); },
         missing(Fork::london, Fork::paris), "paris without london"},
        {"only the netsplit", [](ForkSchedule& f) { f = {.merge_netsplit_block = 1}; },
         missing(Fork::london, Fork::paris), "paris without london"},
        {"netsplit too early",
         [](ForkSchedule& f) { f.merge_netsplit_block = 9; },
         {ForkErrc::out_of_order, 10, 9},
         "a fork at 9 follows one at 10"},
        {"no paris", [](ForkSchedule& f) { f.terminal_total_difficulty.reset(); },
         missing(Fork::paris, Fork::shanghai), "shanghai without paris"},
        {"no shanghai", [](ForkSchedule& f) { f.shanghai_time.reset(); },
         missing(Fork::shanghai, Fork::cancun), "cancun without shanghai"},
        {"cancun too early",
         [](ForkSchedule& f) { f.cancun_time = 1'999; },
         {ForkErrc::out_of_order, 2'000, 1'999},
         "a fork at 1999 follows one at 2000"},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        auto forks = all_forks();
        row.change(forks);
        const auto valid = forks.validate();
        REQUIRE_FALSE(valid);
        CHECK(valid.error() == row.error);
        CHECK(message(valid.error()) == row.text);
    }
    auto together = all_forks();
    together.merge_netsplit_block = 10;
    together.cancun_time = 2'000;
    CHECK(together.validate());
    CHECK(ForkSchedule{}.validate());
}

TEST_CASE("fork points leave out what the genesis has already, and repeats") {
    auto forks = all_forks();
    CHECK(forks.fork_points(0) == ForkPoints{{10, 20}, {2'000, 3'000}});
    CHECK(forks.fork_points(1'999) == ForkPoints{{10, 20}, {2'000, 3'000}});
    CHECK(forks.fork_points(2'000) == ForkPoints{{10, 20}, {3'000}});
    CHECK(forks.fork_points(3'000) == ForkPoints{{10, 20}, {}});
    forks.merge_netsplit_block = 10;
    forks.cancun_time = 2'000;
    CHECK(forks.fork_points(0) == ForkPoints{{10}, {2'000}});
    forks.london_block = 0;
    forks.merge_netsplit_block.reset();
    CHECK(forks.fork_points(0) == ForkPoints{{}, {2'000}});
    CHECK(ForkSchedule{}.fork_points(0) == ForkPoints{});
}

TEST_CASE("the points of Sepolia give the fork ids of EIP-6122's clients") {
    // Its config: London at 0, the netsplit at 1735371, Shanghai and Cancun by time.
    const ForkSchedule sepolia{.london_block = 0,
                               .terminal_total_difficulty = to_uint256(17'000'000'000'000'000),
                               .merge_netsplit_block = 1'735'371,
                               .shanghai_time = 1'677'557'088,
                               .cancun_time = 1'706'655'072};
    REQUIRE(sepolia.validate());
    const auto points = sepolia.fork_points(1'633'267'481);
    transport::ForkRules rules{
        .genesis =
            *array_from_hex<32>("25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9"),
        .forks = points.blocks};
    rules.forks.insert(rules.forks.end(), points.times.begin(), points.times.end());
    const auto at = [&](std::uint64_t head) {
        rules.head = head;
        const auto id = transport::fork_id(rules);
        return to_hex(id.hash) + " " + std::to_string(id.next);
    };
    CHECK(at(0) == "fe3366e7 1735371");
    CHECK(at(1'735'371) == "b96cbd13 1677557088");
    CHECK(at(1'677'557'088) == "f7f9bc08 1706655072");
    CHECK(at(1'706'655'072) == "88cf81d9 0");
}
