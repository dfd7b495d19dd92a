// For tests only: nodes whose ledgers follow each other over their modules, and links between them.
#pragma once

#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/sync/block_sync.hpp>
#include <parley/chain/sync/test_context.hpp>
#include <parley/chain/sync/test_work_headers.hpp>
#include <parley/transport/test_network.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace parley::chain::testing {

/// A node with its module; its messages are carried by a Wire.
struct TestNode {
    TestChain chain;  // the store and the rules; its ledger is the module's
    transport::test::TestNetwork network;
    std::vector<Transaction> pool;
    std::unique_ptr<BlockSync> sync;

    /// With the rules of TestChain, or of another engine.
    explicit TestNode(std::shared_ptr<Engine> engine = {}, BlockSyncConfig config = {}) {
        if (engine) chain.engine = std::move(engine);
        sync = std::make_unique<BlockSync>(
            config,
            [this](JobQueue& jobs, Log& log) {
                return Ledger::open({.execution = chain.execution,
                                     .engine = chain.engine,
                                     .store = chain.store,
                                     .log_file = chain.log_file,
                                     .jobs = jobs,
                                     .log = log},
                                    genesis_of(chain.accounts));
            },
            [this](const auto& visit) {
                for (const auto& tx : pool) visit(tx.hash, tx.raw);
            },
            Rng{1});
        sync->attached(network);
    }
    std::optional<Block> chain_block(std::uint64_t number) {
        const auto& blocks = sync->ledger().blocks();
        const auto logged = blocks.read(**blocks.main(number));
        return logged && *logged ? std::optional{(*logged)->block} : std::nullopt;
    }
    std::uint64_t height() { return sync->ledger().head().header.number; }
    void run_jobs() { run_all(network.queue, network.time); }
    /// Puts blocks of payments on the head.
    void grow(std::uint64_t from, std::size_t count, std::uint64_t seconds = 2) {
        for (std::size_t i = 0; i < count; ++i) {
            auto& ledger = sync->ledger();
            const auto nonce = ledger.account(address_of(from))->nonce;
            BlockPlan plan;
            plan.timestamp = ledger.head().header.timestamp + seconds;
            const Candidate candidates[] = {{payment(from, nonce, 1, 5), address_of(from)}};
            const auto& state = ledger.state();
            auto made = make_block(*chain.execution, *chain.engine, ledger.head(), plan, candidates,
                                   {state, state, state.root()});
            REQUIRE(made);
            if (const auto* work = dynamic_cast<const ProofOfWork*>(&ledger.engine())) {
                mine(made->block.header, work->target_after(ledger.head()));
            }
            bool done = false;
            sync->import(network.time, made->block, BlockSync::Maker::this_node,
                         [&](Now, auto result) { done = result.has_value(); });
            run_jobs();
            REQUIRE(done);
        }
    }
};

/// A link between two modules.
struct Wire {
    struct End {
        TestNode* node;
        std::unique_ptr<NotingContext> context = std::make_unique<NotingContext>();
        std::unique_ptr<transport::TopicHandler> handler = {};
    };
    End ends[2];
    std::shared_ptr<transport::CreditLedger> credit = std::make_shared<transport::CreditLedger>();
    std::multiset<transport::Code> sent = {};  // what was carried
    std::optional<transport::Code> lost = {};  // what is not carried

    Wire(TestNode& a, TestNode& b) : ends{{&a}, {&b}} {
        for (auto& end : ends) {
            end.context->time = end.node->network.time;
            end.handler = end.node->sync->new_peer(*end.context);
        }
    }
    /// Carries what was sent. False if nothing was.
    bool carry() {
        bool any = false;
        for (int side = 0; side < 2; ++side) {
            auto& from = ends[side];
            auto& to = ends[1 - side];
            for (auto& [code, bytes] : std::exchange(from.context->sent, {})) {
                any = true;
                if (code == lost) continue;
                sent.insert(code);
                const auto handled = to.handler->handle(
                    code, transport::Message{to_buffer(bytes), credit, transport::LinkId{1}, 1,
                                             bytes.size()});
                if (!handled) to.context->offences.push_back(handled.error());
            }
            to.node->run_jobs();
            from.node->run_jobs();
        }
        return any;
    }
    void heartbeat() {
        for (int side = 0; side < 2; ++side) {
            ends[1 - side].handler->on_status(ends[side].node->sync->status());
        }
    }
};

inline void run(std::vector<std::unique_ptr<Wire>>& wires) {
    for (int i = 0; i < 2000; ++i) {
        bool any = false;
        for (auto& wire : wires) any = wire->carry() || any;
        if (!any) return;
    }
    FAIL("it goes on for ever");
}

}  // namespace parley::chain::testing
