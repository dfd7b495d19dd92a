// What the network does.
#include "faults.hpp"

#include <fmt/format.h>

namespace parley::chaos {

namespace {

constexpr Duration load = 20s;

/// The same on all lines, under a load, and then a perfect network again.
std::string bad_network(Swarm& swarm, const std::vector<std::string_view>& changes,
                        std::size_t each = 10) {
    for (const auto change : changes) swarm.change_all(change);
    swarm.load_for(load, each);
    // The nodes must cope with it while it lasts, and not only after.
    swarm.settle();
    std::uint64_t packets = 0;
    std::uint64_t lost = 0;
    for (std::size_t end = 1; end <= swarm.wan().ends(); ++end) {
        const auto& counts = swarm.wan().received(end);
        packets += counts.passed;
        lost += counts.lost + counts.overflown + swarm.wan().sent(end).lost;
    }
    swarm.change_all("clear");
    return fmt::format("{} transactions everywhere; so far {} packets, {} lost", swarm.taken(),
                       packets, lost);
}

}  // namespace

// A packet crosses two lines, and its answer two more.
std::string delay(Swarm& swarm, const FaultOptions&) {
    return bad_network(swarm, {"delay 50ms"});
}
std::string loss(Swarm& swarm, const FaultOptions&) {
    return bad_network(swarm, {"loss 2.5%"});
}
std::string narrow(Swarm& swarm, const FaultOptions&) {
    return bad_network(swarm, {"rate 1mbit"}, 40);
}
std::string reorder(Swarm& swarm, const FaultOptions&) {
    return bad_network(swarm, {"delay 10ms", "reorder 10%"});
}

std::string cut(Swarm& swarm, const FaultOptions&) {
    const auto last = swarm.size();
    for (const auto end : {last - 1, last}) swarm.change(end, "down");
    // Long enough that both sides give up their links: 35 s without a frame.
    swarm.load_for(60s);
    for (const auto end : {last - 1, last}) {
        require(swarm.node(end).links() == 0,
                fmt::format("{} gives up its links while it is cut off", swarm.node(end).name()));
        swarm.change(end, "up");
    }
    swarm.settle();
    return fmt::format("{} transactions, of both sides, everywhere", swarm.taken());
}

}  // namespace parley::chaos
