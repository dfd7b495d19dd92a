#include <parley/transport/switch/connections.hpp>

#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

using namespace parley;
using namespace parley::transport;

TEST_CASE("connections: messages that are laid out together come to half a frame at most") {
    Connections connections;
    constexpr std::size_t sent = 200;
    for (std::size_t i = 0; i < sent; ++i) {
        connections.send_copy(LinkId{7}, 2, static_cast<Code>(i), Buffer(500));
    }
    std::vector<SwitchEffect> effects;
    connections.take_effects(effects);
    REQUIRE(effects.size() == 4);
    Code next = 0;
    for (auto& effect : effects) {
        auto& run = std::get<SendChunks>(std::get<CommandLink>(effect).command);
        CHECK(run.chunks.size() <= laid_out_run_bytes_max);
        std::uint64_t cost = 0;
        for (Bytes rest{run.chunks}; !rest.empty(); ++next) {
            const auto chunk = take_chunk(rest);
            REQUIRE(chunk);
            CHECK(chunk->code == next);
            cost += credit_cost(chunk->bytes.size());
        }
        CHECK(run.cost == cost);
    }
    CHECK(next == sent);
}
