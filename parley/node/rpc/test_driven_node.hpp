// For tests only: a node with blocks in virtual time, whose Jobs run at once, and who asks it over
// JSON-RPC.
#pragma once

#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/node.hpp>
#include <parley/node/rpc/test_rpc.hpp>
#include <parley/p2p/rpc/methods.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace parley::node::testing {

inline constexpr std::uint64_t signer = 7;
inline constexpr std::uint64_t sender = 8;

/// Of one signer, with an account that has 10 ether.
inline ChainData solo_chain(std::uint64_t chain_id) {
    chain::Genesis genesis;
    genesis.chain_id = chain_id;
    genesis.forks = chain::testing::merged_schedule();
    const auto address = chain::testing::address_of(signer);
    genesis.extra_data.assign(address.value.begin(), address.value.end());
    genesis.gas_limit = 30'000'000;
    genesis.alloc[chain::testing::address_of(sender)].balance =
        to_uint256(10'000'000'000'000'000'000U);
    auto engine = make_engine("solo", genesis);
    REQUIRE(engine);
    auto block = chain::make_genesis_block(genesis);
    return {.genesis = std::move(genesis),
            .genesis_block = std::move(block),
            .engine = std::move(*engine),
            .store = std::make_shared<MemoryStore>(),
            .log_file = std::make_shared<MemoryLog>(),
            .signer_secret = chain::testing::secret_of(signer)};
}

struct DrivenNode {
    MemoryStore store;
    std::unique_ptr<Node> node;
    std::optional<rpc::Dispatcher> rpc;
    rpc::Caller caller{rpc::Origin::http};
    Now now{Instant{100s}, UnixTime{1'000s}};

    void open(const NodeConfig& config, ChainData chain) {
        SeededEntropy entropy{1};
        auto opened = Node::create(config, NodeKey::generate(entropy), store, no_log(), Rng{2}, now,
                                   {}, nullptr, std::move(chain));
        REQUIRE(opened);
        node = std::move(*opened);
        rpc.emplace(p2p::dispatcher_for(*node));
        rpc->add(rpc_methods(*node));
    }
    void work() {
        for (auto jobs = node->take_jobs(); !jobs.empty(); jobs = node->take_jobs()) {
            for (auto& job : jobs) {
                job.run();
                node->finish_job(job, now);
            }
        }
        node->turn(now);
    }
    /// The clocks alone.
    void step(Duration time) {
        now.instant += time;
        now.unix_time += std::chrono::duration_cast<UnixTime::duration>(time);
    }
    void pass(Duration time) {
        step(time);
        node->on_timer(now);
        work();
    }
    std::uint64_t head() const { return node->chain().blocks()->ledger().head().header.number; }

    /// That member of the reply, which must have it.
    json::value ask(std::string_view method, const std::string& params, std::string_view member) {
        std::string reply;
        rpc->handle(now,
                    fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":[{}]}})", method,
                                params),
                    caller, [&](std::string text) { reply = std::move(text); });
        work();
        auto value = json::parse(reply);
        REQUIRE_MESSAGE(value.as_object().contains(member), reply);
        return value.at(member);
    }
    json::value result(std::string_view method, const std::string& params = "") {
        return ask(method, params, "result");
    }
    std::string refusal(std::string_view method, const std::string& params = "") {
        return ask(method, params, "error").at("message").as_string().c_str();
    }
};

}  // namespace parley::node::testing
