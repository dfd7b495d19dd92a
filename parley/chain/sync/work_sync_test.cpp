// Nodes on a chain by work: whose blocks they fetch.
#include <parley/chain/sync/block_sync.hpp>
#include <parley/chain/sync/test_nodes.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

/// On the chain by work, with the time of its blocks.
struct WorkNode : TestNode {
    explicit WorkNode(const Uint256& minimum_work = {})
        : TestNode(std::make_shared<ProofOfWork>(work_config()), config_of(minimum_work)) {
        network.time.unix_time = UnixTime{100'000s};
    }
    static BlockSyncConfig config_of(const Uint256& minimum_work) {
        BlockSyncConfig out;
        out.gate.minimum_work = minimum_work;
        return out;
    }
};

void check_no_offences(const std::vector<std::unique_ptr<Wire>>& wires) {
    for (const auto& wire : wires) {
        for (const auto& end : wire->ends) CHECK(end.context->offences.empty());
    }
}

}  // namespace

TEST_CASE("work: a node fetches a chain once a peer has shown its work, and none of less") {
    WorkNode first;
    first.grow(0, 250, work_interval_s);
    const auto work_shown = first.sync->ledger().head().total_difficulty;
    first.grow(0, 50, work_interval_s);
    WorkNode second{work_shown};
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(first, second));
    run(wires);
    CHECK(second.height() == 300);
    CHECK(second.sync->ledger().head().hash == first.sync->ledger().head().hash);
    // Headers of 2 questions twice, at least.
    CHECK(wires[0]->sent.count(sync_topic::get_headers) >= 4);

    WorkNode third{*checked_add(first.sync->ledger().head().total_difficulty, to_uint256(1))};
    wires.push_back(std::make_unique<Wire>(first, third));
    run(wires);
    CHECK(third.height() == 0);
    check_no_offences(wires);
    // Until there is one that has it.
    first.grow(0, 1, work_interval_s);
    run(wires);
    wires[1]->heartbeat();
    run(wires);
    CHECK(third.height() == 301);
    CHECK(second.height() == 301);
    check_no_offences(wires);
}

TEST_CASE("work: without a minimum, and elsewhere, nobody shows anything") {
    WorkNode first;
    first.grow(0, 200, work_interval_s);
    WorkNode second;
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(first, second));
    run(wires);
    CHECK(second.height() == 200);
    CHECK(second.sync->gate() != nullptr);
    check_no_offences(wires);
    CHECK(TestNode{}.sync->gate() == nullptr);
}

TEST_CASE("work: nodes of two chains come to the one of more work, whoever is longer") {
    WorkNode a;
    WorkNode b;
    a.grow(0, 30, work_interval_s);
    b.grow(2, 33, work_interval_s + 4);  // late blocks are easier
    REQUIRE(a.sync->ledger().head().total_difficulty > b.sync->ledger().head().total_difficulty);
    std::vector<std::unique_ptr<Wire>> wires;
    wires.push_back(std::make_unique<Wire>(a, b));
    run(wires);
    CHECK(b.sync->ledger().head().hash == a.sync->ledger().head().hash);
    CHECK(a.height() == 30);
    check_no_offences(wires);
}
