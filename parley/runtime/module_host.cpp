#include <parley/runtime/module_host.hpp>

#include <parley/runtime/descriptors.hpp>

#include <stdexcept>

namespace parley::runtime {

namespace {

transport::Hello hello_of(const NodeKey& key, const ModuleHostOptions& options) {
    EnrBuilder record{1};
    if (options.listen) record.ip(options.listen->address);
    transport::Hello hello{record.sign(key).value()};
    hello.client = options.client;
    hello.network_id = options.network_id;
    hello.genesis = options.genesis;
    hello.chain_id = options.chain_id;
    hello.roles = options.roles;
    return hello;
}

transport::SwitchConfig switch_config(const ModuleHostOptions& options) {
    auto out = options.links;
    if (out.forks.genesis == Hash256{}) out.forks.genesis = options.genesis;
    return out;
}

HostConfig host_config(const ModuleHostOptions& options) {
    HostConfig config;
    if (options.listen) config.listen = {*options.listen};
    config.link = options.links.link;
    config.io_threads = options.io_threads;
    config.spin = options.spin;
    return config;
}

Log& log_of(const ModuleHostOptions& options) {
    return options.log ? *options.log : no_log();
}

}  // namespace

ModuleHost::ModuleHost(std::vector<transport::PeerHandler*> modules,
                       const ModuleHostOptions& options)
    : key_(NodeKey::generate(entropy_)),
      // Before the first socket: else what the program prints may go into one.
      host_((open_standard_descriptors(), host_config(options)), entropy_, log_of(options)),
      core_(switch_config(options), key_, hello_of(key_, options), std::move(modules),
            log_of(options), Rng{random_seed()}) {
    const auto bound = host_.listen();
    if (!bound) throw std::runtime_error{bound.error().what};
    if (!bound->empty()) endpoint_ = bound->front();
}

ModuleHost::~ModuleHost() {
    host_.stop();
    if (thread_.joinable()) thread_.join();
}

void ModuleHost::start() {
    thread_ = std::thread{[this] { host_.run(core_); }};
}

void ModuleHost::dial(const Target& target) {
    host_.post([this, target](Now now) {
        const auto link = core_.links().dial(now, target, {.explicit_target = true});
        if (link || (link.error() != transport::DialError::no_slot &&
                     link.error() != transport::DialError::group_taken)) {
            return;  // what else can be wrong the switch says
        }
        core_.links().log().write(LogLevel::warn, "host",
                                  "no slot for a target, which is not dialed",
                                  {{"target", target.to_string()}});
    });
}

}  // namespace parley::runtime
