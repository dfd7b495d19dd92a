// Genesis files that are wrong: each wrong value is named by line, column and key, with what was
// expected there and what came.
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/chain/genesis/test_genesis.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::chain;

namespace {

/// The known genesis with a part replaced, and where and how that is wrong. ' stands for ".
struct Wrong {
    std::string from, to;
    std::size_t line, column;
    std::string key, actual;
};

std::string with_quotes(std::string text) {
    std::ranges::replace(text, '\'', '"');
    return text;
}

void check_refused(GenesisErrc code, std::string_view expected, const std::vector<Wrong>& table) {
    for (const auto& wrong : table) {
        CAPTURE(wrong.from);
        CAPTURE(wrong.to);
        std::string text{chain::testing::genesis_text};
        const auto from = with_quotes(wrong.from);
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), with_quotes(wrong.to));
        const auto genesis = parse_genesis(text);
        REQUIRE_FALSE(genesis);
        const GenesisError& error = genesis.error();
        CHECK(message(error) == message({code, wrong.line, wrong.column, with_quotes(wrong.key),
                                         std::string{expected}, with_quotes(wrong.actual)}));
        CHECK(error.code == code);
    }
}

using enum GenesisErrc;

}  // namespace

TEST_CASE("genesis file, refused: config's chain id and forks") {
    check_refused(
        bad_value, "a number from 1, below 2^64",
        {
            {"1337", "0", 3, 5, "config.chainId", "0"},
            {"1337", "'leafs'", 3, 5, "config.chainId", "'leafs'"},
            {"1337", "18446744073709551616", 3, 5, "config.chainId", "18446744073709551616"},
            {"1337", "-1", 3, 5, "config.chainId", "-1"},
            {"1337", "1.5", 3, 5, "config.chainId", "1.5"},
            {"1337", "1e3", 3, 5, "config.chainId", "1e3"},
            {"1337", "true", 3, 5, "config.chainId", "true"},
            {"1337", "[1]", 3, 5, "config.chainId", "an array"},
        });
    check_refused(missing, "a number from 1, below 2^64",
                  {
                      {"'chainId': 1337", "'chain': 1337", 2, 3, "config.chainId", "nothing"},
                      {"'chainId': 1337", "'chainId': null", 2, 3, "config.chainId", "nothing"},
                  });
    check_refused(
        unsupported_fork, "0 or nothing, since the rules begin with Berlin",
        {
            {"'homesteadBlock': 0", "'homesteadBlock': 1", 4, 5, "config.homesteadBlock", "1"},
            {"'eip150Block': 0", "'eip150Block': '0x1'", 5, 5, "config.eip150Block", "'0x1'"},
            {"'eip155Block': 0", "'eip155Block': 2675000", 6, 5, "config.eip155Block", "2675000"},
            {"'eip158Block': 0", "'eip158Block': {}", 7, 5, "config.eip158Block", "an object"},
            {"'byzantiumBlock': 0", "'byzantiumBlock': false", 8, 5, "config.byzantiumBlock",
             "false"},
            {"'constantinopleBlock': 0", "'constantinopleBlock': ''", 9, 5,
             "config.constantinopleBlock", "''"},
            {"'petersburgBlock': 0", "'petersburgBlock': 3", 10, 5, "config.petersburgBlock", "3"},
            {"'istanbulBlock': 0", "'istanbulBlock': 4", 11, 5, "config.istanbulBlock", "4"},
            {"'berlinBlock': 0", "'berlinBlock': 12244000", 12, 5, "config.berlinBlock",
             "12244000"},
            {"'berlinBlock': 0", "'muirGlacierBlock': 1", 12, 5, "config.muirGlacierBlock", "1"},
            {"'berlinBlock': 0", "'daoForkBlock': 1", 12, 5, "config.daoForkBlock", "1"},
        });
    check_refused(
        bad_value, "true or false",
        {
            {"'berlinBlock': 0", "'daoForkSupport': 1", 12, 5, "config.daoForkSupport", "1"},
            {"'terminalTotalDifficulty': 0", "'terminalTotalDifficultyPassed': 'yes'", 14, 5,
             "config.terminalTotalDifficultyPassed", "'yes'"},
        });
    check_refused(bad_value, "a number below 2^256",
                  {
                      {"'terminalTotalDifficulty': 0", "'terminalTotalDifficulty': {}", 14, 5,
                       "config.terminalTotalDifficulty", "an object"},
                  });
    check_refused(
        bad_value, "a number below 2^64",
        {
            {"'londonBlock': 0", "'londonBlock': 'london'", 13, 5, "config.londonBlock",
             "'london'"},
            {"'londonBlock': 0", "'arrowGlacierBlock': []", 13, 5, "config.arrowGlacierBlock",
             "an array"},
            {"'londonBlock': 0", "'grayGlacierBlock': -1", 13, 5, "config.grayGlacierBlock", "-1"},
            {"'londonBlock': 0", "'mergeNetsplitBlock': '0x'", 13, 5, "config.mergeNetsplitBlock",
             "'0x'"},
            {"'shanghaiTime': 0", "'shanghaiTime': 'soon'", 15, 5, "config.shanghaiTime", "'soon'"},
            {"'cancunTime': 0", "'cancunTime': 18446744073709551616", 16, 5, "config.cancunTime",
             "18446744073709551616"},
        });
    check_refused(unsupported_fork, "no forks but those from Berlin to Cancun",
                  {
                      {"'cancunTime': 0", "'cancunTime': 0, 'pragueTime': 0", 16, 22,
                       "config.pragueTime", "0"},
                      {"'cancunTime': 0", "'cancunTime': 0, 'osakaTime': 99", 16, 22,
                       "config.osakaTime", "99"},
                      {"'cancunTime': 0", "'cancunTime': 0,\n    'bpo1Time': '0x1'", 17, 5,
                       "config.bpo1Time", "'0x1'"},
                      {"'cancunTime': 0", "'cancunTime': 0, 'yolov3Block': 0", 16, 22,
                       "config.yolov3Block", "0"},
                      {"'cancunTime': 0", "'cancunTime': 0, 'verkleTime': {}", 16, 22,
                       "config.verkleTime", "an object"},
                  });
    check_refused(unsupported_fork, "0 or nothing, since gas has a price",
                  {
                      {"'cancunTime': 0", "'cancunTime': 0, 'enableGasPriceBlock': 7", 16, 22,
                       "config.enableGasPriceBlock", "7"},
                  });
    check_refused(unsupported_fork, "false, since the state is a Merkle Patricia trie",
                  {
                      {"'cancunTime': 0", "'cancunTime': 0, 'enableUBTAtGenesis': true", 16, 22,
                       "config.enableUBTAtGenesis", "true"},
                      {"'cancunTime': 0", "'cancunTime': 0, 'enableVerkleAtGenesis': 0", 16, 22,
                       "config.enableVerkleAtGenesis", "0"},
                  });
    check_refused(
        bad_value, "3, as in EIP-4844",
        {
            {"'target': 3", "'target': 6", 17, 33, "config.blobSchedule.cancun.target", "6"},
        });
    check_refused(bad_value, "6, as in EIP-4844",
                  {
                      {"'max': 6", "'max': 9", 17, 46, "config.blobSchedule.cancun.max", "9"},
                  });
    check_refused(bad_value, "3338477, as in EIP-4844",
                  {
                      {"3338477", "5007716", 17, 56,
                       "config.blobSchedule.cancun.baseFeeUpdateFraction", "5007716"},
                  });
    check_refused(bad_value, "an object",
                  {
                      {"{'cancun': {'target'", "{'cancun': 6, 'y': {'target'", 17, 22,
                       "config.blobSchedule.cancun", "6"},
                      {"'blobSchedule': {", "'blobSchedule': [], 'y': {", 17, 5,
                       "config.blobSchedule", "an array"},
                      {"'config': {", "'config': 5, 'y': {", 2, 3, "config", "5"},
                  });
    check_refused(missing, "an object",
                  {
                      {"'config': {", "'config': null, 'y': {", 1, 1, "config", "nothing"},
                      {"'config': {", "'configs': {", 1, 1, "config", "nothing"},
                  });
}

TEST_CASE("genesis file, refused: the fields of the header") {
    check_refused(bad_value, "a number below 2^64",
                  {
                      {"'0x42'", "'0x'", 19, 3, "nonce", "'0x'"},
                      {"'0x42'", "''", 19, 3, "nonce", "''"},
                      {"'0x42'", "'0x4g'", 19, 3, "nonce", "'0x4g'"},
                      {"'0x42'", "'+5'", 19, 3, "nonce", "'+5'"},
                      {"'0x42'", "' 5'", 19, 3, "nonce", "' 5'"},
                      {"'0x42'", "'0x0x5'", 19, 3, "nonce", "'0x0x5'"},
                      {"'0x42'", "'0x10000000000000000'", 19, 3, "nonce", "'0x10000000000000000'"},
                      {"'0x65000000'", "{}", 20, 3, "timestamp", "an object"},
                      {"'nonce': '0x42'", "'excessBlobGas': '0x10000000000000000'", 19, 3,
                       "excessBlobGas", "'0x10000000000000000'"},
                      {"'nonce': '0x42'", "'blobGasUsed': []", 19, 3, "blobGasUsed", "an array"},
                  });
    check_refused(
        bad_value, "a number below 2^256",
        {
            {"'nonce': '0x42'", "'baseFeePerGas': -1", 19, 3, "baseFeePerGas", "-1"},
            {"'difficulty': '0x0'",
             "'difficulty': '0x10000000000000000000000000000000000000000000000000000000000000000'",
             23, 3, "difficulty",
             "'0x10000000000000000000000000000000000000000000000000000000000000000'"},
            {"'difficulty': '0x0'",
             "'difficulty': "
             "115792089237316195423570985008687907853269984665640564039457584007913129639936",
             23, 3, "difficulty",
             "115792089237316195423570985008687907853269984665640564039457584007913129..."},
            {"'difficulty': '0x0'",
             "'difficulty': "
             "1157920892373161954235709850086879078532699846656405640394575840079131296399360",
             23, 3, "difficulty",
             "115792089237316195423570985008687907853269984665640564039457584007913129..."},
        });
    check_refused(missing, "a number below 2^256",
                  {
                      {"'difficulty': '0x0',", "", 1, 1, "difficulty", "nothing"},
                  });
    check_refused(bad_value, "a number from 1, below 2^64",
                  {
                      {"'0x1c9c380'", "0", 22, 3, "gasLimit", "0"},
                  });
    check_refused(missing, "a number from 1, below 2^64",
                  {
                      {"'0x1c9c380'", "null", 1, 1, "gasLimit", "nothing"},
                      {"'gasLimit': '0x1c9c380',", "", 1, 1, "gasLimit", "nothing"},
                  });
    check_refused(bad_value, "hex after 0x, at most 65536 bytes",
                  {
                      {"'0x7061726c6579'", "'7061'", 21, 3, "extraData", "'7061'"},
                      {"'0x7061726c6579'", "'0x706'", 21, 3, "extraData", "'0x706'"},
                      {"'0x7061726c6579'", "'0x0x'", 21, 3, "extraData", "'0x0x'"},
                      {"'0x7061726c6579'", "5", 21, 3, "extraData", "5"},
                  });
    check_refused(
        bad_value, "32 bytes in hex after 0x",
        {
            {"0x0100000000000000000000000000000000000000000000000000000000000002",
             "0x01000000000000000000000000000000000000000000000000000000000002", 24, 3, "mixHash",
             "'0x01000000000000000000000000000000000000000000000000000000000002'"},
            {"0x0100000000000000000000000000000000000000000000000000000000000002",
             "0100000000000000000000000000000000000000000000000000000000000002", 24, 3, "mixHash",
             "'0100000000000000000000000000000000000000000000000000000000000002'"},
            {"'0x0100000000000000000000000000000000000000000000000000000000000002'", "0", 24, 3,
             "mixHash", "0"},
        });
    check_refused(
        bad_value, "20 bytes in hex",
        {
            {"'0x0000000000000000000000000000000000000003'", "'0x03'", 25, 3, "coinbase", "'0x03'"},
            {"'0x0000000000000000000000000000000000000003'", "3", 25, 3, "coinbase", "3"},
        });
    check_refused(bad_value, "0, the number of the first block",
                  {
                      {"'nonce': '0x42'", "'number': 1", 19, 3, "number", "1"},
                  });
    check_refused(bad_value, "0, since block 0 has no transactions",
                  {
                      {"'nonce': '0x42'", "'gasUsed': '0x5208'", 19, 3, "gasUsed", "'0x5208'"},
                  });
    check_refused(
        bad_value, "32 bytes of 0 in hex after 0x, since block 0 has no parent",
        {
            {"'nonce': '0x42'",
             "'parentHash': '0x0000000000000000000000000000000000000000000000000000000000000001'",
             19, 3, "parentHash",
             "'0x0000000000000000000000000000000000000000000000000000000000000001'"},
            {"'nonce': '0x42'", "'parentHash': '0x'", 19, 3, "parentHash", "'0x'"},
        });
}

TEST_CASE("genesis file, refused: accounts") {
    check_refused(bad_value, "an object",
                  {
                      {"'alloc': {", "'alloc': [], 'y': {", 26, 3, "alloc", "an array"},
                      {"'alloc': {", "'alloc': 'x', 'y': {", 26, 3, "alloc", "'x'"},
                      {"{'balance': '0x1'}", "'0x1'", 27, 5,
                       "alloc.0x0000000000000000000000000000000000000001", "'0x1'"},
                      {"{'balance': '0x1'}", "[]", 27, 5,
                       "alloc.0x0000000000000000000000000000000000000001", "an array"},
                      {"{'balance': '0x1'}", "null", 27, 5,
                       "alloc.0x0000000000000000000000000000000000000001", "null"},
                      {"{'balance': '0x1'}", "{'balance': 1, 'storage': []}", 27, 66,
                       "alloc.0x0000000000000000000000000000000000000001.storage", "an array"},
                  });
    check_refused(missing, "an object",
                  {
                      {"'alloc': {", "'alloc': null, 'y': {", 1, 1, "alloc", "nothing"},
                  });
    check_refused(
        bad_value, "an address, 20 bytes in hex",
        {
            {"0x0000000000000000000000000000000000000001", "0x01", 27, 5, "alloc.0x01", "'0x01'"},
            {"0x0000000000000000000000000000000000000001", "", 27, 5, "alloc.", "''"},
            {"0x0000000000000000000000000000000000000001",
             "zz00000000000000000000000000000000000001", 27, 5,
             "alloc.zz00000000000000000000000000000000000001",
             "'zz00000000000000000000000000000000000001'"},
            {"0x0000000000000000000000000000000000000001",
             "0x000000000000000000000000000000000000000100", 27, 5,
             "alloc.0x000000000000000000000000000000000000000100",
             "'0x000000000000000000000000000000000000000100'"},
            {"0x0000000000000000000000000000000000000001", "\\u00e9\\tb", 27, 5, "alloc.???b",
             "'???b'"},
        });
    check_refused(missing, "a number below 2^256",
                  {
                      {"{'balance': '0x1'}", "{}", 27, 5,
                       "alloc.0x0000000000000000000000000000000000000001.balance", "nothing"},
                      {"{'balance': '0x1'}", "{'balance': null}", 27, 5,
                       "alloc.0x0000000000000000000000000000000000000001.balance", "nothing"},
                  });
    check_refused(bad_value, "a number below 2^256",
                  {
                      {"{'balance': '0x1'}", "{'balance': 'much'}", 27, 52,
                       "alloc.0x0000000000000000000000000000000000000001.balance", "'much'"},
                  });
    check_refused(
        bad_value, "a number below 2^64",
        {
            {"{'balance': '0x1'}", "{'balance': 1, 'nonce': '0x10000000000000000'}", 27, 66,
             "alloc.0x0000000000000000000000000000000000000001.nonce", "'0x10000000000000000'"},
        });
    check_refused(bad_value, "hex after 0x, at most 1048576 bytes",
                  {
                      {"{'balance': '0x1'}", "{'balance': 1, 'code': '6001'}", 27, 66,
                       "alloc.0x0000000000000000000000000000000000000001.code", "'6001'"},
                      {"{'balance': '0x1'}", "{'balance': 1, 'code': '0x600'}", 27, 66,
                       "alloc.0x0000000000000000000000000000000000000001.code", "'0x600'"},
                      {"{'balance': '0x1'}", "{'balance': 1, 'code': 60}", 27, 66,
                       "alloc.0x0000000000000000000000000000000000000001.code", "60"},
                  });
    check_refused(
        bad_value, "at most 32 bytes in hex, two digits each",
        {
            {"'0x01': '0x02'", "'0x1': '0x02'", 38, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x1", "'0x1'"},
            {"'0x01': '0x02'",
             "'0x000000000000000000000000000000000000000000000000000000000000000001': '0x02'", 38,
             9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage."
             "0x000000000000000000000000000000000000000000000000000000000000000001",
             "'0x000000000000000000000000000000000000000000000000000000000000000001'"},
            {"'0x01': '0x02'", "'0x01': 1", 38, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x01", "1"},
            {"'0x01': '0x02'", "'0x01': null", 38, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x01", "null"},
            {"'0x01': '0x02'", "'0x01': {}", 38, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x01", "an object"},
            {"'0x01': '0x02'", "'0x01': []", 38, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x01", "an array"},
            {"'0x01': '0x02'", "'0x01': '0xzz'", 38, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x01", "'0xzz'"},
            {"'0x01': '0x02'", "'0x01': '0x2'", 38, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x01", "'0x2'"},
        });
}

TEST_CASE("genesis file, refused: what is there twice") {
    check_refused(
        duplicate, "it once",
        {
            {"'chainId': 1337", "'chainId': 1, 'chainId': 1", 3, 19, "config.chainId", "it again"},
            {"'chainId': 1337", "'chainId': 1,\n    'CHAINID': null", 4, 5, "config.CHAINID",
             "it again"},
            {"'nonce': '0x42'", "'nonce': 1,\n\n    'Nonce': 2", 21, 5, "Nonce", "it again"},
            {"{'balance': '0x1'}", "{'balance': 1, 'balance': 1}", 27, 66,
             "alloc.0x0000000000000000000000000000000000000001.balance", "it again"},
            {"0000000000000000000000000000000000000009",
             "0x71562b71999873DB5b286dF957af199Ec94617f7", 29, 5,
             "alloc.71562b71999873DB5b286dF957af199Ec94617F7", "it again"},
            {"'0000000000000000000000000000000000000009'",
             "'0x0000000000000000000000000000000000000001'", 28, 5,
             "alloc.0x0000000000000000000000000000000000000001", "it again"},
            {"'0x0300'", "'0x000001'", 40, 9,
             "alloc.0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02.storage.0x000001", "it again"},
        });
}

TEST_CASE("genesis file, refused: what does not go together") {
    check_refused(conflict, "a time after the timestamp, or terminalTotalDifficulty 0",
                  {
                      {"'terminalTotalDifficulty': 0", "'terminalTotalDifficulty': 1", 15, 5,
                       "config.shanghaiTime", "0"},
                  });
    check_refused(
        conflict, "the forks before it, none of them later",
        {
            {"'londonBlock': 0", "'londonBlock': 5, 'mergeNetsplitBlock': 4", 13, 23,
             "config.mergeNetsplitBlock", "a fork at 4 follows one at 5"},
            {"'terminalTotalDifficulty': 0", "'x': 1", 15, 5, "config.shanghaiTime",
             "shanghai without paris"},
            {"'londonBlock': 0", "'x': 1", 14, 5, "config.terminalTotalDifficulty",
             "paris without london"},
            {"'shanghaiTime': 0", "'x': 0", 16, 5, "config.cancunTime", "cancun without shanghai"},
            {"'shanghaiTime': 0", "'shanghaiTime': 1", 16, 5, "config.cancunTime",
             "a fork at 0 follows one at 1"},
        });
}

TEST_CASE("genesis file, refused: what is no JSON") {
    check_refused(
        not_json, "JSON",
        {
            {"0x0000000000000000000000000000000000000001", "a\n", 27, 7, "", "syntax error"},
            {"1337,", "1337", 4, 5, "", "syntax error"},
            {"'chainId'", "chainId", 3, 5, "", "syntax error"},
            {"'0x42'", "0x42", 19, 13, "", "syntax error"},
            {"'0x42'", "042", 19, 13, "", "syntax error"},
            {"'nonce': '0x42',", "'nonce': '0x42',,", 19, 19, "", "syntax error"},
        });
}
TEST_CASE("genesis file, refused: fields of block 0 that its fork does not have") {
    const std::string start = "{\n'gasLimit': 1, 'difficulty': 1, 'alloc': {},\n";
    const auto error = [&](const std::string& rest) {
        const auto genesis = parse_genesis(with_quotes(start + rest));
        REQUIRE_FALSE(genesis);
        CHECK(genesis.error().code == conflict);
        return message(genesis.error());
    };
    CHECK(error("'baseFeePerGas': 7,\n'config': {'chainId': 1, 'londonBlock': 1}}") ==
          "line 3, column 1: baseFeePerGas: expected nothing, since block 0 is before London, "
          "got 0x7");
    const std::string shanghai =
        "'timestamp': 9, 'config': {'chainId': 1, 'londonBlock': 0, 'terminalTotalDifficulty': 0, "
        "'shanghaiTime': 9, 'cancunTime': 10}}";
    CHECK(error("'excessBlobGas': 0,\n" + shanghai) ==
          "line 3, column 1: excessBlobGas: expected nothing, since block 0 is before Cancun, "
          "got 0");
    CHECK(error("\n 'blobGasUsed': 5, " + shanghai) ==
          "line 4, column 2: blobGasUsed: expected nothing, since block 0 is before Cancun, "
          "got 5");
}

TEST_CASE("genesis file, refused: whatever is not an object") {
    for (const std::string_view text : {"", "{", "[]", "5", "null", "\"x\"", "{\"a\":"}) {
        CAPTURE(text);
        const auto genesis = parse_genesis(text);
        REQUIRE_FALSE(genesis);
        CHECK(genesis.error().key.empty());
        CHECK(genesis.error().line == 1);
    }
    CHECK(message(parse_genesis("[]").error()) ==
          "line 1, column 1: expected an object, got an array");
    CHECK(message(parse_genesis("\n\n  {\"config\"\n}").error()) ==
          "line 4, column 1: expected JSON, got syntax error");
    CHECK(message(parse_genesis("null").error()) ==
          "line 1, column 1: expected an object, got null");
}
