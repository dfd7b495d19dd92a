// For tests: a node that is no more than a Switch and the modules of the test, on a Host with a
// thread of its own.
#pragma once

#include <parley/p2p/bare_node.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/host.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace parley::runtime::test {

/// Generous: a test that fails may be slow, one that passes is not.
inline constexpr auto patience = std::chrono::seconds{60};

inline const Endpoint any_port{*IpAddress::parse("127.0.0.1"), 0};

inline transport::Hello hello_of(const NodeKey& key) {
    transport::Hello hello{EnrBuilder{1}.sign(key).value()};
    hello.client = "test";
    hello.network_id = 7;
    hello.roles = transport::role::full;
    return hello;
}

/// One node of a test. What happens on the hub is noted; wait for it with `saw`.
class TestNode {
public:
    struct Options {
        HostConfig host = {.listen = {any_port}};
        transport::SwitchConfig links = {};
        Log* log = &no_log();
    };
    explicit TestNode(const std::vector<transport::PeerHandler*>& modules)
        : TestNode(modules, {}) {}
    TestNode(const std::vector<transport::PeerHandler*>& modules, const Options& options)
        : key_(NodeKey::generate(entropy_)),
          host_(options.host, entropy_, *options.log),
          core_(options.links, key_, hello_of(key_), modules, *options.log, Rng{1}) {
        subscriptions_.push_back(core_.hub().subscribe<transport::PeerUp>(
            [this](const transport::PeerUp&) { note(ups_); }));
        subscriptions_.push_back(core_.hub().subscribe<transport::PeerDown>(
            [this](const transport::PeerDown& e) { note_end(e.reason); }));
        subscriptions_.push_back(core_.hub().subscribe<transport::DialFailed>(
            [this](const transport::DialFailed& e) { note_end(e.reason); }));
        auto bound = host_.listen();
        REQUIRE(bound);
        endpoints_ = *bound;
        if (!bound->empty()) endpoint_ = bound->front();
        thread_ = std::thread{[this] {
            host_.run(core_);
            ended_.set_value();
        }};
    }
    ~TestNode() {
        host_.stop();
        thread_.join();
    }

    const std::vector<Endpoint>& endpoints() const { return endpoints_; }
    Target target() const { return {key_.id(), endpoint_}; }
    Host& host() { return host_; }
    p2p::BareNode& core() { return core_; }

    void dial(const Target& target) {
        on_node([&](Now now) {
            REQUIRE(core_.links().dial(now, target, transport::SlotClass::static_peer));
        });
    }
    /// Runs `call` on the node's thread and waits for it.
    void on_node(const std::function<void(Now)>& call) {
        std::promise<void> done;
        host_.post([&](Now now) {
            call(now);
            done.set_value();
        });
        REQUIRE(done.get_future().wait_for(patience) == std::future_status::ready);
    }
    bool saw_up(int count = 1) {
        return wait([&] { return ups_ >= count; });
    }
    /// A link or a dial ended for that reason.
    bool saw_end(transport::CloseReason reason) {
        return wait([&] {
            for (const auto seen : ends_) {
                if (seen == reason) return true;
            }
            return false;
        });
    }
    /// So many links and dials ended.
    bool saw_ends(std::size_t count) {
        return wait([&] { return ends_.size() >= count; });
    }
    bool ended() { return ended_.get_future().wait_for(patience) == std::future_status::ready; }

private:
    void note(int& counter) {
        const std::scoped_lock lock{mutex_};
        ++counter;
        changed_.notify_all();
    }
    void note_end(transport::CloseReason reason) {
        const std::scoped_lock lock{mutex_};
        ends_.push_back(reason);
        changed_.notify_all();
    }
    template <class Condition>
    bool wait(Condition condition) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, patience, condition);
    }

    OsEntropy entropy_;
    NodeKey key_;
    Host host_;
    p2p::BareNode core_;
    std::vector<Hub::Subscription> subscriptions_;
    Endpoint endpoint_;
    std::vector<Endpoint> endpoints_;
    std::promise<void> ended_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int ups_ = 0;
    std::vector<transport::CloseReason> ends_;
    std::thread thread_;
};

/// A module that sends `count` messages of `size` bytes to each peer, as fast as they are taken,
/// and checks what comes: the n-th message starts with the number n.
class Stream final : public transport::PeerHandler {
public:
    struct Options {
        std::string topic = "stream";
        std::size_t count = 0;     ///< to send
        std::size_t size = 200;    ///< of each, at least 8
        std::size_t expected = 0;  ///< to receive before `complete`
        transport::Priority priority = transport::Priority::bulk;
        std::uint32_t window = 4U << 20;
    };
    explicit Stream(Options options) : options_(std::move(options)) {}

    transport::TopicSpec topic() const override {
        return {.name = options_.topic,
                .priority = options_.priority,
                // With the overhead of 64 bytes it fits in the window.
                .message_bytes_max = std::min(1U << 20, options_.window - 64),
                .window_bytes = options_.window,
                .send_budget_bytes = options_.window};
    }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        auto handler = std::make_unique<Handler>(*this, context);
        handler->on_writable();
        return handler;
    }
    /// From any thread: all that was expected came, in order and whole.
    bool complete() { return done_.get_future().wait_for(patience) == std::future_status::ready; }
    /// On the node's thread: hold on to what comes from now on, or let go of all of it.
    void hold(bool on) {
        holding_ = on;
        if (!on) held_.clear();
    }
    std::size_t held_bytes() const {
        std::size_t bytes = 0;
        for (const auto& message : held_) bytes += message.bytes().size();
        return bytes;
    }
    std::size_t received() const { return received_; }
    std::size_t wrong() const { return wrong_; }
    std::size_t sent() const { return sent_; }
    std::size_t size() const { return options_.size; }

private:
    class Handler final : public transport::TopicHandler {
    public:
        Handler(Stream& owner, transport::Context& context) : owner_(owner), context_(context) {}
        Result<void, transport::Offence> handle(transport::Code,
                                                transport::Message message) override {
            owner_.take(std::move(message));
            return {};
        }
        void on_writable() override {
            for (; next_ < owner_.options_.count; ++next_) {
                Buffer bytes(owner_.options_.size, std::byte{0x5a});
                for (unsigned i = 0; i < 8; ++i) bytes[i] = std::byte(next_ >> (8 * i));
                if (context_.send(1, SharedBytes::own(std::move(bytes))) !=
                    transport::SendResult::queued) {
                    return;
                }
                ++owner_.sent_;
            }
        }

    private:
        Stream& owner_;
        transport::Context& context_;
        std::size_t next_ = 0;
    };

    void take(transport::Message message) {
        const Bytes bytes = message.bytes();
        std::uint64_t number = 0;
        for (unsigned i = 0; i < 8; ++i) {
            number |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
        }
        wrong_ += number != received_ || bytes.back() != std::byte{0x5a};
        ++received_;
        if (holding_) held_.push_back(std::move(message));
        if (received_ == options_.expected) done_.set_value();
    }

    Options options_;
    std::promise<void> done_;
    bool holding_ = false;
    std::vector<transport::Message> held_;
    std::size_t received_ = 0;
    std::size_t wrong_ = 0;
    std::size_t sent_ = 0;
};

}  // namespace parley::runtime::test
