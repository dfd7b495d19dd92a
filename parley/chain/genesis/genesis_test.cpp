// What follows from a genesis: its state, its header, the hash of the chain. Those of go-ethereum
// 1.17.10, of GoQuorum, and of the public block tests.
#include <parley/chain/genesis/genesis.hpp>

#include <parley/base/store.hpp>
#include <parley/base/test_vectors.hpp>
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/chain/genesis/test_genesis.hpp>
#include <parley/chain/state/state.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::chain;
namespace json = boost::json;

namespace {

constexpr std::string_view empty_root =
    "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

std::string read_text(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

Genesis known_genesis() {
    return parse_genesis(chain::testing::genesis_text).value();
}

std::string hash_text(const Genesis& genesis) {
    return to_hex(make_genesis_block(genesis).header.hash());
}

ForkSchedule from_block_0(Fork fork) {
    ForkSchedule out;
    if (fork >= Fork::london) out.london_block = 0;
    if (fork >= Fork::paris) out.terminal_total_difficulty = Uint256{};
    if (fork >= Fork::shanghai) out.shanghai_time = 0;
    if (fork >= Fork::cancun) out.cancun_time = 0;
    return out;
}

}  // namespace

TEST_CASE("the first header has the fields of its fork, and the hash that go-ethereum gives it") {
    Genesis genesis = known_genesis();
    CHECK(to_hex(make_genesis_block(genesis).state.root) == chain::testing::genesis_root_text);
    CHECK(hash_text(genesis) == chain::testing::genesis_hash_text);
    struct Known {
        Fork fork;
        std::string_view hash;
    };
    for (const auto& [fork, hash] : {
             Known{Fork::berlin,
                   "64f2f90d773e364af4e341be00f2f51b047e9fb91b20bc77910a55295661afb3"},
             Known{Fork::london,
                   "2d32d448ff2d73fad759e5e15b6e14bd1a5f51c793e020eae2acaf77f9179acb"},
             Known{Fork::paris, "2d32d448ff2d73fad759e5e15b6e14bd1a5f51c793e020eae2acaf77f9179acb"},
             Known{Fork::shanghai,
                   "ba3e8173b81e852a855ffa9db55c36654c3f06db4a27996a7bde7c766c923f16"},
             Known{Fork::cancun, chain::testing::genesis_hash_text},
         }) {
        CAPTURE(name(fork));
        genesis.forks = from_block_0(fork);
        CHECK(genesis.fork() == fork);
        CHECK(genesis.is_merged() == (fork >= Fork::paris));
        CHECK(genesis_header(genesis, empty_root_hash).has_fields_of(fork));
        CHECK(hash_text(genesis) == hash);
    }
    genesis.base_fee_per_gas = to_uint256(7);
    genesis.excess_blob_gas = 0x60000;
    genesis.blob_gas_used = 0x20000;
    CHECK(hash_text(genesis) == "ae5dbd132e913bb60e9560c6205fc00d5264cdc310f36f926371b1265f7dfe49");
}

TEST_CASE("a fork that comes after block 0 changes nothing in it") {
    Genesis genesis = known_genesis();
    const auto paris = "2d32d448ff2d73fad759e5e15b6e14bd1a5f51c793e020eae2acaf77f9179acb";
    genesis.forks.shanghai_time = genesis.timestamp + 1;
    genesis.forks.cancun_time = genesis.timestamp + 2;
    CHECK(genesis.fork() == Fork::paris);
    CHECK(hash_text(genesis) == paris);
    genesis.forks.shanghai_time = genesis.timestamp;
    CHECK(genesis.fork() == Fork::shanghai);
    genesis.forks.cancun_time = genesis.timestamp;
    CHECK(hash_text(genesis) == chain::testing::genesis_hash_text);
    // Mined first, as the public chains were.
    genesis.forks = from_block_0(Fork::london);
    genesis.forks.terminal_total_difficulty = to_uint256(17);
    genesis.difficulty = to_uint256(131'072);
    CHECK(genesis.fork() == Fork::london);
    CHECK(hash_text(genesis) == "322f8726726bf2a1a71d4314048f0b95c8a55f8a6b9dc12b0855d49f4c54532c");
    genesis.forks = {};
    genesis.forks.london_block = 1;
    CHECK(genesis.fork() == Fork::berlin);
    CHECK(genesis_header(genesis, empty_root_hash).has_fields_of(Fork::berlin));
}

TEST_CASE("the header of an empty chain, item by item") {
    Genesis genesis;
    genesis.gas_limit = 5000;
    genesis.nonce = 0x1122334455667788;
    genesis.forks.london_block = 0;
    const auto zeros = [](std::size_t bytes) { return std::string(2 * bytes, '0'); };
    const std::string root{empty_root};
    std::string items;
    for (const std::string& item : {
             "a0" + zeros(32),                                   // parent
             "a0" + to_hex(crypto::keccak256(*from_hex("c0"))),  // ommers
             "94" + zeros(20),                                   // beneficiary
             "a0" + root + "a0" + root + "a0" + root,            // state, transactions, receipts
             "b90100" + zeros(256),                              // bloom
             std::string{"80"
                         "80"
                         "821388"
                         "80"
                         "80"
                         "80"},  // difficulty to extra data
             "a0" + zeros(32),   // mix hash
             std::string{"881122334455667788"
                         "843b9aca00"},  // nonce, base fee
         }) {
        items += item;
    }
    const auto block = make_genesis_block(genesis);
    CHECK(to_hex(block.header.encode()) == "f901f4" + items);
    CHECK(block.header.hash() == crypto::keccak256(*from_hex("f901f4" + items)));
    CHECK(block.state.root == empty_root_hash);
    CHECK(block.state.changes == StateChanges{});
}

TEST_CASE("a genesis becomes the state of an empty store") {
    const Genesis genesis = known_genesis();
    MemoryStore store;
    State state{store, empty_root_hash, 1};
    state.accept(make_genesis_block(genesis).state);
    CHECK(to_hex(state.root()) == chain::testing::genesis_root_text);
    REQUIRE(store.write(state.begin_save()));
    state.end_save();
    for (const auto& [address, expected] : genesis.alloc) {
        CAPTURE(address.to_string());
        const auto key = crypto::keccak256(address);
        const auto account = state.account(key).value();
        REQUIRE(account);
        CHECK(account->balance == expected.balance);
        CHECK(account->nonce == expected.nonce);
        CHECK(state.code(account->code_hash).value() == expected.code);
        for (const auto& [slot, value] : expected.storage) {
            CHECK(state.slot(key, crypto::keccak256(slot)).value() == value);
        }
    }
    // The empty one goes when it is touched.
    const auto empty = *Address::parse("0000000000000000000000000000000000000009");
    StateEdit edit{state};
    edit.set_account(empty, Account{});
    auto touched = commit_state(state, state.root(), edit.take());
    REQUIRE(touched);
    CHECK(touched->root != state.root());
    state.accept(std::move(*touched));
    CHECK_FALSE(state.account(crypto::keccak256(empty)).value());
}

TEST_CASE("code that two accounts have is kept once, and slots of zero not at all") {
    Genesis genesis;
    for (const unsigned i : {7U, 3U, 5U}) {
        auto& account = genesis.alloc[Address{{static_cast<std::byte>(i)}}];
        account.code = to_buffer(bytes_of("code"));
        account.storage = {{Hash256{std::byte{2}}, to_uint256(i)},
                           {Hash256{std::byte{1}}, to_uint256(9)},
                           {Hash256{std::byte{3}}, Uint256{}}};
    }
    const auto changes = genesis_state(genesis);
    CHECK(changes.code.size() == 1);
    CHECK(changes.accounts.size() == 3);
    CHECK(std::ranges::is_sorted(changes.accounts, {}, &AccountChange::key));
    CHECK(changes.slots.size() == 6);
    CHECK(std::ranges::is_sorted(changes.slots, [](const auto& a, const auto& b) {
        return std::pair{a.account, a.slot} < std::pair{b.account, b.slot};
    }));
}

TEST_CASE("GoQuorum's genesis is the first block of the chain that its network made") {
    const auto folder = parley::testing::vectors("goquorum-qbft");
    if (!std::filesystem::exists(folder)) return parley::testing::no_vectors("goquorum-qbft");
    const auto genesis = parse_genesis(read_text(folder / "genesis.json"));
    REQUIRE(genesis);
    const auto exported = read_text(folder / "chain.rlp");
    rlp::Reader blocks{bytes_of(exported)};
    auto block = blocks.list().value();
    const auto header = block.raw_item().value();
    CHECK(to_hex(make_genesis_block(*genesis).header.encode()) == to_hex(header));
}

namespace {

/// The test's genesis in Geth's form.
std::string genesis_file_of(const json::object& test) {
    static const std::map<std::string_view, Fork> forks{{"Berlin", Fork::berlin},
                                                        {"London", Fork::london},
                                                        {"Paris", Fork::paris},
                                                        {"Shanghai", Fork::shanghai},
                                                        {"Cancun", Fork::cancun}};
    const auto& header = test.at("genesisBlockHeader").as_object();
    const auto schedule = from_block_0(forks.at(std::string_view{test.at("network").as_string()}));
    json::object config;
    config["chainId"] = 1;
    if (schedule.london_block) config["londonBlock"] = 0;
    if (schedule.terminal_total_difficulty) config["terminalTotalDifficulty"] = 0;
    if (schedule.shanghai_time) config["shanghaiTime"] = 0;
    if (schedule.cancun_time) config["cancunTime"] = 0;
    json::object out;
    out["config"] = config;
    out["alloc"] = test.at("pre");
    for (const auto* key :
         {"nonce", "timestamp", "extraData", "gasLimit", "gasUsed", "difficulty", "mixHash",
          "coinbase", "number", "parentHash", "baseFeePerGas", "excessBlobGas", "blobGasUsed"}) {
        if (const auto* value = header.if_contains(key)) out[key] = *value;
    }
    return json::serialize(out);
}

int check_genesis_of_tests(const std::filesystem::path& path) {
    int tests = 0;
    const auto file = json::parse(read_text(path));
    for (const auto& [test_name, value] : file.as_object()) {
        const auto& test = value.as_object();
        if (!test.contains("genesisRLP")) continue;
        ++tests;
        INFO(path.filename().string() << " " << std::string{test_name});
        const auto genesis = parse_genesis(genesis_file_of(test));
        REQUIRE(genesis);
        const auto raw = *from_hex(std::string_view{test.at("genesisRLP").as_string()});
        const auto expected = rlp::Reader::open_list(raw)->raw_item().value();
        CHECK(to_hex(make_genesis_block(*genesis).header.encode()) == to_hex(expected));
        CHECK(parse_genesis(to_json(*genesis)) == genesis);
    }
    return tests;
}

}  // namespace

TEST_CASE("legacy block tests: each begins with the block that its genesis makes") {
    const auto folder = parley::testing::vectors("legacytests");
    if (!std::filesystem::exists(folder)) return parley::testing::no_vectors("legacytests");
    int tests = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".json") tests += check_genesis_of_tests(entry.path());
    }
    const bool is_other =
        std::getenv("PARLEY_VECTORS") != nullptr;  // NOLINT(concurrency-mt-unsafe)
    CHECK((is_other ? tests > 0 : tests == 265));
}
