// parley-bench: every measurement by name; a JSON object a line. Without names: all of them.
// `parley-bench soak [MINUTES]` keeps 10,000 links busy for an hour.
// `parley-bench --ours NAME` and `--limit NAME` run one half of one alone, for a profiler.
#include "aead.hpp"
#include "bare.hpp"
#include "book.hpp"
#include "chain.hpp"
#include "consensus.hpp"
#include "consensus_world.hpp"
#include "dht.hpp"
#include "flood.hpp"
#include "harness.hpp"
#include "idle.hpp"
#include "keccak.hpp"
#include "light.hpp"
#include "pool.hpp"
#include "proof_node.hpp"
#include "relay.hpp"
#include "rtt.hpp"
#include "sim.hpp"
#include "soak.hpp"
#include "transport.hpp"
#include "wan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace parley::bench;

Benchmark round_trips(std::string name, std::string limit_of, std::function<double()> ours,
                      std::function<double()> limit) {
    return {.name = std::move(name),
            .unit = "us",
            .limit_of = std::move(limit_of),
            .ours = std::move(ours),
            .limit = std::move(limit),
            .beside = rtt_beside};
}

const std::vector<Benchmark>& benchmarks() {
    static const std::vector<Benchmark> all{
        {"transport.bulk", "bytes/s", "AES-256-GCM over 64 KiB records on loopback TCP",
         [] { return link_bulk(3ULL << 30); }, [] { return bare_bulk(3ULL << 30); }},
        {"transport.small", "messages/s", "200-byte messages in the same 64 KiB records",
         [] { return link_small(6'000'000, 1); }, [] { return bare_small(12'000'000); }},
        {"transport.small_one_thread", "messages/s",
         "the same; ours with sockets on the node's thread",
         [] { return link_small(6'000'000, 0); }, [] { return bare_small(12'000'000); }},
        {"transport.handshakes", "handshakes/s", "the bare cryptography and TCP connect",
         [] { return link_handshakes(4'000, false); }, [] { return bare_handshakes(4'000); }},
        {"transport.handshakes_known", "handshakes/s", "the same, with both records verified",
         [] { return link_handshakes(4'000, true); }, [] { return bare_handshakes(4'000); }},
        round_trips(
            "transport.rtt", "an epoll echo of the same bytes on bare sockets",
            [] { return link_rtt(0); }, bare_rtt),
        round_trips(
            "transport.rtt_io_thread", "the same; ours passes two more threads on each side",
            [] { return link_rtt(1); }, bare_rtt),
        round_trips("transport.rtt_spin",
                    "transport.rtt, whose threads sleep at once; these after 100 us", link_rtt_spin,
                    [] { return link_rtt(0); }),
        round_trips(
            "transport.rtt_awake", "transport.rtt, both sides on one processor, which stays awake",
            [] { return link_rtt_awake(0); }, bare_rtt_awake),
        round_trips(
            "transport.rtt_awake_io_thread", "the same; ours passes two more threads on each side",
            [] { return link_rtt_awake(1); }, bare_rtt_awake),
        round_trips("module.own_thread_rtt", "transport.rtt, its module on the node's thread",
                    own_thread_rtt, [] { return link_rtt(0); }),
        {"module.own_thread_small", "messages/s",
         "transport.small, its module on the node's thread",
         [] { return own_thread_small(2'000'000); }, [] { return link_small(2'000'000, 1); }},
        {"transport.wan", "bytes/s", "iperf3 on the same path: 60 ms round trip, 1 Gbit/s",
         [] { return link_wan(1ULL << 30); }, [] { return iperf_wan(1ULL << 30); }, 5,
         wan_obstacle},
        {"dht.requests", "requests/s", "recvmmsg, sendmmsg and AES of the same packets",
         dht_requests, bare_dht_requests},
        {"dht.handshakes", "handshakes/s", "the cryptography of the same packets", dht_handshakes,
         bare_dht_handshakes},
        {"pool.admit", "transfers/s", "libsecp256k1's recovery of the senders alone, on both cores",
         pool_admit, pool_admit_limit},
        {"trie.commit", "nodes/s", "Keccak-256 of the same nodes, one after another", trie_commit,
         trie_commit_limit},
        {"proof.serve", "proofs/s", "what it must reach", proof_serve, proof_serve_aim},
        {"proof.serve_http", "proofs/s", "what it must reach", proof_http, proof_http_aim, 3},
        {"ledger.import", "transfers/s", "the recovery of the senders alone, on both cores",
         ledger_import, ledger_import_limit},
        {"ledger.import_known", "transfers/s", "what it must reach", ledger_import_known,
         ledger_import_known_aim},
        {"ledger.import_geth", "transfers/s", "go-ethereum's import of the same blocks, in memory",
         ledger_import_memory, geth_import, 5, geth_obstacle},
        {"ledger.sync", "transfers/s", "the recovery of the senders alone, on both cores",
         ledger_sync, ledger_import_limit},
        {"consensus.final", "us", "three exchanges with the same signatures and recoveries",
         consensus_final, bare_consensus, 3},
        {"light.skip", "headers/s", "Keccak-256 of the same headers, one after another", light_skip,
         light_skip_limit, 5},
        {"light.walk", "headers/s", "the check of all their seals", light_walk, light_walk_limit,
         3},
        {"light.proof", "us", "a round trip of the link and 2 ms", light_proof, light_proof_limit,
         5},
        {"crypto.seal_64", "bytes/s", seal_limit(), [] { return seal_chosen(64); },
         [] { return seal_openssl(64); }, 5},
        {"crypto.seal_1k", "bytes/s", seal_limit(), [] { return seal_chosen(1'024); },
         [] { return seal_openssl(1'024); }, 5},
        {"crypto.seal_64k", "bytes/s", seal_limit(), [] { return seal_chosen(65'536); },
         [] { return seal_openssl(65'536); }, 5},
        {"crypto.seal_1k_64_keys", "bytes/s", seal_limit(), [] { return seal_turns_chosen(1'024); },
         [] { return seal_turns_openssl(1'024); }, 5},
        {"crypto.keccak_batch", "hashes/s", keccak_limit(),
         [] { return keccak_batch(branch_node_bytes); },
         [] { return keccak_in_turn(branch_node_bytes); }},
        {"crypto.keccak_batch_leaves", "hashes/s", keccak_limit(),
         [] { return keccak_batch(leaf_node_bytes); },
         [] { return keccak_in_turn(leaf_node_bytes); }},
        {"gossip.flooded", "ms", "the same without the 36 links that flood",
         [] { return gossip_time(flooding_links); }, [] { return gossip_time(0); }, 3},
    };
    return all;
}

const std::map<std::string_view, Role>& roles() {
    static const std::map<std::string_view, Role> all{
        {"bare-bulk", bare_bulk_sender},
        {"bare-echo", bare_echo},
        {"bare-small", bare_small_sender},
        {"bare-handshakes", bare_handshake_dialer},
        {"bare-consensus", bare_consensus_validator},
        {"book", book_run},
        {"consensus-validator", consensus_validator},
        {"consensus-world", consensus_world},
        {"dht-load", dht_load},
        {"dht-memory", dht_memory},
        {"flood-links", flood_links},
        {"flood-node", flood_node},
        {"idle-node", idle_node},
        {"pool", pool_run},
        {"proof-node", proof_node},
        {"relay-world", relay_world},
        {"sim-world", sim_world},
        {"soak-node", soak_node},
        {"link-echo", link_echo},
        {"link-stream", link_stream_sender},
        {"link-handshakes", link_handshake_dialer},
    };
    return all;
}

int usage(std::string_view wrong) {
    fmt::print(stderr, "parley-bench: no benchmark \"{}\"; there are:\n", wrong);
    for (const auto& benchmark : benchmarks()) fmt::print(stderr, "  {}\n", benchmark.name);
    for (const auto name :
         {rtt_loaded_name, idle_name, dht_memory_name, consensus_sustained_name}) {
        fmt::print(stderr, "  {}\n", name);
    }
    for (const auto& benchmark : book_benchmarks()) fmt::print(stderr, "  {}\n", benchmark.name);
    for (const auto& benchmark : pool_benchmarks()) fmt::print(stderr, "  {}\n", benchmark.name);
    fmt::print(stderr, "  {}\n", relay_block.name);
    for (const auto& benchmark : world_consensus_benchmarks()) {
        fmt::print(stderr, "  {}\n", benchmark.figure.name);
    }
    for (const auto& benchmark : sim_benchmarks()) fmt::print(stderr, "  {}\n", benchmark.name);
    return 2;
}

bool known(const std::string& name) {
    return name == idle_name || name == rtt_loaded_name || name == dht_memory_name ||
           name == relay_block.name || name == consensus_sustained_name ||
           std::ranges::find(benchmarks(), name, &Benchmark::name) != benchmarks().end() ||
           std::ranges::find(book_benchmarks(), name, &TargetBenchmark::name) !=
               book_benchmarks().end() ||
           std::ranges::find(pool_benchmarks(), name, &TargetBenchmark::name) !=
               pool_benchmarks().end() ||
           std::ranges::any_of(world_consensus_benchmarks(),
                               [&](const auto& one) { return one.figure.name == name; }) ||
           std::ranges::find(sim_benchmarks(), name, &SimBenchmark::name) != sim_benchmarks().end();
}

int run_all(const std::vector<std::string>& names) {
    for (const auto& wanted : names) {
        if (!known(wanted)) return usage(wanted);
    }
    const auto named = [&](std::string_view name) {
        return std::ranges::find(names, name) != names.end();
    };
    for (const auto& benchmark : benchmarks()) {
        if (names.empty() || named(benchmark.name)) run(benchmark);
    }
    if (names.empty() || named(rtt_loaded_name)) run_rtt_loaded();
    if (names.empty() || named(idle_name)) run_idle();
    if (names.empty() || named(dht_memory_name)) run_dht_memory();
    for (const auto& benchmark : book_benchmarks()) {
        if (names.empty() || named(benchmark.name)) run_book_benchmark(benchmark);
    }
    for (const auto& benchmark : pool_benchmarks()) {
        if (names.empty() || named(benchmark.name)) run_pool_benchmark(benchmark);
    }
    if (names.empty() || named(relay_block.name)) run_relay_block();
    for (const auto& benchmark : world_consensus_benchmarks()) {
        if (names.empty() || named(benchmark.figure.name)) run_world_consensus(benchmark);
    }
    if (named(consensus_sustained_name)) run_consensus_sustained(10);
    for (const auto& benchmark : sim_benchmarks()) {
        if ((names.empty() && !benchmark.only_when_named) || named(benchmark.name)) run(benchmark);
    }
    return 0;
}

/// One half alone, once: for a profiler.
int run_half(const std::string& half, const std::string& name) {
    const auto found = std::ranges::find(benchmarks(), name, &Benchmark::name);
    if (found == benchmarks().end()) return usage(name);
    if (const auto why = found->obstacle ? found->obstacle() : std::string{}; !why.empty()) {
        fmt::print("skipped: {}\n", why);
        return 0;
    }
    fmt::print("{:.6g} {}\n", half == "--ours" ? found->ours() : found->limit(), found->unit);
    if (found->beside) fmt::print(stderr, "{}\n", found->beside());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() >= 2 && arguments[0] == "--peer") {
            const auto role = roles().find(arguments[1]);
            if (role == roles().end()) return 2;
            return role->second({arguments.begin() + 2, arguments.end()});
        }
        if (arguments.size() == 2 && (arguments[0] == "--ours" || arguments[0] == "--limit")) {
            return run_half(arguments[0], arguments[1]);
        }
        if (!arguments.empty() && arguments[0] == "soak") {
            return run_soak({arguments.begin() + 1, arguments.end()});
        }
        return run_all(arguments);
    } catch (const std::exception& error) {
        fmt::print(stderr, "parley-bench: {}\n", error.what());
        return 1;
    }
}
