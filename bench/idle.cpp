#include "idle.hpp"
#include "link_crowd.hpp"
#include <parley/runtime/module_host.hpp>

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace parley::bench {

namespace {

constexpr std::size_t links = 10'000;
constexpr std::size_t dials_at_a_time = 64;
/// Two heartbeats' time after the last link came up.
constexpr Duration settling = 32s;
constexpr double give_up_after = 300;

/// A topic as the node has them, on which nothing is said.
class Silent final : public transport::PeerHandler {
public:
    explicit Silent(std::string name) : name_(std::move(name)) {}
    transport::TopicSpec topic() const override {
        return {.name = name_,
                .priority = transport::Priority::transactions,
                .message_bytes_max = 16U << 10,
                .window_bytes = 32U << 10,
                .send_budget_bytes = 64U << 10};
    }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
        struct Handler final : transport::TopicHandler {
            Result<void, transport::Offence> handle(transport::Code, transport::Message) override {
                return {};
            }
        };
        return std::make_unique<Handler>();
    }

private:
    std::string name_;
};

transport::SwitchConfig many_links() {
    transport::SwitchConfig config;
    config.slots.inbound_max = config.slots.outbound_max = links;
    config.slots.handshake_in_max = config.slots.handshake_out_max = 2 * dials_at_a_time;
    config.receive_bytes_max = 8ULL << 30;
    return config;
}

LinkCrowd make_crowd() {
    return {links,
            {Silent{"pex"}.topic(), Silent{"tx"}.topic()},
            runtime::ModuleHostOptions{}.network_id};
}

/// Until all links are up; `step` lets some time pass.
void gather(const LinkCrowd& crowd, const std::function<void()>& step) {
    const double began = seconds_now();
    while (crowd.up_count() < links) {
        if (seconds_now() - began > give_up_after) {
            throw std::runtime_error{fmt::format("only {} links came up", crowd.up_count())};
        }
        step();
    }
}

double measured(PeerProcess& node, LinkCrowd& crowd) {
    crowd.run_for(settling + 3s);
    const auto line = node.read_line();
    if (crowd.up_count() < links) throw std::runtime_error{"idle links were lost"};
    return std::stod(line);
}

double listening_side() {
    PeerProcess node{{"idle-node", "listen"}};
    const auto target = Target::parse(node.read_line());
    LinkCrowd crowd = make_crowd();
    gather(crowd, [&] { crowd.dial_missing(*target, dials_at_a_time, 2ms); });
    return measured(node, crowd);
}

double dialing_side() {
    LinkCrowd crowd = make_crowd();
    PeerProcess node{{"idle-node", "dial", std::to_string(crowd.listen())}};
    (void)node.read_line();
    gather(crowd, [&] { crowd.run_for(2ms); });
    return measured(node, crowd);
}

}  // namespace

int idle_node(const std::vector<std::string>& arguments) {
    const bool dials = arguments.at(0) == "dial";
    Silent pex{"pex"};
    Silent tx{"tx"};
    runtime::ModuleHost node{{&pex, &tx}, {.links = many_links()}};
    std::atomic<std::size_t> up{0};
    std::size_t next = 0;
    const auto dial_next = [&](Now now) {
        const auto port = static_cast<std::uint16_t>(std::stoul(arguments.at(1)));
        if (next >= links) return;
        const Target target{LinkCrowd::key(next).id(), LinkCrowd::endpoint(next, port)};
        if (node.core().links().dial(now, target, transport::SlotClass::ordinary)) ++next;
    };
    const auto on_up =
        node.core().hub().subscribe<transport::PeerUp>([&](const transport::PeerUp&) {
            ++up;
            if (dials) node.post(dial_next);
        });
    const auto on_down =
        node.core().hub().subscribe<transport::PeerDown>([&](const transport::PeerDown&) { --up; });
    const auto on_failure = node.core().hub().subscribe<transport::DialFailed>(
        [](const transport::DialFailed&) { throw std::runtime_error{"a dial failed"}; });
    node.start();
    fmt::print("{}\n", node.target().to_string());
    std::fflush(stdout);
    ::malloc_trim(0);
    const double before = resident_bytes();
    for (std::size_t i = 0; dials && i < dials_at_a_time; ++i) node.post(dial_next);
    while (up < links) std::this_thread::sleep_for(10ms);
    std::this_thread::sleep_for(settling);
    fmt::print("{:.0f}\n", (resident_bytes() - before) / links);
    std::fflush(stdout);
    std::promise<void>{}.get_future().wait();  // until this process is ended
    return 0;
}

void run_idle() {
    const double inbound = listening_side() / 1024;
    const double outbound = dialing_side() / 1024;
    fmt::print(
        "{{\"bench\":\"{}\",\"value\":{:.2f},\"unit\":\"KiB/link\",\"links\":{},"
        "\"listening\":{:.2f},\"dialing\":{:.2f}}}\n",
        idle_name, std::max(inbound, outbound), links, inbound, outbound);
    std::fflush(stdout);
}

}  // namespace parley::bench
