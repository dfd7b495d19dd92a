// The public Ethereum tests for transactions, by the rules of each fork from Berlin on.
#include <parley/base/test_vectors.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/codec/rlp.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace parley;
using namespace parley::chain;
namespace json = boost::json;

namespace {

constexpr std::array<std::pair<Fork, std::string_view>, 5> forks = {{{Fork::berlin, "Berlin"},
                                                                     {Fork::london, "London"},
                                                                     {Fork::paris, "Paris"},
                                                                     {Fork::shanghai, "Shanghai"},
                                                                     {Fork::cancun, "Cancun"}}};

json::object read_json(const std::filesystem::path& path) {
    std::ifstream in{path};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    return json::parse(text).as_object();
}

std::string rlp_code(TxField field, rlp::Errc code) {
    return message(
        TxError{TxErrc::rlp, static_cast<std::uint64_t>(field), static_cast<std::uint64_t>(code)});
}

/// What our error must say for each exception of the tests: one of these beginnings. Where bytes
/// break two rules, ours may name the other one.
const std::multimap<std::string_view, std::string> expected_messages = {
    {"ADDRESS_TOO_SHORT", rlp_code(TxField::to, rlp::Errc::wrong_size)},
    {"ADDRESS_TOO_LONG", rlp_code(TxField::to, rlp::Errc::wrong_size)},
    {"INTRINSIC_GAS_TOO_LOW", "intrinsic gas too low"},
    {"GASLIMIT_PRICE_PRODUCT_OVERFLOW", "gas limit times fee"},
    {"RLP_LEADING_ZEROS_BASEFEE", rlp_code(TxField::max_fee, rlp::Errc::leading_zero)},
    {"RLP_LEADING_ZEROS_BASEFEE", "field max fee: number too large"},  // 33 bytes
    {"RLP_LEADING_ZEROS_PRIORITY_FEE",
     rlp_code(TxField::max_priority_fee, rlp::Errc::leading_zero)},
    {"RLP_LEADING_ZEROS_PRIORITY_FEE", "field max priority fee: number too large"},
    {"GASPRICE_OVERFLOW", rlp_code(TxField::gas_price, rlp::Errc::integer_too_large)},
    {"GASPRICE_OVERFLOW", rlp_code(TxField::max_fee, rlp::Errc::integer_too_large)},
    {"PRIORITY_OVERFLOW", rlp_code(TxField::max_priority_fee, rlp::Errc::integer_too_large)},
    {"PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2",
     "max priority fee per gas higher than max fee per gas"},
    {"RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_LONG", "field access list address: wrong size"},
    {"RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_SHORT", "field access list address: wrong size"},
    {"RLP_INVALID_ACCESS_LIST_STORAGE_TOO_LONG", "field access list key: wrong size"},
    {"RLP_INVALID_ACCESS_LIST_STORAGE_TOO_SHORT", "field access list key: wrong size"},
    {"GASLIMIT_OVERFLOW", "field gas limit: number too large"},
    {"GASLIMIT_OVERFLOW", "field gas limit: leading zero"},  // is both; zeros are seen first
    {"RLP_LEADING_ZEROS_GASLIMIT", "field gas limit: leading zero"},
    {"RLP_LEADING_ZEROS_GASPRICE", "field gas price: leading zero"},
    {"NONCE_OVERFLOW", "field nonce: number too large"},
    {"NONCE_TOO_BIG", "nonce has max value"},
    {"RLP_LEADING_ZEROS_NONCE", "field nonce: leading zero"},
    {"INVALID_CHAINID", "invalid chain id for signer"},
    {"INVALID_CHAINID", "v is"},
    {"INVALID_CHAINID", "field v: number too large"},
    {"INVALID_CHAINID", "signature:"},  // r, s and v are all wrong
    {"RLP_LEADING_ZEROS_V", "field v: leading zero"},
    {"RLP_LEADING_ZEROS_V", "field v: single byte not canonical"},
    {"INVALID_SIGNATURE_VRS", "signature:"},
    {"INVALID_SIGNATURE_VRS", "v is"},
    {"INVALID_SIGNATURE_VRS", "field r: number too large"},
    {"INVALID_SIGNATURE_VRS", "field s: number too large"},
    {"EC_RECOVERY_FAIL", "signature: no public key fits"},
    {"RLP_LEADING_ZEROS_R", "field r: leading zero"},
    {"RLP_LEADING_ZEROS_R", "field r: number too large"},
    {"RLP_LEADING_ZEROS_S", "field s: leading zero"},
    {"RLP_LEADING_ZEROS_S", "field s: number too large"},
    {"RLP_TOO_FEW_ELEMENTS", "field v: number too large"},  // v is left out, so r comes as v
    {"RLP_TOO_MANY_ELEMENTS", "field envelope: bytes left over"},
    {"VALUE_OVERFLOW", "field value: number too large"},
    {"RLP_LEADING_ZEROS_VALUE", "field value: leading zero"},
    {"RLP_LEADING_ZEROS_DATA_SIZE", "field data: size not canonical"},
    {"RLP_INVALID_GASLIMIT", "field gas limit: a list"},
    {"RLP_INVALID_NONCE", "field nonce: a list"},
    {"RLP_LEADING_ZEROS_NONCE_SIZE", "field nonce: single byte not canonical"},
    {"RLP_ERROR_SIZE_LEADING_ZEROS", "field envelope: size not canonical"},
    {"TYPE_NOT_SUPPORTED", "unknown transaction type"},
    {"TYPE_NOT_SUPPORTED", rlp_code(TxField::max_fee, rlp::Errc::integer_too_large)},
    {"TYPE_NOT_SUPPORTED", rlp_code(TxField::max_priority_fee, rlp::Errc::integer_too_large)},
    {"INITCODE_SIZE_EXCEEDED", "init code of"},
    {"RLP_ERROR_SIZE", "field"},  // bytes put in or left over, where is not said
    {"RLP_INVALID_HEADER", "unknown transaction type 0xb8"},
    {"RLP_INVALID_DATA", "field data: a list"},
    {"RLP_INVALID_SIGNATURE_R", "field r: a list"},
    {"RLP_INVALID_SIGNATURE_S", "field s: a list"},
    {"RLP_INVALID_TO", "field to: a list"},
    {"RLP_ERROR_EOF", "unknown transaction type 0xb8"},
};

bool fits(std::string_view exception, std::string_view ours) {
    const auto dot = exception.find('.');
    const auto [first, last] = expected_messages.equal_range(exception.substr(dot + 1));
    return std::any_of(first, last, [&](const auto& e) { return ours.starts_with(e.second); });
}

struct Verdict {
    std::optional<Transaction> tx;
    std::optional<Address> sender;
    std::string error;
};

Verdict judge(Bytes bytes, Fork fork) {
    Verdict out;
    auto tx = decode_transaction(SharedBytes::copy(bytes));
    if (!tx) return {{}, {}, message(tx.error())};
    if (const auto checked = check_stateless(*tx, {.fork = fork}); !checked) {
        return {{}, {}, message(checked.error())};
    }
    const auto sender = recover_sender(*tx);
    if (!sender) return {{}, {}, message(sender.error())};
    return {std::move(*tx), *sender, {}};
}

std::string text(const json::value& value) {
    return std::string{value.as_string()};
}

void check_accepted(const json::object& expected, Bytes bytes, Fork fork, const Verdict& ours) {
    INFO(ours.error);
    REQUIRE(ours.tx);
    CHECK("0x" + to_hex(ours.tx->hash) == text(expected.at("hash")));
    CHECK(ours.sender->to_string() == text(expected.at("sender")));
    const auto gas = std::stoull(text(expected.at("intrinsicGas")), nullptr, 16);
    CHECK(intrinsic_gas(*ours.tx, fork) == gas);
    CHECK(to_hex(ours.tx->encode()) == to_hex(bytes));
}

struct Count {
    std::size_t accepted = 0;
    std::size_t refused = 0;
};

/// By the rules of one fork, if the test has a result for it.
void check_fork(const json::object& test, Fork fork, std::string_view fork_name, Count& count) {
    const auto* result = test.at("result").as_object().if_contains(fork_name);
    if (result == nullptr) return;
    INFO(fork_name);
    const auto bytes = from_hex(text(test.at("txbytes")));
    REQUIRE(bytes);
    const auto ours = judge(*bytes, fork);
    const auto& expected = result->as_object();
    if (const auto* exception = expected.if_contains("exception")) {
        ++count.refused;
        INFO(text(*exception) << " but: " << ours.error);
        CHECK_FALSE(ours.tx);
        CHECK(fits(text(*exception), ours.error));
    } else {
        ++count.accepted;
        check_accepted(expected, *bytes, fork, ours);
    }
}

}  // namespace

TEST_CASE("the public Ethereum transaction tests pass by the rules of Berlin to Cancun") {
    const auto folder = parley::testing::vectors("ethereum-tests/TransactionTests");
    if (!std::filesystem::exists(folder)) {
        parley::testing::no_vectors("TransactionTests");
        return;
    }
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (entry.path().extension() == ".json") files.insert(entry.path());
    }
    std::map<std::string_view, Count> counts;
    for (const auto& file : files) {
        for (const auto& [name, value] : read_json(file)) {
            INFO(file.parent_path().filename().string() << "/" << std::string{name});
            for (const auto& [fork, fork_name] : forks) {
                check_fork(value.as_object(), fork, fork_name, counts[fork_name]);
            }
        }
    }
    std::cout << "transaction tests: " << files.size() << " files\n";
    for (const auto& [fork, fork_name] : forks) {
        const auto& [accepted, refused] = counts[fork_name];
        CHECK(accepted >= 50);
        CHECK(refused >= 99);
        std::cout << "  " << fork_name << " accepts " << accepted << ", refuses " << refused
                  << "\n";
    }
}
