// Extra data and messages of Besu's test vectors, and a chain that GoQuorum's validators made.
#include <parley/base/test_vectors.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/chain/ledger/test_ledger.hpp>
#include <parley/chain/types/block.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using parley::chain::testing::import_now;
using parley::chain::testing::run_all;
namespace json = boost::json;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// Empty where there are no vectors.
json::object vectors_in(std::string_view name) {
    const auto file = parley::testing::vectors(name);
    if (std::filesystem::exists(file)) return json::parse(read_file(file)).as_object();
    parley::testing::no_vectors(name);
    return {};
}

Buffer hex(const json::value& text) {
    return from_hex(std::string_view{text.as_string()}).value();
}

template <std::size_t N>
ByteArray<N> fixed(const json::value& text) {
    return array_from_hex<N>(std::string_view{text.as_string()}).value();
}

template <class Number>
Number number(const json::value& value) {
    return value.to_number<Number>();
}

View view_of(const json::object& payload) {
    return {.height = number<std::uint64_t>(payload.at("sequence")),
            .round = number<std::uint32_t>(payload.at("round"))};
}

void check_prepare(const Signed<Prepare>& read, const json::object& expected) {
    const auto& payload = expected.at("unsignedPrepare").as_object();
    CHECK(read.payload.view == view_of(payload));
    CHECK(read.payload.digest == fixed<32>(payload.at("digest")));
    CHECK(read.signature == fixed<65>(expected.at("signature")));
}

void check_round_change(const Signed<RoundChange>& read, const json::object& expected) {
    const auto& payload = expected.at("unsignedRoundChange").as_object();
    CHECK(read.payload.view == view_of(payload));
    REQUIRE(read.payload.prepared.has_value() == !payload.at("preparedValue").is_null());
    if (read.payload.prepared) {
        CHECK(read.payload.prepared->digest == fixed<32>(payload.at("preparedValue")));
        CHECK(read.payload.prepared->round == number<std::uint32_t>(payload.at("preparedRound")));
    }
    CHECK(read.signature == fixed<65>(expected.at("signature")));
}

void check_prepares(const std::vector<Signed<Prepare>>& read, const json::value& expected) {
    REQUIRE(read.size() == expected.as_array().size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        check_prepare(read[i], expected.as_array()[i].as_object());
    }
}

void check_message(Bytes raw, const json::object& expected) {
    const std::string_view type = expected.at("type").as_string();
    const auto message = SharedBytes::copy(raw);
    if (type == "prepare") {
        const auto read = decode_prepare(message);
        REQUIRE(read);
        check_prepare(*read, expected);
        CHECK(equal(encode(*read), raw));
    } else if (type == "commit") {
        const auto read = decode_commit(message);
        REQUIRE(read);
        const auto& payload = expected.at("unsignedCommit").as_object();
        CHECK(read->payload.view == view_of(payload));
        CHECK(read->payload.digest == fixed<32>(payload.at("digest")));
        CHECK(read->payload.seal == fixed<65>(payload.at("commitSeal")));
        CHECK(equal(encode(*read), raw));
    } else if (type == "roundChange") {
        const auto read = decode_round_change(message);
        REQUIRE(read);
        check_round_change(read->signed_change, expected.at("signedRoundChange").as_object());
        const auto& block = expected.at("block");
        CHECK(equal(read->block, block.is_null() ? Buffer{} : hex(block)));
        check_prepares(read->prepares, expected.at("prepares"));
        CHECK(equal(encode(*read), raw));
    } else {
        REQUIRE(type == "proposal");
        const auto read = decode_proposal(message);
        REQUIRE(read);
        const auto& signed_block = expected.at("signedProposal").as_object();
        const auto& payload = signed_block.at("unsignedProposal").as_object();
        CHECK(read->signed_block.payload.view == view_of(payload));
        CHECK(equal(read->signed_block.payload.block, hex(payload.at("block"))));
        CHECK(read->signed_block.signature == fixed<65>(signed_block.at("signature")));
        const auto& changes = expected.at("roundChanges").as_array();
        REQUIRE(read->round_changes.size() == changes.size());
        for (std::size_t i = 0; i < changes.size(); ++i) {
            check_round_change(read->round_changes[i], changes[i].as_object());
        }
        check_prepares(read->prepares, expected.at("prepares"));
        CHECK(equal(encode(*read), raw));
    }
}

/// Each block of GoQuorum's chain, the genesis first; none where there are no vectors.
std::vector<Block> goquorum_chain() {
    const auto file = parley::testing::vectors("goquorum-qbft/chain.rlp");
    if (!std::filesystem::exists(file)) {
        parley::testing::no_vectors("goquorum-qbft");
        return {};
    }
    std::vector<Block> out;
    const auto text = read_file(file);
    for (rlp::Reader in{bytes_of(text)}; !in.at_end();) {
        auto block = decode_block(SharedBytes::copy(in.raw_item().value()),
                                  {.extra_data_bytes_max = extra_data_bytes_max});
        REQUIRE(block);
        out.push_back(std::move(*block));
    }
    return out;
}

}  // namespace

TEST_CASE("extra data of Besu's vectors is read and written in its form") {
    for (const auto& [name, test] : vectors_in("qbft/bft_extra_data.json")) {
        CAPTURE(std::string{name});
        const auto raw = hex(test.at("rlp"));
        const auto read = decode_extra_data(raw, ExtraForm::besu);
        REQUIRE(read);
        const auto& expected = test.at("qbft_extra_data").as_object();
        CHECK(read->vanity == fixed<32>(expected.at("vanityData")));
        CHECK(read->round == number<std::uint32_t>(expected.at("round")));
        std::vector<Address> validators;
        for (const auto& one : expected.at("validators").as_array()) {
            validators.push_back({fixed<20>(one)});
        }
        CHECK(read->validators == validators);
        std::vector<Seal> seals;
        for (const auto& one : expected.at("seals").as_array()) seals.push_back(fixed<65>(one));
        CHECK(read->seals == seals);
        REQUIRE(read->vote.has_value() == !expected.at("vote").is_null());
        if (read->vote) {
            CHECK(read->vote->recipient.value == fixed<20>(expected.at("vote").at("recipient")));
            CHECK(read->vote->adds == (expected.at("vote").at("voteType").as_string() == "0xff"));
        }
        CHECK(read->encode(ExtraForm::besu) == raw);
    }
}

TEST_CASE("messages of the vectors are read and written") {
    for (const auto& [name, test] : vectors_in("qbft/messages.json")) {
        CAPTURE(std::string{name});
        check_message(hex(test.at("rlp")), test.at("message").as_object());
    }
}

TEST_CASE("each header of a chain of GoQuorum's is as our rules have it") {
    const auto chain = goquorum_chain();
    if (chain.empty()) return;
    const Qbft engine{QbftConfig{.epoch_blocks = 30}};
    ChainHeader parent{.header = chain[0].header, .hash = engine.hash_of(chain[0].header)};
    std::set<std::size_t> sizes;
    std::size_t above_round_0 = 0;
    for (std::size_t i = 1; i < chain.size(); ++i) {
        CAPTURE(i);
        const auto& header = chain[i].header;
        CHECK(header.parent_hash == parent.hash);
        const auto checked = engine.check_header(header, parent, Fork::berlin);
        CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().reason));
        const auto extra = decode_extra_data(header.extra_data).value();
        CHECK(extra.encode() == header.extra_data);
        const auto validators = engine.validators_after(parent);
        CHECK(validators.proposer(Qbft::proposer_of(parent), extra.round) == header.beneficiary);
        above_round_0 += extra.round > 0 ? 1 : 0;
        sizes.insert(validators.size());
        parent = {.header = header,
                  .hash = engine.hash_of(header),
                  .notes = engine.notes_after(header, parent)};
    }
    CHECK(above_round_0 == 51);
    CHECK(sizes == std::set<std::size_t>{4, 5});
}

TEST_CASE("a ledger takes the chain of GoQuorum's whole, state and receipts too") {
    const auto chain = goquorum_chain();
    if (chain.empty()) return;
    const auto genesis =
        parse_genesis(read_file(parley::testing::vectors("goquorum-qbft/genesis.json")));
    REQUIRE(genesis);
    QbftConfig config{.epoch_blocks = 30};
    config.forks = genesis->forks;
    config.is_gas_limit_free = true;
    MemoryStore store;
    MemoryLog log;
    JobQueue jobs{64};
    const auto open = [&] {
        return Ledger::open({.execution = std::make_shared<Transfers>(genesis->chain_id),
                             .engine = std::make_shared<Qbft>(config),
                             .store = store,
                             .log_file = log,
                             .jobs = jobs},
                            make_genesis_block(*genesis));
    };
    auto ledger = open();
    REQUIRE(ledger);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        CAPTURE(i);
        const auto imported = import_now(**ledger, jobs, chain[i]);
        REQUIRE_MESSAGE(imported.has_value(), (imported ? "" : message(imported.error())));
        CHECK(imported->applied.size() == 1);
    }
    const auto head = (*ledger)->head();
    CHECK(head.header.number == 210);
    // The votes that are open came from the disk.
    (*ledger)->save({});
    run_all(jobs);
    ledger = open();
    REQUIRE(ledger);
    CHECK((*ledger)->head().hash == head.hash);
    CHECK((*ledger)->head().notes == head.notes);
}
