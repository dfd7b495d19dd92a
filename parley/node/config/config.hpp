// NodeConfig: all settings of a node, as `parley.toml` gives them. docs/CONFIG.md is the list.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/events/log.hpp>
#include <parley/gossip/tree.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/nat/port_mapping.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/proxy/socks5.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::node {

struct NetworkConfig {
    std::uint64_t id = 7700;
    std::uint64_t chain_id = 7700;
    Hash256 genesis{};
    std::vector<std::uint64_t> forks;  ///< block numbers, ascending
};

struct P2pConfig {
    std::vector<Endpoint> listen;       ///< TCP; port 0: the system chooses
    std::optional<Endpoint> advertise;  ///< what our record says; absent: the first listen one
    bool allow_private = false;         ///< keep and dial private and loopback addresses
    nat::MappingMode port_mapping = nat::MappingMode::off;
    transport::Proxy proxy;  ///< SOCKS5, for all dials; port 0: none
    std::vector<Target> boot;
    std::vector<Target> static_peers;
    std::vector<NodeId> trusted;
    std::uint32_t outbound_max = 8;
    std::uint32_t inbound_max = 40;
    std::uint32_t handshakes_max = 32;
    std::uint64_t receive_bytes_max = 512ULL << 20;
    // Bandwidth in KiB a second, of all links together and of each; 0: no limit.
    std::uint32_t upload_max = 0, download_max = 0;
    std::uint32_t upload_per_peer_max = 0, download_per_peer_max = 0;
    Duration heartbeat_interval = 15s;
    Duration heartbeat_timeout = 20s;

    bool dht = true;  ///< take part in the DHT, over UDP

    bool uses_proxy() const { return proxy.endpoint.port != 0; }
};

struct RpcConfig {
    std::optional<Endpoint> http;        ///< loopback only
    std::string socket = "parley.sock";  ///< relative to the folder; empty: none
    std::vector<std::string> allowed_hosts;
    std::vector<std::string> allowed_origins;
    std::uint32_t body_bytes_max = 1U << 20;
};

struct PermissionsConfig {
    bool enabled = false;               ///< links with `allow` alone; a list enables it as well
    std::vector<NodeId> allow;          ///< at the start; Permissions keeps what changed since
    std::vector<NodeId> private_peers;  ///< others are never told of them
    bool private_only = false;          ///< dial the static peers alone, ask and tell nobody
};

struct PoolConfig {
    std::uint64_t bytes_max = 64ULL << 20;
};

struct MetricsConfig {
    std::optional<Endpoint> listen;  ///< where Prometheus asks; absent: nowhere
};

struct LogConfig {
    LogLevel level = LogLevel::info;
    std::string file;  ///< empty: standard error
};

struct NodeConfig {
    std::string client = "parley/0.1.0/linux";
    NetworkConfig network;
    P2pConfig p2p;
    PermissionsConfig permissions;
    RpcConfig rpc;
    PoolConfig pool;
    gossip::TreeConfig gossip;   ///< not in parley.toml
    discovery::BookConfig book;  ///< not in parley.toml
    MetricsConfig metrics;
    LogConfig log;
    std::uint32_t io_threads = 1;
    std::uint32_t workers = 1;

    /// Not through a proxy, which would let datagrams by, and not for a shielded node.
    bool uses_dht() const {
        return p2p.dht && !p2p.listen.empty() && !p2p.uses_proxy() && !permissions.private_only;
    }
    /// What a Link needs of it. Links of one such result share the limits of all.
    transport::LinkConfig link() const;
};

/// Where a configuration is wrong: "parley.toml:12: p2p.outbound_max: expected 0 to 1000, got -1".
struct ConfigError {
    std::string message;
};

/// Parses and checks TOML. `file_name` is for messages. Unknown keys are errors.
Result<NodeConfig, ConfigError> parse_config(std::string_view toml, std::string_view file_name);

/// The text of a configuration with every setting commented, as `parley init` writes it.
std::string config_template(const NodeConfig& config);

}  // namespace parley::node
