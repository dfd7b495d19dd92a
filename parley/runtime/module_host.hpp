// ModuleHost: the shortest way from a module to a network: modules on a BareNode, a Host with a
// thread of its own, and a key that lasts as long as the object. Without discovery: for programs
// that know their peers' addresses.
//
//     ModuleHost host{{&module}};
//     host.start();
//     host.dial(target);
//
// Threading: one thread owns it; post and dial from any.
#pragma once

#include <parley/p2p/bare_node.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/host.hpp>

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace parley::runtime {

/// Endpoint, network and limits of a ModuleHost.
struct ModuleHostOptions {
    /// Nothing: dials only. Port 0: the system chooses.
    std::optional<Endpoint> listen = Endpoint{*IpAddress::parse("127.0.0.1"), 0};
    std::uint64_t network_id = 1;  ///< peers of another network are refused
    Hash256 genesis{};             ///< of the chain, if there is one: others' peers are refused
    std::uint64_t chain_id = 0;    ///< of EIP-155, likewise; 0: none
    std::uint64_t roles = transport::role::full;
    std::string client = "parley";  ///< the name that peers are told
    transport::SwitchConfig links = {};
    std::size_t io_threads = 1;  ///< as HostConfig::io_threads
    Duration spin = 0ns;         ///< as HostConfig::spin
    Log* log = nullptr;          ///< null: no log
};

class ModuleHost {
public:
    /// Listens; opens those of the descriptors 0 to 2 that are closed on /dev/null, so that nothing
    /// that the program prints goes into a socket. `modules` and the log outlive the object. Throws
    /// std::runtime_error, with the endpoint and the reason, if it cannot listen.
    explicit ModuleHost(std::vector<transport::PeerHandler*> modules,
                        const ModuleHostOptions& options = {});
    /// Ends all links with a Goodbye and joins the node's thread.
    ~ModuleHost();
    ModuleHost(const ModuleHost&) = delete;
    ModuleHost& operator=(const ModuleHost&) = delete;

    /// The address for others to dial, with the port that the system chose.
    Target target() const { return {key_.id(), endpoint_}; }
    /// From here on links come and go, and modules are called, on the node's thread.
    void start();
    /// Dials soon, once. An attempt that fails is a warning in the log and
    /// PeerHandler::on_attempt_failed().
    void dial(const Target& target);
    /// Runs `call` on the node's thread, soon: the only place to use network() and core(), once
    /// started.
    void post(std::move_only_function<void(Now)> call) { host_.post(std::move(call)); }
    /// The network as modules see it. On the node's thread, once started: see post().
    transport::Network& network() { return core_.links(); }
    /// The node itself. On the node's thread, once started: see post().
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
