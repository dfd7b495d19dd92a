#include <parley/sim/experiment/spread_model.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace parley;
using namespace parley::sim;

namespace {

void link(LinkGraph& graph, std::size_t a, std::size_t b, Duration latency) {
    graph.add(a, b, latency);
    graph.add(b, a, latency);
}

/// 0 - 1 - 2 in steps of 10 ms, and a direct link of 50 ms.
LinkGraph triangle() {
    LinkGraph graph{3};
    link(graph, 0, 1, 10ms);
    link(graph, 1, 2, 10ms);
    link(graph, 0, 2, 50ms);
    return graph;
}

/// A hundred hosts around a ring, each linked to the next 8 either way.
LinkGraph ring() {
    LinkGraph graph{100};
    for (std::size_t i = 0; i < 100; ++i) {
        for (std::size_t d = 1; d <= 8; ++d) link(graph, i, (i + d) % 100, 10ms);
    }
    return graph;
}

}  // namespace

TEST_CASE("the best possible takes the shortest paths") {
    const auto spread = best_possible(triangle(), 0);
    CHECK(spread.arrivals == std::vector<Duration>{0ms, 10ms, 20ms});
}

TEST_CASE("announce and fetch takes three ways a hop and one copy a host") {
    // 1 hears at 10 ms and has it at 30; 2 hears of it from 1 at 40, and at 50 from 0: too late.
    const auto spread = announce_and_fetch(triangle(), 0);
    CHECK(spread.arrivals == std::vector<Duration>{0ms, 30ms, 60ms});
    CHECK(spread.payloads == 2);
}

TEST_CASE("the square root of peers gets it whole, others ask after half a second") {
    LinkGraph star{3};  // of two peers one gets it whole
    link(star, 0, 1, 10ms);
    link(star, 0, 2, 10ms);
    Rng rng{1};
    const auto spread = square_root_push(star, 0, rng);
    CHECK(spread.arrivals == std::vector<Duration>{0ms, 10ms, 530ms});
    CHECK(spread.payloads == 2);  // nobody sends it back
}

TEST_CASE("all ways reach everybody, none before the best possible") {
    Rng rng{7};
    const auto graph = ring();
    const auto best = best_possible(graph, 5);
    const auto fetched = announce_and_fetch(graph, 5);
    const auto pushed = square_root_push(graph, 5, rng);
    CHECK(best.arrivals.size() == 100);
    CHECK(fetched.arrivals.size() == 100);
    CHECK(pushed.arrivals.size() == 100);
    for (std::size_t i = 0; i < 100; ++i) {
        CHECK(best.arrivals[i] <= fetched.arrivals[i]);
        CHECK(best.arrivals[i] <= pushed.arrivals[i]);
    }
    CHECK(fetched.payloads == 99);
    CHECK(pushed.payloads > 150);
}

TEST_CASE("who is not linked is not reached") {
    LinkGraph graph{3};
    link(graph, 0, 1, 10ms);
    CHECK(best_possible(graph, 0).arrivals.size() == 2);
}
