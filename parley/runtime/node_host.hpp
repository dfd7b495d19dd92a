// NodeHost: a whole node of a peer-to-peer network in ten lines: a folder with a persistent key,
// settings and a store; listening, peer exchange, DHT, port mapping; JSON-RPC and metrics on
// loopback; log and signals; and the program's own modules. The commands `parley peers`, `status`,
// `book`, `dht`, `doctor` and `allow` work on its folder.
//
//     int main(int, char** argv) {
//         p2p::Config config;
//         config.client = "kv/1.0";
//         config.network = {.name = "kv", .id = 4711};
//         Kv kv;
//         runtime::NodeHost host{{.folder = argv[1], .config = config, .modules = {&kv}}};
//         host.run();  // until SIGINT or SIGTERM
//     }
//
// Threading: one thread constructs it and calls run(), or start() and the destructor; post() and
// stop() may be called from any.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/p2p/metrics.hpp>
#include <parley/p2p/network.hpp>
#include <parley/p2p/rpc/methods.hpp>
#include <parley/rpc/method.hpp>
#include <parley/runtime/folder/folder.hpp>
#include <parley/runtime/folder/key_file.hpp>
#include <parley/runtime/http/http_server.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::runtime {

/// The folder, settings and parts of a NodeHost.
struct NodeHostOptions {
    std::string folder;
    /// The settings of a new folder, and what no parley.toml says: client, roles, services.
    p2p::Config config = {};
    /// Settings of the program's own, in the same parley.toml: bound to its values, which are set
    /// when the constructor returns.
    p2p::SettingList settings = {};
    std::vector<transport::PeerHandler*> modules = {};  ///< outlive the host; see plug()
    std::vector<rpc::Method> methods = {};              ///< see add_methods()
    std::vector<p2p::MetricsCollector> metrics = {};    ///< see add_metrics()
    /// Of a web page that asks this node: served where `rpc.http` says, unless `rpc.page` is off.
    std::vector<HttpFile> page = {};
    /// Makes the folder, with a new key, if it is not there. Otherwise that is an error.
    bool make_folder = true;
    bool new_store = false;                  ///< an empty store if the folder has none
    std::optional<LogLevel> log_level = {};  ///< instead of the settings'
    AskPassphrase passphrase = {};           ///< for an encrypted key
    std::string version = "";                ///< of the program, for the log
};

class NodeHost {
public:
    /// Reads the folder, and listens. Throws std::runtime_error, in words for the user, if a file
    /// is wrong, another process runs in the folder, or a port is in use.
    explicit NodeHost(NodeHostOptions options);
    /// Says goodbye to all peers.
    ~NodeHost();
    NodeHost(const NodeHost&) = delete;
    NodeHost& operator=(const NodeHost&) = delete;

    const p2p::Config& config() const;
    const NodeId& id() const;
    /// Where it listens, with the ports that the system chose.
    const std::vector<Endpoint>& listening() const;
    /// Whether the key file is encrypted.
    bool key_is_encrypted() const;
    /// The program's own lines go to the same log.
    Log& log();
    /// For modules that keep rows of their own, in tables of their own. Slow: use it in Jobs.
    Store& store();
    const Folder& folder() const;

    // --- Before run() or start() -------------------------------------------------------------
    /// Modules whose making needs the settings; they outlive the host.
    void plug(std::vector<transport::PeerHandler*> modules);
    /// What the settings leave open of the network is the chain's: peers of another are refused.
    /// Throws std::runtime_error, in words for the user, if the settings say something else.
    void set_chain(const p2p::ChainFacts& chain);
    /// Next to the network's own. Throws std::invalid_argument if a name is taken.
    void add_methods(std::vector<rpc::Method> methods);
    /// Called for each scrape of the metrics page, and adds its own to it.
    void add_metrics(p2p::MetricsCollector collector);
    /// Adds members to the replies of parley_status and of admin_nodeInfo.
    void add_status(p2p::RpcExtras::Add status, p2p::RpcExtras::Add node_info = {});

    /// Runs the node on this thread until SIGINT, SIGTERM or stop(). A second signal ends the
    /// process at once. Throws as the constructor, and std::invalid_argument if the modules'
    /// topics do not fit.
    void run();
    /// Runs it on a thread of its own until stop() or the destructor; signals are the program's.
    void start();
    /// Begins the shutdown. To be called from any thread.
    void stop() noexcept;

    /// Runs `call` on the node's thread, soon, or, before run(), at its begin.
    void post(std::move_only_function<void(Now)> call);
    /// For use on the node's thread, from run() or start() on.
    p2p::Network& network();
    /// What a method that takes no parameters and answers at once says: for use on the node's
    /// thread, from run() or start() on. Error: refused, as a caller would hear, or no such method.
    rpc::Result ask(Now now, std::string_view method);
    /// Where JSON-RPC and metrics are served; nothing if they are off. From start() on.
    std::optional<Endpoint> rpc_endpoint() const;
    std::optional<Endpoint> metrics_endpoint() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::runtime
