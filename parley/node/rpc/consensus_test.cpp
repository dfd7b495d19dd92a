// A chain by votes as a node's owner sees it: what its validators do, votes on them, what is final,
// and a validator that lost its record.
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/sync/chain_events.hpp>
#include <parley/node/rpc/test_driven_node.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::node;
using chain::testing::address_of;
using chain::testing::secret_of;
using node::testing::DrivenNode;

namespace {

constexpr std::uint64_t own_key = 7;

chain::Genesis genesis_of(const std::vector<std::uint64_t>& validators) {
    chain::Genesis out;
    out.chain_id = NodeConfig{}.chain.id;
    out.forks = chain::testing::merged_schedule();
    out.gas_limit = 30'000'000;
    chain::qbft::ExtraData extra;
    for (const auto one : validators) extra.validators.push_back(address_of(one));
    std::ranges::sort(extra.validators);
    out.extra_data = extra.encode();
    return out;
}

/// What is on disk of a validator.
struct Disks {
    std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>();
    std::shared_ptr<MemoryLog> blocks = std::make_shared<MemoryLog>();
    std::shared_ptr<MemoryLog> votes_first = std::make_shared<MemoryLog>();
    std::shared_ptr<MemoryLog> votes_second = std::make_shared<MemoryLog>();
};

/// A signer in another process, which can be away or refuse.
class FarSigner final : public chain::qbft::Signer {
public:
    using Kind = chain::qbft::SigningError::Kind;
    std::optional<chain::qbft::SigningError> error;
    int times_asked = 0;

    std::optional<chain::Address> address() const override { return known_; }
    Result<chain::Address, chain::qbft::SigningError> ask_address() override {
        ++times_asked;
        if (error) return std::unexpected{*error};
        return *(known_ = key_.address());
    }
    chain::qbft::Signing sign(const chain::qbft::SigningRequest& request) override {
        ++times_asked;
        if (error) return std::unexpected{*error};
        return key_.sign(request);
    }

private:
    chain::qbft::LocalSigner key_{secret_of(own_key)};
    std::optional<chain::Address> known_;
};

/// The node of the validator own_key, among these; without its key if `signs` is false.
struct Validator : DrivenNode {
    std::vector<std::string> events;
    Hub::Subscription made, final, moved;

    Validator(const std::vector<std::uint64_t>& validators, const Disks& disks, bool signs = true,
              Duration later = {}, std::shared_ptr<chain::qbft::Signer> signer = {}) {
        caller = {rpc::Origin::unix_socket};
        step(later);
        auto genesis = genesis_of(validators);
        auto engine = make_engine("qbft", genesis);
        REQUIRE(engine);
        auto block = chain::make_genesis_block(genesis);
        ChainData data{.genesis = std::move(genesis),
                       .genesis_block = std::move(block),
                       .engine = std::move(*engine),
                       .store = disks.store,
                       .log_file = disks.blocks};
        if (signs) data.signer_secret = secret_of(own_key);
        data.signer = std::move(signer);
        data.votes_first = disks.votes_first;
        data.votes_second = disks.votes_second;
        open({}, std::move(data));
        made = node->hub().subscribe<chain::BlockMade>(
            [this](const auto& one) { events.push_back(fmt::format("made {}", one.number)); });
        moved = node->hub().subscribe<chain::HeadMoved>([this](const auto& one) {
            events.push_back(fmt::format("head {}", one.head.header.number));
        });
        final = node->hub().subscribe<chain::BlockFinal>(
            [this](const auto& one) { events.push_back(fmt::format("final {}", one.number)); });
    }
};

std::string text_of(std::uint64_t key) {
    return address_of(key).to_string();
}
std::string quoted(const std::string& text) {
    return '"' + text + '"';
}

}  // namespace

TEST_CASE("consensus: a validator alone makes blocks, which are final at once") {
    Disks disks;
    Validator node{{own_key}, disks};
    for (int i = 0; i < 4; ++i) node.pass(1s);
    REQUIRE(node.head() >= 2);
    node.events.resize(6);
    CHECK(node.events ==
          std::vector<std::string>{"made 1", "head 1", "final 1", "made 2", "head 2", "final 2"});
    const auto number = rpc::hex_quantity(node.head());
    CHECK(node.result("eth_getBlockByNumber", "\"finalized\",false").at("number") ==
          json::value(number));
    const auto view = node.result("parley_consensus");
    CHECK(view.at("self") == json::value(text_of(own_key)));
    CHECK(view.at("height") == node.head() + 1);
    CHECK(view.at("quorum") == 1);
    CHECK(view.at("faultyMax") == 0);
    CHECK(view.at("evidence") == json::array{});
    CHECK(view.at("validators").as_array().size() == 1);
    CHECK(node.result("qbft_getValidatorsByBlockNumber", "\"latest\"") ==
          json::array{text_of(own_key)});
    const auto seals = node.result("parley_blockSeals", quoted(number));
    CHECK(seals.at("number") == json::value(number));
    CHECK(seals.at("hash") ==
          node.result("eth_getBlockByNumber", quoted(number) + ",false").at("hash"));
    CHECK(seals.at("time").is_number());
    CHECK(seals.at("gasUsed") == 0);
    CHECK(seals.at("gasLimit") == 30'000'000);
    CHECK(seals.at("proposer") == json::value(text_of(own_key)));
    CHECK(seals.at("round").is_number());
    CHECK(seals.at("validators") == json::array{text_of(own_key)});
    CHECK(seals.at("signers") == json::array{text_of(own_key)});
    CHECK(node.result("parley_blockSeals").at("number") == json::value(number));
    CHECK(node.result("parley_blockSeals", "\"0x0\"").at("signers") == json::array{});
    CHECK(node.result("parley_blockSeals", "\"0xffff\"").is_null());
}

TEST_CASE("consensus: votes on validators are proposed, cast and counted") {
    Disks disks;
    Validator node{{own_key}, disks};
    node.pass(1s);
    CHECK(node.refusal("qbft_proposeValidatorVote", quoted(text_of(own_key)) + ",true") ==
          text_of(own_key) + " is already a validator");
    CHECK(node.refusal("qbft_proposeValidatorVote", quoted(text_of(9)) + ",false") ==
          text_of(9) + " is no validator");
    CHECK(node.refusal("qbft_proposeValidatorVote", quoted(text_of(9))) ==
          "params[1]: expected true to add or false to remove, got nothing");
    CHECK(node.refusal("qbft_proposeValidatorVote", "\"0x12\",true")
              .starts_with("params[0]: expected "));
    CHECK(node.result("qbft_proposeValidatorVote", quoted(text_of(9)) + ",true") == true);
    CHECK(node.result("qbft_getPendingVotes") == json::value{{text_of(9), true}});
    CHECK(node.result("qbft_discardValidatorVote", quoted(text_of(9))) == true);
    CHECK(node.result("qbft_discardValidatorVote", quoted(text_of(9))) == false);
    CHECK(node.result("qbft_proposeValidatorVote", quoted(text_of(9)) + ",true") == true);
    for (int i = 0; i < 4; ++i) node.pass(1s);
    // Its one vote was enough. The other one is not there, so that nothing goes on.
    const auto validators = node.result("parley_validators");
    CHECK(validators.at("validators").as_array().size() == 2);
    CHECK(validators.at("votes") == json::array{});
    const auto stuck = node.head();
    for (int i = 0; i < 5; ++i) node.pass(1s);
    CHECK(node.head() == stuck);
    const auto view = node.result("parley_consensus");
    CHECK((view.at("proposal").is_null() || view.at("proposal").is_string()));
    CHECK(view.at("halted").is_null());
    const std::string waits{view.at("waitsFor").as_string()};
    CHECK(waits.find("none from " + text_of(9).substr(0, 10)) != std::string::npos);
}

TEST_CASE("consensus: a node that follows has no vote; where nobody votes there is no answer") {
    Disks disks;
    Validator node{{own_key, 9}, disks, false};
    node.pass(1s);
    CHECK(node.result("parley_consensus").at("self") == nullptr);
    CHECK(node.refusal("qbft_proposeValidatorVote", quoted(text_of(5)) + ",true") ==
          "this node makes no blocks: it has no validator's key");
    CHECK(node.result("parley_resumeValidator") == false);
    RpcNode without;
    CHECK(without.error("parley_consensus") == "-32000: no blocks are made by votes here");
    CHECK(without.error("qbft_getPendingVotes") == "-32000: no blocks are made by votes here");
}

TEST_CASE("consensus: a validator that lost its record is silent for 100 blocks, or until told") {
    Disks disks;
    std::uint64_t before = 0;
    {
        Validator node{{own_key}, disks};
        for (int i = 0; i < 4; ++i) node.pass(1s);
        before = node.head();
    }
    {
        // With its record it goes on at once.
        Validator node{{own_key}, disks, true, 10s};
        for (int i = 0; i < 3; ++i) node.pass(1s);
        CHECK(node.head() > before);
        before = node.head();
    }
    disks.votes_first = std::make_shared<MemoryLog>();
    disks.votes_second = std::make_shared<MemoryLog>();
    Validator node{{own_key}, disks, true, 20s};
    for (int i = 0; i < 5; ++i) node.pass(1s);
    CHECK(node.head() == before);
    const auto view = node.result("parley_consensus");
    CHECK(view.at("speaksFrom") == before + chain::qbft::Agreement::silence_blocks + 1);
    CHECK(node.result("parley_resumeValidator") == true);
    for (int i = 0; i < 3; ++i) node.pass(1s);
    CHECK(node.head() > before);
    CHECK(node.result("parley_resumeValidator") == false);
}

TEST_CASE("consensus: a validator whose signer is away is silent, says why, and goes on with it") {
    Disks disks;
    const auto signer = std::make_shared<FarSigner>();
    signer->error = {FarSigner::Kind::away, "nobody is there"};
    Validator node{{own_key}, disks, false, {}, signer};
    const auto pass_until_head = [&](std::uint64_t number) {
        for (int i = 0; i < 15 && node.head() < number; ++i) node.pass(1s);
        return node.head() >= number;
    };
    CHECK_FALSE(pass_until_head(1));
    auto view = node.result("parley_consensus");
    CHECK(view.at("self") == nullptr);
    CHECK(view.at("halted") == json::value("nobody is there"));
    signer->error.reset();
    REQUIRE(pass_until_head(3));
    view = node.result("parley_consensus");
    CHECK(view.at("self") == json::value(text_of(own_key)));
    CHECK(view.at("halted").is_null());

    signer->error = {FarSigner::Kind::away, "it went away"};
    const auto before = node.head();
    signer->times_asked = 0;
    for (int i = 0; i < 100; ++i) node.pass(1s);
    CHECK(node.head() == before);
    CHECK(node.result("parley_consensus").at("halted") == json::value("it went away"));
    CHECK(signer->times_asked > 10);
    CHECK(signer->times_asked < 20);
    signer->error.reset();
    REQUIRE(pass_until_head(before + 3));
    CHECK(node.result("parley_consensus").at("halted").is_null());
}

TEST_CASE("consensus: what the signer refuses is left out, and the next round goes on") {
    Disks disks;
    const auto signer = std::make_shared<FarSigner>();
    Validator node{{own_key}, disks, false, {}, signer};
    for (int i = 0; i < 3; ++i) node.pass(1s);
    const auto before = node.head();
    REQUIRE(before > 0);
    signer->error = {FarSigner::Kind::refused, "it signed another"};
    for (int i = 0; i < 2; ++i) node.pass(1s);
    CHECK(node.head() == before);
    CHECK(node.result("parley_consensus").at("halted") ==
          json::value("the signer refused: it signed another"));
    signer->error.reset();
    for (int i = 0; i < 10; ++i) node.pass(1s);
    CHECK(node.head() > before);
    CHECK(node.result("parley_consensus").at("halted").is_null());
}
