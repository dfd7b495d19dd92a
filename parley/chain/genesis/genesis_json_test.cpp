// A genesis as text: what is taken, in which forms, and what bounds it. What is refused:
// genesis_refused_test.cpp.
#include <parley/chain/genesis/genesis_json.hpp>

#include <parley/chain/genesis/test_genesis.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::chain;
using parley::chain::testing::genesis_text;

namespace {

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string_view::npos);
    return std::string{text.substr(0, at)} + std::string{to} +
           std::string{text.substr(at + from.size())};
}

std::string known_with(std::string_view from, std::string_view to) {
    return replaced(genesis_text, from, to);
}

/// The known one, if what is replaced makes no error.
Genesis parsed_with(std::string_view from, std::string_view to) {
    const auto genesis = parse_genesis(known_with(from, to));
    REQUIRE_MESSAGE(genesis, message(genesis.error()));
    return *genesis;
}

}  // namespace

TEST_CASE("genesis file: every key is read") {
    const auto genesis = parse_genesis(genesis_text).value();
    Genesis expected;
    expected.chain_id = 1337;
    expected.forks = {.london_block = 0,
                      .terminal_total_difficulty = Uint256{},
                      .merge_netsplit_block = {},
                      .shanghai_time = 0,
                      .cancun_time = 0};
    expected.nonce = 0x42;
    expected.timestamp = 0x65000000;
    expected.extra_data = to_buffer(bytes_of("parley"));
    expected.gas_limit = 30'000'000;
    expected.mix_hash[0] = std::byte{1};
    expected.mix_hash[31] = std::byte{2};
    expected.coinbase.value[19] = std::byte{3};
    const auto account = [&](std::string_view address) -> GenesisAccount& {
        return expected.alloc[*Address::parse(address)];
    };
    account("0000000000000000000000000000000000000001").balance = to_uint256(1);
    account("0000000000000000000000000000000000000009");
    auto& rich = account("71562b71999873db5b286df957af199ec94617f7");
    rich.balance.fill(std::byte{0xff});
    rich.balance[31] = std::byte{0xf7};
    rich.nonce = 2;
    auto& contract = account("000f3df6d732807ef1319fb7b8bb8522d0beac02");
    contract.nonce = 1;
    const auto code = genesis_text.find("3373ff");
    contract.code = *from_hex(genesis_text.substr(code, genesis_text.find('"', code) - code));
    contract.storage = {{to_uint256(1), to_uint256(2)},
                        {to_uint256(0xff), Uint256{}},
                        {to_uint256(0x300), to_uint256(0xffee)}};
    CHECK(genesis == expected);
    CHECK(contract.code.size() == 97);

    expected.base_fee_per_gas = to_uint256(7);
    expected.excess_blob_gas = 8;
    expected.blob_gas_used = 9;
    expected.forks.merge_netsplit_block = 5;
    auto text = known_with("\"nonce\": \"0x42\"", R"("nonce": "0x42", "baseFeePerGas": "0x7",
          "excessBlobGas": 8, "blobGasUsed": "9")");
    text = replaced(text, "\"londonBlock\"", "\"mergeNetsplitBlock\": 5, \"londonBlock\"");
    CHECK(parse_genesis(text) == expected);
}

TEST_CASE("genesis file: the example in the documents is one") {
    std::ifstream in{PARLEY_SOURCE_DIR "/docs/formats/genesis.md"};
    std::string page{std::istreambuf_iterator<char>{in}, {}};
    const std::string_view fence = "\n```\n";
    const auto begin = page.find(fence) + fence.size();
    page = page.substr(begin, page.find(fence, begin) - begin);
    const auto genesis = parse_genesis(page);
    REQUIRE_MESSAGE(genesis, message(genesis.error()));
    CHECK(genesis->fork() == Fork::cancun);
    CHECK(genesis->alloc.size() == 1);
}

TEST_CASE("genesis file: numbers in all forms that Geth takes") {
    struct Form {
        std::string_view text;
        std::uint64_t number;
    };
    for (const auto& [text, number] : {
             Form{"0", 0},
             Form{"\"0x0\"", 0},
             Form{"\"0x000000000000000000000000000000000000000000000000000000000000000000ff\"",
                  255},
             Form{"\"0X1f\"", 31},
             Form{"\"0xABCdef\"", 0xabcdef},
             Form{"17", 17},
             Form{"\"0017\"", 17},
             Form{"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
             Form{"\"18446744073709551615\"", std::numeric_limits<std::uint64_t>::max()},
             Form{"\"0xffffffffffffffff\"", std::numeric_limits<std::uint64_t>::max()},
             Form{"\"1\\u0032\"", 12},
         }) {
        CAPTURE(text);
        CHECK(parsed_with("\"0x42\"", text).nonce == number);
        CHECK(parsed_with("\"0x1c9c380\"", number == 0 ? "1" : text).gas_limit ==
              std::max(number, std::uint64_t{1}));
    }
    const auto difficulty = [](std::string_view text) {
        return to_quantity(
            parsed_with("\"difficulty\": \"0x0\"", "\"difficulty\": " + std::string{text})
                .difficulty);
    };
    CHECK(difficulty("58750000000000000000000") == "0xc70d808a128d7380000");
    CHECK(difficulty("\"58750000000000000000000\"") == "0xc70d808a128d7380000");
    const std::string most = "0x" + std::string(64, 'f');
    CHECK(difficulty('"' + most + '"') == most);
    CHECK(difficulty(
              "115792089237316195423570985008687907853269984665640564039457584007913129639935") ==
          most);
    CHECK(difficulty("1000000000000000000") == "0xde0b6b3a7640000");
    CHECK(difficulty("10000000000000000000000000000000000000") ==
          "0x785ee10d5da46d900f436a000000000");
}

TEST_CASE("genesis file: what does not matter is left out") {
    const auto known = parse_genesis(genesis_text).value();
    struct Same {
        std::string_view from, to;
    };
    const std::string_view chain_id = "\"chainId\": 1337";
    for (const auto& [from, to] : {
             // What is null is not there.
             Same{chain_id, R"("chainId": 1337, "pragueTime": null, "osakaTime": null)"},
             Same{"\"homesteadBlock\": 0", "\"homesteadBlock\": null"},
             Same{"\"nonce\": 1,", "\"nonce\": 1, \"comment\": null,"},
             Same{"{\"balance\": \"0x1\"}",
                  R"({"balance": "0x1", "nonce": null, "code": null, "storage": null})"},
             Same{"\"nonce\": \"0x42\"", R"("nonce": "0x42", "baseFeePerGas": null,
                  "excessBlobGas": null, "blobGasUsed": null, "number": null)"},
             // Of others, or for what is not done here.
             Same{chain_id,
                  R"("chainId": 1337, "ethash": {}, "clique": {"period": 5, "epoch": 9})"},
             Same{chain_id, R"("chainId": 1337, "isQuorum": false, "qbft": {"ceil2Nby3Block": 5})"},
             Same{chain_id, R"("chainId": 1337, "enableGasPriceBlock": 0)"},
             Same{chain_id, R"("chainId": 1337, "eip150Hash": "0x00", "daoForkSupport": true)"},
             Same{chain_id, R"("chainId": 1337, "enableUBTAtGenesis": false)"},
             Same{chain_id, R"("chainId": 1337, "terminalTotalDifficultyPassed": true)"},
             Same{chain_id, R"("chainId": 1337, "depositContractAddress": "0x00")"},
             Same{chain_id, R"("chainId": 1337, "transitions": [{"block": [1]}, 5, "x"])"},
             Same{chain_id, R"("chainId": 1337, "arrowGlacierBlock": 7, "grayGlacierBlock": 8)"},
             Same{chain_id, R"("chainId": 1337, "muirGlacierBlock": 0, "daoForkBlock": 0)"},
             Same{"\"cancun\": {\"target\"", R"("prague": {"target": 6}, "cancun": {"target")"},
             Same{"\"baseFeeUpdateFraction\": 3338477", "\"other\": 1"},
             Same{"{\"balance\": \"0x1\"}", R"({"balance": "0x1", "secretKey": "0x00"})"},
             Same{"\"nonce\": \"0x42\"", R"("nonce": "0x42", "slotNumber": 5, "x": [{}])"},
             Same{"\"nonce\": \"0x42\"", R"("nonce": "0x42", "gasUsed": 0, "number": "0x0",
                  "parentHash": "0x0000000000000000000000000000000000000000000000000000000000000000")"},
             // Keys of any case, as in Go.
             Same{"mixHash", "mixhash"},
             Same{"chainId", "CHAINID"},
             Same{"balance", "Balance"},
         }) {
        CAPTURE(to);
        CHECK(parsed_with(from, to) == known);
    }
    auto empty = known;
    empty.extra_data.clear();
    CHECK(parsed_with("\"0x7061726c6579\"", "\"\"") == empty);
    CHECK(parsed_with("\"0x7061726c6579\"", "\"0x\"") == empty);
}

TEST_CASE("genesis file: what is written is read again") {
    auto genesis = parse_genesis(genesis_text).value();
    CHECK(parse_genesis(to_json(genesis)) == genesis);
    genesis.base_fee_per_gas = to_uint256(1'000'000'007);
    genesis.excess_blob_gas = std::numeric_limits<std::uint64_t>::max();
    genesis.blob_gas_used = 0;
    genesis.difficulty.fill(std::byte{0xff});
    genesis.forks.merge_netsplit_block = 3;
    genesis.forks.shanghai_time = 7;
    CHECK_FALSE(parse_genesis(to_json(genesis)));  // Cancun is before it
    genesis.forks.cancun_time = genesis.timestamp;
    CHECK(parse_genesis(to_json(genesis)) == genesis);

    Genesis mined;
    mined.gas_limit = 1;
    mined.chain_id = std::numeric_limits<std::uint64_t>::max();
    CHECK(parse_genesis(to_json(mined)) == mined);
    mined.forks.london_block = 12'965'000;
    mined.forks.terminal_total_difficulty = Uint256{};
    mined.forks.terminal_total_difficulty->fill(std::byte{0xff});
    mined.alloc[Address{}] = {};
    CHECK(parse_genesis(to_json(mined)) == mined);
    CHECK(to_json(mined).find(
              ": 115792089237316195423570985008687907853269984665640564039457584007913129639935") !=
          std::string::npos);
    CHECK(to_json(mined).ends_with("}\n"));
}

TEST_CASE("genesis file: what a chain by votes begins with") {
    const auto with = [](std::string_view qbft) {
        return parse_genesis(R"({"config": {"chainId": 1, "isQuorum": true, "qbft": {)" +
                             std::string{qbft} +
                             R"(}}, "gasLimit": 1, "difficulty": 1, "alloc": {}})");
    };
    const auto whole =
        with(R"("epochlength": 30, "blockperiodseconds": 5, "requesttimeoutseconds": "0x9")");
    REQUIRE(whole);
    CHECK(whole->qbft == QbftGenesis{.epoch_blocks = 30, .period_s = 5, .timeout_s = 9});
    CHECK(whole->is_quorum);
    CHECK(parse_genesis(to_json(*whole)) == *whole);
    CHECK(with(R"("blockPeriodSeconds": 3)")->qbft == QbftGenesis{.period_s = 3});
    for (const std::string key : {"epochlength", "blockperiodseconds", "requesttimeoutseconds"}) {
        const auto refused = with('"' + key + "\": 0");
        REQUIRE_FALSE(refused);
        CHECK(message(refused.error()).ends_with("expected a number from 1, below 2^64, got 0"));
    }
}

TEST_CASE("genesis file: what a chain by work begins with") {
    const auto with = [](std::string_view pow) {
        return parse_genesis(R"({"config": {"chainId": 1, "pow": {)" + std::string{pow} +
                             R"(}}, "gasLimit": 1, "difficulty": 1, "alloc": {}})");
    };
    const auto whole = with(
        R"("blockPeriodSeconds": 60, "halfLifeSeconds": 7200, "blockReward": "0x1bc16d674ec80000")");
    REQUIRE(whole);
    CHECK(whole->pow == PowGenesis{.period_s = 60,
                                   .half_life_s = 7'200,
                                   .reward = to_uint256(2'000'000'000'000'000'000)});
    CHECK(parse_genesis(to_json(*whole)) == *whole);
    CHECK(with(R"("blockReward": 7)")->pow == PowGenesis{.reward = to_uint256(7)});
    CHECK(message(with(R"("blockPeriodSeconds": 86401)").error())
              .ends_with("expected a number from 1 to 86400, got 86401"));
    CHECK(message(with(R"("halfLifeSeconds": 0)").error())
              .ends_with("expected a number from 1 to 31536000, got 0"));
}

TEST_CASE("genesis file: its size is bounded, and its parts as well") {
    const auto error = [](const std::string& text) { return message(parse_genesis(text).error()); };
    CHECK(error(std::string(genesis_text_bytes_max + 1, ' ')) ==
          "line 1, column 1: expected at most 67108864 bytes, got 67108865 bytes");
    CHECK(parse_genesis(std::string(genesis_text_bytes_max + 1, ' ')).error().code ==
          GenesisErrc::too_large);
    CHECK(parse_genesis(std::string(genesis_text_bytes_max, ' ')).error().code ==
          GenesisErrc::not_json);

    const auto extra = [](std::size_t bytes) {
        return known_with("7061726c6579", std::string(2 * bytes, 'a'));
    };
    CHECK(parse_genesis(extra(65'536)).value().extra_data.size() == 65'536);
    CHECK(error(extra(65'537)) ==
          "line 21, column 3: extraData: expected hex after 0x, at most 65536 bytes, got "
          "\"0x" +
              std::string(70, 'a') + "...\"");
    const auto code = [](std::size_t bytes) {
        return known_with("3373ff", std::string(2 * (bytes - 94), 'a'));
    };
    const auto contract = *Address::parse("000f3df6d732807ef1319fb7b8bb8522d0beac02");
    CHECK(parse_genesis(code(1'048'576)).value().alloc.at(contract).code.size() == 1'048'576);
    CHECK(parse_genesis(code(1'048'577)).error().code == GenesisErrc::bad_value);
    CHECK(parse_genesis(code(1'048'577)).error().key ==
          "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.code");

    const auto nested = [](std::size_t depth) {
        return known_with("\"nonce\": \"0x42\"", "\"nonce\": 1, \"x\": " + std::string(depth, '[') +
                                                     std::string(depth, ']'));
    };
    CHECK(parse_genesis(nested(31)));
    CHECK(error(nested(32)) == "line 19, column 51: expected JSON, got nested deeper than 32");
}
