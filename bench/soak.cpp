#include "harness.hpp"
#include "link_crowd.hpp"
#include "soak.hpp"
#include <parley/chain/txpool/messages.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/discovery/pex/pex_messages.hpp>
#include <parley/node/node.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/host.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace parley::bench {

namespace {

constexpr std::size_t links = 10'000;
constexpr std::size_t dials_at_a_time = 64;
// A second's worth.
constexpr std::size_t goodbyes = 40;
constexpr std::size_t crashes = 40;
constexpr std::size_t questions = 200;
constexpr std::size_t transactions = 5;
constexpr std::size_t accounts = 500;
constexpr transport::LaneId pex_lane = 1, tx_lane = 2;
/// Who said goodbye may not have been counted out yet when the next one calls.
constexpr std::size_t links_needed = links - links * 3 / 100;
constexpr double growth_max = 0.1;

node::NodeConfig config() {
    node::NodeConfig out;
    out.p2p.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
    out.p2p.allow_private = true;
    out.p2p.inbound_max = links;
    out.p2p.outbound_max = 0;
    out.p2p.handshakes_max = 4 * dials_at_a_time;
    out.p2p.receive_bytes_max = 32ULL << 30;
    return out;
}

transport::ForkRules crowd_forks() {
    const auto network = config().network;
    return {.genesis = network.genesis, .forks = network.forks};
}

std::vector<transport::TopicSpec> crowd_topics() {
    return {{.name = "pex", .message_bytes_max = 16U << 10, .window_bytes = 64U << 10},
            {.name = "tx", .message_bytes_max = 40'000, .window_bytes = 256U << 10}};
}

class Soak {
public:
    explicit Soak(const Target& node)
        : node_(node), crowd_(links, crowd_topics(), config().network.id, crowd_forks()) {
        crowd_.on_message = [this](std::size_t peer, transport::LaneId lane, transport::Code code,
                                   Bytes bytes) { answer(peer, lane, code, bytes); };
    }
    void fill() {
        while (crowd_.up_count() < links && seconds_now() < give_up_) redial(2ms);
    }
    void second() {
        for (std::size_t i = 0; i < goodbyes; ++i) crowd_.hang_up(any());
        for (std::size_t i = 0; i < crashes; ++i) crowd_.vanish(any());
        drops += goodbyes + crashes;
        // In turn: who asks too often is at fault.
        for (std::size_t i = 0; i < questions; ++i) {
            next_asker_ = (next_asker_ + 1) % links;
            crowd_.send(next_asker_, pex_lane, discovery::pex_get_peers,
                        discovery::encode(discovery::GetPeers{++last_request_, 16}));
            ++messages;
        }
        for (std::size_t i = 0; i < transactions; ++i) submit();
        const double until = seconds_now() + 1;
        while (seconds_now() < until) redial(5ms);
    }
    std::size_t up() const { return crowd_.up_count(); }

    std::uint64_t drops = 0, messages = 0, received = 0;

private:
    std::size_t any() { return static_cast<std::size_t>(rng_.below(links)); }
    void redial(Duration time) { crowd_.dial_missing(node_, dials_at_a_time, time); }
    void submit() {
        // Each one replaces the one of a round before, for a better price: the pool stays as it is.
        if (next_account_ == accounts) {
            next_account_ = 0;
            price_ += price_ / 8;
        }
        const std::size_t account = next_account_++;
        auto tx = chain::testing::transfer(0, price_);
        tx.chain_id = node::ChainConfig{}.id;
        const auto made = chain::testing::sign(tx, chain::testing::secret_of(account));
        crowd_.send(any(), tx_lane, chain::tx_topic::payload, made.raw);
        ++messages;
    }
    void answer(std::size_t peer, transport::LaneId lane, transport::Code code, Bytes bytes) {
        ++received;
        if (lane == pex_lane && code == discovery::pex_get_peers) {
            if (const auto asked = discovery::decode_get_peers(bytes)) {
                crowd_.send(peer, pex_lane, discovery::pex_peers,
                            discovery::encode_peers(asked->request, {}));
            }
        } else if (lane == tx_lane && code == chain::tx_topic::payload) {
            crowd_.send(peer, tx_lane, chain::tx_topic::prune, {});
        }
    }

    Target node_;
    LinkCrowd crowd_;
    Rng rng_{1};
    std::uint64_t price_ = 10'000'000'000;
    std::size_t next_account_ = 0, next_asker_ = 0;
    std::uint64_t last_request_ = 0;
    double give_up_ = seconds_now() + 600;
};

double mebibytes(pid_t process) {
    return resident_bytes(process) / (1 << 20);
}

}  // namespace

int soak_node(const std::vector<std::string>&) {
    runtime::OsEntropy entropy;
    MemoryStore store;
    const auto settings = config();
    runtime::HostConfig of_host;
    of_host.listen = settings.p2p.listen;
    of_host.link = settings.link();
    runtime::Host host{of_host, entropy, no_log()};
    const auto bound = host.listen();
    if (!bound) return 1;
    const auto node = node::Node::create(settings, NodeKey::generate(entropy), store, no_log(),
                                         Rng{runtime::random_seed()}, runtime::now());
    if (!node) return 1;
    (*node)->add_listener(runtime::now(), bound->front(), std::nullopt);
    fmt::print("{}\n", Target{(*node)->id(), bound->front()}.to_string());
    std::fflush(stdout);
    host.run(**node);
    return 0;
}

int run_soak(const std::vector<std::string>& arguments) {
    const double minutes = arguments.empty() ? 60 : std::stod(arguments[0]);
    PeerProcess node{{"soak-node"}};
    Soak soak{*Target::parse(node.read_line())};
    soak.fill();
    const double began = seconds_now();
    double warm = 0;
    double most = 0;
    std::size_t links_least = soak.up();
    double next_word = began;
    for (double now = began; now - began < 60 * minutes; now = seconds_now()) {
        soak.second();
        links_least = std::min(links_least, soak.up());
        const double memory = mebibytes(node.pid());
        if (now - began < 10 * minutes) {
            warm = std::max(warm, memory);
        } else {
            most = std::max(most, memory);
        }
        if (now < next_word) continue;
        next_word += 60;
        fmt::print(stderr, "{:3.0f} min: {} links, {} drops, {} messages, {:.1f} MiB\n",
                   (now - began) / 60, soak.up(), soak.drops, soak.messages, memory);
    }
    const double growth = most / warm - 1;
    fmt::print(
        "{{\"bench\":\"soak\",\"value\":{:.3f},\"unit\":\"growth of memory\",\"minutes\":{:.0f},"
        "\"links_least\":{},\"drops\":{},\"messages\":{},\"received\":{},\"mib_warm\":{:.1f},"
        "\"mib_most\":{:.1f}}}\n",
        growth, minutes, links_least, soak.drops, soak.messages, soak.received, warm, most);
    return growth <= growth_max && links_least >= links_needed ? 0 : 1;
}

}  // namespace parley::bench
