// Transactions that are tried out over RPC: called, estimated, filled in.
#include <parley/node/rpc/test_eth.hpp>

#include <string>

using namespace parley;
using namespace parley::node;
using namespace parley::node::testing;
using chain::testing::address_of;
using chain::testing::payment;

namespace {

/// From account 0 to account 1, with more members.
std::string transfer_args(const EthRig& rig, std::string_view more = "") {
    return fmt::format(R"({{"from":{},"to":{}{}{}}})", rig.account(0), rig.account(1),
                       more.empty() ? "" : ",", more);
}

std::string poor() {
    return chain::Address{{std::byte{0xaa}}}.to_string();
}

}  // namespace

TEST_CASE("eth: a call moves value or says why not") {
    EthRig rig;
    CHECK(rig.result("eth_call", transfer_args(rig)) == "0x");
    CHECK(rig.result("eth_call", transfer_args(rig, R"("value":"0x8ac7230489e80000")")) == "0x");
    CHECK(rig.result("eth_call", R"({"to":)" + rig.account(1) + "},\"latest\",{},null") == "0x");
    CHECK(rig.result("eth_call", transfer_args(rig, R"("data":"0x1234","nonce":"0x63")")) == "0x");
    CHECK(rig.error("eth_call", transfer_args(rig, R"("value":"0x8ac7230489e80001")")) ==
          fmt::format("-32000: err: insufficient funds for gas * price + value: address {} have "
                      "10000000000000000000 want 10000000000000000001 (supplied gas 50000000)",
                      address_of(0).checksummed()));
    CHECK(rig.error("eth_call", transfer_args(rig, R"("gas":"0x5207")")) ==
          "-32000: err: intrinsic gas too low: have 20999, want 21000 (supplied gas 20999)");
    CHECK(rig.error("eth_call", transfer_args(rig, R"("maxFeePerGas":"0x1","gas":"0x5208")")) ==
          fmt::format("-32000: err: max fee per gas less than block base fee: address {}, "
                      "maxFeePerGas: 1, baseFee: 1000000000 (supplied gas 21000)",
                      address_of(0).checksummed()));
    CHECK(rig.error("eth_call",
                    transfer_args(rig, R"("maxFeePerGas":"0x1","maxPriorityFeePerGas":"0x2")"))
              .starts_with("-32000: err: max priority fee per gas higher than max fee per gas: "));
}

TEST_CASE("eth: no code runs, and a call of it says so") {
    EthRig rig;
    const auto no_code =
        "-32000: the receiver has code, and this chain runs none: it transfers value only";
    const auto to_contract = R"({"to":")" + contract.to_string() + "\"}";
    CHECK(rig.error("eth_call", to_contract) == no_code);
    CHECK(rig.error("eth_estimateGas", to_contract) == no_code);
    // Code of Ethereum's own.
    CHECK(rig.error("eth_call", R"({"to":"0x0000000000000000000000000000000000000001"})") ==
          no_code);
    const auto no_creation =
        "-32000: no receiver: this chain creates no contracts, it transfers value only";
    CHECK(rig.error("eth_call", R"({"data":"0x6001"})") == no_creation);
    CHECK(rig.error("eth_estimateGas", R"({"data":"0x6001","to":null})") == no_creation);
}

TEST_CASE("eth: an estimate is what the transaction takes") {
    EthRig rig;
    CHECK(rig.result("eth_estimateGas", transfer_args(rig, R"("value":"0x1")")) == "0x5208");
    // 16 for a byte, 4 for a zero one.
    CHECK(rig.result("eth_estimateGas", transfer_args(rig, R"("input":"0x00ff")")) == "0x521c");
    const auto list = R"("accessList":[{"address":)" + rig.account(3) + R"(,"storageKeys":[)" +
                      hash_text({}) + "]}]";
    CHECK(rig.result("eth_estimateGas", transfer_args(rig, list)) == "0x62d4");
    CHECK(rig.result("eth_estimateGas",
                     transfer_args(rig, R"("gasPrice":"0x3b9aca00","value":"0x1")")) == "0x5208");
    // A limit below that of any transaction is as none.
    CHECK(rig.result("eth_estimateGas", transfer_args(rig, R"("gas":"0x1")")) == "0x5208");
    CHECK(rig.error("eth_estimateGas", transfer_args(rig, R"("gas":"0x5208","data":"0xff")")) ==
          "-32000: gas required exceeds allowance (21000)");
    const auto from_poor = R"({"from":")" + poor() + R"(","to":)" + rig.account(1);
    CHECK(rig.error("eth_estimateGas", from_poor + R"(,"value":"0x1"})") ==
          fmt::format("-32000: failed with 30000000 gas: insufficient funds for gas * price + "
                      "value: address {} have 0 want 1",
                      chain::Address{{std::byte{0xaa}}}.checksummed()));
    CHECK(rig.error("eth_estimateGas", from_poor + R"(,"gasPrice":"0x3b9aca00"})") ==
          "-32000: insufficient funds for transfer");
    // 10 ether at this price are 20,000 gas.
    CHECK(rig.error("eth_estimateGas", transfer_args(rig, R"("gasPrice":"0x1c6bf52634000")")) ==
          "-32000: gas required exceeds allowance (20000)");
}

TEST_CASE("eth: a call is tried out on the state of its block") {
    EthRig rig;
    rig.chain.grow({payment(0, 0, 1, 9'000'000'000'000'000'000U)});
    const auto args = transfer_args(rig, R"("value":"0x7ce66c50e2840000")");  // 9 ether
    CHECK(rig.error("eth_call", args).starts_with("-32000: err: insufficient funds"));
    CHECK(rig.result("eth_call", args + ",\"0x0\"") == "0x");
    CHECK(rig.result("eth_estimateGas", args + ",\"earliest\"") == "0x5208");
    CHECK(rig.error("eth_call", args + ",\"0x2\"") == "-32000: header not found");
}

TEST_CASE("eth: a transaction is filled in") {
    EthRig rig;
    rig.chain.grow({payment(0, 0, 1, 1)});
    rig.pool_insert(payment(0, 1, 1, 1));
    const auto base_fee = *rig.chain.ledger->head().header.base_fee;
    const auto tip = to_uint256(1'000'000'000);
    const auto filled = rig.result("eth_fillTransaction", transfer_args(rig, R"("value":"0x5")"));
    const auto max_fee = *checked_add(tip, *checked_multiply(base_fee, 2));
    CHECK(filled.at("tx") == json::value{
                                 {"type", "0x2"},
                                 {"to", address_of(1).to_string()},
                                 {"nonce", "0x2"},
                                 {"gas", "0x5208"},
                                 {"gasPrice", rpc::hex_quantity(max_fee)},
                                 {"value", "0x5"},
                                 {"input", "0x"},
                                 {"chainId", "0x1"},
                                 {"accessList", json::array{}},
                                 {"maxFeePerGas", rpc::hex_quantity(max_fee)},
                                 {"maxPriorityFeePerGas", "0x3b9aca00"},
                             });
    const auto raw = chain::decode_transaction(
        SharedBytes::own(*from_hex(std::string_view{filled.at("raw").as_string().c_str()})));
    REQUIRE(raw);
    CHECK(raw->nonce == 2);
    CHECK(raw->max_fee == max_fee);

    const auto legacy =
        rig.result("eth_fillTransaction",
                   transfer_args(rig, R"("gasPrice":"0x77359400","nonce":"0x9","gas":"0x7530")"));
    CHECK(legacy.at("tx").at("type") == "0x0");
    CHECK(legacy.at("tx").at("gasPrice") == "0x77359400");
    CHECK(legacy.at("tx").at("nonce") == "0x9");
    CHECK(legacy.at("tx").at("gas") == "0x7530");
    // [9, 2 gwei, 30000, to, 0, "", 0, 0, 0]
    CHECK(legacy.at("raw") == json::value("0xe309847735940082753094" +
                                          address_of(1).to_string().substr(2) + "8080808080"));
}

TEST_CASE("eth: what cannot be filled in") {
    EthRig rig;
    struct Case {
        std::string args, error;
    };
    const Case cases[] = {
        {transfer_args(rig, R"("gasPrice":"0x1","maxFeePerGas":"0x1")"),
         "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified"},
        {transfer_args(rig, R"("chainId":"0x2")"),
         "chainId does not match node's (have=2, want=1)"},
        {transfer_args(rig, R"("data":"0x01","input":"0x02")"),
         "both \"data\" and \"input\" are set and not equal. Please use \"input\" to pass "
         "transaction call data"},
        {transfer_args(rig, R"("gasPrice":"0x0")"), "gasPrice must be non-zero after london fork"},
        {transfer_args(rig, R"("maxFeePerGas":"0x0","maxPriorityFeePerGas":"0x0")"),
         "maxFeePerGas must be non-zero"},
        {transfer_args(rig, R"("maxFeePerGas":"0x1","maxPriorityFeePerGas":"0x2")"),
         "maxFeePerGas (0x1) < maxPriorityFeePerGas (0x2)"},
        {transfer_args(rig, R"("maxFeePerGas":"0x1")"),
         "maxFeePerGas (0x1) < maxPriorityFeePerGas (0x3b9aca00)"},
        {transfer_args(rig, R"("maxFeePerBlobGas":"0x0")"),
         "maxFeePerBlobGas, if specified, must be non-zero"},
        {transfer_args(rig, R"("blobVersionedHashes":[])"),
         "need at least 1 blob for a blob transaction"},
        {"{}", "contract creation without any data provided"},
        {R"({"blobVersionedHashes":[)" + hash_text({}) + "]}",
         "missing \"to\" in blob transaction"},
        {transfer_args(rig, R"("blobs":[])"), "\"blobs\" is not supported by this chain"},
        {transfer_args(rig, R"("authorizationList":[])"),
         "\"authorizationList\" is not supported by this chain"},
    };
    for (const auto& [args, error] : cases) {
        CAPTURE(args);
        CHECK(rig.error("eth_fillTransaction", args) == "-32000: " + error);
    }
}

TEST_CASE("eth: members of a transaction that are wrong") {
    EthRig rig;
    struct Case {
        std::string args, error;
    };
    const Case cases[] = {
        {"", "params[0]: expected a transaction, got nothing"},
        {"\"0x\"", "params[0]: expected a transaction, got string"},
        {R"({"from":1})", "params[0].from: expected hex data, got number"},
        {R"({"to":"0x12"})", "params[0].to: expected 20 bytes of hex data, got 1"},
        {R"({"gas":21000})", "params[0].gas: expected a hex quantity, got number"},
        {R"({"gas":"0x05208"})", "params[0].gas: expected a hex quantity, got leading zeros"},
        {R"({"gas":"0x10000000000000000"})",
         "params[0].gas: expected a hex quantity, got more than 64 bits"},
        {R"({"nonce":[]})", "params[0].nonce: expected a hex quantity, got array"},
        {R"({"chainId":true})", "params[0].chainId: expected a hex quantity, got boolean"},
        {R"({"value":"1"})", "params[0].value: expected a hex quantity, got a string without 0x"},
        {R"({"value":"0x1)" + std::string(64, '0') + "\"}",
         "params[0].value: expected a hex quantity, got more than 256 bits"},
        {R"({"gasPrice":"0x"})",
         "params[0].gasPrice: expected a hex quantity, got 0x without digits"},
        {R"({"maxFeePerGas":{}})", "params[0].maxFeePerGas: expected a hex quantity, got object"},
        {R"({"maxPriorityFeePerGas":"0xg"})",
         "params[0].maxPriorityFeePerGas: expected a hex quantity, got a character that is no hex "
         "digit"},
        {R"({"maxFeePerBlobGas":1})",
         "params[0].maxFeePerBlobGas: expected a hex quantity, got number"},
        {R"({"data":"0x1"})", "params[0].data: expected hex data, got an odd number of digits"},
        {R"({"input":5})", "params[0].input: expected hex data, got number"},
        {R"({"accessList":{}})", "params[0].accessList: expected an array, got object"},
        {R"({"accessList":[1]})", "params[0].accessList[0]: expected an object, got number"},
        {R"({"accessList":[{}]})",
         "params[0].accessList[0].address: expected hex data, got nothing"},
        {R"({"accessList":[{"address":")" + poor() + R"(","storageKeys":["0x1"]}]})",
         "params[0].accessList[0].storageKeys[0]: expected hex data, got an odd number of digits"},
        {R"({"blobVersionedHashes":"x"})",
         "params[0].blobVersionedHashes: expected an array, got string"},
    };
    for (const auto& [args, error] : cases) {
        for (const auto* method : {"eth_call", "eth_estimateGas", "eth_fillTransaction"}) {
            CAPTURE(method);
            CAPTURE(args);
            CHECK(rig.error(method, args) == "-32602: " + error);
        }
    }
    CHECK(rig.error("eth_call", "{},1") ==
          "-32602: params[1]: expected a block number, tag or hash, got number");
    CHECK(rig.error("eth_call", "{},\"latest\",1") ==
          "-32602: params[2]: expected an object, got number");
    CHECK(rig.error("eth_call", R"({},"latest",{"0x00":{}})") ==
          "-32000: overrides are not supported by this chain");
}
