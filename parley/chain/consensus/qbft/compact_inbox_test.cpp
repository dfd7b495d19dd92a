// Compact messages are put together: of the pool, of known blocks, of what comes ahead, and of
// answers; whoever does not answer is not asked again.
#include <parley/chain/consensus/qbft/compact_inbox.hpp>

#include <parley/chain/consensus/qbft/test_blocks.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using transport::Offence;

namespace {

constexpr std::uint16_t compact_proposal = 0x32;

SharedBytes compact_proposal_of(const ProposedBlock& block, std::uint64_t salt = 7) {
    return encode_compact(Code::proposal, proposal_of(block), compact_form(block.block, salt));
}

struct InboxRig {
    std::vector<Transaction> pool;
    std::vector<std::shared_ptr<const ProposedBlock>> known;
    CompactInbox inbox{
        {.pool =
             [this](const auto& visit) {
                 for (const auto& tx : pool) visit(tx.hash, tx.raw);
             },
         .block = [this](const Hash256& digest) -> std::shared_ptr<const ProposedBlock> {
             for (const auto& one : known) {
                 if (one->digest == digest) return one;
             }
             return nullptr;
         },
         .form = block_form}};
    CompactInbox::Effects effects;
    Now now{};

    CompactInbox::Handled receive(CompactInbox::PeerKey from, std::uint16_t code,
                                  const SharedBytes& message, std::uint8_t key = 1) {
        return inbox.receive(
            now, from, code, {std::byte{key}},
            transport::Message{Buffer{message.view().begin(), message.view().end()}}, effects);
    }
    template <class Effect>
    std::vector<Effect> take() {
        std::vector<Effect> out;
        for (auto& effect : std::exchange(effects, {})) {
            if (auto* one = std::get_if<Effect>(&effect)) out.push_back(std::move(*one));
        }
        return out;
    }
    /// The one question that is asked now: of whom, and for which places.
    std::pair<CompactInbox::PeerKey, sync_topic::GetTransactions> question() {
        const auto sent = take<CompactInbox::Send>();
        REQUIRE(sent.size() == 1);
        REQUIRE(sent[0].code == get_transactions_code);
        const auto asked = sync_topic::decode_get_transactions(sent[0].message);
        REQUIRE(asked);
        return {sent[0].peer, *asked};
    }
};

SharedBytes answer_with(std::uint64_t id, std::vector<SharedBytes> items) {
    return sync_topic::encode(sync_topic::Items{id, std::move(items)});
}

}  // namespace

TEST_CASE("a proposal whose transactions are in the pool is whole at once") {
    InboxRig rig;
    const auto block = proposed_block(5);
    rig.pool = block->block.body.transactions;
    REQUIRE(rig.receive(9, compact_proposal, compact_proposal_of(*block)));
    const auto whole = rig.take<CompactInbox::Whole>();
    REQUIRE(whole.size() == 1);
    CHECK(whole[0].from == 9);
    CHECK(whole[0].code == Code::proposal);
    CHECK(equal(whole[0].message, proposal_of(*block)));
    CHECK(equal(whole[0].compact, compact_proposal_of(*block)));
    CHECK(rig.inbox.pending() == 0);
}

TEST_CASE("a block that is known completes it in any round, without a pool") {
    InboxRig rig;
    rig.known = {proposed_block(5, 0)};
    const auto again = proposed_block(5, 3);
    REQUIRE(again->digest == rig.known[0]->digest);
    REQUIRE(rig.receive(9, compact_proposal, compact_proposal_of(*again)));
    const auto whole = rig.take<CompactInbox::Whole>();
    REQUIRE(whole.size() == 1);
    CHECK(equal(whole[0].message, proposal_of(*again)));
}

TEST_CASE("what is missing is asked of who sent it, and a block that came ahead spares that") {
    InboxRig rig;
    const auto block = proposed_block(3);
    const auto& txs = block->block.body.transactions;
    rig.pool = {txs[1]};
    bool comes_ahead = false;
    SUBCASE("without") {}
    SUBCASE("with") {
        comes_ahead = true;
    }
    const auto message = comes_ahead ? compact_form(block->block, 7) : compact_proposal_of(*block);
    REQUIRE(rig.receive(9, comes_ahead ? block_ahead_code : compact_proposal, message));
    const auto [peer, asked] = rig.question();
    CHECK(peer == 9);
    CHECK(asked.block == block->digest);
    CHECK(asked.indexes == std::vector<std::uint32_t>{0, 2});
    REQUIRE(rig.inbox.on_transactions(rig.now, 9, answer_with(asked.id, {txs[0].raw, txs[2].raw}),
                                      rig.effects));
    CHECK(rig.inbox.pending() == 0);
    if (comes_ahead) {
        CHECK(rig.effects.empty());
        REQUIRE(rig.receive(8, compact_proposal, compact_proposal_of(*block), 2));
    }
    const auto whole = rig.take<CompactInbox::Whole>();
    REQUIRE(whole.size() == 1);
    CHECK(equal(whole[0].message, proposal_of(*block)));
}

TEST_CASE(
    "who has the block answers, as far as it fits, and a place that there is not is charged") {
    InboxRig rig;
    rig.known = {proposed_block(3)};
    const auto ask = [&](std::vector<std::uint32_t> places, Hash256 digest) {
        return rig.inbox.on_get_transactions(
            4, sync_topic::encode(sync_topic::GetTransactions{17, digest, std::move(places)}),
            rig.effects);
    };
    REQUIRE(ask({0, 2}, rig.known[0]->digest));
    const auto sent = rig.take<CompactInbox::Send>();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].peer == 4);
    CHECK(sent[0].code == transactions_code);
    const auto items = sync_topic::decode_items(sent[0].message, 10);
    REQUIRE(items);
    CHECK(items->id == 17);
    REQUIRE(items->items.size() == 2);
    CHECK(equal(items->items[1], rig.known[0]->block.body.transactions[2].raw));
    CHECK(ask({3}, rig.known[0]->digest) == std::unexpected{Offence::invalid_data});
    REQUIRE(ask({0}, {}));  // of a block that is not here
    const auto nothing = rig.take<CompactInbox::Send>();
    REQUIRE(nothing.size() == 1);
    CHECK(sync_topic::decode_items(nothing[0].message, 10)->items.empty());
}

TEST_CASE("who does not answer in time is charged, and the next one is asked") {
    InboxRig rig;
    const auto block = proposed_block(2);
    REQUIRE(rig.receive(9, compact_proposal, compact_proposal_of(*block)));
    CHECK(rig.question().first == 9);
    rig.inbox.also_from(8, {std::byte{1}});
    CHECK(rig.inbox.next_wakeup() == Instant{} + CompactInbox::patience);
    rig.now.instant += CompactInbox::patience;
    rig.inbox.on_timer(rig.now, rig.effects);
    const auto charged = [&] {
        std::vector<CompactInbox::PeerKey> out;
        for (const auto& effect : rig.effects) {
            if (const auto* one = std::get_if<CompactInbox::Charge>(&effect)) {
                CHECK(one->offence == Offence::useless);
                out.push_back(one->peer);
            }
        }
        return out;
    };
    CHECK(charged() == std::vector<CompactInbox::PeerKey>{9});
    CHECK(rig.question().first == 8);
    SUBCASE("and the last one who does not answer ends it") {
        rig.now.instant += CompactInbox::patience;
        rig.inbox.on_timer(rig.now, rig.effects);
        CHECK(rig.inbox.counters().given_up == 1);
    }
    SUBCASE("as does the end of its link, which is no offence") {
        rig.inbox.remove_peer(rig.now, 8, rig.effects);
        CHECK(rig.effects.empty());
    }
    SUBCASE("or an answer without anything") {
        REQUIRE(rig.receive(8, compact_proposal, compact_proposal_of(*block, 9), 2));
        const auto [peer, asked] = rig.question();
        REQUIRE(rig.inbox.on_transactions(rig.now, 8, answer_with(asked.id, {}), rig.effects));
        rig.inbox.remove_peer(rig.now, 8, rig.effects);
    }
    CHECK(rig.inbox.pending() == 0);
}

TEST_CASE("answers that are none, and messages that cannot be read, are charged") {
    InboxRig rig;
    const auto block = proposed_block(2);
    const auto junk = SharedBytes::copy(Buffer{std::byte{0xc0}});
    CHECK(rig.receive(9, compact_proposal, junk) == std::unexpected{Offence::malformed});
    CHECK(rig.receive(9, block_ahead_code, junk) == std::unexpected{Offence::malformed});
    CHECK(rig.inbox.on_get_transactions(9, junk, rig.effects) ==
          std::unexpected{Offence::malformed});
    CHECK(rig.inbox.on_transactions(rig.now, 9, junk, rig.effects) ==
          std::unexpected{Offence::malformed});
    auto no_extra = block->block;
    no_extra.header.extra_data.clear();
    CHECK(rig.receive(9, block_ahead_code, compact_form(no_extra, 7)) ==
          std::unexpected{Offence::malformed});

    REQUIRE(rig.receive(9, compact_proposal, compact_proposal_of(*block)));
    const auto id = rig.question().second.id;
    CHECK(
        rig.inbox.on_transactions(rig.now, 8, answer_with(id, {junk}), rig.effects));  // not asked
    CHECK(rig.inbox.pending() == 1);
    CHECK(rig.inbox.on_transactions(rig.now, 9, answer_with(id, {junk}), rig.effects) ==
          std::unexpected{Offence::invalid_data});
    CHECK(rig.inbox.pending() == 0);
}

TEST_CASE("of a peer so many messages wait, and no more") {
    InboxRig rig;
    for (std::uint8_t i = 0; i < 2 * CompactInbox::pending_of_peer_max; ++i) {
        REQUIRE(rig.receive(9, compact_proposal, compact_proposal_of(*proposed_block(1, i), i), i));
    }
    CHECK(rig.inbox.pending() == CompactInbox::pending_of_peer_max);
    for (std::uint8_t i = 0; i < 2 * CompactInbox::pending_max; ++i) {
        const auto key = static_cast<std::uint8_t>(100 + i);
        REQUIRE(rig.receive(1'000 + i, compact_proposal,
                            compact_proposal_of(*proposed_block(1, i), i), key));
    }
    CHECK(rig.inbox.pending() == CompactInbox::pending_max);
}
