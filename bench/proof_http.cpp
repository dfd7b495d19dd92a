#include "chain.hpp"
#include "harness.hpp"
#include "sockets.hpp"
#include "temp_folder.hpp"
#include <parley/base/rng.hpp>
#include <parley/chain/consensus/unsealed/unsealed.hpp>
#include <parley/node/chain.hpp>
#include <parley/runtime/node_host.hpp>
#include <parley/runtime/store/file_log.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;

constexpr std::size_t accounts = 1'000'000;
constexpr std::size_t connections = 4;
constexpr std::size_t batch = 50;    // requests in a body
constexpr std::size_t bodies = 100;  // a connection
constexpr double aim_proofs_per_second = 15'000;

Address numbered_address(std::uint64_t number) {
    return Address{array_of<20>(Bytes{to_uint256(0x1'0000 + number)}.last(20))};
}

node::ChainData chain_data() {
    Genesis genesis;
    genesis.chain_id = node::ChainConfig{}.id;
    genesis.forks.london_block = 0;
    genesis.forks.terminal_total_difficulty = Uint256{};
    genesis.gas_limit = 30'000'000;
    for (std::size_t i = 0; i < accounts; ++i) {
        genesis.alloc[numbered_address(i)].balance = to_uint256(i + 1);
    }
    auto first = make_genesis_block(genesis);
    const auto engine = std::make_shared<Unsealed>(genesis.forks);
    genesis.alloc.clear();
    return {.genesis = std::move(genesis),
            .genesis_block = std::move(first),
            .engine = engine,
            .store = std::make_shared<MemoryStore>(),
            .log_file = std::make_shared<MemoryLog>()};
}

/// Of another process, on all its threads.
double processor_seconds(pid_t process) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
        throw std::runtime_error{"no processor time"};
    }
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// A connection that is kept, on which one body after the other is sent.
class Caller {
public:
    explicit Caller(std::uint16_t port) : socket_(connect_to(port)) {}

    void ask(std::string_view body) {
        const auto text = fmt::format(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            "Content-Length: {}\r\n\r\n{}",
            body.size(), body);
        socket_.write_all(bytes_of(text));
    }
    /// The body of the answer. Waits for it.
    std::string_view answer() {
        received_.clear();
        std::size_t head = std::string::npos;
        std::size_t size = 0;
        while (head == std::string::npos || received_.size() < head + size) {
            more();
            if (head != std::string::npos) continue;
            head = received_.find("\r\n\r\n");
            if (head == std::string::npos) continue;
            head += 4;
            size = length(std::string_view{received_}.substr(0, head));
        }
        return std::string_view{received_}.substr(head);
    }

private:
    static std::size_t length(std::string_view head) {
        constexpr std::string_view name = "Content-Length: ";
        const auto at = head.find(name);
        std::size_t out = 0;
        if (at == std::string_view::npos || !head.starts_with("HTTP/1.1 200")) {
            throw std::runtime_error{"no answer"};
        }
        std::from_chars(head.data() + at + name.size(), head.data() + head.size(), out);
        return out;
    }
    void more() {
        std::array<char, 1U << 16> part;  // NOLINT: filled by read_some
        const auto size = socket_.read_some(std::as_writable_bytes(std::span{part}));
        if (size == 0) throw std::runtime_error{"the connection ended"};
        received_.append(part.data(), size);
    }

    Socket socket_;
    std::string received_;
};

std::string questions(Rng& rng) {
    std::string out = "[";
    for (std::size_t i = 0; i < batch; ++i) {
        out += fmt::format(
            R"({}{{"jsonrpc":"2.0","id":{},"method":"eth_getProof","params":["{}",[],"latest"]}})",
            i == 0 ? "" : ",", i, numbered_address(rng.below(accounts)).to_string());
    }
    return out + "]";
}

std::size_t proofs_in(std::string_view answer) {
    std::size_t out = 0;
    for (auto at = answer.find("\"accountProof\":[\"0x"); at != std::string_view::npos;
         at = answer.find("\"accountProof\":[\"0x", at + 1)) {
        ++out;
    }
    return out;
}

}  // namespace

int proof_node(const std::vector<std::string>& arguments) {
    node::Chain chain{{}, Rng{1}, chain_data()};
    runtime::NodeHostOptions options;
    options.folder = arguments.at(0);
    options.config.client = "parley-bench";
    options.config.rpc.http = Endpoint::parse("127.0.0.1:0");
    options.config.log.level = LogLevel::error;
    options.modules = chain.modules();
    options.methods = chain.rpc_methods();
    runtime::NodeHost host{std::move(options)};
    host.start();
    fmt::print("{}\n", host.rpc_endpoint()->to_string());
    std::fflush(stdout);
    ::pause();
    return 0;
}

double proof_http_aim() {
    return aim_proofs_per_second;
}

double proof_http() {
    static const TempFolder folder;
    static PeerProcess node{{"proof-node", folder.file("node")}};
    static const auto endpoint = Endpoint::parse(node.read_line());
    Rng rng{1};
    std::vector<std::unique_ptr<Caller>> callers;
    callers.reserve(connections);
    for (std::size_t i = 0; i < connections; ++i) {
        callers.push_back(std::make_unique<Caller>(endpoint->port));
    }
    const double start = processor_seconds(node.pid());
    for (std::size_t i = 0; i < bodies; ++i) {
        for (auto& caller : callers) caller->ask(questions(rng));
        for (auto& caller : callers) {
            if (proofs_in(caller->answer()) != batch)
                throw std::runtime_error{"proofs are missing"};
        }
    }
    return static_cast<double>(connections * bodies * batch) /
           (processor_seconds(node.pid()) - start);
}

}  // namespace parley::bench
