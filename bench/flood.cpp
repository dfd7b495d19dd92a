#include "flood.hpp"
#include "link_crowd.hpp"
#include <parley/chain/txpool/messages.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/runtime/module_host.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <optional>
#include <thread>

namespace parley::bench {

namespace {

constexpr std::uint64_t network = 1;
constexpr transport::LaneId lane = 1;
constexpr std::size_t transactions = 150;
constexpr std::size_t own_transactions = 200;
constexpr double give_up = 5;      // seconds; and counts as much
constexpr std::size_t honest = 2;  // peers 0 and 1 of the crowd; those after them flood

std::vector<transport::TopicSpec> topics() {
    chain::TxPool pool;
    return {chain::TxRelay{{}, pool, Rng{1}}.topic()};
}

/// Valid ones, of no account that anybody has.
class FreeTransactions {
public:
    SharedBytes next() {
        MutableBytes s{tx_.signature};
        entropy_.fill(s.subspan(33));
        return SharedBytes::own(tx_.encode());
    }

private:
    static chain::Transaction made() {
        auto tx = chain::testing::sign(chain::testing::transfer(0, 5'000'000'000),
                                       chain::testing::secret_of(5));
        tx.signature[32] = std::byte{0x11};  // s below half of the order
        return tx;
    }
    chain::Transaction tx_ = made();
    SeededEntropy entropy_{static_cast<std::uint64_t>(::getpid())};
};

void connect(LinkCrowd& crowd, std::size_t first, std::size_t count, const Target& target) {
    for (std::size_t i = first; i < first + count; ++i) crowd.dial(i, target);
    while (crowd.up_count() < count) crowd.run_for(1ms);
}

}  // namespace

double gossip_time(std::size_t flooders) {
    PeerProcess node{{"flood-node"}};
    const auto line = node.read_line();
    const auto target = Target::parse(line);
    LinkCrowd crowd{honest, topics(), network};
    connect(crowd, 0, honest, *target);
    std::optional<PeerProcess> flood;
    if (flooders > 0) {
        flood.emplace(std::vector<std::string>{"flood-links", line, std::to_string(flooders)});
        flood->read_line();
        crowd.run_for(2s);
    }
    Hash256 wanted{};
    double arrived = 0;
    crowd.on_message = [&](std::size_t peer, transport::LaneId, transport::Code code, Bytes bytes) {
        if (peer != 1 || code != chain::tx_topic::payload) return;
        if (crypto::keccak256(bytes) == wanted) arrived = seconds_now();
    };
    std::vector<double> times;
    for (std::size_t i = 0; i < transactions; ++i) {
        const auto tx =
            chain::testing::sign(chain::testing::transfer(0), chain::testing::secret_of(1000 + i));
        wanted = tx.hash;
        arrived = 0;
        const double began = seconds_now();
        crowd.send(0, lane, chain::tx_topic::payload, tx.raw);
        while (arrived == 0 && seconds_now() < began + give_up) crowd.run_for(1ms);
        times.push_back(arrived > 0 ? arrived - began : give_up);
        crowd.run_for(20ms);
    }
    std::ranges::sort(times);
    if (flood) {
        const auto arrived_in_time = std::ranges::lower_bound(times, give_up) - times.begin();
        fmt::print("  {} of {} arrived, the slowest after {:.1f} ms; {}\n", arrived_in_time,
                   transactions, 1e3 * times.back(), node.read_line());
    }
    return 1e3 * times[times.size() / 2];
}

namespace {

/// What the node's own user submits while others flood, and how much the flood holds at most.
class OwnUser {
public:
    OwnUser(runtime::ModuleHost& node, chain::TxRelay& relay) : node_(node), relay_(relay) {}

    /// Returns when all have an answer, with a line that says so.
    std::string run() {
        while (ask([&] { return node_.core().links().peers().size(); }) <= honest) pause(20ms);
        for (std::size_t i = 0; i < own_transactions; ++i) {
            node_.post([this, i](Now now) { submit(now, i); });
            for (int look = 0; look < 5; ++look) {
                pause(5ms);
                queued_most_ =
                    std::max(queued_most_, ask([&] { return relay_.unchecked_bytes(); }));
            }
        }
        while (ask([&] { return answered_; }) < own_transactions) pause(20ms);
        return fmt::format(
            "own user: {} of {} accepted, the slowest after {:.1f} ms; {:.1f} MiB wait at most",
            accepted_, own_transactions, 1e3 * slowest_,
            static_cast<double>(queued_most_) / (1U << 20));
    }

private:
    static void pause(Duration time) { std::this_thread::sleep_for(time); }
    template <class F>
    std::size_t ask(F look) {
        std::promise<std::size_t> answer;
        auto future = answer.get_future();
        node_.post([&](Now) { answer.set_value(look()); });
        return future.get();
    }
    void submit(Now now, std::size_t number) {
        const auto tx = chain::testing::sign(chain::testing::transfer(0),
                                             chain::testing::secret_of(100'000 + number));
        const double began = seconds_now();
        relay_.submit(now, tx.raw, [this, began](const auto& result) {
            ++answered_;
            accepted_ += result ? 1 : 0;
            slowest_ = std::max(slowest_, seconds_now() - began);
        });
    }

    runtime::ModuleHost& node_;
    chain::TxRelay& relay_;
    // On the node's thread, but the last.
    std::size_t answered_ = 0, accepted_ = 0;
    double slowest_ = 0;
    std::size_t queued_most_ = 0;
};

}  // namespace

int flood_node(const std::vector<std::string>&) {
    chain::TxPool pool;
    chain::TxRelay relay{{}, pool, Rng{static_cast<std::uint64_t>(::getpid())}};
    runtime::ModuleHostOptions options;
    options.network_id = network;
    runtime::ModuleHost node{{&relay}, options};
    node.start();
    fmt::print("{}\n", node.target().to_string());
    std::fflush(stdout);
    fmt::print("{}\n", OwnUser{node, relay}.run());
    std::fflush(stdout);
    std::promise<void>{}.get_future().wait();  // until this process is ended
    return 0;
}

int flood_links(const std::vector<std::string>& arguments) {
    const auto target = Target::parse(arguments.at(0));
    const std::size_t links = std::stoul(arguments.at(1));
    // Others have machines of their own: what the node needs of this one comes first.
    if (::nice(10) == -1) return 1;
    LinkCrowd crowd{honest + links, topics(), network};
    connect(crowd, honest, links, *target);
    fmt::print("up\n");
    std::fflush(stdout);
    FreeTransactions free;
    constexpr std::size_t at_a_time = 10;
    for (;;) {
        for (std::size_t i = honest; i < honest + links; ++i) {
            for (std::size_t n = 0; n < at_a_time; ++n) {
                crowd.send(i, lane, chain::tx_topic::payload, free.next());
            }
        }
        crowd.run_for(10ms);
    }
}

}  // namespace parley::bench
