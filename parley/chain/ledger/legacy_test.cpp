// The public Ethereum block tests whose transactions run no code, from Berlin to Cancun
// (ethereum/legacytests): every block is imported or refused as they say, and for their reason.
#include <parley/base/store.hpp>
#include <parley/base/test_vectors.hpp>
#include <parley/chain/consensus/unsealed/unsealed.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/ledger/test_ledger.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/crypto/hash.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::chain;
namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

/// In ../shared/vectors/legacytests.
constexpr std::size_t files_there = 73;
constexpr std::size_t tests_there = 265;

/// One of these must be in our error for each exception of the tests.
const std::multimap<std::string_view, std::string_view> our_words = {
    {"TR_IntrinsicGas", "intrinsic gas too low"},
    {"TR_NoFunds", "insufficient funds"},
    {"TR_NoFundsX", "insufficient funds"},
    {"TR_NoFundsX", "gas limit times fee does not fit"},
    {"TR_NoFundsOrGas", "insufficient funds"},
    {"TR_GasLimitReached", "left in the block"},
    {"TR_NonceTooLow", "nonce too low"},
    {"TR_NonceTooHigh", "nonce too high"},
    {"TR_NonceHasMaxValue", "nonce has max value"},
    {"TR_TypeNotSupported", "transaction type"},
    {"TR_TipGtFeeCap", "max priority fee per gas higher than max fee per gas"},
    {"TR_FeeCapLessThanBlocks", "less than the block's base fee"},
    {"TR_FeeCapLessThanBlocksORNoFunds", "less than the block's base fee"},
    {"TR_FeeCapLessThanBlocksORNoFunds", "insufficient funds"},
    {"TR_FeeCapLessThanBlocksORNoFunds", "intrinsic gas too low"},  // is all three
    {"TR_FeeCapLessThanBlocksORGasLimitReached", "less than the block's base fee"},
    {"TR_FeeCapLessThanBlocksORGasLimitReached", "left in the block"},
    {"TR_InitCodeLimitExceeded", "init code"},
    {"TR_EMPTYBLOB", "without a blob"},
    {"TR_BLOBLIST_OVERSIZE", "blobs"},
    {"TR_BLOBVERSION_INVALID", "blob"},
    {"TR_BLOBCREATE", "blob"},
    {"SenderNotEOA", "EIP-3607"},
    {"TR_RLP_WRONGVALUE", "transaction"},
    {"INPUT_UNMARSHAL_ERROR", "field"},
    {"INPUT_UNMARSHAL_SIZE_ERROR", "field"},
    {"INPUT_UNMARSHAL_ADDRESS_ERROR", "field address: wrong size"},
    {"RLP_BODY_UNMARSHAL_ERROR", "field"},
    {"InvalidTimestampOlderParent", "timestamp"},
    {"InvalidTimestampEqualParent", "timestamp"},
    {"InvalidNumber", "block number"},
    {"InvalidGasLimit", "gas limit"},
    {"InvalidGasLimit2", "gas limit"},
    {"InvalidGasUsed", "gas used"},
    {"InvalidGasUsed2", "gas used"},
    {"TooMuchGasUsed", "gas used"},
    {"TooMuchGasUsed2", "gas used"},
    {"InvalidDifficulty", "difficulty"},
    {"InvalidDifficulty2", "difficulty"},
    {"InvalidDifficulty_TooLarge", "difficulty"},
    {"InvalidStateRoot", "state root"},
    {"InvalidTransactionsRoot", "transactions root"},
    {"InvalidTransactions", "transactions root"},
    {"InvalidReceiptsStateRoot", "receipts root"},
    {"InvalidLogBloom", "logs bloom"},
    {"ExtraDataTooBig", "extra data"},
    {"UnknownParent", "parent is not known"},
    {"UnknownParent2", "parent is not known"},
    {"UncleInChain", "ommer"},
    {"UncleIsAncestor", "ommer"},
    {"UncleIsBrother", "ommer"},
    {"UncleParentIsNotAncestor", "ommer"},
    {"InvalidUncles", "ommer"},
    {"TooManyUncles", "ommer"},
    {"OverUncles", "ommer"},
    {"BlockException.RLP_STRUCTURES_ENCODING", "field"},
    {"TransactionException.TYPE_3_TX_WITH_FULL_BLOBS", "field"},
    {"BlockException.INCORRECT_BLOB_GAS_USED", "blob gas used"},
    {"BlockException.BLOB_GAS_USED_ABOVE_LIMIT", "blob gas used"},
    {"BlockException.INCORRECT_EXCESS_BLOB_GAS", "excess blob gas"},
    {"BlockException.INCORRECT_BLOCK_FORMAT", "fields of"},
    {"TransactionException.INTRINSIC_GAS_TOO_LOW", "intrinsic gas too low"},
    {"TransactionException.INSUFFICIENT_ACCOUNT_FUNDS", "insufficient funds"},
    {"TransactionException.INSUFFICIENT_MAX_FEE_PER_GAS", "less than the block's base fee"},
    {"TransactionException.INSUFFICIENT_MAX_FEE_PER_BLOB_GAS", "blob base fee"},
    {"TransactionException.TYPE_3_TX_PRE_FORK", "transaction type"},
    {"TransactionException.TYPE_3_TX_ZERO_BLOBS", "without a blob"},
    {"TransactionException.TYPE_3_TX_ZERO_BLOBS_PRE_FORK", "transaction type"},
    {"TransactionException.TYPE_3_TX_BLOB_COUNT_EXCEEDED", "blobs"},
    {"TransactionException.TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", "blob"},
    {"TransactionException.TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH", "blob"},
    {"TransactionException.TYPE_3_TX_CONTRACT_CREATION", "blob"},
    {"TransactionException.INITCODE_SIZE_EXCEEDED", "init code"},
    {"TransactionException.NONCE_MISMATCH_TOO_LOW", "nonce too low"},
    {"TransactionException.NONCE_IS_MAX", "nonce has max value"},
};

/// True if one of the alternatives that `exception` joins by | has our words in it. A name that
/// the table lacks says nothing, and is noted.
bool fits(std::string_view exception, std::string_view ours, std::set<std::string>& unknown) {
    bool is_known = false;
    while (!exception.empty()) {
        const auto end = std::min(exception.find('|'), exception.size());
        const auto [first, last] = our_words.equal_range(exception.substr(0, end));
        is_known = is_known || first != last;
        if (std::any_of(first, last, [&](const auto& word) {
                return ours.find(word.second) != std::string_view::npos;
            })) {
            return true;
        }
        exception.remove_prefix(std::min(end + 1, exception.size()));
    }
    if (!is_known) unknown.insert(std::string{exception});
    return !is_known;
}

std::string_view text(const json::value& value) {
    return value.as_string();
}

Uint256 number(const json::value& value) {
    std::string digits{text(value).substr(2)};
    if (digits.size() % 2 != 0) digits.insert(0, "0");
    const auto bytes = *from_hex(digits);
    Uint256 out{};
    std::ranges::copy_backward(bytes, out.end());
    return out;
}

ForkSchedule schedule_of(std::string_view network) {
    ForkSchedule out;
    if (network == "Berlin") return out;
    out.london_block = 0;
    if (network == "London") return out;
    out.terminal_total_difficulty = Uint256{};
    if (network == "Paris" || network == "Merge") return out;
    out.shanghai_time = 0;
    if (network == "Shanghai") return out;
    out.cancun_time = 0;
    REQUIRE(network == "Cancun");
    return out;
}

/// Writes what the contract of EIP-4788 would, since our chain runs no code.
class WithBeaconRoots final : public Transfers {
public:
    using Transfers::Transfers;
    void begin(const BlockContext& block, StateEdit& state) const override {
        constexpr std::uint64_t ring = 8191;
        const auto contract = *Address::parse("000f3df6d732807ef1319fb7b8bb8522d0beac02");
        if (!block.parent_beacon_root) return;
        const auto account = state.account(contract);
        if (!account || !account->has_code()) return;
        const std::uint64_t place = block.timestamp % ring;
        state.set_slot(contract, to_uint256(place), to_uint256(block.timestamp));
        state.set_slot(contract, to_uint256(place + ring), *block.parent_beacon_root);
    }
};

void write_account(StateEdit& edit, const Address& address, const json::object& from) {
    Account account;
    account.nonce = *to_u64(number(from.at("nonce")));
    account.balance = number(from.at("balance"));
    auto code = *from_hex(text(from.at("code")));
    account.code_hash = crypto::keccak256(code);
    edit.put_account(address, account);
    if (!code.empty()) edit.add_code(account.code_hash, std::move(code));
    for (const auto& [slot, value] : from.at("storage").as_object()) {
        edit.set_slot(address, number(slot), number(value));
    }
}

StateCommit state_of(const State& empty, const json::object& accounts) {
    StateEdit edit{empty};
    for (const auto& [address, account] : accounts) {
        write_account(edit, *Address::parse(address), account.as_object());
    }
    auto commit = commit_state(empty, empty_root_hash, edit.take());
    REQUIRE(commit);
    return std::move(*commit);
}

/// A chain that one test describes.
struct Chain {
    MemoryStore store;
    MemoryLog log_file;
    JobQueue jobs{64};
    std::unique_ptr<Ledger> ledger;

    explicit Chain(const json::object& test) {
        const auto raw = *from_hex(text(test.at("genesisRLP")));
        const auto genesis = decode_block(SharedBytes::copy(raw));
        REQUIRE(genesis);
        const State empty{store, empty_root_hash, 1};
        auto state = state_of(empty, test.at("pre").as_object());
        REQUIRE(to_hex(state.root) == to_hex(genesis->header.state_root));
        auto opened = Ledger::open(
            {
                .execution = std::make_shared<WithBeaconRoots>(1),
                .engine = std::make_shared<Unsealed>(schedule_of(text(test.at("network")))),
                .store = store,
                .log_file = log_file,
                .jobs = jobs,
            },
            {genesis->header, std::move(state)});
        REQUIRE(opened);
        ledger = std::move(*opened);
    }
    Result<Imported, ImportError> import(const Block& block) {
        return chain::testing::import_now(*ledger, jobs, block);
    }
    /// Our error; empty if the block was taken.
    std::string import(Bytes raw) {
        auto block = decode_block(SharedBytes::copy(raw));
        if (!block) return message(block.error());
        auto imported = import(*block);
        if (imported) return "";
        // Who made a block with an invalid transaction left it out of the root, which breaks two
        // rules. The tests mean the other one.
        const auto* invalid = std::get_if<InvalidBlock>(&imported.error());
        if (invalid && invalid->rule == BlockRule::transactions_root) {
            block->header.transactions_root = transactions_root(block->body.transactions);
            imported = import(*block);
            CHECK_FALSE(imported);
        }
        return imported ? "" : message(imported.error());
    }
    void check_state(const json::object& accounts) const {
        MemoryStore other;
        const auto expected = state_of(State{other, empty_root_hash, 1}, accounts);
        CHECK(to_hex(expected.root) == to_hex(ledger->state().root()));
        for (const auto& change : expected.changes.accounts) {
            CHECK(ledger->state().account(change.key).value() == change.after);
        }
    }
};

struct Tally {
    std::size_t files = 0, tests = 0, blocks = 0, refused = 0;
    std::set<std::string> unknown;
};

void run(const json::object& test, Tally& tally) {
    Chain chain{test};
    for (const auto& entry : test.at("blocks").as_array()) {
        const auto& block = entry.as_object();
        const auto raw = *from_hex(text(block.at("rlp")));
        const auto exception = std::ranges::find_if(block, [](const auto& item) {
            return std::string_view{item.key()}.starts_with("expectException");
        });
        const auto error = chain.import(raw);
        ++tally.blocks;
        if (exception == block.end()) {
            CHECK(error == "");
        } else {
            ++tally.refused;
            INFO(text(exception->value()) << " but: " << error);
            CHECK(error != "");
            CHECK(fits(text(exception->value()), error, tally.unknown));
        }
    }
    CHECK("0x" + to_hex(chain.ledger->head().hash) == text(test.at("lastblockhash")));
    if (const auto* state = test.if_contains("postState")) chain.check_state(state->as_object());
    if (const auto* root = test.if_contains("postStateHash")) {
        CHECK("0x" + to_hex(chain.ledger->state().root()) == text(*root));
    }
}

/// PARLEY_VECTORS may be such a folder itself.
fs::path folder() {
    const auto usual = parley::testing::vectors("legacytests");
    return fs::exists(usual) ? usual : usual.parent_path();
}

}  // namespace

TEST_CASE("the public Ethereum block tests without code pass, from Berlin to Cancun") {
    if (!fs::exists(folder())) {
        parley::testing::no_vectors("legacytests");
        return;
    }
    std::set<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator{folder()}) {
        if (entry.path().extension() == ".json") files.insert(entry.path());
    }
    Tally tally;
    for (const auto& path : files) {
        std::ifstream in{path};
        const auto file =
            json::parse(std::string{std::istreambuf_iterator<char>{in}, {}}).as_object();
        ++tally.files;
        for (const auto& [name, test] : file) {
            INFO(std::string{name});
            ++tally.tests;
            run(test.as_object(), tally);
        }
    }
    std::cout << "legacy block tests: " << tally.files << " files, " << tally.tests << " tests, "
              << tally.blocks << " blocks, of which " << tally.refused << " are refused\n";
    for (const auto& name : tally.unknown)
        std::cout << "  exception without words: " << name << "\n";
    CHECK(tally.tests > 0);
    if (std::getenv("PARLEY_VECTORS") == nullptr) {  // NOLINT(concurrency-mt-unsafe)
        CHECK(tally.files == files_there);
        CHECK(tally.tests == tests_there);
        CHECK(tally.unknown.empty());
    }
}
