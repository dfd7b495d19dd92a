#include <parley/node/config/settings.hpp>

#include <fmt/format.h>

#include <limits>
#include <type_traits>

namespace parley::node {

namespace {

using Expected = std::optional<std::string>;

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

template <class Items, class Print>
std::string list(const Items& items, Print print) {
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? ", " : "") + print(item);
    return out + "]";
}

/// A whole number between two bounds; `member` finds it in the configuration.
template <class Member>
Setting number(std::string_view table, std::string_view key, std::string_view comment,
               std::int64_t least, std::int64_t most, Member member) {
    return {table, key, comment,
            [=](NodeConfig& config, const SettingValue& value) -> Expected {
                const auto* n = std::get_if<std::int64_t>(&value);
                if (n == nullptr) return "a whole number";
                if (*n < least || *n > most) return fmt::format("{} to {}", least, most);
                auto& target = member(config);
                target = static_cast<std::remove_reference_t<decltype(target)>>(*n);
                return {};
            },
            [=](const NodeConfig& config) {
                return std::to_string(member(const_cast<NodeConfig&>(config)));
            }};
}

template <class Member>
Setting flag(std::string_view table, std::string_view key, std::string_view comment,
             Member member) {
    return {table, key, comment,
            [=](NodeConfig& config, const SettingValue& value) -> Expected {
                const auto* b = std::get_if<bool>(&value);
                if (b == nullptr) return "true or false";
                member(config) = *b;
                return {};
            },
            [=](const NodeConfig& config) {
                return member(const_cast<NodeConfig&>(config)) ? "true" : "false";
            }};
}

template <class Member>
Setting seconds(std::string_view table, std::string_view key, std::string_view comment,
                std::int64_t least, std::int64_t most, Member member) {
    return {table, key, comment,
            [=](NodeConfig& config, const SettingValue& value) -> Expected {
                const auto* n = std::get_if<std::int64_t>(&value);
                if (n == nullptr || *n < least || *n > most) {
                    return fmt::format("{} to {} seconds", least, most);
                }
                member(config) = std::chrono::seconds{*n};
                return {};
            },
            [=](const NodeConfig& config) {
                const Duration d = member(const_cast<NodeConfig&>(config));
                return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count());
            }};
}

/// Text that `parse` understands; `print` gives it back.
template <class Parse, class Print>
Setting text(std::string_view table, std::string_view key, std::string_view comment,
             std::string_view expected, Parse parse, Print print) {
    return {table, key, comment,
            [=](NodeConfig& config, const SettingValue& value) -> Expected {
                const auto* s = std::get_if<std::string>(&value);
                if (s == nullptr || !parse(config, *s)) return std::string{expected};
                return {};
            },
            [=](const NodeConfig& config) { return quoted(print(config)); }};
}

/// A list of texts, each of which `parse` turns into an item of `member`.
template <class Member, class Parse, class Print>
Setting texts(std::string_view table, std::string_view key, std::string_view comment,
              std::string_view expected, Member member, Parse parse, Print print) {
    return {table, key, comment,
            [=](NodeConfig& config, const SettingValue& value) -> Expected {
                const auto* items = std::get_if<std::vector<std::string>>(&value);
                if (items == nullptr) return fmt::format("a list of {}", expected);
                auto& target = member(config);
                target.clear();
                for (const auto& item : *items) {
                    auto parsed = parse(item);
                    if (!parsed) return fmt::format("{} (not \"{}\")", expected, item);
                    target.push_back(std::move(*parsed));
                }
                return {};
            },
            [=](const NodeConfig& config) {
                return list(member(const_cast<NodeConfig&>(config)),
                            [&](const auto& item) { return quoted(print(item)); });
            }};
}

/// A list of nodes; a text that is none is told why.
template <class Member>
Setting targets(std::string_view key, std::string_view comment, Member member) {
    return {"p2p", key, comment,
            [=](NodeConfig& config, const SettingValue& value) -> Expected {
                constexpr std::string_view expected =
                    R"("ID@address:port", "ID@host.example:port" or "enr:...")";
                const auto* items = std::get_if<std::vector<std::string>>(&value);
                if (items == nullptr) return fmt::format("a list of {}", expected);
                auto& out = member(config);
                out.clear();
                for (const auto& item : *items) {
                    auto target = Target::read(item);
                    if (!target) {
                        return fmt::format("{} (not \"{}\": {})", expected, item, target.error());
                    }
                    out.push_back(std::move(*target));
                }
                return {};
            },
            [=](const NodeConfig& config) {
                return list(member(const_cast<NodeConfig&>(config)),
                            [](const Target& target) { return quoted(target.to_string()); });
            }};
}

/// KiB a second, or no limit. Less than the least would stop a link for seconds with each read.
template <class Member>
Setting bandwidth(std::string_view key, std::string_view comment, Member member) {
    return {"p2p", key, comment,
            [=](NodeConfig& config, const SettingValue& value) -> Expected {
                constexpr std::int64_t least = 16;
                constexpr std::int64_t most = 100'000'000;
                const auto* n = std::get_if<std::int64_t>(&value);
                if (n == nullptr || (*n != 0 && (*n < least || *n > most))) {
                    return fmt::format("0 (no limit), or {} to {} KiB a second", least, most);
                }
                member(config) = static_cast<std::uint32_t>(*n);
                return {};
            },
            [=](const NodeConfig& config) {
                return std::to_string(member(const_cast<NodeConfig&>(config)));
            }};
}

std::optional<std::string> as_is(std::string_view s) {
    return std::string{s};
}
std::string same(const std::string& s) {
    return s;
}
std::string text_of_endpoint(const Endpoint& e) {
    return e.to_string();
}

constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();

#define PARLEY_MEMBER(path) [](NodeConfig& c) -> auto& { return c.path; }

std::vector<Setting> network_settings() {
    std::vector<Setting> out;
    out.push_back(number("network", "id",
                         "The network's number. Nodes of different networks refuse each other.", 1,
                         any, PARLEY_MEMBER(network.id)));
    out.push_back(number("network", "chain_id",
                         "The chain id that transactions are signed for (EIP-155).", 1, any,
                         PARLEY_MEMBER(network.chain_id)));
    out.push_back(text(
        "network", "genesis", "Hash of the genesis block, 32 bytes in hex.", "32 bytes in hex",
        [](NodeConfig& c, const std::string& s) {
            const auto hash = array_from_hex<32>(s);
            if (hash) c.network.genesis = *hash;
            return hash.has_value();
        },
        [](const NodeConfig& c) { return "0x" + to_hex(c.network.genesis); }));
    out.push_back({"network", "forks",
                   "Block numbers at which the rules change, ascending (EIP-2124).",
                   [](NodeConfig& c, const SettingValue& value) -> Expected {
                       const auto* items = std::get_if<std::vector<std::int64_t>>(&value);
                       if (items == nullptr) return "a list of block numbers";
                       c.network.forks.clear();
                       std::int64_t last = 0;
                       for (const auto block : *items) {
                           if (block <= last) return "ascending block numbers above 0";
                           c.network.forks.push_back(static_cast<std::uint64_t>(block));
                           last = block;
                       }
                       return {};
                   },
                   [](const NodeConfig& c) {
                       return list(c.network.forks, [](auto n) { return std::to_string(n); });
                   }});
    return out;
}

std::vector<Setting> p2p_settings() {
    std::vector<Setting> out;
    out.push_back(texts(
        "p2p", "listen",
        "Where to listen for other nodes, TCP: of each family one. Port 0: the system chooses.",
        "\"address:port\"", PARLEY_MEMBER(p2p.listen), &Endpoint::parse, &text_of_endpoint));
    out.push_back(text(
        "p2p", "advertise",
        "The address that other nodes are told, if it is not the first one above.",
        "\"address:port\" or \"\"",
        [](NodeConfig& c, const std::string& s) {
            c.p2p.advertise = s.empty() ? std::nullopt : Endpoint::parse(s);
            return s.empty() || c.p2p.advertise.has_value();
        },
        [](const NodeConfig& c) {
            return c.p2p.advertise ? c.p2p.advertise->to_string() : std::string{};
        }));
    out.push_back(
        flag("p2p", "allow_private",
             "Keep and dial private and loopback addresses: for networks without internet.",
             PARLEY_MEMBER(p2p.allow_private)));
    out.push_back(text(
        "p2p", "port_mapping",
        "Whether the router at home is asked to send callers on to this node (IPv4):\n"
        "# off, nat-pmp, upnp, or auto for the one that works.",
        "\"off\", \"nat-pmp\", \"upnp\" or \"auto\"",
        [](NodeConfig& c, const std::string& s) {
            const auto mode = nat::parse_mapping_mode(s);
            if (mode) c.p2p.port_mapping = *mode;
            return mode.has_value();
        },
        [](const NodeConfig& c) { return std::string{name(c.p2p.port_mapping)}; }));
    out.push_back(
        flag("p2p", "dht",
             "Find nodes in the DHT (discovery v5.1), over UDP on the ports of `listen`.\n"
             "# Not used with a proxy, nor with permissions.private_only.",
             PARLEY_MEMBER(p2p.dht)));
    out.push_back(text(
        "p2p", "proxy", "A SOCKS5 proxy that all dials go through.", "\"address:port\" or \"\"",
        [](NodeConfig& c, const std::string& s) {
            const auto endpoint = Endpoint::parse(s);
            if (!s.empty() && (!endpoint || endpoint->port == 0)) return false;
            c.p2p.proxy.endpoint = endpoint.value_or(Endpoint{});
            return true;
        },
        [](const NodeConfig& c) {
            return c.p2p.uses_proxy() ? c.p2p.proxy.endpoint.to_string() : std::string{};
        }));
    constexpr auto login_form = "at most 255 bytes";
    const auto fits = [](const std::string& s) {
        return s.size() <= transport::Proxy::text_bytes_max;
    };
    out.push_back(text(
        "p2p", "proxy_user", "The user name that the proxy wants; \"\": no login.", login_form,
        [=](NodeConfig& c, const std::string& s) {
            c.p2p.proxy.user = s;
            return fits(s);
        },
        [](const NodeConfig& c) { return c.p2p.proxy.user; }));
    out.push_back(text(
        "p2p", "proxy_password", "The password that belongs to it.", login_form,
        [=](NodeConfig& c, const std::string& s) {
            c.p2p.proxy.password = s;
            return fits(s);
        },
        [](const NodeConfig& c) { return c.p2p.proxy.password; }));
    out.push_back(
        targets("boot", "Nodes to ask for others while we know few.", PARLEY_MEMBER(p2p.boot)));
    out.push_back(targets("static_peers", "Nodes to stay connected to, whatever happens.",
                          PARLEY_MEMBER(p2p.static_peers)));
    out.push_back(texts("p2p", "trusted",
                        "IDs that are let in even when all inbound slots are taken.",
                        "node IDs of 66 hex digits", PARLEY_MEMBER(p2p.trusted), &NodeId::parse,
                        [](const NodeId& id) { return id.to_string(); }));
    out.push_back(number("p2p", "outbound_max", "Links that this node dials.", 0, 1'000,
                         PARLEY_MEMBER(p2p.outbound_max)));
    out.push_back(number("p2p", "inbound_max", "Links that this node accepts.", 0, 100'000,
                         PARLEY_MEMBER(p2p.inbound_max)));
    out.push_back(number("p2p", "handshakes_max", "Callers in their handshake at any moment.", 1,
                         10'000, PARLEY_MEMBER(p2p.handshakes_max)));
    out.push_back(number("p2p", "receive_bytes_max",
                         "Bytes that all peers together may have on the way to modules.", 1 << 20,
                         any, PARLEY_MEMBER(p2p.receive_bytes_max)));
    out.push_back(bandwidth("upload_max",
                            "KiB a second that are sent to all peers together; 0: no limit.",
                            PARLEY_MEMBER(p2p.upload_max)));
    out.push_back(bandwidth("download_max",
                            "KiB a second that are read from all peers together; 0: no limit.",
                            PARLEY_MEMBER(p2p.download_max)));
    out.push_back(bandwidth("upload_per_peer_max",
                            "KiB a second that are sent to one peer; 0: no limit.",
                            PARLEY_MEMBER(p2p.upload_per_peer_max)));
    out.push_back(bandwidth("download_per_peer_max",
                            "KiB a second that are read from one peer; 0: no limit.",
                            PARLEY_MEMBER(p2p.download_per_peer_max)));
    out.push_back(seconds("p2p", "heartbeat_interval", "Seconds between two heartbeats of a link.",
                          1, 3'600, PARLEY_MEMBER(p2p.heartbeat_interval)));
    out.push_back(seconds("p2p", "heartbeat_timeout",
                          "Seconds without an answer after which a link is given up.", 1, 3'600,
                          PARLEY_MEMBER(p2p.heartbeat_timeout)));
    return out;
}

std::vector<Setting> permissions_settings() {
    constexpr auto id_form = "node IDs of 66 hex digits";
    const auto text_of_id = [](const NodeId& id) { return id.to_string(); };
    std::vector<Setting> out;
    out.push_back(flag("permissions", "enabled",
                       "Link with the nodes of the allow-list alone. A list below means true.",
                       PARLEY_MEMBER(permissions.enabled)));
    out.push_back(texts("permissions", "allow",
                        "The allow-list: IDs of the nodes of a permissioned network.\n"
                        "# `parley allow` changes it while the node runs, and that is kept.",
                        id_form, PARLEY_MEMBER(permissions.allow), &NodeId::parse, text_of_id));
    out.push_back(texts("permissions", "private",
                        "IDs that other nodes are never told of: nodes that this one shields.",
                        id_form, PARLEY_MEMBER(permissions.private_peers), &NodeId::parse,
                        text_of_id));
    out.push_back(flag("permissions", "private_only",
                       "Dial the static peers alone, ask nobody for others and tell nobody: for\n"
                       "# a node behind others that shield it.",
                       PARLEY_MEMBER(permissions.private_only)));
    return out;
}

std::vector<Setting> rpc_settings() {
    std::vector<Setting> out;
    out.push_back(text(
        "rpc", "http", "JSON-RPC over HTTP on a loopback address; \"\" turns it off.",
        "\"127.0.0.1:port\" or \"[::1]:port\" or \"\"",
        [](NodeConfig& c, const std::string& s) {
            c.rpc.http = s.empty() ? std::nullopt : Endpoint::parse(s);
            return s.empty() || (c.rpc.http && c.rpc.http->address.is_loopback());
        },
        [](const NodeConfig& c) { return c.rpc.http ? c.rpc.http->to_string() : std::string{}; }));
    out.push_back(text(
        "rpc", "socket",
        "JSON-RPC over a Unix socket in the node's folder; admin_* changes answer only here.",
        "a file name or \"\"",
        [](NodeConfig& c, const std::string& s) {
            c.rpc.socket = s;
            return s.size() < 100;
        },
        [](const NodeConfig& c) { return c.rpc.socket; }));
    out.push_back(texts("rpc", "allowed_hosts",
                        "Host headers that are answered besides localhost and loopback addresses.",
                        "host names", PARLEY_MEMBER(rpc.allowed_hosts), &as_is, &same));
    out.push_back(
        texts("rpc", "allowed_origins",
              "Web pages that may ask, by their Origin header: \"https://wallet.example\".",
              "origins", PARLEY_MEMBER(rpc.allowed_origins), &as_is, &same));
    out.push_back(number("rpc", "body_bytes_max", "Bytes of a request.", 1 << 10, 1 << 26,
                         PARLEY_MEMBER(rpc.body_bytes_max)));
    return out;
}

std::vector<Setting> other_settings() {
    std::vector<Setting> out;
    out.push_back(number("pool", "bytes_max", "Bytes of memory for waiting transactions.", 1 << 16,
                         any, PARLEY_MEMBER(pool.bytes_max)));
    out.push_back(text(
        "metrics", "listen",
        "Where Prometheus asks for /metrics, such as \"127.0.0.1:9464\"; \"\" turns it off.",
        "\"address:port\" or \"\"",
        [](NodeConfig& c, const std::string& s) {
            c.metrics.listen = s.empty() ? std::nullopt : Endpoint::parse(s);
            return s.empty() || c.metrics.listen.has_value();
        },
        [](const NodeConfig& c) {
            return c.metrics.listen ? c.metrics.listen->to_string() : std::string{};
        }));
    out.push_back(text(
        "log", "level", "trace, debug, info, warn, error or off.",
        "trace, debug, info, warn, error or off",
        [](NodeConfig& c, const std::string& s) {
            for (auto level = LogLevel::trace;;
                 level = static_cast<LogLevel>(static_cast<std::uint8_t>(level) + 1)) {
                if (name(level) == s) {
                    c.log.level = level;
                    return true;
                }
                if (level == LogLevel::off) return false;
            }
        },
        [](const NodeConfig& c) { return std::string{name(c.log.level)}; }));
    out.push_back(text(
        "log", "file", "A file in the node's folder; \"\" is standard error.",
        "a file name or \"\"",
        [](NodeConfig& c, const std::string& s) {
            c.log.file = s;
            return true;
        },
        [](const NodeConfig& c) { return c.log.file; }));
    out.push_back(number("threads", "io", "Threads that encrypt and carry bytes.", 1, 64,
                         PARLEY_MEMBER(io_threads)));
    out.push_back(number("threads", "workers", "Threads that check signatures and write to disk.",
                         1, 64, PARLEY_MEMBER(workers)));
    return out;
}

#undef PARLEY_MEMBER

}  // namespace

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = [] {
        std::vector<Setting> out;
        for (auto part : {network_settings(), p2p_settings(), permissions_settings(),
                          rpc_settings(), other_settings()}) {
            std::ranges::move(part, std::back_inserter(out));
        }
        return out;
    }();
    return all;
}

}  // namespace parley::node
