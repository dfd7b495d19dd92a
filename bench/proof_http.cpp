#include "chain.hpp"
#include "harness.hpp"
#include "proof_node.hpp"
#include "sockets.hpp"
#include <parley/base/rng.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {
namespace {

constexpr std::size_t connections = 4;
constexpr std::size_t batch = 50;    // requests in a body
constexpr std::size_t bodies = 100;  // a connection
constexpr double aim_proofs_per_second = 15'000;

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
            i == 0 ? "" : ",", i, proof_account(rng.below(proof_accounts)).to_string());
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

double proof_http_aim() {
    return aim_proofs_per_second;
}

double proof_http() {
    static const ProofNode node;
    Rng rng{1};
    std::vector<std::unique_ptr<Caller>> callers;
    callers.reserve(connections);
    for (std::size_t i = 0; i < connections; ++i) {
        callers.push_back(std::make_unique<Caller>(node.http.port));
    }
    const double start = processor_seconds(node.process->pid());
    for (std::size_t i = 0; i < bodies; ++i) {
        for (auto& caller : callers) caller->ask(questions(rng));
        for (auto& caller : callers) {
            if (proofs_in(caller->answer()) != batch)
                throw std::runtime_error{"proofs are missing"};
        }
    }
    return static_cast<double>(connections * bodies * batch) /
           (processor_seconds(node.process->pid()) - start);
}

}  // namespace parley::bench
