// The snippets of docs/MODULES.md: regions of this file, between `// [name]` and `// [/name]`, so
// that the page cannot show code that does not build. What can run is run here.
#include "document.hpp"
#include <parley/base/endian.hpp>
#include <parley/p2p/bare_node.hpp>
#include <parley/rpc/params.hpp>
#include <parley/runtime/module_host.hpp>
#include <parley/runtime/node_host.hpp>
#include <parley/runtime/own_thread.hpp>
#include <parley/runtime/test_dir.hpp>
#include <parley/sim/world/network.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::transport;

namespace {

// [echo]
class Echo final : public PeerHandler {
public:
    TopicSpec topic() const override {
        return {.name = "echo", .message_bytes_max = 1024, .window_bytes = 64U << 10};
    }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        return std::make_unique<Peer>(context);
    }

private:
    static constexpr Code say = 1, again = 2;

    struct Peer final : TopicHandler {
        explicit Peer(Context& c) : context(c) {}
        Result<void, Offence> handle(Code code, Message message) override {
            if (code == again) return {};
            if (code != say) return std::unexpected{Offence::malformed};
            waiting.push_back(std::move(message));  // with its credit: the window bounds the queue
            send_waiting();
            return {};
        }
        void on_writable() override { send_waiting(); }

        void send_waiting() {
            while (!waiting.empty()) {
                const auto sent = context.send_copy(again, waiting.front().bytes());
                // When there is room, on_writable comes.
                if (sent == SendResult::full) return;
                waiting.pop_front();  // sent, or never to be: the credit goes back
            }
        }

        Context& context;
        std::deque<Message> waiting;
    };
};
// [/echo]

/// Asks peers for values by their keys, and answers them.
class Lookup final : public PeerHandler {
public:
    using Done = std::move_only_function<void(std::optional<std::string>)>;
    static constexpr std::size_t asked_max = 16;  // under way, to one peer
    static constexpr Duration patience = 10s;

    std::map<std::string, std::string> values;

    /// False: no such peer, or too much waits for it. Otherwise `done` is called once, with nothing
    /// if no answer comes in time.
    bool ask(const NodeId& id, std::string_view key, Done done) {
        const auto peer = peers_.find(id);
        return peer != peers_.end() && peer->second->ask(key, std::move(done));
    }

    TopicSpec topic() const override { return {.name = "lookup", .message_bytes_max = 4096}; }
    void attached(Network& network) override { network_ = &network; }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        return std::make_unique<Peer>(*this, context);
    }
    // [time]
    Instant next_wakeup() const override {
        Instant next = never;
        for (const auto& [id, peer] : peers_) next = std::min(next, peer->next_deadline());
        return next;
    }
    void on_timer(Now now) override {
        std::vector<Done> late;  // called last: they may ask again
        for (const auto& [id, peer] : peers_) peer->take_late(now.instant, late);
        for (auto& done : late) done(std::nullopt);
    }
    // [/time]

private:
    static constexpr Code question = 1, answer = 2;
    using RequestId = std::uint32_t;

    struct Request {
        Instant deadline;
        Done done;
    };

    class Peer final : public TopicHandler {
    public:
        Peer(Lookup& module, Context& context) : module_(module), context_(context) {
            module_.peers_[context.id()] = this;
        }

        // [request]
        bool ask(std::string_view key, Done done) {
            if (asked_.size() >= asked_max) return false;
            if (send(question, last_ + 1, key) != SendResult::queued) return false;
            const auto now = module_.network_->now().instant;
            asked_.emplace(++last_, Request{now + patience, std::move(done)});
            return true;
        }

        Result<void, Offence> handle(Code code, Message message) override {
            const Bytes bytes = message.bytes();
            if (bytes.size() < sizeof(RequestId)) return std::unexpected{Offence::malformed};
            const auto id = load_be<RequestId>(bytes);
            const auto text = text_of(bytes.subspan(sizeof(RequestId)));
            if (code == question) {
                const auto found = module_.values.find(std::string{text});
                const auto value = found == module_.values.end() ? "" : found->second;
                send(answer, id, value);  // a lane that is full: the asker's time runs out
                return {};
            }
            if (code != answer) return std::unexpected{Offence::malformed};
            if (id == 0 || id > last_) return std::unexpected{Offence::unasked};
            auto request = asked_.extract(id);
            if (request.empty()) return {};  // late: an honest node may be slow
            request.mapped().done(std::string{text});
            return {};
        }

        void on_closed(CloseReason) override {
            module_.peers_.erase(context_.id());
            for (auto& [id, request] : std::exchange(asked_, {})) request.done(std::nullopt);
        }
        // [/request]

        /// IDs rise and all have the same time: the first is due first.
        Instant next_deadline() const {
            return asked_.empty() ? never : asked_.begin()->second.deadline;
        }
        void take_late(Instant now, std::vector<Done>& late) {
            while (next_deadline() <= now) {
                late.push_back(std::move(asked_.begin()->second.done));
                asked_.erase(asked_.begin());
            }
        }

    private:
        SendResult send(Code code, RequestId id, std::string_view text) {
            Buffer out;
            append_be(out, id);
            append(out, bytes_of(text));
            return context_.send(code, SharedBytes::own(std::move(out)));
        }

        Lookup& module_;
        Context& context_;
        RequestId last_ = 0;
        std::map<RequestId, Request> asked_;  // at most asked_max
    };

    Network* network_ = nullptr;
    std::map<NodeId, Peer*> peers_;  // bounded by the node's slots
};

bool is_valid(Bytes bytes) {
    return !bytes.empty() && bytes.front() == std::byte{1};
}

/// A module that checks what comes on a worker.
class Checked final : public PeerHandler {
public:
    TopicSpec topic() const override { return {.name = "checked"}; }
    void attached(Network& network) override { network_ = &network; }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        return std::make_unique<Peer>(*this, context);
    }
    Instant next_wakeup() const override { return retry_at_; }
    void on_timer(Now) override {
        retry_at_ = never;
        for (Peer* peer : peers_) peer->check_next();
    }

    std::size_t good = 0;

private:
    struct Peer final : TopicHandler {
        Peer(Checked& m, Context& c) : module(m), context(c) { module.peers_.insert(this); }
        ~Peer() override { module.peers_.erase(this); }

        Result<void, Offence> handle(Code, Message message) override {
            waiting.push_back(std::move(message));
            check_next();
            return {};
        }

        // [job]
        /// One at a time: messages stay in order.
        void check_next() {
            if (busy || waiting.empty()) return;
            struct Work {
                Buffer bytes;
                bool valid = false;
            };
            if (module.network_->jobs().full()) {  // the queue is for all modules
                module.retry_at_ = context.now().instant + 10ms;
                return;
            }
            // move_bytes() keeps the credit: the Message stays here, for it is of this thread.
            auto work = std::make_shared<Work>(waiting.front().move_bytes());
            busy = module.network_->jobs().submit(
                {.run = [work] { work->valid = is_valid(work->bytes); },
                 .done =
                     [work, alive = std::weak_ptr{self}](Now) {
                         const auto peer = alive.lock();  // null: the link ended meanwhile
                         if (peer) (*peer)->checked(work->valid);
                     }});
        }
        void checked(bool valid) {
            busy = false;
            waiting.pop_front();  // the credit goes back
            if (valid) ++module.good;
            if (!valid) context.penalise(Offence::invalid_data);
            check_next();
        }
        // [/job]

        Checked& module;
        Context& context;
        std::shared_ptr<Peer*> self = std::make_shared<Peer*>(this);
        std::deque<Message> waiting;  // bounded by the window
        bool busy = false;
    };

    Network* network_ = nullptr;
    std::set<Peer*> peers_;
    Instant retry_at_ = never;
};

/// A module that other threads may use.
class Announcer final : public PeerHandler {
public:
    // [post]
    /// From any thread. False: the node does not run yet, or any more.
    bool announce(std::string text) {
        return node_thread_ && node_thread_->post([this, text = std::move(text)](Now) {
            network_->broadcast("announce", 1, SharedBytes::copy(bytes_of(text)));
        });
    }

    void attached(Network& network) override {
        network_ = &network;
        node_thread_ = network.node_thread();
    }
    // [/post]
    TopicSpec topic() const override { return {.name = "announce"}; }
    std::unique_ptr<TopicHandler> new_peer(Context&) override { return std::make_unique<Peer>(); }

private:
    struct Peer final : TopicHandler {
        Result<void, Offence> handle(Code, Message) override { return {}; }
    };
    Network* network_ = nullptr;
    std::shared_ptr<NodeThread> node_thread_;
};

NodeId some_id() {
    return sim::Network::keys(1, 1).front().id();
}

/// A peer for tests of a module alone.
struct FakePeer final : Context {
    const NodeId& id() const override { return peer_id; }
    const Hello& hello() const override { throw std::logic_error{"no hello"}; }
    const Endpoint& endpoint() const override { return remote; }
    Direction direction() const override { return Direction::inbound; }
    Now now() const override { return time; }
    std::size_t message_bytes_max() const override { return 1024; }
    SendResult send(Code code, SharedBytes message) override {
        if (room == 0) return SendResult::full;
        --room;
        sent.emplace_back(code, std::move(message));
        return SendResult::queued;
    }
    void mark_useful() override {}
    void penalise(Offence offence) override { offences.push_back(offence); }
    void disconnect() override {}

    NodeId peer_id = some_id();
    Endpoint remote;
    Now time;
    std::size_t room = 100;
    std::vector<std::pair<Code, SharedBytes>> sent;
    std::vector<Offence> offences;
};

/// A network without links; the test runs its jobs.
struct FakeNetwork final : Network {
    BroadcastResult broadcast(std::string_view, Code, const SharedBytes&,
                              const PeerPredicate&) override {
        return {};
    }
    JobQueue& jobs() override { return job_queue; }
    Hub& hub() override { return events; }
    Log& log() override { return no_log(); }
    Now now() const override { return time; }
    const NodeId& id() const override { return own_id; }

    JobQueue job_queue{8};
    Hub events;
    Now time;
    NodeId own_id = some_id();
};

/// Runs what waits, as the driver of a node does.
void run_jobs(FakeNetwork& network) {
    for (auto jobs = network.job_queue.take(); !jobs.empty(); jobs = network.job_queue.take()) {
        for (auto& job : jobs) {
            job.run();
            network.job_queue.finish(job, network.time);
        }
    }
}

/// Writes down its calls.
class Recorder final : public PeerHandler {
public:
    TopicSpec topic() const override {
        calls_.emplace_back("topic");
        return {.name = "recorder"};
    }
    void attached(Network& network) override {
        calls_.emplace_back("attached");
        network_ = &network;
    }
    void on_attempt_failed(const FailedAttempt&) override { calls_.emplace_back("failed"); }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        calls_.emplace_back("new_peer");
        context.send(1, SharedBytes::copy(bytes_of("hello")));
        return std::make_unique<Peer>(*this);
    }
    Buffer status() override { return to_buffer(bytes_of("7")); }

    const testing::Strings& calls() const { return calls_; }

private:
    struct Peer final : TopicHandler {
        explicit Peer(Recorder& r) : recorder(r) {}
        ~Peer() override { recorder.calls_.emplace_back("destroyed"); }
        Result<void, Offence> handle(Code, Message) override {
            recorder.calls_.emplace_back("handle");
            return {};
        }
        void on_closed(CloseReason) override { recorder.calls_.emplace_back("on_closed"); }
        Recorder& recorder;
    };
    mutable testing::Strings calls_;
    Network* network_ = nullptr;
};

// [world]
/// Two nodes with a module each, linked in virtual time.
template <class Module>
struct TwoNodes {
    explicit TwoNodes(std::uint64_t seed)
        : world({.seed = seed}), keys(sim::Network::keys(seed, 2)) {
        for (sim::HostId host = 0; host < 2; ++host) {
            world.add_host(sim::Network::endpoint(host), {}, [this, host](Now, Store&, Rng rng) {
                Hello hello{EnrBuilder{1}.sign(keys[host]).value()};
                hello.network_id = 4711;
                hello.roles = role::full;
                return std::make_unique<p2p::BareNode>(SwitchConfig{}, keys[host], std::move(hello),
                                                       std::vector<PeerHandler*>{&modules[host]},
                                                       no_log(), rng);
            });
            world.start(host);
        }
        world.call(0, [this](p2p::NodeCore& node, Now now) {
            const Target target{keys[1].id(), sim::Network::endpoint(1)};
            (void)node.links().dial(now, target, SlotClass::ordinary);
        });
        world.run_for(1s);
    }

    std::array<Module, 2> modules;  // outlive the nodes
    sim::World world;
    std::vector<NodeKey> keys;
};
// [/world]

/// The lines between `// [name]` and `// [/name]` of this file, without spaces around each.
testing::Strings region(const testing::Strings& source, const std::string& name) {
    testing::Strings out;
    bool inside = false;
    for (const auto& line : source) {
        const auto text = testing::trimmed(line);
        if (text == "// [/" + name + "]") return out;
        if (inside && !text.starts_with("// [") && !text.empty()) out.emplace_back(text);
        if (text == "// [" + name + "]") inside = true;
    }
    return {};
}

}  // namespace

TEST_CASE("modules guide: each snippet is a region of this file") {
    const std::string file = "test/modules_guide_test.cpp";
    const auto source = testing::lines_of(testing::read_file(testing::root / file));
    const auto page = testing::lines_of(testing::read_file(testing::root / "docs/MODULES.md"));
    std::size_t snippets = 0;
    for (std::size_t i = 0; i < page.size(); ++i) {
        if (!page[i].starts_with("```cpp")) continue;
        ++snippets;
        CAPTURE(i + 1);
        REQUIRE(i > 0);
        const auto names = testing::between(page[i - 1], "<!-- " + file + ": ", " -->");
        REQUIRE(names.size() == 1);
        testing::Strings shown;
        for (++i; i < page.size() && page[i] != "```"; ++i) {
            if (const auto text = testing::trimmed(page[i]); !text.empty())
                shown.emplace_back(text);
        }
        CAPTURE(names.front());
        CHECK(!shown.empty());
        CHECK(shown == region(source, names.front()));
    }
    CHECK(snippets >= 8);
}

TEST_CASE("modules guide: calls come in the stated order") {
    TwoNodes<Recorder> two{1};
    CHECK(two.modules[0].calls() == testing::Strings{"topic", "attached", "new_peer", "handle"});
    two.world.kill(1);
    two.world.run_for(1s);
    CHECK(two.modules[0].calls() ==
          testing::Strings{"topic", "attached", "new_peer", "handle", "on_closed", "destroyed"});
    two.world.call(0, [&](p2p::NodeCore& node, Now now) {
        const Target nobody{two.keys[1].id(), sim::Network::endpoint(1)};
        CHECK(node.links().dial(now, nobody, SlotClass::ordinary).has_value());
    });
    two.world.run_for(10s);
    CHECK(two.modules[0].calls().back() == "failed");
}

TEST_CASE("modules guide: requests find their answers, or time out") {
    // [simulate]
    TwoNodes<Lookup> two{7};
    two.modules[1].values["height"] = "12";

    std::optional<std::string> value;
    two.world.call(0, [&](p2p::NodeCore&, Now) {
        two.modules[0].ask(two.keys[1].id(), "height", [&](auto answer) { value = answer; });
    });
    CHECK(two.world.run_until([&] { return value.has_value(); }, 1s));
    CHECK(value == "12");

    bool over = false;
    two.world.pause(1, 60s);  // as under SIGSTOP
    two.world.call(0, [&](p2p::NodeCore&, Now) {
        two.modules[0].ask(two.keys[1].id(), "height", [&](auto answer) { over = !answer; });
    });
    two.world.run_for(9s);
    CHECK(!over);
    CHECK(two.world.run_until([&] { return over; }, 2s));
    // [/simulate]
}

TEST_CASE("modules guide: a module asks a bounded number of questions, and hears of the end") {
    TwoNodes<Lookup> two{8};
    std::size_t ended = 0;
    two.world.call(0, [&](p2p::NodeCore&, Now) {
        for (std::size_t i = 0; i <= Lookup::asked_max; ++i) {
            const bool asked = two.modules[0].ask(two.keys[1].id(), "height",
                                                  [&](auto answer) { ended += answer ? 0 : 1; });
            CHECK(asked == (i < Lookup::asked_max));
        }
        CHECK(!two.modules[0].ask(two.keys[0].id(), "height", [](auto) {}));
    });
    two.world.kill(1);
    CHECK(two.world.run_until([&] { return ended == Lookup::asked_max; }, 5s));
}

TEST_CASE("modules guide: a module alone") {
    // [alone]
    Echo echo;
    FakePeer peer;
    const auto handler = echo.new_peer(peer);
    peer.room = 1;
    CHECK(handler->handle(1, Message{to_buffer(bytes_of("one"))}));
    CHECK(handler->handle(1, Message{to_buffer(bytes_of("two"))}));
    CHECK(peer.sent.size() == 1);  // the lane is full

    peer.room = 1;
    handler->on_writable();
    REQUIRE(peer.sent.size() == 2);
    CHECK(text_of(peer.sent[1].second) == "two");

    CHECK(handler->handle(9, {}) == std::unexpected{Offence::malformed});
    // [/alone]
}

TEST_CASE("modules guide: slow work as a job") {
    FakeNetwork network;
    Checked module;
    module.attached(network);
    FakePeer peer;
    auto handler = module.new_peer(peer);
    while (network.job_queue.submit({})) {  // others use all that there are
    }
    CHECK(handler->handle(1, Message{Buffer{std::byte{1}}}));
    CHECK(handler->handle(1, Message{Buffer{std::byte{2}}}));
    CHECK(module.next_wakeup() == network.time.instant + 10ms);
    for (auto& job : network.job_queue.take()) network.job_queue.finish(job, network.time);
    module.on_timer(network.time);
    run_jobs(network);
    CHECK(module.good == 1);
    CHECK(peer.offences == std::vector{Offence::invalid_data});

    CHECK(handler->handle(1, Message{Buffer{std::byte{1}}}));
    handler.reset();  // the link ends while the job is under way
    run_jobs(network);
    CHECK(module.good == 1);
}

TEST_CASE("modules guide: a thread of its own") {
    // [own_thread]
    Echo echo;                                        // any PeerHandler; this one may now block
    runtime::OwnThread module{echo};                  // what the node sees
    Announcer announcer;                              // on the node's thread
    runtime::ModuleHost host{{&module, &announcer}};  // destroyed first
    host.start();
    // [/own_thread]
    CHECK(module.topic().name == "echo");
}

TEST_CASE("modules guide: a module in a whole node") {
    const runtime::TestDir dir;
    const auto folder = dir.file("node");
    Lookup lookup;
    // [host]
    std::size_t values_max = 1000;  // a setting of the program's own, in parley.toml
    p2p::SettingList settings;
    settings.table("lookup").number("values_max", "How many values are kept.", 1, 1'000'000,
                                    values_max);

    const auto get = [&lookup](const rpc::Call& call) -> rpc::Result {
        const auto key = rpc::text_param(call, 0, "a key");
        if (!key) return std::unexpected{key.error()};
        const auto found = lookup.values.find(std::string{*key});
        if (found == lookup.values.end()) return rpc::json::value(nullptr);
        return rpc::json::value(found->second);
    };
    const auto figures = [&lookup](p2p::Metrics& metrics, Now) {
        metrics.gauge("lookup_values", "Values that are kept.").add(lookup.values.size());
    };

    p2p::Config config;
    config.client = "lookup/1.0";
    config.log.level = LogLevel::warn;
    config.network = {.name = "lookup", .id = 4711};
    config.p2p.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
    runtime::NodeHost host{{.folder = folder,
                            .config = config,
                            .settings = settings,
                            .modules = {&lookup},
                            .methods = {{.name = "lookup_get", .params_max = 1, .answer = get}},
                            .metrics = {figures}}};
    host.start();  // or run(): on this thread, until SIGINT or SIGTERM
    // [/host]
    CHECK(testing::read_file(folder + "/parley.toml").find("values_max = 1000") !=
          std::string::npos);
}

TEST_CASE("modules guide: a topic that no peer could take is an error") {
    const auto refusal = [](TopicSpec spec) {
        struct Module final : PeerHandler {
            TopicSpec topic() const override { return own; }
            std::unique_ptr<TopicHandler> new_peer(Context&) override { return nullptr; }
            TopicSpec own;
        } module;
        module.own = std::move(spec);
        try {
            const runtime::ModuleHost host{{&module}};
        } catch (const std::invalid_argument& error) {
            return std::string{error.what()};
        }
        return std::string{};
    };
    const auto page = testing::read_file(testing::root / "docs/MODULES.md");
    const std::array wrong{
        TopicSpec{.name = ""},
        TopicSpec{.name = std::string(33, 'x')},
        TopicSpec{.name = "Chat"},
        TopicSpec{.name = "chat", .message_bytes_max = 0},
        TopicSpec{.name = "chat", .message_bytes_max = 1024, .window_bytes = 1000},
        TopicSpec{.name = "chat", .send_budget_bytes = 0},
    };
    for (const auto& spec : wrong) {
        const auto why = refusal(spec);
        CAPTURE(why);
        REQUIRE(why.find(": ") != std::string::npos);
        CHECK(page.find("`" + why.substr(why.find(": ") + 2) + "`") != std::string::npos);
    }
}
