// The one list of a network node's settings: names, meaning, unit, range.
#include <parley/p2p/config/config.hpp>
#include <parley/p2p/config/web_names.hpp>

namespace parley::p2p {

namespace {

constexpr auto any = SettingList::any;

/// Points of a chain's history: numbers above 0, ascending.
void add_points(SettingList& list, std::string key, std::string comment, std::string what,
                std::vector<std::uint64_t>& points) {
    list.add(
        std::move(key), std::move(comment),
        [&points, what = std::move(what)](const SettingValue& value) -> SettingList::Expected {
            const auto* items = std::get_if<std::vector<std::int64_t>>(&value);
            if (items == nullptr) return "a list of " + what;
            points.clear();
            std::int64_t last = 0;
            for (const auto point : *items) {
                if (point <= last) return "ascending " + what + " above 0";
                points.push_back(static_cast<std::uint64_t>(point));
                last = point;
            }
            return {};
        },
        [&points] {
            std::string out = "[";
            for (const auto point : points) {
                out += (out.size() > 1 ? ", " : "") + std::to_string(point);
            }
            return out + "]";
        });
}

void add_network(SettingList& list, NetworkConfig& network) {
    list.table("network")
        .text(
            "name", "The network's name, for people: in the log and in `parley status`.",
            "1 to 64 printable characters",
            [&](const std::string& s) {
                network.name = s;
                return !s.empty() && s.size() <= 64 && s.find_first_of("\n\r\t") == s.npos;
            },
            [&] { return network.name; })
        .number("id", "The network's number. Nodes of different networks refuse each other.", 1,
                any, network.id)
        .text(
            "genesis", "Hash of the genesis block, 32 bytes in hex.", "32 bytes in hex",
            [&](const std::string& s) {
                const auto hash = array_from_hex<32>(s);
                if (hash) network.genesis = *hash;
                return hash.has_value();
            },
            [&] { return "0x" + to_hex(network.genesis); });
    add_points(list, "forks", "Block numbers at which the rules change, ascending (EIP-2124).",
               "block numbers", network.forks);
    add_points(list, "fork_times",
               "Times at which they change after those, ascending (EIP-6122); Unix seconds.",
               "times", network.fork_times);
}

void add_proxy(SettingList& list, transport::Proxy& proxy) {
    constexpr auto login_form = "at most 255 bytes";
    const auto login = [](std::string& value) {
        return [&value](const std::string& s) {
            value = s;
            return s.size() <= transport::Proxy::text_bytes_max;
        };
    };
    list.text(
            "proxy", "A SOCKS5 proxy that all dials go through.", "\"address:port\" or \"\"",
            [&](const std::string& s) {
                const auto endpoint = Endpoint::parse(s);
                if (!s.empty() && (!endpoint || endpoint->port == 0)) return false;
                proxy.endpoint = endpoint.value_or(Endpoint{});
                return true;
            },
            [&] { return proxy.endpoint.port != 0 ? proxy.endpoint.to_string() : std::string{}; })
        .text("proxy_user", "The user name that the proxy wants; \"\": no login.", login_form,
              login(proxy.user), [&] { return proxy.user; })
        .text("proxy_password", "The password that belongs to it.", login_form,
              login(proxy.password), [&] { return proxy.password; });
}

void add_limits(SettingList& list, P2pConfig& p2p) {
    list.number("outbound_max", "Links that this node dials.", 0, 1'000, p2p.outbound_max)
        .number("inbound_max", "Links that this node accepts.", 0, 100'000, p2p.inbound_max)
        .number("handshakes_max", "Callers in their handshake at any moment.", 1, 1'024,
                p2p.handshakes_max)
        .number("receive_bytes_max",
                "Bytes that all peers together may have on the way to modules.", 1 << 20, any,
                p2p.receive_bytes_max)
        .bandwidth("upload_max", "KiB a second that are sent to all peers together; 0: no limit.",
                   p2p.upload_max)
        .bandwidth("download_max",
                   "KiB a second that are read from all peers together; 0: no limit.",
                   p2p.download_max)
        .bandwidth("upload_per_peer_max", "KiB a second that are sent to one peer; 0: no limit.",
                   p2p.upload_per_peer_max)
        .bandwidth("download_per_peer_max",
                   "KiB a second that are read from one peer; 0: no limit.",
                   p2p.download_per_peer_max)
        .seconds("heartbeat_interval", "Seconds between two heartbeats of a link that it dialed.",
                 1, 30, p2p.heartbeat_interval, "a peer ends a link of which nothing came for 35")
        .seconds("heartbeat_timeout", "Seconds without an answer after which a link is given up.",
                 1, 3'600, p2p.heartbeat_timeout);
}

void add_p2p(SettingList& list, P2pConfig& p2p) {
    list.table("p2p")
        .text(
            "name", "What this node calls itself, for people: its peers show it beside the ID.",
            "at most 32 characters of printable ASCII",
            [&](const std::string& s) {
                p2p.name = s;
                return transport::is_node_name(s);
            },
            [&] { return p2p.name; })
        .list<Endpoint>(
            "listen",
            "Where to listen for other nodes, TCP: of each family one. Port 0: the system chooses.",
            "\"address:port\"", p2p.listen,
            [](const std::string& text) { return Endpoint::parse(text); },
            [](const Endpoint& endpoint) { return endpoint.to_string(); })
        .list<Endpoint>(
            "advertise",
            "The addresses that other nodes are told, if not those above: of each family one.",
            "\"address:port\" at which others can reach it (not 0.0.0.0, a multicast, "
            "broadcast or documentation address, nor port 0)",
            p2p.advertise,
            [](const std::string& text) {
                auto endpoint = Endpoint::parse(text);
                const bool fits = endpoint && endpoint->port != 0 &&
                                  may_be_advertised(endpoint->address, endpoint->address);
                return fits ? endpoint : std::nullopt;
            },
            [](const Endpoint& endpoint) { return endpoint.to_string(); })
        .flag("allow_private",
              "Keep and dial private and loopback addresses: for networks without internet.",
              p2p.allow_private)
        .text(
            "port_mapping",
            "Whether the router at home is asked to let callers through to this node:\n"
            "# off, pcp, nat-pmp (IPv4 alone), upnp, or auto for the one that works.",
            "\"off\", \"pcp\", \"nat-pmp\", \"upnp\" or \"auto\"",
            [&](const std::string& s) {
                const auto mode = nat::parse_mapping_mode(s);
                if (mode) p2p.port_mapping = *mode;
                return mode.has_value();
            },
            [&] { return std::string{name(p2p.port_mapping)}; })
        .flag("dht",
              "Find nodes in the DHT (discovery v5.1), over UDP on the ports of `listen`.\n"
              "# Not used with a proxy, nor with permissions.private_only.",
              p2p.dht);
    add_proxy(list, p2p.proxy);
    list.targets("boot", "Nodes to ask for others while we know few.", p2p.boot)
        .targets("static_peers", "Nodes to stay connected to, whatever happens.", p2p.static_peers)
        .ids("trusted", "IDs that are let in even when all inbound slots are taken.", p2p.trusted);
    list.text(
        "as_map",
        "A file of prefixes and their autonomous systems, a line each: \"203.0.113.0/24 64500\".\n"
        "# Then outbound links and known nodes are spread by AS where it is known; \"\": by /16.",
        "a file name or \"\"",
        [&](const std::string& s) {
            p2p.as_map = s;
            return s.size() < 4096;
        },
        [&] { return p2p.as_map; });
    add_limits(list, p2p);
}

void add_permissions(SettingList& list, PermissionsConfig& permissions) {
    list.table("permissions")
        .flag("enabled", "Link with the nodes of the allow-list alone. A list below means true.",
              permissions.enabled)
        .ids("allow",
             "The allow-list: IDs of the nodes of a permissioned network.\n"
             "# `parley allow` changes it while the node runs, and that is kept.",
             permissions.allow)
        .ids("private", "IDs that other nodes are never told of: nodes that this one shields.",
             permissions.private_peers)
        .flag("private_only",
              "Dial the static peers alone, ask nobody for others and tell nobody: for\n"
              "# a node behind others that shield it.",
              permissions.private_only);
}

void add_rpc(SettingList& list, RpcConfig& rpc) {
    const auto as_it_is = [](const std::string& item) { return item; };
    list.table("rpc")
        .endpoint("http", "JSON-RPC over HTTP on a loopback address; \"\" turns it off.",
                  "a loopback endpoint, such as \"127.0.0.1:8570\" or \"[::1]:8570\", or \"\"",
                  rpc.http, [](const Endpoint& endpoint) { return endpoint.address.is_loopback(); })
        .flag("page", "A web page of this node at the same address, for browsers of this machine.",
              rpc.page)
        .text(
            "socket",
            "JSON-RPC over a Unix socket in the node's folder; admin_* changes answer only here.",
            "the name of a file that is not another one of the folder, or \"\"",
            [&](const std::string& s) {
                rpc.socket = s;
                return s.size() < 100 && !is_taken_in_folder(s);
            },
            [&] { return rpc.socket; })
        .list<std::string>(
            "allowed_hosts",
            "Host headers that are answered besides localhost and loopback addresses.",
            std::string{web_host_form}, rpc.allowed_hosts, &read_web_host, as_it_is)
        .list<std::string>(
            "allowed_origins",
            "Web pages that may ask, by their Origin header: \"https://wallet.example\".",
            std::string{web_origin_form}, rpc.allowed_origins, &read_web_origin, as_it_is)
        .number("body_bytes_max", "Bytes of a request.", 1 << 10, 1 << 26, rpc.body_bytes_max)
        .number("batch_max", "Requests in a batch.", 100, 100'000, rpc.batch_max)
        .number(
            "connections_max",
            "Callers at a time, over HTTP and at the Unix socket each. When there are more, the\n"
            "# one that has been idle longest gives way.",
            4, 10'000, rpc.connections_max);
}

void add_runtime(SettingList& list, Config& config) {
    constexpr auto levels = "trace, debug, info, warn, error or off";
    list.table("metrics").endpoint(
        "listen",
        "Where Prometheus asks for /metrics, such as \"127.0.0.1:9464\"; \"\" turns it off.",
        "\"address:port\" or \"\"", config.metrics.listen);
    list.table("log")
        .text(
            "level", std::string{levels} + ".", levels,
            [&](const std::string& s) {
                const auto level = parse_log_level(s);
                if (level) config.log.level = *level;
                return level.has_value();
            },
            [&] { return std::string{name(config.log.level)}; })
        .text(
            "file", "A file in the node's folder; \"\" is standard error.",
            "the name of a file that is not another one of the folder, or \"\"",
            [&](const std::string& s) {
                config.log.file = s;
                return !is_taken_in_folder(s);
            },
            [&] { return config.log.file; })
        .number("bytes_max",
                "Bytes of the file, after which it is renamed to FILE.1; 0: no limit (logrotate\n"
                "# works as well, without any signal).",
                0, SettingList::any, config.log.bytes_max)
        .number("old_max", "Old log files that are kept: FILE.1, FILE.2, ...", 0, 1'000,
                config.log.old_max);
    list.table("threads")
        .number("io", "Threads that encrypt and carry bytes; 0: the node's own.", 0, 64,
                config.io_threads)
        .number("spin_us",
                "Microseconds that a thread looks for more before it sleeps; costs processor time.",
                0, 1'000, config.spin_us)
        .number("workers", "Threads that check signatures and write to disk.", 1, 64,
                config.workers);
}

}  // namespace

SettingList settings_of(Config& config) {
    SettingList list;
    add_network(list, config.network);
    add_p2p(list, config.p2p);
    add_permissions(list, config.permissions);
    add_rpc(list, config.rpc);
    add_runtime(list, config);
    return list;
}

}  // namespace parley::p2p
