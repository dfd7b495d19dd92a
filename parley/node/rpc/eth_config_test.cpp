// The chain's rules as JSON (EIP-7910).
#include <parley/node/rpc/eth_config.hpp>

#include <parley/node/rpc/test_eth.hpp>
#include <parley/transport/handshake/fork_id.hpp>

using namespace parley;
using namespace parley::node;
using namespace parley::node::testing;

TEST_CASE("config: the rules now, next and last") {
    ConfigOfChain config{
        .chain_id = 7, .genesis_hash = Hash256{std::byte{1}}, .genesis_time_s = 50};
    config.forks = chain::testing::merged_schedule();
    config.forks.shanghai_time = 100;
    config.forks.cancun_time = 200;
    const auto fork_hash = [&](std::vector<std::uint64_t> times) {
        const auto head = times.empty() ? 0 : times.back();
        return json::value(
            rpc::hex_data(transport::fork_id({config.genesis_hash, std::move(times), head}).hash));
    };
    const json::value paris{{"activationTime", 0},
                            {"blobSchedule", nullptr},
                            {"chainId", "0x7"},
                            {"forkId", fork_hash({})},
                            {"precompiles", json::object{}},
                            {"systemContracts", json::object{}}};
    auto shanghai = paris;
    shanghai.at("activationTime") = 100;
    shanghai.at("forkId") = fork_hash({100});
    auto cancun = paris;
    cancun.at("activationTime") = 200;
    cancun.at("forkId") = fork_hash({100, 200});
    cancun.at("blobSchedule") = {{"target", 3}, {"max", 6}, {"baseFeeUpdateFraction", 3'338'477}};
    CHECK(config_json(config, 60) ==
          json::object{{"current", paris}, {"next", shanghai}, {"last", cancun}});
    CHECK(config_json(config, 100) ==
          json::object{{"current", shanghai}, {"next", cancun}, {"last", cancun}});
    CHECK(config_json(config, 250) ==
          json::object{{"current", cancun}, {"next", nullptr}, {"last", nullptr}});
    // Both in the genesis.
    config.genesis_time_s = 300;
    cancun.at("activationTime") = 0;
    cancun.at("forkId") = fork_hash({});
    CHECK(config_json(config, 300) ==
          json::object{{"current", cancun}, {"next", nullptr}, {"last", nullptr}});
}

TEST_CASE("eth: the rules of the chain") {
    EthRig rig;
    const auto config = rig.result("eth_config");
    CHECK(config.at("current").at("chainId") == "0x1");
    CHECK(config.at("next") == nullptr);
    CHECK(rig.error("eth_config", "1") == "-32602: params: expected at most 0, got 1");
}
