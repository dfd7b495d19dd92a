// Two and more nodes whose ledgers follow each other over their modules.
#include <parley/chain/sync/block_sync.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/consensus/pow/proof_of_work.hpp>
#include <parley/chain/sync/test_nodes.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;
using transport::Offence;

TEST_CASE("a node that comes later gets all blocks from those that have them") {
    TestNode first;
    first.grow(0, 150);
    TestNode second;
    TestNode third;
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(first, second));
    run(wires);
    CHECK(second.height() == 150);
    CHECK(second.sync->ledger().state().root() == first.sync->ledger().state().root());
    wires.push_back(std::make_unique<Wire>(first, third));
    wires.push_back(std::make_unique<Wire>(second, third));
    run(wires);
    CHECK(third.height() == 150);
    for (const auto& wire : wires) {
        for (const auto& end : wire->ends) CHECK(end.context->offences.empty());
    }
}

TEST_CASE("a heartbeat is enough to learn of a longer chain, and a branch is left for it") {
    TestNode a;
    TestNode b;
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(a, b));
    run(wires);
    a.grow(0, 3);
    b.grow(2, 5, 3);
    wires[0]->heartbeat();
    run(wires);
    CHECK(a.height() == 5);
    CHECK(a.sync->ledger().head().hash == b.sync->ledger().head().hash);
    CHECK(a.sync->ledger().account(address_of(0))->nonce == 0);
}

TEST_CASE("a better chain that parts too far below is not followed, and nobody is charged") {
    TestNode first;
    TestNode second;
    first.grow(0, branch_depth_max + 12);
    second.grow(2, branch_depth_max + 2);
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(first, second));
    run(wires);
    CHECK(second.height() == branch_depth_max + 2);
    CHECK(wires[0]->sent.count(sync_topic::headers) == 1);
    // Once for each status, and not again and again.
    wires[0]->heartbeat();
    run(wires);
    CHECK(wires[0]->sent.count(sync_topic::headers) == 1);
    for (const auto& end : wires[0]->ends) CHECK(end.context->offences.empty());
}

TEST_CASE("a new block comes in compact form, and what the pool lacks is asked for") {
    for (const bool has_all : {true, false}) {
        CAPTURE(has_all);
        TestNode a;
        TestNode b;
        TestNode c;  // behind b
        for (std::uint64_t nonce = 0; nonce < 3; ++nonce) {
            const auto tx = payment(0, nonce, 1, 5);
            for (auto* node : {&b, &c}) {
                if (has_all || nonce != 1) node->pool.push_back(tx);
            }
        }
        std::vector<std::unique_ptr<Wire>> wires;
        wires.push_back(std::make_unique<Wire>(a, b));
        wires.push_back(std::make_unique<Wire>(b, c));
        run(wires);
        for (const auto& wire : wires) wire->sent.clear();
        for (int i = 0; i < 3; ++i) {
            a.grow(0, 1);
            run(wires);
        }
        CHECK(c.height() == 3);
        CHECK(b.sync->relayed().received == 3);
        CHECK(c.sync->relayed().completed == (has_all ? 3 : 2));
        for (const auto& wire : wires) {
            CHECK(wire->sent.count(sync_topic::bodies) == 0);
            CHECK(wire->sent.count(sync_topic::transactions) == (has_all ? 0 : 1));
            for (const auto& end : wire->ends) CHECK(end.context->offences.empty());
        }
    }
}

TEST_CASE("a block that comes before its parent is fetched in the usual way") {
    TestNode a;
    TestNode b;
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(a, b));
    run(wires);
    a.grow(0, 3);  // b's pool has nothing: the first waits for its transactions
    run(wires);
    CHECK(b.height() == 3);
    CHECK(wires[0]->ends[1].context->offences.empty());
}

TEST_CASE("a block whose transactions do not come is fetched in the usual way") {
    TestNode a;
    TestNode b;
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(a, b));
    run(wires);
    wires[0]->lost = sync_topic::transactions;
    a.grow(0, 1);
    run(wires);
    CHECK(b.height() == 0);
    b.network.time.instant += BlockRelay::patience;
    wires[0]->ends[1].context->time = b.network.time;
    b.sync->on_timer(b.network.time);
    run(wires);
    CHECK(b.height() == 1);
    CHECK(wires[0]->ends[1].context->offences == std::vector{Offence::useless});
}

TEST_CASE("a header that the consensus refuses is not passed on, and charged") {
    TestNode a;
    TestNode b;
    a.grow(0, 1);
    auto block = *a.chain_block(1);
    block.header.difficulty = to_uint256(7);  // after the merge there is none
    Wire wire{a, b};
    auto& to_b = wire.ends[1];
    const auto message =
        sync_topic::encode(make_compact(block, 1, [](const Hash256&) { return false; }));
    const auto handled = to_b.handler->handle(
        sync_topic::new_block, transport::Message{to_buffer(message), wire.credit,
                                                  transport::LinkId{1}, 1, message.size()});
    REQUIRE_FALSE(handled);
    CHECK(handled.error() == Offence::invalid_data);
    CHECK(b.sync->relayed().received == 0);
}

TEST_CASE("a header by work that is wrong is charged, whatever is wrong with it") {
    ProofOfWorkConfig config;
    config.forks.london_block = 0;
    config.asert.anchor_time_s = 1'000;
    config.asert.anchor_target = target_of_difficulty(to_uint256(50));
    const auto engine = std::make_shared<ProofOfWork>(config);
    TestNode node{engine};
    TestNode other{engine};
    node.network.time = {Instant{10s}, UnixTime{1'040s}};
    Wire wire{other, node};
    const auto hand_in = [&](const std::function<void(Header&)>& change, bool has_work = true) {
        TestChain source;
        source.engine = engine;
        REQUIRE(source.open());
        auto block = source.make({}, 15).block;
        change(block.header);
        const auto boundary = target_of_difficulty(to_uint256(50));
        while ((block.header.hash() <= boundary) != has_work) {
            store_be(MutableBytes{block.header.nonce},
                     load_be<std::uint64_t>(block.header.nonce) + 1);
        }
        const auto message =
            sync_topic::encode(make_compact(block, 1, [](const Hash256&) { return false; }));
        return wire.ends[1].handler->handle(
            sync_topic::new_block, transport::Message{to_buffer(message), wire.credit,
                                                      transport::LinkId{1}, 1, message.size()});
    };
    CHECK(hand_in([](Header&) {}, false).error() == Offence::invalid_data);
    CHECK(hand_in([](Header& h) { h.difficulty = to_uint256(49); }).error() ==
          Offence::invalid_data);
    CHECK(hand_in([](Header& h) { h.ommers_hash = {}; }).error() == Offence::invalid_data);
    CHECK(hand_in([](Header& h) { h.extra_data.resize(33); }).error() == Offence::malformed);
    CHECK(node.sync->relayed().received == 0);
    CHECK(hand_in([](Header&) {}));
    CHECK(node.sync->relayed().received == 1);
}

TEST_CASE("a block ahead of the own clock is not taken before its time, and nobody is charged") {
    // Of difficulty 1: every nonce will do.
    ProofOfWorkConfig config;
    config.forks.london_block = 0;
    config.asert.anchor_time_s = 1'000;
    config.asert.anchor_target = target_of_difficulty(to_uint256(1));
    TestNode first{std::make_shared<ProofOfWork>(config)};
    TestNode second{std::make_shared<ProofOfWork>(config)};
    first.network.time = {Instant{10s}, UnixTime{1'040s}};
    second.network.time = {Instant{10s}, UnixTime{1'020s}};
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(first, second));
    first.grow(0, 1, 36);
    run(wires);
    CHECK(second.height() == 0);  // at 1036: 15 s ahead, and one more
    auto& time = second.network.time;
    CHECK(second.sync->next_wakeup() == time.instant + 1s);
    time = {time.instant + 1s, time.unix_time + 1s};
    wires[0]->ends[1].context->time = time;
    second.sync->on_timer(time);
    run(wires);
    CHECK(second.height() == 1);
    for (const auto& end : wires[0]->ends) CHECK(end.context->offences.empty());
}

TEST_CASE("questions that are malformed, or too many, are offences") {
    TestNode a;
    a.grow(0, 2);
    TestNode b;
    Wire wire{a, b};
    auto& to_a = wire.ends[0];
    const auto give = [&](transport::Code code, const SharedBytes& bytes) {
        return to_a.handler->handle(
            code, transport::Message{to_buffer(bytes), wire.credit, transport::LinkId{1}, 1,
                                     bytes.size()});
    };
    CHECK(give(99, {}).error() == Offence::malformed);
    CHECK(give(sync_topic::get_headers, SharedBytes::copy(bytes_of("x"))).error() ==
          Offence::malformed);
    const sync_topic::GetHeaders question{1, {a.sync->ledger().genesis_hash()}, true, 10};
    CHECK(give(sync_topic::get_headers, sync_topic::encode(question)));
    CHECK(give(sync_topic::get_headers, sync_topic::encode(question)).error() ==
          Offence::too_often);  // the first is under way
    a.run_jobs();
    to_a.context->sent.clear();
    std::size_t answered = 0;
    for (int i = 0; i < 200; ++i) {
        if (give(sync_topic::get_headers, sync_topic::encode(question))) ++answered;
        a.run_jobs();
    }
    CHECK(answered == 98);  // of a burst of 100
    CHECK(to_a.context->count(sync_topic::headers) == answered);
    CHECK(give(sync_topic::headers, sync_topic::encode(sync_topic::Items{7, {}})));
    CHECK(to_a.context->offences == std::vector{Offence::unasked});
}

TEST_CASE("headers are answered backwards too, and unknown ones with nothing") {
    TestNode a;
    a.grow(0, 6);
    const auto& blocks = a.sync->ledger().blocks();
    const auto hash_at = [&](std::uint64_t number) { return blocks.main(number).value().value(); };
    TestNode b;
    Wire wire{a, b};
    auto& to_a = wire.ends[0];
    to_a.context->sent.clear();
    const auto ask = [&](const sync_topic::GetHeaders& question) {
        const auto bytes = sync_topic::encode(question);
        REQUIRE(to_a.handler->handle(sync_topic::get_headers,
                                     transport::Message{to_buffer(bytes), wire.credit,
                                                        transport::LinkId{1}, 1, bytes.size()}));
        a.run_jobs();
        REQUIRE(to_a.context->sent.size() == 1);
        const auto sent = std::exchange(to_a.context->sent, {});
        const auto items = sync_topic::decode_items(sent[0].second, 512);
        REQUIRE(items);
        CHECK(items->id == question.id);
        std::vector<std::uint64_t> numbers;
        for (const auto& item : items->items) {
            numbers.push_back(decode_header(item)->number);
        }
        return numbers;
    };
    using Numbers = std::vector<std::uint64_t>;
    CHECK(ask({1, {hash_at(4)}, false, 3}) == Numbers{4, 3, 2});
    CHECK(ask({2, {hash_at(1)}, false, 9}) == Numbers{1, 0});
    CHECK(ask({3, {hash_at(4)}, true, 9}) == Numbers{5, 6});
    CHECK(ask({4, {Hash256{}, hash_at(5), hash_at(1)}, true, 9}) == Numbers{6});
    CHECK(ask({5, {Hash256{}}, true, 9}).empty());
}
