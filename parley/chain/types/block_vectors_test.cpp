// Blocks of others: Ethereum's public block tests without code, and a chain of GoQuorum's.
#include <parley/base/test_vectors.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/codec/rlp.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::chain;
namespace json = boost::json;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

Buffer bytes_at(const json::object& object, std::string_view key) {
    const auto bytes = from_hex(std::string_view{object.at(key).as_string()});
    REQUIRE(bytes);
    return *bytes;
}

std::size_t count_at(const json::object& object, std::string_view key) {
    const auto* list = object.if_contains(key);
    return list == nullptr ? 0 : list->as_array().size();
}

/// What the form alone forbids. All other exceptions of the tests are for whoever executes a block.
const std::map<std::string_view, std::string_view> refused_by_form = {
    {"BlockException.RLP_STRUCTURES_ENCODING|TransactionException.TYPE_3_TX_WITH_FULL_BLOBS",
     ": field chain id: a list where a string belongs"},
    {"TR_RLP_WRONGVALUE", ": field value: number too large"},
    {"INPUT_UNMARSHAL_ADDRESS_ERROR", "withdrawal 0, field address: wrong size"},
    {"INPUT_UNMARSHAL_ERROR", "withdrawal 0, field"},
};

struct Counts {
    std::size_t tests = 0, genesis = 0, valid = 0, refused = 0, for_execution = 0;
};

void check_same(const Block& block, const Buffer& raw, const json::object& header) {
    CHECK(to_hex(block.header.hash()) == to_hex(bytes_at(header, "hash")));
    CHECK(block.encode() == raw);
    for (const auto& tx : block.body.transactions) CHECK(equal(tx.encode(), tx.raw));
}

void check_block(const json::object& test, Counts& counts) {
    const auto raw = bytes_at(test, "rlp");
    const auto block = decode_block(SharedBytes::copy(raw));
    if (const auto* exception = test.if_contains("expectException")) {
        const auto form = refused_by_form.find(std::string_view{exception->as_string()});
        if (block) {
            ++counts.for_execution;
            CHECK(form == refused_by_form.end());
            CHECK(block->encode() == raw);
        } else {
            ++counts.refused;
            INFO(message(block.error()));
            if (form == refused_by_form.end()) return;
            CHECK(message(block.error()).find(form->second) != std::string::npos);
        }
        return;
    }
    ++counts.valid;
    INFO((block ? std::string{} : message(block.error())));
    REQUIRE(block);
    check_same(*block, raw, test.at("blockHeader").as_object());
    CHECK(block->body.transactions.size() == count_at(test, "transactions"));
    CHECK(block->body.ommers.size() == count_at(test, "uncleHeaders"));
    CHECK(block->body.withdrawals.has_value() == test.contains("withdrawals"));
    if (block->body.withdrawals) {
        CHECK(block->body.withdrawals->size() == count_at(test, "withdrawals"));
    }
    CHECK(hash_of_ommers(block->body.ommers) == block->header.ommers_hash);
}

void check_test(const json::object& test, Counts& counts) {
    ++counts.tests;
    const auto raw = bytes_at(test, "genesisRLP");
    const auto genesis = decode_block(SharedBytes::copy(raw));
    REQUIRE(genesis);
    ++counts.genesis;
    check_same(*genesis, raw, test.at("genesisBlockHeader").as_object());
    for (const auto& block : test.at("blocks").as_array()) check_block(block.as_object(), counts);
}

}  // namespace

TEST_CASE("the blocks of Ethereum's public tests survive decoding and encoding") {
    const auto folder = parley::testing::vectors("legacytests");
    if (!std::filesystem::exists(folder)) {
        parley::testing::no_vectors("legacytests");
        return;
    }
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (entry.path().extension() == ".json") files.insert(entry.path());
    }
    Counts counts;
    for (const auto& file : files) {
        const auto tests = json::parse(read_file(file)).as_object();
        for (const auto& [name, test] : tests) {
            INFO(file.filename().string() << ": " << std::string{name});
            check_test(test.as_object(), counts);
        }
    }
    CHECK(files.size() >= 73);
    CHECK(counts.tests >= 265);
    CHECK(counts.valid >= 804);
    CHECK(counts.refused >= 22);
    CHECK(counts.for_execution >= 322);
    std::cout << "block tests: " << files.size() << " files, " << counts.genesis << " genesis and "
              << counts.valid << " valid blocks; " << counts.refused << " are refused by form, "
              << counts.for_execution << " by execution\n";
}

TEST_CASE("a chain of GoQuorum's, with seals in the extra data, survives it too") {
    const auto file = parley::testing::vectors("goquorum-qbft/chain.rlp");
    if (!std::filesystem::exists(file)) {
        parley::testing::no_vectors("goquorum-qbft");
        return;
    }
    const auto text = read_file(file);
    std::uint64_t number = 0;
    std::size_t transactions = 0;
    for (rlp::Reader in{bytes_of(text)}; !in.at_end(); ++number) {
        CAPTURE(number);
        const auto raw = in.raw_item();
        REQUIRE(raw);
        CHECK_FALSE(decode_block(SharedBytes::copy(*raw)));
        const auto block = decode_block(SharedBytes::copy(*raw), {.extra_data_bytes_max = 4096});
        REQUIRE(block);
        CHECK(block->header.number == number);
        CHECK(block->header.has_fields_of(Fork::berlin));
        CHECK(equal(block->encode(), *raw));
        transactions += block->body.transactions.size();
    }
    CHECK(number == 211);
    CHECK(transactions == 380);
}
