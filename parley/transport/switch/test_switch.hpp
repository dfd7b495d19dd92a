// For tests of the Switch: a node whose links are played by the test.
#pragma once

#include <parley/events/test_log.hpp>
#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/switch/switch.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

template <>
struct doctest::StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& words) {
        std::string text;
        for (const std::string& word : words) text += "[" + word + "]";
        return text.c_str();
    }
};

namespace parley::transport::test {

inline NodeKey key_of(unsigned char n) {
    ByteArray<32> secret{};
    secret[31] = std::byte{n};
    secret[0] = std::byte{1};
    return NodeKey::from_secret(secret).value();
}

/// Keys in ascending order of their IDs.
inline std::vector<NodeKey> sorted_keys(std::size_t count) {
    std::vector<NodeKey> keys;
    for (std::size_t i = 0; i < count; ++i) {
        keys.push_back(key_of(static_cast<unsigned char>(i + 1)));
    }
    std::ranges::sort(keys, {}, [](const NodeKey& k) { return k.id(); });
    return keys;
}

inline Hello hello_of(const NodeKey& key, std::vector<HelloTopic> topics = {}) {
    Hello hello{EnrBuilder{1}.sign(key).value()};
    hello.client = "test";
    hello.network_id = 7;
    hello.roles = role::full;
    hello.topics = std::move(topics);
    return hello;
}

inline Endpoint endpoint(std::string_view address, std::uint16_t port = 30303) {
    return {IpAddress::parse(address).value(), port};
}

/// A module that notes what happens to it and does what the test says.
class TestModule final : public PeerHandler {
public:
    struct Held {
        NodeId id;
        Code code;
        Message message;
    };
    class Handler final : public TopicHandler {
    public:
        Handler(TestModule& owner, Context& peer) : owner_(owner), peer_(peer) {}
        ~Handler() override { ++owner_.destroyed; }
        Result<void, Offence> handle(Code code, Message message) override {
            owner_.note("handle " + std::to_string(code));
            owner_.may_throw("handle");
            if (owner_.on_handle) return owner_.on_handle(peer_, code, std::move(message));
            return {};
        }
        void on_writable() override {
            owner_.note("writable");
            owner_.may_throw("on_writable");
            if (owner_.when_writable) owner_.when_writable(peer_);
        }
        void on_status(Bytes status) override {
            owner_.note("status " + std::string{text_of(status)});
            owner_.may_throw("on_status");
        }
        void on_closed(CloseReason reason) override {
            owner_.note("closed " + std::string{name(reason)});
            std::erase(owner_.peers, &peer_);
            owner_.may_throw("on_closed");
            if (owner_.on_closed) owner_.on_closed(peer_, reason);
        }

    private:
        TestModule& owner_;
        Context& peer_;
    };

    explicit TestModule(TopicSpec spec, std::vector<std::string>* shared_log = nullptr)
        : spec_(std::move(spec)), shared_log_(shared_log) {}

    TopicSpec topic() const override { return spec_; }
    void attached(Network& net) override {
        ++attached_times;
        network = &net;
    }
    void on_attempt_failed(const FailedAttempt& attempt) override {
        may_throw("on_attempt_failed");
        attempts.push_back(attempt);
    }
    std::unique_ptr<TopicHandler> new_peer(Context& peer) override {
        note("new");
        may_throw("new_peer");
        ++made;
        peers.push_back(&peer);
        peers_most = std::max(peers_most, peers.size());
        if (on_new) on_new(peer);
        if (makes_null) return nullptr;
        return std::make_unique<Handler>(*this, peer);
    }
    Buffer status() override {
        may_throw("status");
        return to_buffer(bytes_of(status_text));
    }
    Instant next_wakeup() const override {
        may_throw("next_wakeup");
        return wakeup;
    }
    void on_timer(Now now) override {
        note("timer");
        may_throw("on_timer");
        wakeup = never;
        (void)now;
    }

    void note(std::string what) {
        log.push_back(what);
        if (shared_log_) shared_log_->push_back(spec_.name + " " + what);
    }
    void may_throw(std::string_view call) const {
        if (call == throws_in) throw std::runtime_error{"broken"};
    }
    std::size_t count(std::string_view what) const {
        return static_cast<std::size_t>(std::ranges::count(log, what));
    }

    std::vector<std::string> log;
    std::vector<FailedAttempt> attempts;
    Network* network = nullptr;
    std::size_t attached_times = 0;
    std::vector<Context*> peers;
    std::size_t peers_most = 0;
    std::size_t made = 0;
    std::size_t destroyed = 0;
    bool makes_null = false;
    std::string throws_in;  ///< the call of the module's that throws
    std::string status_text;
    Instant wakeup = never;
    std::function<void(Context&)> on_new;
    std::function<Result<void, Offence>(Context&, Code, Message)> on_handle;
    std::function<void(Context&)> when_writable;
    std::function<void(Context&, CloseReason)> on_closed;

private:
    TopicSpec spec_;
    std::vector<std::string>* shared_log_;
};

inline TopicSpec spec(std::string name) {
    return {.name = std::move(name),
            .version = 1,
            .message_bytes_max = 20'000 - 64,  // a window of one message: credit is not held back
            .window_bytes = 20'000,
            .send_budget_bytes = 1'000};
}

/// A Switch, what it publishes and what it wants of its driver.
struct Rig {
    explicit Rig(const NodeKey& own, std::vector<PeerHandler*> handlers, SwitchConfig config = {})
        : key(own), modules(std::move(handlers)), hello(hello_of(own)) {
        node = std::make_unique<Switch>(config, own, hello, modules, hub, jobs, log, Rng{1});
        subscriptions.push_back(hub.subscribe<PeerUp>(
            [this](const PeerUp& e) { events.push_back("up " + std::string{name(e.direction)}); }));
        subscriptions.push_back(hub.subscribe<PeerDown>([this](const PeerDown& e) {
            events.push_back("down " + std::string{name(e.reason)});
        }));
        subscriptions.push_back(hub.subscribe<DialFailed>([this](const DialFailed& e) {
            events.push_back("failed " + std::string{name(e.reason)} + (e.alive ? " alive" : ""));
            last_failure = e;
        }));
    }

    Now now() const {
        return {Instant{} + time,
                UnixTime{} + std::chrono::duration_cast<std::chrono::milliseconds>(time)};
    }
    /// A caller that has sent M1 only.
    LinkId accept(std::string_view from = "127.0.0.1") {
        const auto link = node->on_accept(now(), endpoint(from));
        REQUIRE(link.has_value());
        return *link;
    }
    LinkId dial(const NodeKey& peer, SlotClass slot_class = SlotClass::ordinary,
                std::string_view to = "127.0.0.1") {
        const auto link = node->dial(now(), {peer.id(), endpoint(to)}, slot_class);
        REQUIRE(link.has_value());
        return *link;
    }
    void event(LinkId link, LinkEvent e) {
        node->on_event(now(), link, std::move(e));
        REQUIRE(node->slots().consistent());
    }
    void prove(LinkId link, const NodeKey& peer) { prove(link, peer, hello_like_ours(peer)); }
    void prove(LinkId link, const NodeKey& peer, Hello theirs) {
        event(link, Authenticated{peer.id(), std::move(theirs), std::nullopt});
    }
    Hello hello_like_ours(const NodeKey& peer) const {
        const Hello& ours = node->identity()->hello;
        Hello theirs = hello_of(peer, ours.topics);
        theirs.fork = ours.fork;
        return theirs;
    }
    /// The owner bans it for an hour.
    void ban_address(std::string_view address) {
        const auto until = now().unix_time + std::chrono::hours{1};
        REQUIRE(node->impose_ban(now(),
                                 {exact_group(IpAddress::parse(address).value()), until, "test"}));
    }
    void closed(LinkId link, CloseReason reason = CloseReason::truncated) {
        event(link, Closed{reason, "", std::nullopt, 0, 0});
    }
    LinkId up_inbound(const NodeKey& peer, std::string_view from = "127.0.0.1") {
        const LinkId link = accept(from);
        prove(link, peer);
        CHECK(commands(link) == std::vector<std::string>{"proceed"});
        return link;
    }
    LinkId up_outbound(const NodeKey& peer, std::string_view to = "127.0.0.1") {
        const LinkId link = dial(peer, SlotClass::ordinary, to);
        prove(link, peer);
        event(link, Up{});
        CHECK(commands(link) == std::vector<std::string>{"open", "proceed"});
        return link;
    }
    void deliver(LinkId link, LaneId lane, Code code, std::string_view text) {
        Delivered delivered;
        delivered.add_small(lane, code, bytes_of(text));
        event(link, std::move(delivered));
    }

    void take() {
        for (SwitchEffect& effect : node->take_effects()) effects.push_back(std::move(effect));
        hub.deliver();
    }
    /// What was commanded to that link since the last call, in words.
    std::vector<std::string> commands(LinkId link) {
        take();
        std::vector<std::string> words;
        std::vector<SwitchEffect> others;
        for (SwitchEffect& effect : effects) {
            const auto* open = std::get_if<OpenLink>(&effect);
            auto* command = std::get_if<CommandLink>(&effect);
            if (open && open->link == link) {
                words.push_back("open");
            } else if (command && command->link == link) {
                words.push_back(in_words(command->command));
            } else {
                others.push_back(std::move(effect));
            }
        }
        effects = std::move(others);
        return words;
    }
    std::string command(LinkId link) {
        const auto all = commands(link);
        CHECK(all.size() <= 1);
        return all.empty() ? "nothing" : all.back();
    }
    std::string in_words(LinkCommand& c) {
        if (std::holds_alternative<Proceed>(c)) return "proceed";
        if (auto* refuse = std::get_if<Refuse>(&c)) {
            goodbye = refuse->goodbye;
            return "refuse " + std::string{name(refuse->goodbye.reason)};
        }
        if (auto* abandon = std::get_if<Abandon>(&c)) {
            return "abandon " + std::string{name(abandon->reason)};
        }
        if (auto* send = std::get_if<Send>(&c)) {
            return "send " + std::to_string(send->lane) + " " + std::to_string(send->code);
        }
        if (auto* several = std::get_if<SendChunks>(&c)) {
            std::string words = "send";
            for (Bytes rest{several->chunks}; !rest.empty();) {
                const auto chunk = take_chunk(rest);
                words += " " + std::to_string(chunk->lane) + " " + std::to_string(chunk->code);
            }
            return words;
        }
        if (auto* consumed = std::get_if<Consumed>(&c)) {
            return "consumed " + std::to_string(consumed->lane) + " " +
                   std::to_string(consumed->bytes);
        }
        if (auto* grow = std::get_if<GrowWindow>(&c)) {
            return "grow " + std::to_string(grow->lane) + " by " + std::to_string(grow->bytes);
        }
        if (auto* tell = std::get_if<TellDrained>(&c)) {
            return "tell drained " + std::to_string(tell->lane);
        }
        if (std::holds_alternative<Probe>(c)) return "probe";
        return "statuses";
    }
    std::vector<std::string> take_events() {
        take();
        return std::exchange(events, {});
    }
    std::size_t in_use(SlotKind kind) const { return node->slots().in_use(kind); }

    const NodeKey& key;
    std::vector<PeerHandler*> modules;
    Hello hello;
    Hub hub;
    JobQueue jobs{8};
    TestLog log;
    Duration time = 1000s;
    std::unique_ptr<Switch> node;
    std::vector<Hub::Subscription> subscriptions;
    std::vector<SwitchEffect> effects;
    std::vector<std::string> events;
    std::optional<DialFailed> last_failure;
    std::optional<Goodbye> goodbye;  ///< the last one that was commanded
};

using Words = std::vector<std::string>;

}  // namespace parley::transport::test
