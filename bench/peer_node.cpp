#include "peer_node.hpp"

#include <stdexcept>

namespace parley::bench {

namespace {

transport::Hello hello_of(const NodeKey& key) {
    transport::Hello hello{
        EnrBuilder{1}.ip(IpAddress::v4({std::byte{127}, {}, {}, std::byte{1}})).sign(key).value()};
    hello.client = "parley-bench";
    hello.network_id = 1;
    hello.roles = transport::role::full;
    return hello;
}

runtime::HostConfig host_config(bool listens) {
    runtime::HostConfig config;
    if (listens) config.listen = {*Endpoint::parse("127.0.0.1:0")};
    return config;
}

}  // namespace

PeerNode::PeerNode(std::vector<transport::PeerHandler*> modules, bool listens,
                   transport::SwitchConfig config)
    : key_(NodeKey::generate(entropy_)),
      host_(host_config(listens), entropy_, no_log()),
      core_(config, key_, hello_of(key_), std::move(modules), no_log(), Rng{1}) {
    const auto bound = host_.listen();
    if (!bound) throw std::runtime_error{"cannot listen"};
    if (listens) endpoint_ = bound->front();
}

PeerNode::~PeerNode() {
    host_.stop();
    if (thread_.joinable()) thread_.join();
}

void PeerNode::start() {
    thread_ = std::thread{[this] { host_.run(core_); }};
}

void PeerNode::dial(const Target& target) {
    host_.post([this, target](Now now) {
        (void)core_.links().dial(now, target, transport::SlotClass::ordinary);
    });
}

}  // namespace parley::bench
