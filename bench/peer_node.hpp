// A node of a benchmark: a BareNode on a Host, with a thread of its own.
#pragma once

#include <parley/node/bare_node.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/host.hpp>

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace parley::bench {

class PeerNode {
public:
    /// Listens on a port of the system's choice if `listens`.
    PeerNode(std::vector<transport::PeerHandler*> modules, bool listens,
             transport::SwitchConfig config = {});
    ~PeerNode();
    PeerNode(const PeerNode&) = delete;
    PeerNode& operator=(const PeerNode&) = delete;

    Target target() const { return {key_.id(), endpoint_}; }
    node::BareNode& core() { return core_; }
    /// On the node's thread, soon.
    void post(std::move_only_function<void(Now)> call) { host_.post(std::move(call)); }
    /// From here on the node runs.
    void start();
    /// From any thread.
    void dial(const Target& target);

private:
    runtime::OsEntropy entropy_;
    NodeKey key_;
    runtime::Host host_;
    node::BareNode core_;
    Endpoint endpoint_;
    std::thread thread_;
};

}  // namespace parley::bench
