// Light nodes of a chain by work: the chain with the most work is followed, over branches and
// restarts, and headers of little work are not kept.
#include <parley/chain/light/work_follower.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/light/light_node.hpp>
#include <parley/chain/sync/test_context.hpp>
#include <parley/chain/sync/test_work_headers.hpp>
#include <parley/transport/test_network.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;
using namespace parley::chain::testing;
using Blocks = std::vector<ChainHeader>;
using PeerId = WorkFollower::PeerId;

namespace {

constexpr std::size_t height = 400;

const Blocks& honest() {
    static const auto made = grown(*work_engine(), {work_genesis()}, height, 1);
    return made;
}
/// As long, but its last blocks come late: of less work.
const Blocks& poor() {
    static const auto made =
        grown(*work_engine(), {honest().begin(), honest().end() - 200}, 200, 2, 11);
    return made;
}
/// Parts from the honest one at that number and has more work, with fewer blocks: they come fast.
Blocks branch(std::size_t parent, std::size_t count) {
    return grown(*work_engine(),
                 {honest().begin(), honest().begin() + static_cast<std::ptrdiff_t>(parent) + 1},
                 count, 3, 1);
}

/// A light node without link and disk.
struct Rig {
    explicit Rig(WorkFollowerConfig config = {}, Blocks known = {work_genesis()})
        : chain(known), follower(config, work_engine(), std::move(known), Rng{7}) {}

    /// A peer says that it has this chain, which outlives the rig.
    void tell(PeerId peer, const Blocks& its) {
        if (!peers.contains(peer)) follower.add_peer(peer);
        peers[peer] = &its;
        WorkFollower::Effects out;
        follower.on_status(now, peer, status_of(its.back()), out);
        run(std::move(out));
    }
    void run(WorkFollower::Effects effects) {
        while (!effects.empty()) {
            WorkFollower::Effects next;
            for (auto& effect : effects) {
                std::visit(
                    overloaded{[&](WorkFollower::Ask& ask) {
                                   follower.on_headers(
                                       now, ask.peer, ask.question.id,
                                       answer_from(*peers.at(ask.peer), ask.question), next);
                               },
                               [&](WorkFollower::Check& check) {
                                   check.run();
                                   follower.on_checked(now, std::move(check), next);
                               },
                               [&](WorkFollower::Extend& news) {
                                   const auto& parent = news.headers.front().header.parent_hash;
                                   while (chain.back().hash != parent) chain.pop_back();
                                   for (auto& one : news.headers) chain.push_back(std::move(one));
                                   most = std::max(most, chain.size());
                               },
                               [&](WorkFollower::Moved&) { ++moves; },
                               [&](WorkFollower::Charge& one) { charged.push_back(one.peer); }},
                    effect);
            }
            effects = std::move(next);
        }
    }

    Now now{Instant{100s}, UnixTime{100'000s}};
    Blocks chain;
    std::size_t most = 0;  // headers that were kept at a time
    std::size_t moves = 0;
    std::vector<PeerId> charged;
    std::map<PeerId, const Blocks*> peers;
    WorkFollower follower;
};

}  // namespace

TEST_CASE("the chain with the most work is followed, whoever comes first") {
    Rig rig;
    rig.tell(1, poor());
    CHECK(rig.follower.head().hash == poor().back().hash);
    rig.tell(2, honest());
    CHECK(rig.follower.head().hash == honest().back().hash);
    CHECK(rig.chain.back().hash == honest().back().hash);
    CHECK(rig.chain.size() == height + 1);
    // Whoever has less work is not followed back.
    rig.tell(1, poor());
    CHECK(rig.follower.head().hash == honest().back().hash);
    CHECK(rig.follower.highest() == height);
    CHECK(rig.charged.empty());
}

TEST_CASE("a branch with more work and fewer blocks takes the end of the chain back") {
    Rig rig;
    rig.tell(1, honest());
    const auto better = branch(height - 60, 50);
    REQUIRE(better.back().total_difficulty > honest().back().total_difficulty);
    rig.tell(2, better);
    CHECK(rig.follower.head().hash == better.back().hash);
    CHECK(rig.chain.size() == better.size());
    CHECK(rig.charged.empty());
}

TEST_CASE("headers without the work that the settings name are not kept") {
    WorkFollowerConfig config;
    config.gate.minimum_work = honest().back().total_difficulty;
    Rig rig{config};
    rig.tell(1, poor());
    CHECK(rig.follower.head().header.number == 0);
    // It claims more than it has.
    auto claim = poor();
    claim.back().total_difficulty = honest().back().total_difficulty;
    rig.tell(2, claim);
    CHECK(rig.follower.head().header.number == 0);
    CHECK(rig.most == 0);
    CHECK(!rig.charged.empty());
    rig.tell(3, honest());
    CHECK(rig.follower.head().hash == honest().back().hash);
}

TEST_CASE("a header that is not mined costs the peer, and nothing of it stays") {
    Rig rig;
    auto bad = honest();
    auto& header = bad[200].header;
    header.state_root[0] ^= std::byte{1};
    rig.tell(1, bad);
    CHECK(rig.follower.head().header.number < 200);
    CHECK(rig.charged.front() == 1);
    rig.tell(2, honest());
    CHECK(rig.follower.head().hash == honest().back().hash);
}

TEST_CASE("the module keeps the chain, and goes on from its store after a branch was taken back") {
    MemoryStore store;
    const auto credit = std::make_shared<transport::CreditLedger>();
    /// Runs a node beside a peer that has `its`; gives what it has then.
    const auto live = [&](const Blocks& its) {
        transport::test::TestNetwork network;
        network.time = {Instant{100s}, UnixTime{100'000s}};
        LightNode node{{}, {work_engine(), work_genesis(), store}, Rng{3}};
        node.attached(network);
        NotingContext context;
        context.time = network.time;
        const auto peer = node.new_peer(context);
        const auto send = [&](transport::Code code, const SharedBytes& message) {
            const auto handled =
                peer->handle(code, transport::Message{to_buffer(Bytes{message}), credit,
                                                      transport::LinkId{1}, 1, message.size()});
            CHECK(handled);
        };
        send(code::new_head, sync_topic::encode(status_of(its.back())));
        for (int i = 0; i < 100; ++i) {
            for (auto& [code, bytes] : std::exchange(context.sent, {})) {
                REQUIRE(code == code::get_headers_from);
                const auto asked = sync_topic::decode_get_headers(bytes);
                sync_topic::Items answer{asked->id, {}};
                for (const auto& one : answer_from(its, *asked)) {
                    answer.items.push_back(SharedBytes::own(one.encode()));
                }
                send(code::headers, sync_topic::encode(answer));
            }
            for (auto& job : network.queue.take()) {
                job.run();
                network.queue.finish(job, network.time);
            }
        }
        CHECK(context.offences.empty());
        CHECK(!node.at(node.head().header.number + 1));
        std::vector<Hash256> out;
        for (std::uint64_t number = 0; number <= node.head().header.number; ++number) {
            const auto known = node.at(number);
            REQUIRE(known);
            CHECK(node.find(known->hash)->header == known->header);
            out.push_back(known->hash);
        }
        return out;
    };
    const auto hashes = [](const Blocks& of) {
        std::vector<Hash256> out;
        for (const auto& one : of) out.push_back(one.hash);
        return out;
    };
    const auto better = branch(height - 60, 50);
    CHECK(live(honest()) == hashes(honest()));
    CHECK(live(better) == hashes(better));
    // The one of less work again: it stays where it is.
    CHECK(live(honest()) == hashes(better));
}
