#include <parley/runtime/node_host.hpp>

#include <parley/p2p/config/reload.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/controlling_terminal.hpp>
#include <parley/runtime/descriptors.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/folder/settings_reader.hpp>
#include <parley/runtime/host.hpp>
#include <parley/runtime/http/http_server.hpp>
#include <parley/runtime/io/source_address.hpp>
#include <parley/runtime/log_sink.hpp>
#include <parley/runtime/nat/ask_router.hpp>
#include <parley/runtime/nat/port_mapper.hpp>
#include <parley/runtime/signals.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace parley::runtime {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error{what};
}

/// The value, or the error as an exception.
template <class T>
T take(Result<T, StartError> result) {
    if (!result) fail(result.error().what);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

LogFileLimits limits_of(const p2p::LogConfig& config) {
    return {.bytes_max = config.bytes_max, .old_max = config.old_max};
}

std::unique_ptr<LogSink> open_log(const Folder& folder, const p2p::LogConfig& config) {
    if (config.file.empty()) return LogSink::to_stderr(config.level);
    for (const auto& other : {folder.key(), folder.config(), folder.store(), folder.lock()}) {
        std::error_code ignored;
        if (!std::filesystem::equivalent(folder.file(config.file), other, ignored)) continue;
        fail(fmt::format("{}: log.file: \"{}\" is {}", folder.config(), config.file, other));
    }
    return take(LogSink::to_file(folder.file(config.file), config.level, limits_of(config)));
}

std::shared_ptr<LmdbStore> open_store(const Folder& folder, bool create) {
    using Create = LmdbStore::Create;
    auto store = LmdbStore::open(folder.store(), create ? Create::yes : Create::no, {});
    if (store) return std::move(*store);
    auto what = fmt::format("cannot open {}: {}", folder.store(), message(store.error()));
    if (store.error().code == StoreErrc::missing) {
        what += "; with --new-store the node begins with an empty one";
    }
    if (store.error().code == StoreErrc::corrupt) {
        what += fmt::format("; move it away and begin with an empty one: parley run {} --new-store",
                            folder.path);
    }
    fail(what);
}

/// What a running server takes, and what it starts with.
HttpServerConfig rpc_config(const p2p::RpcConfig& config) {
    HttpServerConfig out;
    out.hosts = config.allowed_hosts;
    out.origins = config.allowed_origins;
    out.body_bytes_max = config.body_bytes_max;
    out.connections_max = config.connections_max;
    return out;
}

HostConfig host_config(const p2p::Config& config, const transport::LinkConfig& link) {
    HostConfig out;
    out.listen = config.p2p.listen;
    out.datagrams = config.uses_dht();
    out.link = link;
    if (config.p2p.uses_proxy()) out.proxy = config.p2p.proxy;
    out.io_threads = config.io_threads;
    out.spin = std::chrono::microseconds{config.spin_us};
    out.workers = config.workers;
    return out;
}

std::string joined(const std::vector<Endpoint>& endpoints) {
    std::string out;
    for (const auto& endpoint : endpoints) {
        if (!out.empty()) out += ' ';
        out += endpoint.to_string();
    }
    return out;
}

}  // namespace

class NodeHost::Impl {
public:
    explicit Impl(NodeHostOptions options)
        : started_(now().unix_time),
          options_(std::move(options)),
          folder_(open_folder()),
          key_(read_own_key()),
          lock_(take(lock_folder(folder_))),
          log_(open_log(folder_, options_.config.log)),
          store_(open_store(folder_, options_.new_store)),
          link_(options_.config.link()),
          host_(host_config(options_.config, link_), entropy_, *log_),
          listening_(take(host_.listen())) {}

    ~Impl() {
        host_.stop();
        if (thread_.joinable()) thread_.join();
    }

    const p2p::Config& config() const { return options_.config; }
    const NodeId& id() const { return id_; }
    const std::vector<Endpoint>& listening() const { return listening_; }
    bool key_is_encrypted() const { return encrypted_; }
    Log& log() { return *log_; }
    Store& store() { return *store_; }
    Host& host() { return host_; }
    NodeHostOptions& options() { return options_; }
    p2p::RpcExtras& extras() { return *extras_; }
    const Folder& folder() const { return folder_; }
    void set_chain(const p2p::ChainFacts& chain) {
        if (const auto differs = p2p::take_chain(options_.config.network, chain)) {
            fail(fmt::format("{}: {}", folder_.config(), *differs));
        }
        chain_ = chain;
    }
    p2p::Network& network() { return *network_; }
    const HttpServer* rpc_server() const { return rpc_server_.get(); }
    const HttpServer* metrics_server() const { return metrics_server_.get(); }
    rpc::Result ask(Now now, std::string_view method) const {
        return dispatcher_->ask(now, method);
    }

    void run() {
        const ControllingTerminal terminal;
        std::signal(SIGPIPE, SIG_IGN);  // the reader of the log may go; the node stays
        prepare();
        SettingsReader reader{folder_, [this](const auto& text) { on_settings_read(text); }};
        const Signals signals{[this, &reader, &terminal, count = 0](int number) mutable {
            if (number == SIGHUP && !terminal.closed()) return reload(reader);
            if (number == SIGHUP && count > 0) return;  // both the kernel and the shell send it
            if (++count > 1) std::_Exit(128 + number);
            end_in_time(number);
            stop();
        }};
        serve();
        drive();
    }

    void start() {
        prepare();
        serve();
        thread_ = std::thread{[this] { drive(); }};
    }

    void stop() noexcept {
        for (const auto& mapper : mappers_) mapper->begin_stop();
        host_.stop();
    }

private:
    using ProgramValues = std::map<std::string, p2p::SettingValue>;

    /// Whatever state the process is in, it is gone after that: a module or a disk may hang.
    static void end_in_time(int number) {
        static constexpr auto patience = std::chrono::milliseconds{1950};
        std::thread{[number] {
            std::this_thread::sleep_for(patience);
            std::_Exit(128 + number);
        }}.detach();
    }

    void reload(SettingsReader& reader) {
        if (reader.read()) return;
        log_->write(LogLevel::warn, "parley", "settings are still being read: reloaded after that",
                    {{"file", folder_.config()}});
    }

    /// On the reader's thread.
    void on_settings_read(const Result<std::string, StartError>& text) {
        auto read = first_config_;
        ProgramValues values;
        std::string wrong = text ? "" : text.error().what;
        if (text) {
            auto list = settings_of(read);
            list.join(program_settings(values, false));
            const auto ok = read_config(list, read, *text, folder_.config());
            if (!ok) wrong = ok.error().message;
        }
        if (!wrong.empty()) {
            log_->write(LogLevel::error, "parley", "settings are wrong: nothing was reloaded",
                        {{"why", wrong}});
            return;
        }
        host_.post([this, read = std::move(read), values = std::move(values)](Now at) {
            take_settings(at, read, values);
        });
    }

    /// Takes of a changed parley.toml what a running node can take.
    void take_settings(Now at, p2p::Config read, const ProgramValues& values) {
        std::vector<p2p::NotTaken> not_taken;
        if (options_.log_level) {  // which stands, whatever the file says
            if (read.log.level != std::exchange(level_in_file_, read.log.level)) {
                not_taken.emplace_back("log.level", "the command line gives another one");
            }
            read.log.level = *options_.log_level;
        }
        (void)p2p::take_chain(read.network, chain_);  // what differs needs a restart
        auto plan = plan_reload(options_.config, read);
        for (const auto& [name, value] : values) {
            if (program_values_[name] != value) plan.needs_restart.push_back(name);
        }
        options_.config = plan.config;
        log_->set_level(plan.config.log.level);
        log_->set_limits(limits_of(plan.config.log));
        const auto bandwidth = plan.config.link().bandwidth;
        link_.bandwidth.up_all->set_rate(bandwidth.up_all->rate());
        link_.bandwidth.down_all->set_rate(bandwidth.down_all->rate());
        dispatcher_->set_limits(p2p::limits_of(plan.config.rpc));
        if (rpc_server_) rpc_server_->reload(rpc_config(plan.config.rpc));
        std::ranges::move(network_->reload(at, plan.config), std::back_inserter(not_taken));
        for (const auto& [setting, why] : not_taken) {
            log_->write(LogLevel::warn, "parley", "a setting was not taken",
                        {{"setting", setting}, {"why", why}});
        }
        log_->write(LogLevel::info, "parley", "settings reloaded",
                    {{"taken", fmt::format("{}", fmt::join(plan.changed, " "))},
                     {"need_restart", fmt::format("{}", fmt::join(plan.needs_restart, " "))}});
    }

    /// The program's own settings, which only a restart may change: `values` takes what is read,
    /// and where `apply` says so, so does the program.
    p2p::SettingList program_settings(ProgramValues& values, bool apply) const {
        p2p::SettingList list;
        for (const auto& setting : options_.settings.all()) {
            auto set = [&values, apply, name = setting.table + '.' + setting.key,
                        inner = setting.set](const p2p::SettingValue& value) {
                values.insert_or_assign(name, value);
                return apply ? inner(value) : std::nullopt;
            };
            list.table(setting.table)
                .add(setting.key, setting.comment, std::move(set), setting.print);
        }
        return list;
    }

    /// Reads parley.toml into the options' config and the program's own values.
    Folder open_folder() {
        Folder folder{options_.folder};
        first_config_ = options_.config;
        auto list = settings_of(options_.config);
        list.join(program_settings(program_values_, true));
        std::error_code ignored;
        if (options_.make_folder && !std::filesystem::exists(folder.config(), ignored)) {
            const auto key = key_file_text(NodeKey::generate(entropy_), {}, entropy_);
            take(make_folder(folder, settings_template(list), key.text()));
        }
        const auto text = take(read_config_text(folder));
        if (auto ok = read_config(list, options_.config, text, folder.config()); !ok) {
            fail(ok.error().message);
        }
        level_in_file_ = options_.config.log.level;
        if (options_.log_level) options_.config.log.level = *options_.log_level;
        read_owners(folder);
        return folder;
    }

    void read_owners(const Folder& folder) {
        const auto& name = options_.config.p2p.as_map;
        if (name.empty()) return;
        options_.config.owners =
            OwnerGroups{std::make_shared<const AsMap>(take(read_as_map(folder, name)))};
    }

    NodeKey read_own_key() {
        auto stored = take(read_key(folder_.key()));
        encrypted_ = std::holds_alternative<Keystore>(stored);
        auto key = take(unlock(folder_.key(), std::move(stored), options_.passphrase));
        id_ = key.id();
        return key;
    }

    void check_secrets() {
        if (config().p2p.proxy.password.empty() || !others_can_read(folder_.config())) return;
        log_->write(LogLevel::warn, "parley", "a password can be read by others",
                    {{"file", folder_.config()}, {"setting", "p2p.proxy_password"}});
    }

    void check_descriptors() {
        const auto needed = config().descriptors_max();
        const auto allowed = raise_descriptor_limit(needed);
        if (allowed >= needed) return;
        log_->write(LogLevel::warn, "parley", "fewer file descriptors than the slots may need",
                    {{"allowed", allowed}, {"needed", needed}});
    }

    /// The node itself, and all that must be there before its first event.
    void prepare() {
        check_descriptors();
        check_secrets();
        network_ = std::make_unique<p2p::Network>(options_.config, std::move(*key_), *store_, *log_,
                                                  Rng{random_seed()}, now(), &entropy_);
        key_.reset();
        if (auto ok = network_->open(now(), options_.modules); !ok) {
            fail(fmt::format("cannot read {}: {}", folder_.store(), message(ok.error())));
        }
        for (const auto& endpoint : listening_) {
            network_->add_listener(now(), endpoint,
                                   guessed_address(endpoint, config().p2p.allow_private));
        }
        dispatcher_.emplace(p2p::dispatcher_for(*network_));
        extras_->status.emplace_back([this](auto& out) { add_datagrams(out); });
        dispatcher_->add(p2p::rpc_methods(*network_, extras_));
        dispatcher_->add(std::move(options_.methods));
        map_ports();
    }

    void serve() {
        serve_rpc();
        serve_metrics();
        log_start();
    }

    void drive() {
        host_.run(*network_);
        log_->write(LogLevel::info, "parley", "ended", {});
    }

    /// Brings requests from the server's thread to the node's, and replies back.
    void serve_rpc() {
        auto server = rpc_config(config().rpc);
        server.tcp = config().rpc.http;
        if (config().rpc.page) server.files = options_.page;
        if (!config().rpc.socket.empty()) server.unix_socket = folder_.file(config().rpc.socket);
        if (!server.tcp && !server.unix_socket) return;
        const auto handler = [this](std::string body, rpc::Caller from, HttpServer::Reply done) {
            host_.post([this, from = std::move(from), body = std::move(body),
                        done = std::move(done)](Now at) mutable {
                host_.go_on_with("a request of RPC");
                dispatcher_->handle(at, body, std::move(from), std::move(done));
            });
        };
        rpc_server_ = take(HttpServer::start(std::move(server), handler, *log_));
        extras_->http = rpc_server_->tcp_endpoint();
    }

    /// The figures are collected on the node's thread each time that somebody asks.
    void serve_metrics() {
        if (!config().metrics.listen) return;
        HttpServerConfig server;
        server.tcp = config().metrics.listen;
        server.page = {"/metrics", std::string{p2p::metrics_content_type}};
        server.reply_timeout = 10s;
        const auto handler = [this](const std::string&, const rpc::Caller&,
                                    HttpServer::Reply done) {
            host_.post([this, done = std::move(done)](Now at) {
                host_.go_on_with("metrics");
                done(metrics_text(at));
            });
        };
        auto made = HttpServer::start(std::move(server), handler, *log_);
        if (!made) fail("metrics.listen: " + made.error().what);
        metrics_server_ = std::move(*made);
        log_->write(
            LogLevel::info, "parley", "metrics",
            {{"url", "http://" + metrics_server_->tcp_endpoint()->to_string() + "/metrics"}});
    }

    void add_datagrams(rpc::json::object& out) const {
        const auto& counts = host_.datagram_counts();
        out["datagrams"] = {{"sent", counts.sent},
                            {"noSocket", counts.no_socket},
                            {"noRoom", counts.no_room},
                            {"refused", counts.refused},
                            {"lastRefusal", counts.last_refusal}};
    }

    std::string metrics_text(Now at) const {
        p2p::Metrics metrics;
        collect_metrics(metrics, *network_, at,
                        {started_, host_.loop_delay(), host_.datagram_counts()});
        for (const auto& collect : options_.metrics) collect(metrics, at);
        return metrics.text();
    }

    /// Has the router let callers through to the first listener of each family, if the settings say
    /// so.
    void map_ports() {
        if (config().p2p.port_mapping == nat::MappingMode::off) return;
        const bool v6 = open_pinhole();
        const auto listener = listener_of(true);
        if (!listener && !v6) {
            log_->write(LogLevel::warn, "parley",
                        "p2p.port_mapping is of no use: nobody listens on IPv4 beyond this machine",
                        {});
        }
        if (!listener) return;
        if (listener->address.is_public() || guessed_address(*listener, false)) {
            if (v6) return;
            log_->write(LogLevel::info, "parley",
                        "p2p.port_mapping is of no use: the address of this machine is public", {});
            return;
        }
        map(*listener, [this](Now at, const nat::MappingStatus& status) {
            network_->set_port_mapping(at, status);
        });
    }

    /// False if there is nothing to ask for.
    bool open_pinhole() {
        if (config().p2p.port_mapping == nat::MappingMode::nat_pmp) return false;
        const auto listener = listener_of(false);
        if (!listener) return false;
        if (!listener->address.is_public() && !guessed_address(*listener, false)) return false;
        map(*listener,
            [this](Now, const nat::MappingStatus& status) { network_->set_pinhole(status); });
        return true;
    }

    std::optional<Endpoint> listener_of(bool v4) const {
        const auto found = std::ranges::find_if(listening_, [v4](const Endpoint& endpoint) {
            return endpoint.address.is_v4() == v4 && !endpoint.address.is_loopback();
        });
        return found == listening_.end() ? std::nullopt : std::optional{*found};
    }

    /// `changed(now, status)` runs on the node's thread.
    template <class Changed>
    void map(const Endpoint& listener, Changed changed) {
        nat::PortMappingConfig mapping;
        mapping.mode = config().p2p.port_mapping;
        mapping.port = listener.port;
        mapping.v6 = !listener.address.is_v4();
        mapping.udp = config().uses_dht();
        auto router = std::make_shared<RouterAsker>(RouterConfig{.listener = listener.address});
        mappers_.push_back(std::make_unique<PortMapper>(
            mapping, Rng{random_seed()},
            [router](const nat::MappingRequest& request) { return router->ask(request); },
            [this, changed](const nat::MappingStatus& status) {
                host_.post([changed, status](Now at) { changed(at, status); });
            }));
    }

    void log_start() {
        const auto http = rpc_server_ ? rpc_server_->tcp_endpoint() : std::nullopt;
        log_->write(LogLevel::info, "parley", "started",
                    {{"version", options_.version.empty() ? config().client : options_.version},
                     {"id", id_.to_string()},
                     {"network", config().network.name},
                     {"listen", joined(listening_)},
                     {"http", http ? http->to_string() : std::string{"off"}},
                     {"folder", folder_.path}});
        if (http && config().rpc.page && !options_.page.empty()) {
            log_->write(LogLevel::info, "parley", "page",
                        {{"url", "http://" + http->to_string() + '/'}});
        }
        log_->write(LogLevel::info, "parley", "own record",
                    {{"enr", network_->record().to_text()}});
        if (!network_->endpoint()) {
            log_->write(LogLevel::warn, "parley",
                        "own address unknown: others cannot dial this node before three tell which "
                        "it is; or set p2p.advertise",
                        {});
        }
    }

    UnixTime started_;
    NodeHostOptions options_;
    p2p::Config first_config_;  // as the program gave it, without parley.toml
    p2p::ChainFacts chain_;
    ProgramValues program_values_;  // of its own settings, as parley.toml had them at the start
    LogLevel level_in_file_ = LogLevel::info;
    OsEntropy entropy_;
    Folder folder_;
    bool encrypted_ = false;
    NodeId id_{};
    std::optional<NodeKey> key_;  // until the network has it
    UniqueFd lock_;
    std::unique_ptr<LogSink> log_;
    std::shared_ptr<LmdbStore> store_;
    transport::LinkConfig link_;  // of all links, for their limits of bandwidth
    Host host_;
    std::vector<Endpoint> listening_;
    std::shared_ptr<p2p::RpcExtras> extras_ = std::make_shared<p2p::RpcExtras>();
    // Made by prepare() and serve(); what is later uses what is before.
    std::unique_ptr<p2p::Network> network_;
    std::optional<rpc::Dispatcher> dispatcher_;
    std::vector<std::unique_ptr<PortMapper>> mappers_;  // of each family
    std::unique_ptr<HttpServer> rpc_server_;
    std::unique_ptr<HttpServer> metrics_server_;
    std::thread thread_;
};

NodeHost::NodeHost(NodeHostOptions options) {
    open_standard_descriptors();  // before the first file is opened
    impl_ = std::make_unique<Impl>(std::move(options));
}
NodeHost::~NodeHost() = default;

const p2p::Config& NodeHost::config() const {
    return impl_->config();
}
const NodeId& NodeHost::id() const {
    return impl_->id();
}
const std::vector<Endpoint>& NodeHost::listening() const {
    return impl_->listening();
}
bool NodeHost::key_is_encrypted() const {
    return impl_->key_is_encrypted();
}
Log& NodeHost::log() {
    return impl_->log();
}
Store& NodeHost::store() {
    return impl_->store();
}
const Folder& NodeHost::folder() const {
    return impl_->folder();
}

void NodeHost::plug(std::vector<transport::PeerHandler*> modules) {
    std::ranges::copy(modules, std::back_inserter(impl_->options().modules));
}
void NodeHost::set_chain(const p2p::ChainFacts& chain) {
    impl_->set_chain(chain);
}
void NodeHost::add_methods(std::vector<rpc::Method> methods) {
    std::ranges::move(methods, std::back_inserter(impl_->options().methods));
}
void NodeHost::add_metrics(p2p::MetricsCollector collector) {
    impl_->options().metrics.push_back(std::move(collector));
}
void NodeHost::add_status(p2p::RpcExtras::Add status, p2p::RpcExtras::Add node_info) {
    if (status) impl_->extras().status.push_back(std::move(status));
    if (node_info) impl_->extras().node_info.push_back(std::move(node_info));
}

void NodeHost::run() {
    impl_->run();
}
void NodeHost::start() {
    impl_->start();
}
void NodeHost::stop() noexcept {
    impl_->stop();
}
void NodeHost::post(std::move_only_function<void(Now)> call) {
    impl_->host().post(std::move(call));
}
p2p::Network& NodeHost::network() {
    return impl_->network();
}
rpc::Result NodeHost::ask(Now now, std::string_view method) {
    return impl_->ask(now, method);
}
std::optional<Endpoint> NodeHost::rpc_endpoint() const {
    const auto* server = impl_->rpc_server();
    return server == nullptr ? std::nullopt : server->tcp_endpoint();
}
std::optional<Endpoint> NodeHost::metrics_endpoint() const {
    const auto* server = impl_->metrics_server();
    return server == nullptr ? std::nullopt : server->tcp_endpoint();
}

}  // namespace parley::runtime
