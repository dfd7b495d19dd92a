// parley run: the node, until SIGTERM or SIGINT.
#include "command.hpp"
#include "folder.hpp"
#include "key/key_file.hpp"
#include "key/passphrase.hpp"
#include "node/own_address.hpp"
#include <parley/node/metrics.hpp>
#include <parley/node/node.hpp>
#include <parley/node/rpc/rpc.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/host.hpp>
#include <parley/runtime/http/http_server.hpp>
#include <parley/runtime/log_sink.hpp>
#include <parley/runtime/nat/ask_router.hpp>
#include <parley/runtime/nat/port_mapper.hpp>
#include <parley/runtime/signals.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Runs the node of the folder DIR in the foreground, until SIGTERM or SIGINT (Ctrl-C)
ends it within 2 seconds, with everything on disk. A second signal ends it at once.
Log lines go to standard error, or to the file that the settings name.)text";

constexpr auto footer = R"text(EXAMPLES
  parley run alice
  parley run alice --log-level debug 2> alice.log
  parley run alice --passphrase-file alice.pass

FILES
  DIR/node.key      must be readable by you alone; if it is encrypted, its passphrase
                    is asked for on the terminal or read from --passphrase-file
  DIR/parley.toml   the settings
  DIR/store         address book and bans; see --new-store
  DIR/lock          keeps a second process out
  DIR/parley.sock   JSON-RPC for `parley status`, `peers`, `tx`

EXIT STATUS
  0 ended by a signal, 1 could not begin, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::string log_level;
    std::string passphrase_file;
    bool new_store = false;
};

Result<std::unique_ptr<runtime::LogSink>, Failure> open_log(const Folder& folder,
                                                            const node::LogConfig& config) {
    if (config.file.empty()) return runtime::LogSink::to_stderr(config.level);
    auto sink = runtime::LogSink::to_file(folder.file(config.file), config.level);
    if (!sink) return failed(sink.error().what);
    return std::move(*sink);
}

Result<std::unique_ptr<runtime::LmdbStore>, Failure> open_store(const Folder& folder, bool create) {
    using Create = runtime::LmdbStore::Create;
    auto store = runtime::LmdbStore::open(folder.store(), create ? Create::yes : Create::no, {});
    if (store) return std::move(*store);
    auto what = fmt::format("cannot open {}: {}", folder.store(), message(store.error()));
    if (store.error().code == StoreErrc::missing) {
        what += "; with --new-store the node begins with an empty one";
    }
    if (store.error().code == StoreErrc::corrupt) {
        what += fmt::format("; move it away and begin with an empty one: parley run {} --new-store",
                            folder.path);
    }
    return failed(std::move(what));
}

runtime::HostConfig host_config(const node::NodeConfig& config) {
    runtime::HostConfig out;
    out.listen = config.p2p.listen;
    out.datagrams = config.uses_dht();
    out.link = config.link();
    if (config.p2p.uses_proxy()) out.proxy = config.p2p.proxy;
    out.io_threads = config.io_threads;
    out.workers = config.workers;
    return out;
}

/// Brings requests from the server's thread to the node's, and replies back.
Result<std::unique_ptr<runtime::HttpServer>, Failure> serve_rpc(const Folder& folder,
                                                                const node::NodeConfig& config,
                                                                runtime::Host& host, node::Rpc& rpc,
                                                                Log& log) {
    runtime::HttpServerConfig server;
    server.tcp = config.rpc.http;
    if (!config.rpc.socket.empty()) server.unix_socket = folder.socket(config);
    server.hosts = config.rpc.allowed_hosts;
    server.origins = config.rpc.allowed_origins;
    server.body_bytes_max = config.rpc.body_bytes_max;
    const auto handler = [&host, &rpc](std::string body, runtime::Origin origin,
                                       runtime::HttpServer::Reply done) {
        const auto from = origin == runtime::Origin::unix_socket ? node::RpcOrigin::unix_socket
                                                                 : node::RpcOrigin::http;
        host.post([&rpc, from, body = std::move(body), done = std::move(done)](Now now) mutable {
            rpc.handle(now, body, from, std::move(done));
        });
    };
    auto started = runtime::HttpServer::start(std::move(server), handler, log);
    if (!started) return failed(started.error().what);
    if (const auto endpoint = (*started)->tcp_endpoint()) rpc.set_http(*endpoint);
    return std::move(*started);
}

/// The figures of the node, collected on its thread each time that somebody asks.
Result<std::unique_ptr<runtime::HttpServer>, Failure> serve_metrics(const node::NodeConfig& config,
                                                                    runtime::Host& host,
                                                                    const node::Node& node,
                                                                    UnixTime started, Log& log) {
    if (!config.metrics.listen) return nullptr;
    runtime::HttpServerConfig server;
    server.tcp = config.metrics.listen;
    server.page = {"/metrics", std::string{node::metrics_content_type}};
    server.reply_timeout = 10s;
    const auto handler = [&host, &node, started](const std::string&, runtime::Origin,
                                                 runtime::HttpServer::Reply done) {
        host.post([&host, &node, started, done = std::move(done)](Now now) {
            done(node::metrics_text(node, now, {started, host.loop_delay()}));
        });
    };
    auto made = runtime::HttpServer::start(std::move(server), handler, log);
    if (!made) return failed("metrics.listen: " + made.error().what);
    log.write(LogLevel::info, "parley", "metrics",
              {{"url", "http://" + (*made)->tcp_endpoint()->to_string() + "/metrics"}});
    return std::move(*made);
}

/// Has the router send callers on to the first listener on IPv4, if the settings say so.
std::unique_ptr<runtime::PortMapper> map_port(const node::NodeConfig& config,
                                              const std::vector<Endpoint>& bound,
                                              runtime::Host& host, node::Node& node, Log& log) {
    if (config.p2p.port_mapping == nat::MappingMode::off) return nullptr;
    const auto listener = std::ranges::find_if(bound, [](const Endpoint& endpoint) {
        return endpoint.address.is_v4() && !endpoint.address.is_loopback();
    });
    if (listener == bound.end()) {
        log.write(LogLevel::warn, "parley",
                  "p2p.port_mapping is of no use: nobody listens on IPv4 beyond this machine", {});
        return nullptr;
    }
    const auto guess = guessed_address(*listener, false);
    if (listener->address.is_public() || guess) {
        log.write(LogLevel::info, "parley",
                  "p2p.port_mapping is of no use: the address of this machine is public", {});
        return nullptr;
    }
    nat::PortMappingConfig mapping;
    mapping.mode = config.p2p.port_mapping;
    mapping.port = listener->port;
    mapping.udp = config.uses_dht();
    auto router = std::make_shared<runtime::RouterAsker>(runtime::RouterConfig{});
    return std::make_unique<runtime::PortMapper>(
        mapping, Rng{runtime::random_seed()},
        [router](const nat::MappingRequest& request) { return router->ask(request); },
        [&host, &node](const nat::MappingStatus& status) {
            host.post([&node, status](Now now) { node.set_port_mapping(now, status); });
        });
}

void log_start(Log& log, const Folder& folder, const node::Node& node,
               const std::vector<Endpoint>& bound, const runtime::HttpServer& server) {
    std::string listening;
    for (const auto& endpoint : bound) {
        if (!listening.empty()) listening += ' ';
        listening += endpoint.to_string();
    }
    const auto http = server.tcp_endpoint();
    log.write(LogLevel::info, "parley", "started",
              {{"version", PARLEY_VERSION},
               {"id", node.id().to_string()},
               {"listen", listening},
               {"http", http ? http->to_string() : std::string{"off"}},
               {"folder", folder.path}});
    log.write(LogLevel::info, "parley", "own record", {{"enr", node.record().to_text()}});
    if (!node.endpoint()) {
        log.write(LogLevel::warn, "parley",
                  "own address unknown: others cannot dial this node before three tell which it "
                  "is; or set p2p.advertise",
                  {});
    }
}

Outcome run(const Options& options) {
    const auto started = runtime::now().unix_time;
    const Folder folder{options.folder};
    auto config = read_config(folder);
    if (!config) return std::unexpected{config.error()};
    if (!options.log_level.empty()) {
        config->log.level = *runtime::parse_log_level(options.log_level);
    }
    auto stored = read_key(folder);
    if (!stored) return std::unexpected{stored.error()};
    const bool encrypted = std::holds_alternative<Keystore>(*stored);
    auto key = unlock(folder, std::move(*stored), options.passphrase_file);
    if (!key) return std::unexpected{key.error()};
    const auto lock = lock_folder(folder);
    if (!lock) return std::unexpected{lock.error()};
    const auto log = open_log(folder, config->log);
    if (!log) return std::unexpected{log.error()};
    const auto store = open_store(folder, options.new_store);
    if (!store) return std::unexpected{store.error()};

    runtime::OsEntropy entropy;
    runtime::Host host{host_config(*config), entropy, **log};
    const auto bound = host.listen();
    if (!bound) return failed(bound.error().what);
    const auto node = node::Node::create(*config, std::move(*key), **store, **log,
                                         Rng{runtime::random_seed()}, runtime::now(), {}, &entropy);
    if (!node) {
        return failed(fmt::format("cannot read {}: {}", folder.store(), message(node.error())));
    }
    for (const auto& endpoint : *bound) {
        (*node)->add_listener(runtime::now(), endpoint,
                              guessed_address(endpoint, config->p2p.allow_private));
    }
    std::signal(SIGPIPE, SIG_IGN);  // whoever read the log may go; the node stays
    const auto mapper = map_port(*config, *bound, host, **node, **log);
    const runtime::StopSignals signals{[&host, &mapper, count = 0](int number) mutable {
        if (++count > 1) std::_Exit(128 + number);
        if (mapper) mapper->begin_stop();
        host.stop();
    }};
    node::Rpc rpc{**node};
    const auto server = serve_rpc(folder, *config, host, rpc, **log);
    if (!server) return std::unexpected{server.error()};
    const auto metrics = serve_metrics(*config, host, **node, started, **log);
    if (!metrics) return std::unexpected{metrics.error()};
    log_start(**log, folder, **node, *bound, **server);
    if (!encrypted && !options.passphrase_file.empty()) {
        (*log)->write(LogLevel::warn, "parley",
                      "the key is not encrypted: --passphrase-file is not used", {});
    }
    host.run(**node);
    (*log)->write(LogLevel::info, "parley", "ended", {});
    return {};
}

}  // namespace

void add_run(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "run", "run a node until it is told to end", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command
        ->add_option("--log-level", options->log_level,
                     "trace, debug, info, warn, error or off, instead of the settings'")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
        ->type_name("LEVEL");
    add_passphrase_file(*command, options->passphrase_file);
    command->add_flag("--new-store", options->new_store, "Make an empty store if there is none");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace parley::app
