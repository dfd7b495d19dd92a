// discv5-load: many clients that ask one node of the DHT, each from a loopback address of its own,
// since a node may limit what one address sends. What it reads from standard input it does, and
// answers with a line of JSON:
//   handshakes COUNT   by new clients: from the first packet to the answer to the handshake's PING
//   pings COUNT        by clients that have a session, in turn
// ./dev interop discv5 --bench runs it.
#include "client.hpp"
#include "loopback.hpp"
#include <parley/runtime/entropy.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace parley;
using namespace parley::interop;
using Clock = std::chrono::steady_clock;

constexpr std::size_t in_flight = 16;
constexpr std::size_t pinging_clients = 256;
constexpr Duration patience = 300ms;  // without a datagram; then what was sent is lost
constexpr double seconds_max = 60;    // of a run

struct Outcome {
    std::size_t answered = 0;
    std::size_t lost = 0;
    double seconds = 0;
};

class Load {
public:
    explicit Load(const MeasuredNode& node) : node_(node), socket_(node.endpoint) {}

    Outcome handshakes(std::size_t count) {
        clients_.clear();
        for (std::uint32_t i = 0; i < count; ++i) {
            clients_.emplace_back(node_, ++clients_made_, socket_.endpoint(i));
        }
        return run(count, [](Client& client) { return client.greeting(); });
    }
    Outcome pings(std::size_t count) {
        if (clients_.size() != pinging_clients) handshakes(pinging_clients);
        return run(count, [](Client& client) { return client.ping(); });
    }

private:
    /// `count` times a client, in turn, sends its `first` packet and goes on to a PONG.
    template <class First>
    Outcome run(std::size_t count, First first) {
        Outcome out;
        std::size_t begun = 0;
        std::size_t turn = 0;
        std::vector<bool> waits(clients_.size());
        const auto send = [&](std::size_t i) {
            waits[i] = true;
            socket_.send(static_cast<std::uint32_t>(i), first(clients_[i]));
        };
        const auto begin_one = [&] {
            while (waits[turn]) turn = (turn + 1) % clients_.size();
            send(turn);
            turn = (turn + 1) % clients_.size();
            ++begun;
        };
        const auto on_datagram = [&](std::uint32_t i, Bytes datagram) {
            if (i >= clients_.size() || !waits[i]) return;
            auto& client = clients_[i];
            if (client.is_challenge(datagram)) return socket_.send(i, client.handshake(datagram));
            if (!client.is_pong(datagram)) return;
            waits[i] = false;
            ++out.answered;
            if (begun < count) begin_one();
        };
        const auto began = Clock::now();
        while (begun < std::min(count, in_flight)) begin_one();
        while (out.answered < count && out.seconds < seconds_max) {
            const bool came = socket_.exchange(patience, on_datagram);
            out.seconds = std::chrono::duration<double>(Clock::now() - began).count();
            for (std::size_t i = 0; !came && i < waits.size(); ++i) {
                if (!waits[i]) continue;
                ++out.lost;
                send(i);
            }
        }
        return out;
    }

    const MeasuredNode& node_;
    LoopbackSocket socket_;
    std::uint64_t clients_made_ = runtime::random_seed();
    std::deque<Client> clients_;
};

int serve(const MeasuredNode& node) {
    Load load{node};
    std::string what;
    std::size_t count = 0;
    while (std::cin >> what >> count) {
        const bool pings = what == "pings";
        if (count == 0 || (!pings && what != "handshakes")) return 2;
        if (!pings && count > LoopbackSocket::addresses_max) return 2;
        const auto out = pings ? load.pings(count) : load.handshakes(count);
        fmt::print("{{\"answered\":{},\"lost\":{},\"seconds\":{:.6f}}}\n", out.answered, out.lost,
                   out.seconds);
        std::fflush(stdout);
    }
    return std::cin.eof() ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
    const auto record = Enr::parse(argc == 2 ? argv[1] : "");
    const auto node = record ? MeasuredNode::of(*record) : std::nullopt;
    if (!node) {
        fmt::print(stderr, "usage: discv5-load ENR   (of a node on the loopback)\n");
        return 2;
    }
    try {
        return serve(*node);
    } catch (const std::exception& error) {
        fmt::print(stderr, "discv5-load: {}\n", error.what());
        return 1;
    }
}
