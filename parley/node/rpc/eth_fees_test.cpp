// Fees over RPC: what is suggested, and what was paid.
#include <parley/chain/types/fees.hpp>
#include <parley/node/rpc/fee_history.hpp>
#include <parley/node/rpc/test_eth.hpp>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::node;
using namespace parley::node::testing;
using chain::testing::address_of;

namespace {

constexpr std::uint64_t gwei = 1'000'000'000;

chain::Transaction tipping(std::uint64_t from, std::uint64_t nonce, std::uint64_t tip) {
    auto tx = chain::testing::transfer(nonce);
    tx.max_priority_fee = to_uint256(tip);
    tx.max_fee = to_uint256(2'000 * gwei);
    tx.to = address_of(7);
    return chain::testing::sign(tx, chain::testing::secret_of(from));
}

json::value quantities(const std::vector<std::uint64_t>& values) {
    json::array out;
    for (const auto value : values) out.emplace_back(rpc::hex_quantity(value));
    return out;
}

}  // namespace

TEST_CASE("eth: tips are suggested by what was paid") {
    EthRig rig;
    const auto base_fee = [&] { return *to_u64(*rig.chain.ledger->head().header.base_fee); };
    const auto suggested = [&] {
        const auto tip = rig.result("eth_maxPriorityFeePerGas");
        const auto price = rig.result("eth_gasPrice");
        const auto number = [](const json::value& text) {
            return std::stoull(text.as_string().c_str(), nullptr, 16);
        };
        CHECK(number(price) == number(tip) + base_fee());
        return number(tip);
    };
    CHECK(suggested() == gwei);  // nothing was paid yet
    // The lowest three of each block count: 1, 2 and 3 gwei.
    rig.chain.grow({tipping(0, 0, 9 * gwei), tipping(1, 0, 3 * gwei), tipping(2, 0, gwei),
                    tipping(3, 0, 2 * gwei)});
    CHECK(suggested() == 2 * gwei);
    // Of 1, 2, 3, 5, 6 and 7 gwei the fourth.
    rig.chain.grow({tipping(0, 1, 7 * gwei), tipping(1, 1, 6 * gwei), tipping(2, 1, 5 * gwei)});
    CHECK(suggested() == 5 * gwei);
    rig.chain.grow();
    CHECK(suggested() == 5 * gwei);
    // One wei is no sign of what it costs.
    rig.chain.grow({tipping(0, 2, 1)});
    CHECK(suggested() == 5 * gwei);
    for (std::size_t i = 0; i < FeeOracle::blocks_max; ++i) rig.chain.grow();
    CHECK(suggested() == gwei);
    rig.chain.grow({tipping(0, 3, 1'000 * gwei)});
    CHECK(suggested() == 500 * gwei);
}

TEST_CASE("eth: fee history, with tips and without") {
    EthRig rig;
    rig.chain.grow({tipping(0, 0, 3 * gwei), tipping(1, 0, gwei)});
    rig.chain.grow();
    const auto& blocks = rig.chain.ledger->blocks();
    std::vector<std::uint64_t> base_fees;
    for (std::uint64_t number = 0; number <= 2; ++number) {
        const auto found = **blocks.find(**blocks.main(number));
        base_fees.push_back(*to_u64(*found.header.header.base_fee));
    }
    const auto next = *to_u64(chain::next_base_fee(rig.chain.ledger->head().header));
    base_fees.push_back(next);

    const auto all = rig.result("eth_feeHistory", R"("0x3","latest",[0,50,100])");
    CHECK(all.as_object().size() == 6);
    CHECK(all.at("oldestBlock") == "0x0");
    CHECK(all.at("baseFeePerGas") == quantities(base_fees));
    CHECK(all.at("baseFeePerBlobGas") == quantities({0, 0, 0, 0}));
    CHECK(all.at("blobGasUsedRatio") == json::array{0.0, 0.0, 0.0});
    const auto limit = static_cast<double>(rig.chain.ledger->head().header.gas_limit);
    CHECK(all.at("gasUsedRatio") == json::array{0.0, 42'000 / limit, 0.0});
    CHECK(all.at("reward") == json::array{quantities({0, 0, 0}), quantities({gwei, gwei, 3 * gwei}),
                                          quantities({0, 0, 0})});

    const auto brief = rig.result("eth_feeHistory", R"(2,"0x1",[])");
    CHECK_FALSE(brief.as_object().contains("reward"));
    CHECK(brief.at("oldestBlock") == "0x0");
    CHECK(brief.at("baseFeePerGas").as_array().size() == 3);
    CHECK(rig.result("eth_feeHistory", R"("2","0x1")") == brief);
    CHECK(rig.result("eth_feeHistory", R"("0x64","earliest",null)").at("gasUsedRatio") ==
          json::array{0.0});
    CHECK(rig.result("eth_feeHistory", R"(0,"latest",[5])") ==
          json::value{{"oldestBlock", "0x0"},
                      {"baseFeePerGas", json::array{}},
                      {"gasUsedRatio", json::array{}}});
}

TEST_CASE("eth: a long fee history is read page by page") {
    EthRig rig;
    for (std::uint64_t i = 0; i < 150; ++i) rig.chain.grow();
    rig.chain.grow({tipping(0, 0, 3 * gwei)});
    const auto history = rig.result("eth_feeHistory", R"("0x8c","latest",[10])");
    CHECK(history.at("oldestBlock") == "0xc");
    CHECK(history.at("baseFeePerGas").as_array().size() == 141);
    const auto& reward = history.at("reward").as_array();
    REQUIRE(reward.size() == 140);
    CHECK(reward[138] == quantities({0}));
    CHECK(reward[139] == quantities({3 * gwei}));
}

TEST_CASE("fee history: percentiles are of the gas, the cheapest first") {
    chain::LoggedBlock logged;
    auto& header = logged.block.header;
    header.base_fee = to_uint256(10);
    header.gas_used = 100'000;
    const std::pair<std::uint64_t, std::uint64_t> paid[] = {{5, 21'000}, {1, 60'000}, {9, 19'000}};
    for (const auto& [tip, gas] : paid) {
        auto tx = chain::testing::transfer(0);
        tx.max_priority_fee = to_uint256(tip);
        tx.max_fee = to_uint256(1'000);
        logged.block.body.transactions.push_back(tx);
        const auto before =
            logged.receipts.empty() ? 0 : logged.receipts.back().cumulative_gas_used;
        logged.receipts.push_back({.cumulative_gas_used = before + gas});
    }
    const double percentiles[] = {0, 60, 60.1, 81, 82, 100};
    const auto tips = tips_at(logged, percentiles);
    std::vector<std::uint64_t> numbers;
    for (const auto& tip : tips) numbers.push_back(*to_u64(tip));
    CHECK(numbers == std::vector<std::uint64_t>{1, 1, 5, 5, 9, 9});
}

TEST_CASE("fee history: base fees at London's first block, and of blobs") {
    FeeHistory history;
    chain::Header berlin;
    history.add(berlin, to_uint256(chain::initial_base_fee));
    CHECK(history.to_json(0).at("baseFeePerGas") == quantities({0, chain::initial_base_fee}));
    chain::Header cancun;
    cancun.gas_limit = 30'000'000;
    cancun.base_fee = to_uint256(gwei);
    cancun.blob_gas_used = chain::blob_gas_max;
    cancun.excess_blob_gas = 10'000'000;
    history.add(cancun, {});
    const auto shown = history.to_json(7);
    CHECK(shown.at("oldestBlock") == "0x7");
    CHECK(shown.at("blobGasUsedRatio") == json::array{0.0, 1.0});
    CHECK(
        shown.at("baseFeePerBlobGas") ==
        json::array{"0x0", rpc::hex_quantity(chain::blob_base_fee(10'000'000)),
                    rpc::hex_quantity(chain::blob_base_fee(10'000'000 + chain::blob_gas_target))});
}

TEST_CASE("eth: arguments of the methods on fees that are wrong") {
    EthRig rig;
    CHECK(rig.result("eth_blobBaseFee") == "0x0");
    struct Case {
        std::string params, error;
    };
    const Case cases[] = {
        {"", "-32602: params[0]: expected a number of blocks, got nothing"},
        {"true", "-32602: params[0]: expected a number of blocks, got boolean"},
        {"-1", "-32602: params[0]: expected a number of blocks, got another number"},
        {"1.5", "-32602: params[0]: expected a number of blocks, got another number"},
        {"\"x\"", "-32602: params[0]: expected a number of blocks, got another string"},
        {"\"\"", "-32602: params[0]: expected a number of blocks, got another string"},
        {"\"0x\"", "-32602: params[0]: expected a hex quantity, got 0x without digits"},
        {"1", "-32602: params[1]: expected a block number or tag, got nothing"},
        {"1,7", "-32602: params[1]: expected a block number or tag, got number"},
        {R"(1,"latest",1)", "-32602: params[2]: expected an array of percentiles, got number"},
        {R"(1,"latest",["1"])", "-32602: params[2][0]: expected a number, got string"},
        {R"(1,"latest",[-1])", "-32000: invalid reward percentile: -1.000000"},
        {R"(1,"latest",[5,100.5])", "-32000: invalid reward percentile: 100.500000"},
        {R"(1,"latest",[5,5])", "-32000: invalid reward percentile: #0:5.000000 >= #1:5.000000"},
        {R"(1,"0x1")", "-32000: request beyond head block: requested 1, head 0"},
        {R"(1,"safe")", "-32000: safe block not found"},
    };
    for (const auto& [params, error] : cases) {
        CAPTURE(params);
        CHECK(rig.error("eth_feeHistory", params) == error);
    }
    std::string many = "0";
    for (int i = 1; i <= 100; ++i) many += fmt::format(",{}", i * 0.5);
    CHECK(rig.error("eth_feeHistory", R"(1,"latest",[)" + many + "]") ==
          "-32000: invalid reward percentile: over the query limit 100");
}
