// Config: all settings of a network node, as parley.toml gives them, each with a default. The list
// of settings with their meaning and range is settings.cpp; `parley init` writes it into the file.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/events/log.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/identity/owner_group.hpp>
#include <parley/nat/port_mapping.hpp>
#include <parley/p2p/config/setting.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/proxy/socks5.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::p2p {

/// Whether a file of that name is another one of the node's folder than its log and its socket, so
/// that neither can be there.
bool is_taken_in_folder(std::string_view file_name);

/// What two nodes must have in common, and what a node says that it is. All but `name`, `id`,
/// `genesis` and `chain_id` may change while the node runs (Network::set_head and so on).
struct NetworkConfig {
    std::string name = "parley";  ///< for people; not on the wire
    std::uint64_t id = 7700;
    Hash256 genesis{};
    std::uint64_t chain_id = 0;  ///< not in parley.toml: of EIP-155; 0: none
    std::vector<std::uint64_t> forks =
        {};  ///< heights at which the rules change, ascending (EIP-2124)
    std::vector<std::uint64_t> fork_times =
        {};                       ///< the same after these, as Unix seconds (EIP-6122)
    std::uint64_t head = 0;       ///< not in parley.toml: the chain's height
    std::uint64_t head_time = 0;  ///< not in parley.toml: of its last block; Unix seconds
    std::uint64_t roles = transport::role::full;  ///< not in parley.toml: bits of transport::role
    std::uint64_t services = 0;    ///< not in parley.toml: bits of transport::service
    unsigned light_nodes_max = 0;  ///< not in parley.toml: that are served at a time

    transport::ForkRules fork_rules() const {
        return {genesis, forks, head, fork_times, head_time};
    }
};

/// What a chain says of itself: what its genesis file has.
struct ChainFacts {
    std::uint64_t chain_id = 0;                  ///< of EIP-155; 0: none
    Hash256 genesis{};                           ///< zero: not known, and then nothing below
    std::vector<std::uint64_t> forks = {};       ///< as NetworkConfig has them
    std::vector<std::uint64_t> fork_times = {};  ///< as `forks`
    std::uint64_t roles = 0;       ///< bits of transport::role; 0: as the settings have them
    unsigned light_nodes_max = 0;  ///< that this node serves at a time; 0: none, as Hello says
};
/// The network's settings take what they leave open. Nothing, or which of them says something else:
/// "network.genesis is 0x12…, and the chain's is 0x34…".
std::optional<std::string> take_chain(NetworkConfig& network, const ChainFacts& chain);

/// How many peers the owner may name: to boot from, static ones, and trusted ones; by the settings
/// and since.
inline constexpr std::size_t named_peers_max = 1024;

/// Listeners, peers by name, and the bounds on links.
struct P2pConfig {
    std::string name;                 ///< that peers see, transport::is_node_name; empty: none
    std::vector<Endpoint> listen;     ///< TCP; port 0: the system chooses
    std::vector<Endpoint> advertise;  ///< what our record says, one a family; none: see OwnRecord
    bool allow_private = false;       ///< keep and dial private and loopback addresses
    nat::MappingMode port_mapping = nat::MappingMode::off;
    transport::Proxy proxy;  ///< SOCKS5, for all dials; port 0: none
    std::vector<Target> boot;
    std::vector<Target> static_peers;
    std::vector<NodeId> trusted;
    std::string as_map;  ///< a file for AsMap::parse, in the folder; empty: none
    std::uint32_t outbound_max = 8;
    std::uint32_t inbound_max = 40;
    std::uint32_t handshakes_max = 256;
    std::uint64_t receive_bytes_max = 512ULL << 20;
    // Bandwidth in KiB a second, of all links together and of each; 0: no limit.
    std::uint32_t upload_max = 0, download_max = 0;
    std::uint32_t upload_per_peer_max = 0, download_per_peer_max = 0;
    Duration heartbeat_interval = 15s;
    Duration heartbeat_timeout = 20s;

    bool dht = true;  ///< take part in the DHT, over UDP

    bool uses_proxy() const { return proxy.endpoint.port != 0; }
};

/// Whom this node links with, and whom it keeps to itself.
struct PermissionsConfig {
    bool enabled = false;               ///< links with `allow` alone; a list enables it as well
    std::vector<NodeId> allow;          ///< at the start; Permissions keeps what changed since
    std::vector<NodeId> private_peers;  ///< never advertised to others
    bool private_only = false;          ///< dial the static peers alone, ask and tell nobody
};

/// Where JSON-RPC answers, and to which requests.
struct RpcConfig {
    std::optional<Endpoint> http;        ///< loopback only
    bool page = true;                    ///< serve the program's web page beside it
    std::string socket = "parley.sock";  ///< relative to the folder; empty: none
    std::vector<std::string> allowed_hosts;
    std::vector<std::string> allowed_origins;
    std::uint32_t body_bytes_max = 1U << 20;
    std::uint32_t batch_max = 1000;
    std::uint32_t connections_max = 64;  ///< at each place: HTTP, the Unix socket
};

/// The figures for Prometheus, over HTTP.
struct MetricsConfig {
    std::optional<Endpoint> listen;  ///< where Prometheus asks; absent: nowhere
};

/// How much is logged, and where.
struct LogConfig {
    LogLevel level = LogLevel::info;
    std::string file;             ///< empty: standard error
    std::uint64_t bytes_max = 0;  ///< of a file, then it is renamed; 0: no limit
    std::uint32_t old_max = 5;    ///< such files that are kept
};

struct Config {
    std::string client = "parley/0.1.0/linux";  ///< name/version/platform, as peers see it
    NetworkConfig network;
    P2pConfig p2p;
    PermissionsConfig permissions;
    RpcConfig rpc;
    discovery::BookConfig book;  ///< not in parley.toml
    OwnerGroups owners{};  ///< not in parley.toml: what whoever runs the node read of p2p.as_map
    MetricsConfig metrics;
    LogConfig log;
    std::uint32_t io_threads = 1;
    std::uint32_t spin_us = 0;
    std::uint32_t workers = 1;

    /// Not through a proxy, which would let datagrams by, and not for a shielded node.
    bool uses_dht() const {
        return p2p.dht && !p2p.listen.empty() && !p2p.uses_proxy() && !permissions.private_only;
    }
    /// In which it listens, and so has sockets for datagrams.
    IpFamilies udp_families() const;
    /// File descriptors that a node may need: the connections that the slots allow, with peers that
    /// the owner may yet name, and the rest.
    std::uint64_t descriptors_max() const;
    /// What a Link needs of it. Links of one such result share the limits of all, which may be
    /// given other rates.
    transport::LinkConfig link() const;
};

/// All settings of a network node, bound to `config`.
SettingList settings_of(Config& config);

/// What no setting alone can tell: two that exclude each other. `file_name` and `lines` are for the
/// message.
Result<void, ConfigError> check(const Config& config, std::string_view file_name,
                                const SettingLines& lines = {});

/// Reads TOML into `config` and whatever else `list` is bound to, and checks it.
Result<void, ConfigError> read_config(const SettingList& list, const Config& config,
                                      std::string_view toml, std::string_view file_name,
                                      OtherTables other = OtherTables::refuse);

/// The whole of it for a program without settings of its own: defaults, TOML, check.
Result<Config, ConfigError> parse_config(std::string_view toml, std::string_view file_name,
                                         OtherTables other = OtherTables::refuse);

}  // namespace parley::p2p
