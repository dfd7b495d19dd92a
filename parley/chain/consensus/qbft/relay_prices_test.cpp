// What each wrong message of a validator costs the peer that brought it, and that a good one goes
// on to the others; what a peer is told that comes late.
#include <parley/chain/consensus/qbft/qbft_relay.hpp>
#include <parley/chain/consensus/qbft/test_network.hpp>
#include <parley/chain/consensus/qbft/test_signing.hpp>
#include <parley/chain/sync/test_context.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using chain::testing::NotingContext;
using transport::Offence;

namespace {

/// A node that follows four validators, with two peers.
struct Relayed {
    Network network{5, 4};
    QbftRelay relay{1};
    NotingContext first, second;
    std::unique_ptr<transport::TopicHandler> first_peer, second_peer;
    std::vector<std::size_t> validators{0, 1, 2, 3};  // by address: whose turn it is

    Relayed() {
        network.start(4);
        relay.use(&network.agreement(4), [](const auto&) {});
        first_peer = relay.new_peer(first);
        second_peer = relay.new_peer(second);
        std::ranges::sort(validators, {}, account);
    }

    /// What it cost the first peer, if anything; whether the second one got it.
    std::string price_of(std::uint16_t code, const SharedBytes& message) {
        first.offences.clear();
        second.sent.clear();
        CHECK(first_peer->handle(code, transport::Message{to_buffer(Bytes{message})}));
        network.work(4);
        CHECK(second.offences.empty());
        const bool passed_on = !second.sent.empty();
        if (first.offences.empty()) return passed_on ? "passed on" : "nothing";
        CHECK_FALSE(passed_on);
        return std::string{transport::name(first.offences.at(0))};
    }
    std::string price_of(Code code, const SharedBytes& message) {
        return price_of(static_cast<std::uint16_t>(code), message);
    }
    /// Of the first one whose turn it is, if nothing is changed.
    SharedBytes proposal(const std::function<void(Header&, ExtraData&)>& change = {},
                         std::size_t who = 0, std::uint32_t round = 0) const {
        Block block;
        auto& header = block.header;
        const auto& parent = network.head(4);
        header.parent_hash = parent.hash;
        header.number = 1;
        header.beneficiary = account(validators[who]);
        header.timestamp = parent.header.timestamp + 1;
        network.engine->prepare(header, parent, Fork::cancun);
        auto extra = network.engine->extra_after(parent, {}, round);
        if (change) change(header, extra);
        if (header.extra_data.empty()) header.extra_data = extra.encode();
        const Proposed payload{{1, round}, SharedBytes::own(block.encode())};
        return encode(ProposalMessage{sign(payload, validators[who]), {}, {}});
    }
};

}  // namespace

TEST_CASE("a message that no honest node passes on costs its peer, a good one goes on") {
    Relayed node;
    const std::string bad{transport::name(Offence::invalid_data)};
    const View view{1, 0};
    const Hash256 digest{std::byte{1}};

    // The form, the code, and signatures.
    CHECK(node.price_of(Code::prepare, SharedBytes::copy(*from_hex("c0"))) == bad);
    CHECK(node.price_of(0x11, encode(sign(Prepare{view, digest}, 0))) == bad);
    auto unsigned_one = sign(Prepare{view, digest}, 0);
    unsigned_one.signature = {};
    CHECK(node.price_of(Code::prepare, encode(unsigned_one)) == bad);

    // Votes.
    CHECK(node.price_of(Code::prepare, encode(sign(Prepare{view, digest}, 9))) == bad);
    CHECK(node.price_of(Code::prepare, encode(sign(Prepare{{2, 0}, digest}, 9))) == "nothing");
    CHECK(node.price_of(Code::prepare, encode(sign(Prepare{{0, 0}, digest}, 0))) == "nothing");
    CHECK(node.price_of(Code::prepare, encode(sign(Prepare{{1, 2'000}, digest}, 0))) == "nothing");
    CHECK(node.price_of(Code::prepare, encode(sign(Prepare{view, digest}, 0))) == "passed on");
    CHECK(node.price_of(Code::prepare, encode(sign(Prepare{view, digest}, 0))) == "nothing");
    // It is passed on, since others must see what its author did.
    CHECK(node.price_of(Code::prepare, encode(sign(Prepare{view, {}}, 0))) == "passed on");

    // Changes of round, and their justification.
    const auto change = [&](std::optional<PreparedRound> prepared, std::uint64_t who,
                            std::vector<Signed<Prepare>> prepares = {}) {
        return encode(
            RoundChangeMessage{sign(RoundChange{{1, 1}, prepared}, who), {}, std::move(prepares)});
    };
    CHECK(node.price_of(Code::round_change, change({}, 9)) == bad);
    CHECK(node.price_of(Code::round_change, change(PreparedRound{0, digest}, 1)) == bad);
    CHECK(node.price_of(Code::round_change, change({}, 2, {sign(Prepare{view, digest}, 0)})) ==
          bad);
    CHECK(node.price_of(Code::round_change, change({}, 3)) == "passed on");

    // Proposals, their headers and extra data.
    CHECK(node.price_of(Code::proposal, node.proposal({}, 1)) == bad);
    CHECK(node.price_of(Code::proposal, node.proposal({}, 1, 1)) == bad);
    using H = Header;
    using E = ExtraData;
    CHECK(node.price_of(Code::proposal, node.proposal([](H&, E& extra) { extra.round = 1; })) ==
          bad);
    CHECK(node.price_of(Code::proposal,
                        node.proposal([](H&, E& extra) { extra.seals.emplace_back(); })) == bad);
    CHECK(node.price_of(Code::proposal, node.proposal([](H& header, E&) { header.number = 2; })) ==
          bad);
    CHECK(node.price_of(Code::proposal, node.proposal([](H& header, E&) {
        header.extra_data = {std::byte{0xc0}};
    })) == bad);
    CHECK(node.price_of(Code::proposal,
                        node.proposal([](H& header, E&) { header.beneficiary = {}; })) == bad);
    CHECK(node.price_of(Code::proposal, node.proposal()) == "passed on");
    CHECK(node.relay.counters().bad == 14);
}

TEST_CASE("a commit's seal must be its author's, over the block in this round") {
    Relayed node;
    const auto message = node.proposal();
    REQUIRE(node.price_of(Code::proposal, message) == "passed on");
    const auto read = read_incoming(0x12, message, node.network.form());
    REQUIRE(read);
    const auto& block = *read->block;
    const auto commit = [&](std::uint64_t sealer, std::uint32_t sealed_round) {
        const auto sealed =
            hash_with(block.block.header, block.extra, sealed_round, ExtraForm::goquorum);
        return encode(sign(Commit{{1, 0}, block.digest, seal_of(sealed, sealer)}, 0));
    };
    const std::string bad{transport::name(Offence::invalid_data)};
    CHECK(node.price_of(Code::commit, commit(1, 0)) == bad);
    CHECK(node.price_of(Code::commit, commit(0, 1)) == bad);
    CHECK(node.price_of(Code::commit, commit(0, 0)) == "passed on");
}

TEST_CASE("a peer that comes late is told what this validator said at its height") {
    Network network{4, 4};
    network.start(0);
    network.run(std::chrono::seconds{4});
    QbftRelay relay{1};
    relay.use(&network.agreement(0), [](const auto&) {});
    NotingContext late;
    const auto peer = relay.new_peer(late);
    REQUIRE(late.sent.size() == network.agreement(0).said().size());
    REQUIRE(late.count(0x15) == 1);
    const auto read = decode_round_change(late.sent.back().second);
    REQUIRE(read);
    CHECK(read->signed_change.author == account(0));
    CHECK(read->signed_change.payload.view == View{1, 1});
}
