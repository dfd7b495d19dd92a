// What outside miners ask of a node, and what becomes of what they hand in.
#include <parley/base/endian.hpp>
#include <parley/chain/consensus/pow/asert.hpp>
#include <parley/chain/consensus/pow/work.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/node/rpc/test_driven_node.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace parley;
using namespace parley::node;
using chain::testing::address_of;
using node::testing::DrivenNode;

namespace {

constexpr std::uint64_t first_difficulty = 60;

chain::Genesis work_genesis() {
    chain::Genesis out;
    out.chain_id = NodeConfig{}.chain.id;
    out.forks.london_block = 0;
    out.gas_limit = 30'000'000;
    out.difficulty = to_uint256(first_difficulty);
    out.timestamp = 1'000;
    out.pow = chain::PowGenesis{.period_s = 10, .reward = to_uint256(7)};
    return out;
}

/// A node that makes blocks by work, with outside miners alone.
struct WorkNode : DrivenNode {
    explicit WorkNode(bool mines = true, std::string_view engine_name = "pow") {
        step(10s);
        auto genesis = work_genesis();
        if (engine_name == "solo") genesis.extra_data = to_buffer(address_of(1));
        auto engine = make_engine(engine_name, genesis);
        REQUIRE(engine);
        auto block = chain::make_genesis_block(genesis);
        NodeConfig config;
        if (mines) config.chain.miner = address_of(5);
        open(config, {.genesis = std::move(genesis),
                      .genesis_block = std::move(block),
                      .engine = std::move(*engine),
                      .store = std::make_shared<MemoryStore>(),
                      .log_file = std::make_shared<MemoryLog>()});
    }
    /// Work as an outside miner reads it, from the fifth item.
    chain::Work fetch() {
        const auto items = result("eth_getWork").as_array();
        REQUIRE(items.size() == 5);
        const auto bytes_at = [&](std::size_t i) {
            return *from_hex(std::string_view{items[i].as_string()}.substr(2));
        };
        auto work = chain::read_work(bytes_at(4), array_of<32>(bytes_at(2)));
        REQUIRE(work);
        CHECK(to_buffer(work->name) == bytes_at(0));
        CHECK(bytes_at(1) == Buffer(32));
        CHECK(items[3] == json::value(rpc::hex_quantity(work->number)));
        return *work;
    }
    json::value submit(const chain::Solution& solution) {
        ByteArray<8> nonce{};
        store_be(MutableBytes{nonce}, solution.nonce);
        return result("eth_submitWork",
                      fmt::format(R"("{}","{}","{}")", rpc::hex_data(nonce),
                                  rpc::hex_data(solution.work), rpc::hex_data(solution.mix_hash)));
    }
};

}  // namespace

TEST_CASE("mining: an outside miner gets work, and what it finds is the next block") {
    WorkNode node;
    CHECK(node.result("eth_mining") == true);
    CHECK(node.refusal("eth_getWork") == "no mining work available yet");
    node.pass(1s);
    const auto work = node.fetch();
    CHECK(work.number == 1);
    CHECK(work.boundary == chain::target_of_difficulty(to_uint256(first_difficulty)));
    Hash256 mix_hash{};
    mix_hash[5] = std::byte{9};
    const auto found = chain::find_nonce(work, 77, 1'000'000, mix_hash);
    REQUIRE(found);
    CHECK(node.submit(*found) == true);
    CHECK(node.head() == 1);
    const auto block = node.result("eth_getBlockByNumber", "\"latest\",false");
    CHECK(block.at("hash") == json::value(rpc::hex_data(chain::hash_of(work, *found))));
    CHECK(block.at("mixHash") == json::value(rpc::hex_data(mix_hash)));
    CHECK(node.result("eth_getBalance", '"' + address_of(5).to_string() + "\",\"latest\"") ==
          json::value("0x7"));
    CHECK(node.submit(*found) == false);
    CHECK(node.fetch().number == 2);
}

TEST_CASE(
    "mining: what is not good enough, or of no work, is false, and what is malformed an error") {
    WorkNode node;
    node.pass(1s);
    const auto work = node.fetch();
    chain::Solution wrong{.work = work.name};
    while (chain::hash_of(work, wrong) <= work.boundary) ++wrong.nonce;
    CHECK(node.submit(wrong) == false);
    CHECK(node.submit({}) == false);
    CHECK(node.refusal("eth_submitWork", "\"0x00\"").starts_with("params[0]: expected "));
    CHECK(node.refusal("eth_submitWork", "\"0x0000000000000000\",\"0x1\"")
              .starts_with("params[1]: expected "));
    CHECK(node.head() == 0);
}

TEST_CASE("mining: rates that outside miners report are summed until they fall silent") {
    WorkNode node;
    node.pass(1s);
    const auto report = [&](std::string_view rate, char id) {
        return node.result("eth_submitHashrate",
                           fmt::format(R"("{}","0x{}")", rate, std::string(64, id)));
    };
    CHECK(node.result("eth_hashrate") == json::value("0x0"));
    CHECK(report("0x10", '1') == true);
    CHECK(report("0x5", '2') == true);
    CHECK(node.result("eth_hashrate") == json::value("0x15"));
    node.pass(60s);
    CHECK(node.result("eth_hashrate") == json::value("0x0"));
    CHECK(node.refusal("eth_submitHashrate", "\"0x10\",\"0x12\"").starts_with("params[1]: "));
}

TEST_CASE("mining: a node that makes no work says why") {
    WorkNode follower{false};
    follower.pass(1s);
    CHECK(follower.result("eth_mining") == false);
    CHECK(follower.result("eth_hashrate") == json::value("0x0"));
    CHECK(follower.refusal("eth_getWork") ==
          "this node makes no work: the setting chain.miner names no account");
    WorkNode solo{false, "solo"};
    CHECK(solo.refusal("eth_getWork") == "no blocks are made by work here");
    RpcNode without;
    CHECK(without.error("eth_getWork") == "-32000: no blocks are made by work here");
    CHECK(without.result("eth_mining") == false);
}

TEST_CASE("a chain by work is refused with what is wrong in its genesis") {
    const auto fault = [](const std::function<void(chain::Genesis&)>& change) {
        auto genesis = work_genesis();
        change(genesis);
        const auto engine = make_engine("pow", genesis);
        return engine ? std::string{} : engine.error();
    };
    CHECK(fault([](auto&) {}).empty());
    CHECK(fault([](auto& genesis) { genesis.difficulty = {}; }) ==
          "difficulty: expected at least 1 for the engine pow, got 0");
    CHECK(fault([](auto& genesis) { genesis.forks.terminal_total_difficulty = Uint256{}; }) ==
          "config.terminalTotalDifficulty: expected nothing for the engine pow, since Paris ends "
          "work");
    CHECK(fault([](auto& genesis) { genesis.pow->half_life_s = 9; }) ==
          "config.pow.halfLifeSeconds: expected at least the 10 of blockPeriodSeconds, got 9");
    CHECK(fault_of_signer("pow", work_genesis(), chain::testing::secret_of(1)).has_value());
}
