#include "bare.hpp"
#include "transport.hpp"
#include <parley/runtime/module_host.hpp>

#include <future>
#include <list>
#include <memory>

namespace parley::bench {

using runtime::ModuleHost;

namespace {

/// A link needs a topic in common.
class Nothing final : public transport::PeerHandler {
public:
    transport::TopicSpec topic() const override {
        return {.name = "nothing",
                .version = 1,
                .priority = transport::Priority::bulk,
                .message_bytes_max = 1024,
                .window_bytes = 4096,
                .send_budget_bytes = 4096};
    }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
        struct Handler final : transport::TopicHandler {
            Result<void, transport::Offence> handle(transport::Code, transport::Message) override {
                return {};
            }
        };
        return std::make_unique<Handler>();
    }
};

/// The callers are the same few nodes all the time. As strangers, none of whose records came
/// before, they are verified each time.
transport::SwitchConfig many_callers(bool known) {
    transport::SwitchConfig config;
    if (!known) config.known_records_max = 0;
    config.slots.handshake_per_exempt_address_max = 256;
    config.slots.inbound_max = 256;
    config.callers.exempt_address = {1e6, 1e6};
    config.callers.exempt_all = {1e6, 1e6};
    return config;
}

/// Dials, and hangs up as soon as the link is up, for ever. All on one thread each: many of them
/// share a core.
class Caller {
public:
    Caller(const Target& target, bool known)
        : node_({&module_}, {.listen = {}, .links = many_callers(known), .io_threads = 0}),
          target_(target) {
        up_ = node_.core().hub().subscribe<transport::PeerUp>([this](const transport::PeerUp& e) {
            node_.post([this, id = e.id](Now now) {
                node_.core().links().disconnect(now, id, transport::CloseReason::requested);
            });
        });
        down_ = node_.core().hub().subscribe<transport::PeerDown>(
            [this](const transport::PeerDown&) { node_.dial(target_); });
        failed_ = node_.core().hub().subscribe<transport::DialFailed>(
            [this](const transport::DialFailed&) { node_.dial(target_); });
        node_.dial(target_);
        node_.start();
    }

private:
    Nothing module_;
    ModuleHost node_;
    Target target_;
    Hub::Subscription up_, down_, failed_;
};

}  // namespace

double link_handshakes(std::uint64_t count, bool known) {
    Nothing module;
    ModuleHost node{{&module}, {.links = many_callers(known), .io_threads = 2}};
    std::promise<double> done;
    std::uint64_t seen = 0;
    double start = 0;
    const auto subscription =
        node.core().hub().subscribe<transport::PeerUp>([&](const transport::PeerUp&) {
            if (seen == 0) start = seconds_now();
            if (++seen == count + 1) done.set_value(seconds_now() - start);
        });
    node.start();
    PeerProcess peer{{"link-handshakes", node.target().to_string(), known ? "known" : "strangers"}};
    return static_cast<double>(count) / done.get_future().get();
}

int link_handshake_dialer(const std::vector<std::string>& arguments) {
    const auto target = Target::parse(arguments.at(0));
    std::list<Caller> dialers;
    const bool known = arguments.at(1) == "known";
    for (std::size_t i = 0; i < parallel_handshakes; ++i) dialers.emplace_back(*target, known);
    std::promise<void>{}.get_future().wait();  // until this process is ended
    return 0;
}

}  // namespace parley::bench
