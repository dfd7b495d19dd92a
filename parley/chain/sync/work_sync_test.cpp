// Nodes on a chain by work: whose blocks they fetch.
#include <parley/chain/sync/block_sync.hpp>
#include <parley/chain/sync/test_nodes.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

/// On the chain by work, with the time of its blocks.
struct WorkNode : TestNode {
    explicit WorkNode(const Uint256& minimum_work = {}, bool fetches_state = false)
        : TestNode(std::make_shared<ProofOfWork>(work_config()),
                   config_of(minimum_work, fetches_state)) {
        network.time.unix_time = UnixTime{100'000s};
    }
    static BlockSyncConfig config_of(const Uint256& minimum_work, bool fetches_state) {
        BlockSyncConfig out;
        out.gate.minimum_work = minimum_work;
        out.fetches_state = fetches_state;
        return out;
    }
    /// The last header that was kept, of a block or ahead of the blocks.
    std::uint64_t last_header() const {
        if (sync->snapshot() != nullptr) return sync->snapshot()->headers().tip().header.number;
        return sync->missing();
    }
};

/// A peer that answers with headers alone.
struct HeaderPeer {
    WorkNode& node;
    NotingContext context = {};
    std::unique_ptr<transport::TopicHandler> handler = {};
    std::shared_ptr<transport::CreditLedger> credit = std::make_shared<transport::CreditLedger>();

    explicit HeaderPeer(WorkNode& its) : node(its) {
        context.time = its.network.time;
        handler = its.sync->new_peer(context);
        context.sent.clear();
    }
    void give(transport::Code code, const SharedBytes& bytes) {
        REQUIRE(handler->handle(code, transport::Message{to_buffer(bytes), credit,
                                                         transport::LinkId{1}, 1, bytes.size()}));
        node.run_jobs();
    }
    /// Says that its chain ends so, and answers from the first chain while it shows it, from the
    /// second one afterwards.
    void offer(const sync_topic::ChainStatus& status, const std::vector<ChainHeader>& shown,
               const std::vector<ChainHeader>& given) {
        give(sync_topic::new_head, sync_topic::encode(status));
        while (!context.sent.empty()) {
            for (auto& [code, bytes] : std::exchange(context.sent, {})) {
                if (code != sync_topic::get_headers) continue;
                const auto question = *sync_topic::decode_get_headers(bytes);
                const auto& from = question.id >= WorkGate::first_id ? shown : given;
                sync_topic::Items answer{question.id, {}};
                for (const auto& header : answer_from(from, question)) {
                    answer.items.push_back(SharedBytes::own(header.encode()));
                }
                give(sync_topic::headers, sync_topic::encode(answer));
            }
        }
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

TEST_CASE("work: headers of who lies about its chain are not kept, in either way of catching up") {
    const auto engine = work_engine();
    const ChainHeader genesis = WorkNode{}.sync->ledger().head();
    const auto honest = grown(*engine, {genesis}, 600, 1);
    const auto poor = grown(*engine, {genesis}, 600, 2, work_interval_s + 1);
    for (const bool fetches_state : {false, true}) {
        CAPTURE(fetches_state);
        WorkNode node{honest[550].total_difficulty, fetches_state};
        auto claim = status_of(poor.back());
        claim.total_difficulty = honest.back().total_difficulty;
        HeaderPeer liar{node};
        liar.offer(claim, poor, poor);
        CHECK(liar.context.offences == std::vector{transport::Offence::withheld});
        CHECK(node.last_header() == 0);
        HeaderPeer changing{node};
        changing.offer(status_of(honest.back()), honest, poor);
        CHECK(changing.context.offences == std::vector{transport::Offence::invalid_data});
        CHECK(node.last_header() == 0);
        HeaderPeer good{node};
        good.offer(status_of(honest.back()), honest, honest);
        CHECK(good.context.offences.empty());
        // By blocks the bodies of these are waited for first.
        CHECK(node.last_header() == (fetches_state ? 600 : DownloadsConfig{}.headers_per_question));
    }
}
