// What is said of an agreement that is under way.
#include <parley/chain/consensus/qbft/progress.hpp>

#include <parley/chain/consensus/qbft/test_cluster.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::string waits(Cluster& cluster, std::size_t who) {
    return waits_for(cluster.machine(who).progress(), cluster.now());
}

std::string name(std::size_t who) {
    return validator(who).to_string().substr(0, 10);
}

}  // namespace

TEST_CASE("progress: each step says what is missing, and from whom") {
    Cluster cluster{4};
    // The last two hear nobody and are heard by nobody.
    cluster.passes = [](std::size_t from, std::size_t to, const Said&) {
        return from < 2 && to < 2;
    };
    cluster.start();
    cluster.run(milliseconds{600});
    CHECK(waits(cluster, 0) == "the time of the next block, in 0.4 s");
    cluster.run(milliseconds{400} + 3 * Cluster::delay);
    CHECK(waits(cluster, 0) == "1 more to prepare (2 of 3); none from " + name(2) + ", " + name(3));
    CHECK(waits(cluster, 2) == "the proposal of " + validator(0).to_string());
    const auto progress = cluster.machine(1).progress();
    CHECK(progress.view == View{Cluster::height, 0});
    CHECK(progress.proposer == validator(0));
    CHECK(progress.self == validator(1));
    CHECK(progress.quorum == 3);
    CHECK(progress.proposal == digest_of(block_of(0)));
    CHECK(progress.is_checked);
    CHECK(progress.validators[0].has_prepared);
    CHECK_FALSE(progress.validators[2].has_prepared);
    // The round is given up.
    cluster.run(seconds{2});
    CHECK(cluster.machine(1).progress().view.round == 1);
    CHECK(waits(cluster, 1) ==
          "1 more for round 1 (2 of 3); none from " + name(2) + ", " + name(3));
    CHECK(cluster.machine(1).progress().validators[0].changed_to == 1);
    CHECK_FALSE(cluster.machine(1).progress().proposal);
}

TEST_CASE("progress: commits are waited for, then nothing") {
    Cluster cluster{4};
    cluster.passes = [](std::size_t from, std::size_t to, const Said& said) {
        return from == to || !std::holds_alternative<Signed<Commit>>(said) || from == 0;
    };
    cluster.start();
    cluster.run(seconds{1} + 5 * Cluster::delay);
    CHECK(waits(cluster, 0) ==
          "2 more to commit (1 of 3); none from " + name(1) + ", " + name(2) + ", " + name(3));
    cluster.passes = {};
    CHECK(cluster.machine(0).progress().validators[0].has_committed);

    Cluster whole{4};
    whole.start();
    whole.run(seconds{1} + 3 * Cluster::delay);
    CHECK(waits(whole, 0) == "the block is agreed on, and is being executed");
}

TEST_CASE("progress: of many only the first are named") {
    Cluster cluster{10};
    cluster.passes = [](std::size_t from, std::size_t to, const Said&) { return from == to; };
    cluster.start();
    cluster.run(seconds{1} + Cluster::delay);
    CHECK(waits(cluster, 0) == "6 more to prepare (1 of 7); none from " + name(1) + ", " + name(2) +
                                   ", " + name(3) + ", " + name(4) + " and 5 others");
}

TEST_CASE("progress: a proposer that was silent is marked") {
    Cluster cluster{4};
    cluster.silent = {validator(2)};
    cluster.start();
    const auto progress = cluster.machine(0).progress();
    for (const auto& one : progress.validators) {
        CHECK(one.gets_no_time == (one.address == validator(2)));
    }
}
