// Accounts over RPC: at the head, at blocks below it, and proven.
#include <parley/chain/trie/proof.hpp>
#include <parley/node/rpc/test_eth.hpp>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::node;
using namespace parley::node::testing;
using chain::testing::address_of;
using chain::testing::payment;

namespace {

constexpr std::string_view unfunded = "\"0x00000000000000000000000000000000000000aa\"";

std::string balance_of(EthRig& rig, std::uint64_t seed, std::string_view block) {
    const auto params = rig.account(seed) + "," + std::string{block};
    return rig.result("eth_getBalance", params).as_string().c_str();
}

std::string quantity(std::uint64_t value) {
    return rpc::hex_quantity(value);
}

std::vector<Buffer> nodes_of(const json::value& proof) {
    std::vector<Buffer> out;
    for (const auto& node : proof.as_array()) {
        out.push_back(
            *from_hex(std::string_view{node.as_string().data(), node.as_string().size()}));
    }
    return out;
}

/// The account that a proof proves under a root; nothing if it proves that there is none.
std::optional<chain::Account> proven(const Hash256& root, const chain::Address& address,
                                     const json::value& proof) {
    const auto nodes = nodes_of(proof.at("accountProof"));
    const auto key = chain::trie::Nibbles::of_key(crypto::keccak256(address));
    const auto value = chain::trie::verify_proof(root, key, nodes);
    REQUIRE(value);
    if (!*value) return std::nullopt;
    return *chain::decode_account(**value);
}

}  // namespace

TEST_CASE("eth: balance, nonce, code and storage at the head") {
    EthRig rig;
    rig.chain.grow({payment(0, 0, 1, 1000)});
    CHECK(balance_of(rig, 1, "\"latest\"") == quantity(10'000'000'000'000'001'000U));
    CHECK(rig.result("eth_getBalance", rig.account(1)) == "0x8ac7230489e803e8");
    CHECK(rig.result("eth_getBalance", rig.account(1) + ",null") == "0x8ac7230489e803e8");
    CHECK(rig.result("eth_getBalance", unfunded) == "0x0");
    CHECK(rig.result("eth_getTransactionCount", rig.account(0)) == "0x1");
    CHECK(rig.result("eth_getTransactionCount", rig.account(1) + ",\"latest\"") == "0x0");

    const auto holder = quoted(contract.to_string());
    CHECK(rig.result("eth_getCode", holder) == "0x6001");
    CHECK(rig.result("eth_getCode", rig.account(0) + ",\"latest\"") == "0x");
    const auto word = "0x" + std::string(60, '0') + "1234";
    CHECK(rig.result("eth_getStorageAt", holder + "," + hash_text(contract_slot) + ",\"latest\"") ==
          json::value(word));
    CHECK(rig.result("eth_getStorageAt", holder + ",\"0x0\"") ==
          json::value("0x" + std::string(64, '0')));
    CHECK(rig.result("eth_getAccountInfo", holder) ==
          json::value{{"balance", "0x7"}, {"nonce", "0x0"}, {"code", "0x6001"}});
}

TEST_CASE("eth: the nonce of pending transactions") {
    EthRig rig;
    rig.chain.grow({payment(0, 0, 1, 1)});
    rig.pool_insert(payment(0, 1, 1, 1));
    rig.pool_insert(payment(0, 2, 1, 1));
    const auto who = rig.account(0);
    CHECK(rig.result("eth_getTransactionCount", who + ",\"latest\"") == "0x1");
    CHECK(rig.result("eth_getTransactionCount", who + ",\"pending\"") == "0x3");
    CHECK(rig.result("eth_getTransactionCount", rig.account(1) + ",\"pending\"") == "0x0");
}

TEST_CASE("eth: what an account had at each block, however it is named") {
    EthRig rig;
    std::vector<Hash256> hashes{rig.chain.ledger->head().hash};
    for (std::uint64_t i = 0; i < 4; ++i) {
        hashes.push_back(rig.chain.grow({payment(0, i, 1, 1000)}).header.hash());
    }
    const std::uint64_t first = 10'000'000'000'000'000'000U;
    for (std::uint64_t number = 0; number <= 4; ++number) {
        CAPTURE(number);
        const auto expected = quantity(first + 1000 * number);
        const auto hash = hash_text(hashes[static_cast<std::size_t>(number)]);
        CHECK(balance_of(rig, 1, quoted(quantity(number))) == expected);
        CHECK(balance_of(rig, 1, hash) == expected);
        CHECK(balance_of(rig, 1, R"({"blockHash":)" + hash + R"(,"requireCanonical":true})") ==
              expected);
        CHECK(balance_of(rig, 1, R"({"blockNumber":")" + quantity(number) + "\"}") == expected);
        CHECK(rig.result("eth_getTransactionCount", rig.account(0) + ",\"" + quantity(number) +
                                                        "\"") == json::value(quantity(number)));
    }
    CHECK(balance_of(rig, 1, "\"earliest\"") == quantity(first));
    CHECK(balance_of(rig, 1, "\"pending\"") == quantity(first + 4000));
    CHECK(rig.error("eth_getBalance", rig.account(1) + ",\"safe\"") ==
          "-32000: safe block not found");
    CHECK(rig.error("eth_getBalance", rig.account(1) + ",\"finalized\"") ==
          "-32000: finalized block not found");
    rig.finalized = 2;
    CHECK(balance_of(rig, 1, "\"finalized\"") == quantity(first + 2000));
    CHECK(balance_of(rig, 1, "\"safe\"") == quantity(first + 2000));
    CHECK(rig.error("eth_getBalance", rig.account(1) + ",\"0x5\"") == "-32000: header not found");
    CHECK(rig.error("eth_getBalance", rig.account(1) + "," + hash_text({})) ==
          "-32000: header for hash not found");
}

TEST_CASE("eth: the state of a block on another branch") {
    EthRig rig;
    const auto fork = rig.chain.make({payment(0, 0, 2, 5)}, 3).block;
    rig.chain.grow({payment(0, 0, 1, 1000)});
    rig.chain.grow({payment(0, 1, 1, 1000)});
    REQUIRE(rig.chain.import(fork));
    const std::uint64_t first = 10'000'000'000'000'000'000U;
    const auto beside = hash_text(fork.header.hash());
    CHECK(balance_of(rig, 1, beside) == quantity(first));
    CHECK(balance_of(rig, 2, beside) == quantity(first + 5));
    CHECK(balance_of(rig, 2, "\"latest\"") == quantity(first));
    CHECK(rig.error("eth_getBalance", rig.account(1) + R"(,{"blockHash":)" + beside +
                                          R"(,"requireCanonical":true})") ==
          "-32000: hash is not currently canonical");
    const auto proof = rig.result("eth_getProof", rig.account(2) + ",[]," + beside);
    const auto account = proven(fork.header.state_root, address_of(2), proof);
    REQUIRE(account);
    CHECK(account->balance == to_uint256(first + 5));
}

TEST_CASE("eth: a state that is gone") {
    EthRig rig;
    const auto root = to_hex(rig.chain.ledger->head().header.state_root);
    for (std::uint64_t i = 0; i <= chain::branch_depth_max; ++i) rig.chain.grow();
    const auto gone = "-32000: historical state " + root + " is not available";
    CHECK(rig.error("eth_getBalance", rig.account(1) + ",\"0x0\"") == gone);
    CHECK(rig.error("eth_getProof", rig.account(1) + ",[],\"0x0\"") == gone);
    CHECK(balance_of(rig, 1, "\"0x1\"") == quantity(10'000'000'000'000'000'000U));
}

TEST_CASE("eth: a proof holds under the state root, of the head and of older blocks") {
    EthRig rig;
    const auto first = rig.chain.ledger->head().header.state_root;
    rig.chain.grow({payment(0, 0, 1, 1000)});
    rig.chain.grow({payment(0, 1, 1, 1000)});
    const auto head = rig.chain.ledger->head().header.state_root;
    const auto at_head = rig.result("eth_getProof", rig.account(0) + ",[],\"latest\"");
    const auto account = proven(head, address_of(0), at_head);
    REQUIRE(account);
    CHECK(account->nonce == 2);
    CHECK(at_head.as_object().size() == 7);
    CHECK(at_head.at("address") == json::value(address_of(0).to_string()));
    CHECK(at_head.at("balance") == json::value(rpc::hex_quantity(account->balance)));
    CHECK(at_head.at("nonce") == "0x2");
    CHECK(at_head.at("codeHash") == json::value(rpc::hex_data(chain::empty_code_hash)));
    CHECK(at_head.at("storageHash") == json::value(rpc::hex_data(chain::empty_root_hash)));
    CHECK(at_head.at("storageProof") == json::array{});

    const auto older = rig.result("eth_getProof", rig.account(0) + ",[],\"0x0\"");
    const auto before = proven(first, address_of(0), older);
    REQUIRE(before);
    CHECK(before->nonce == 0);
    CHECK(before->balance == to_uint256(10'000'000'000'000'000'000U));

    const auto absent = rig.result("eth_getProof", unfunded);
    CHECK(proven(head, *chain::Address::parse("00000000000000000000000000000000000000aa"),
                 absent) == std::nullopt);
    CHECK(absent.at("balance") == "0x0");
    CHECK(absent.at("codeHash") == json::value("0x" + std::string(64, '0')));
}

TEST_CASE("eth: a proof of storage, of slots that are set and that are not") {
    EthRig rig;
    rig.chain.grow({payment(0, 0, 1, 1000)});
    const auto holder = quoted(contract.to_string());
    const auto key = rpc::hex_data(contract_slot);
    for (const std::string block : {"\"latest\"", "\"0x0\""}) {
        CAPTURE(block);
        const auto proof =
            rig.result("eth_getProof", holder + ",[\"" + key + "\",\"0x5\"]," + block);
        const auto root =
            *array_from_hex<32>(std::string_view{proof.at("storageHash").as_string().c_str()});
        const auto& slots = proof.at("storageProof").as_array();
        REQUIRE(slots.size() == 2);
        CHECK(slots[0].at("key") == json::value(key));
        CHECK(slots[0].at("value") == "0x1234");
        CHECK(slots[1].at("key") == "0x5");  // as it was asked for
        CHECK(slots[1].at("value") == "0x0");
        const auto value_at = [&](const Hash256& slot, const json::value& shown) {
            const auto path = chain::trie::Nibbles::of_key(crypto::keccak256(slot));
            return *chain::trie::verify_proof(root, path, nodes_of(shown.at("proof")));
        };
        CHECK(value_at(contract_slot, slots[0]) ==
              Buffer{std::byte{0x82}, std::byte{0x12}, std::byte{0x34}});
        CHECK(value_at(to_uint256(5), slots[1]) == std::nullopt);
    }
}

TEST_CASE("eth: arguments of the methods on accounts that are wrong") {
    EthRig rig;
    const auto who = rig.account(0);
    const auto long_key = "0x" + std::string(65, '0');
    struct Case {
        std::string method, params, error;
    };
    const Case cases[] = {
        {"eth_getBalance", "", "params[0]: expected hex data, got nothing"},
        {"eth_getBalance", "1", "params[0]: expected hex data, got number"},
        {"eth_getBalance", "\"12\"", "params[0]: expected hex data, got a string without 0x"},
        {"eth_getBalance", "\"0x12\"", "params[0]: expected 20 bytes of hex data, got 1"},
        {"eth_getBalance", who + ",1",
         "params[1]: expected a block number, tag or hash, got number"},
        {"eth_getBalance", who + ",\"newest\"",
         "params[1]: expected a block number, tag or hash, got another string"},
        {"eth_getBalance", who + ",\"0x01\"",
         "params[1]: expected a hex quantity, got leading zeros"},
        {"eth_getBalance", who + ",\"0x\"",
         "params[1]: expected a hex quantity, got 0x without digits"},
        {"eth_getBalance", who + ",\"0xfffffffffffffffff\"",
         "params[1]: expected a hex quantity, got more than 64 bits"},
        {"eth_getBalance", who + ",{}",
         "params[1]: expected either blockHash or blockNumber, got neither"},
        {"eth_getBalance", who + R"(,{"blockHash":1,"blockNumber":"0x1"})",
         "params[1]: expected either blockHash or blockNumber, got both"},
        {"eth_getBalance", who + R"(,{"blockHash":1})",
         "params[1].blockHash: expected hex data, got number"},
        {"eth_getBalance", who + R"(,{"blockHash":"0x12"})",
         "params[1].blockHash: expected 32 bytes of hex data, got 1"},
        {"eth_getBalance", who + R"(,{"blockHash":)" + hash_text({}) + R"(,"requireCanonical":1})",
         "params[1].requireCanonical: expected true or false, got number"},
        {"eth_getBalance", who + R"(,{"blockNumber":true})",
         "params[1].blockNumber: expected a block number or tag, got boolean"},
        {"eth_getBalance", who + ",\"latest\",1", "params: expected at most 2, got 3"},
        {"eth_getTransactionCount", who + ",[]",
         "params[1]: expected a block number, tag or hash, got array"},
        {"eth_getCode", "null", "params[0]: expected hex data, got null"},
        {"eth_getAccountInfo", "{}", "params[0]: expected hex data, got object"},
        {"eth_getStorageAt", who, "params[1]: expected a storage key, got nothing"},
        {"eth_getStorageAt", who + ",1", "params[1]: expected a storage key, got number"},
        {"eth_getStorageAt", who + ",\"0xasdf\"", "invalid hex in storage key: \"0xasdf\""},
        {"eth_getStorageAt", who + ",\"0x0x12\"", "invalid hex in storage key: \"0x0x12\""},
        {"eth_getStorageAt", who + ",\"" + long_key + "\"",
         "storage key too long (want at most 32 bytes): \"" + long_key + "\""},
        {"eth_getProof", who + ",{}", "params[1]: expected an array of storage keys, got object"},
        {"eth_getProof", who + ",[1]", "params[1][0]: expected a storage key, got number"},
        {"eth_getProof", who + ",[\"0xg\"]", "invalid hex in storage key: \"0xg\""},
        {"eth_getProof", who + ",[],1",
         "params[2]: expected a block number, tag or hash, got number"},
    };
    for (const auto& [method, params, error] : cases) {
        CAPTURE(method);
        CAPTURE(params);
        CHECK(rig.error(method, params) == "-32602: " + error);
    }
    std::string many = "\"0x0\"";
    for (int i = 0; i < 1024; ++i) many += ",\"0x0\"";
    CHECK(rig.error("eth_getProof", who + ",[" + many + "]") ==
          "-32602: too many storage keys requested (max 1024, got 1025)");
}

TEST_CASE("eth: a node without a ledger says so") {
    EthRig rig{false};
    for (const auto* method :
         {"eth_getBalance", "eth_getCode", "eth_getProof", "eth_getAccountInfo"}) {
        CHECK(rig.error(method, unfunded) == "-32000: this node keeps no ledger");
    }
    CHECK(rig.result("eth_getTransactionCount", unfunded) == "0x0");
    CHECK(rig.result("eth_blockNumber") == "0x0");
    CHECK(rig.result("eth_getBlockByNumber", "\"latest\",false") == nullptr);
    CHECK(rig.result("eth_getTransactionReceipt", hash_text({})) == nullptr);
    CHECK(rig.result("eth_gasPrice") == "0x3b9aca00");
    CHECK(rig.error("eth_config") == "-32000: this node keeps no ledger");
}
