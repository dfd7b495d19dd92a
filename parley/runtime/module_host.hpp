// ModuleHost: the shortest way from a module to a network: modules on a BareNode, a Host with a
// thread of its own, a fresh key. For programs that know whom to dial.
//
//     ModuleHost host{{&module}};
//     host.start();
//     host.dial(target);
#pragma once

#include <parley/p2p/bare_node.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/host.hpp>

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace parley::runtime {

struct ModuleHostOptions {
    /// Without: dials only. Port 0 lets the system choose.
    std::optional<Endpoint> listen = Endpoint{*IpAddress::parse("127.0.0.1"), 0};
    std::uint64_t network_id = 1;
    std::string client = "parley";
    transport::SwitchConfig links = {};
    std::size_t io_threads = 1;
    Log* log = nullptr;  ///< null: no log
};

/// Threading: one thread owns it; post and dial may be called from any.
class ModuleHost {
public:
    /// `modules` outlive it. Throws std::runtime_error if it cannot listen.
    explicit ModuleHost(std::vector<transport::PeerHandler*> modules,
                        const ModuleHostOptions& options = {});
    /// Says goodbye to all peers.
    ~ModuleHost();
    ModuleHost(const ModuleHost&) = delete;
    ModuleHost& operator=(const ModuleHost&) = delete;

    /// Where others dial us.
    Target target() const { return {key_.id(), endpoint_}; }
    /// From here on links come and go, and modules are called, on the node's thread.
    void start();
    void dial(const Target& target);
    /// Runs `call` on the node's thread, soon; there it may use network() and core().
    void post(std::move_only_function<void(Now)> call) { host_.post(std::move(call)); }
    transport::Network& network() { return core_.links(); }
    p2p::BareNode& core() { return core_; }

private:
    OsEntropy entropy_;
    NodeKey key_;
    Host host_;
    p2p::BareNode core_;
    Endpoint endpoint_;
    std::thread thread_;
};

}  // namespace parley::runtime
