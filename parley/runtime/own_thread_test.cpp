// Modules that block, on threads of their own: by the order of events, never by a clock.
#include <parley/runtime/own_thread.hpp>

#include <parley/runtime/test_node.hpp>

#include <atomic>
#include <semaphore>
#include <stdexcept>
#include <string>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;
using namespace parley::transport;

namespace {

/// Lines that several threads add to, and that a test waits for.
class Notes {
public:
    void add(const std::string& line) {
        const std::scoped_lock lock{mutex_};
        lines_.push_back(line);
        changed_.notify_all();
    }
    bool saw(const std::string& line, std::ptrdiff_t times = 1) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, patience,
                                 [&] { return std::ranges::count(lines_, line) >= times; });
    }
    std::vector<std::string> lines() {
        const std::scoped_lock lock{mutex_};
        return lines_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
};

/// Answers what it is told: "wait" blocks until the test says so, "throw" throws, "penalise",
/// "disconnect", "part" and "broadcast" do so, "fill" sends until the lane is full.
class Scripted final : public PeerHandler {
public:
    explicit Scripted(std::string topic = "script") : topic_(std::move(topic)) {}
    TopicSpec topic() const override {
        return {.name = topic_,
                .message_bytes_max = 10'000,
                .window_bytes = 20'000,
                .send_budget_bytes = 20'000};
    }
    void attached(Network& network) override { network_ = &network; }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        notes.add("up");
        return std::make_unique<Peer>(*this, context);
    }
    Buffer status() override { return to_buffer(bytes_of("s" + std::to_string(++statuses))); }
    Instant next_wakeup() const override {
        if (network_ == nullptr) was_early = true;
        return never;
    }

    Notes notes;
    std::binary_semaphore entered{0}, proceed{0};
    std::atomic<int> statuses = 0;
    mutable std::atomic<bool> was_early = false;  ///< asked before it was attached
    std::atomic<std::thread::id> thread;

private:
    struct Peer final : TopicHandler {
        Peer(Scripted& m, Context& c) : module(m), context(c) {}
        Result<void, Offence> handle(Code, Message message) override {
            module.thread = std::this_thread::get_id();
            const std::string text{text_of(message.bytes())};
            if (text == "wait") {
                module.entered.release();
                module.proceed.acquire();
            }
            if (text == "throw") throw std::runtime_error{"broken"};
            if (text == "penalise") context.penalise(Offence::useless);
            if (text == "disconnect") context.disconnect();
            if (text == "part") context.part({.reason = CloseReason::wrong_chain});
            if (text == "malformed") return std::unexpected{Offence::malformed};
            if (text == "broadcast") {
                const auto all = module.network_->broadcast(module.topic_, 1, copy("to all"));
                module.notes.add("reached " + std::to_string(all.queued));
            }
            if (text == "fill") {
                // The node takes what is sent meanwhile: the answer after this one may be another.
                auto sent = SendResult::queued;
                while (sent == SendResult::queued) {
                    sent = context.send(1, copy(std::string(9'000, 'x')));
                }
                CHECK(sent == SendResult::full);
                CHECK(context.send(1, copy(std::string(10'001, 'x'))) == SendResult::too_large);
            }
            module.notes.add(text);
            return {};
        }
        void on_writable() override { module.notes.add("writable"); }
        void on_status(Bytes) override { module.notes.add("status"); }
        void on_closed(CloseReason reason) override {
            CHECK(context.send(1, copy("late")) == SendResult::closed);
            module.notes.add("closed " + std::string{name(reason)});
        }
        static SharedBytes copy(std::string_view text) { return SharedBytes::copy(bytes_of(text)); }
        Scripted& module;
        Context& context;
    };

    std::string topic_;
    Network* network_ = nullptr;
};

/// Two nodes with a script each; that of `b` runs on its own thread, next to a module that does
/// not.
struct Pair {
    Pair() {
        a.dial(b.target());
        for (auto* module : {&here, &plain_here, &there, &plain_there}) {
            REQUIRE(module->notes.saw("up"));
        }
    }
    void say(const std::string& topic, const std::string& text) {
        a.on_node([&](Now) {
            const auto sent =
                a.core().links().broadcast(topic, 1, SharedBytes::copy(bytes_of(text)));
            CHECK(sent.queued == 1);
        });
    }
    static transport::SwitchConfig quick() {
        transport::SwitchConfig config;
        config.link.heartbeat = {.interval = 20ms, .timeout = 20s};
        return config;
    }
    static TestNode::Options options() {
        return {.host = {.listen = {any_port}, .link = quick().link}, .links = quick()};
    }
    std::size_t slots_in_use() {
        std::size_t out = 0;
        b.on_node([&](Now) { out = b.core().links().slots().in_use(SlotKind::inbound); });
        return out;
    }

    Scripted here, plain_here{"plain"};
    Scripted there, plain_there{"plain"};
    OwnThread own{there};
    TestNode a{{&here, &plain_here}, options()};
    TestNode b{{&own, &plain_there}, options()};
};

}  // namespace

TEST_CASE("own thread: a module that blocks holds up neither another module nor a heartbeat") {
    Pair pair;
    pair.say("script", "wait");
    REQUIRE(pair.there.entered.try_acquire_for(patience));
    // From here to the release the module is inside of handle().
    for (int i = 0; i < 100; ++i) {
        pair.say("plain", std::to_string(i));
        CHECK(pair.plain_there.notes.saw(std::to_string(i)));
    }
    const auto beats = std::ranges::count(pair.plain_here.notes.lines(), "status");
    CHECK(pair.plain_here.notes.saw("status", beats + 3));
    pair.say("script", "after");
    CHECK(std::ranges::count(pair.there.notes.lines(), "wait") == 0);
    pair.there.proceed.release();
    CHECK(pair.there.notes.saw("after"));
    CHECK(pair.there.notes.lines().at(1) != "after");
    CHECK(pair.there.thread.load() != pair.plain_there.thread.load());
}

TEST_CASE("own thread: what waits for the module is bounded by its window, and nothing is lost") {
    Pair pair;
    pair.say("script", "wait");
    REQUIRE(pair.there.entered.try_acquire_for(patience));
    int queued = 0;
    pair.a.on_node([&](Now) {
        const auto part = SharedBytes::own(Buffer(5'000, std::byte{'p'}));
        while (pair.a.core().links().broadcast("script", 1, part).queued == 1) ++queued;
    });
    // The budget of the sender alone: of what is on its way, the window holds the rest.
    CHECK(queued <= 4);
    pair.say("plain", "meanwhile");
    CHECK(pair.plain_there.notes.saw("meanwhile"));
    pair.there.proceed.release();
    CHECK(pair.there.notes.saw(std::string(5'000, 'p'), queued));
    // Credit came back: more than a window gets through.
    for (int i = 0; i < 20; ++i) {
        pair.say("script", std::string(9'000, static_cast<char>('a' + i)));
        CHECK(pair.there.notes.saw(std::string(9'000, static_cast<char>('a' + i))));
    }
}

TEST_CASE("own thread: send, broadcast, penalise and disconnect work from there") {
    Pair pair;
    pair.say("script", "broadcast");
    CHECK(pair.here.notes.saw("to all"));
    CHECK(pair.there.notes.saw("reached 1"));
    pair.say("script", "penalise");
    CHECK(pair.there.notes.saw("penalise"));
    pair.say("script", "malformed");
    pair.say("script", "disconnect");
    CHECK(pair.there.notes.saw("closed requested"));
    CHECK(pair.here.notes.saw("closed requested"));
    CHECK(pair.a.saw_end(CloseReason::requested));
}

TEST_CASE("own thread: a module that parts says why") {
    Pair pair;
    pair.say("script", "part");
    CHECK(pair.there.notes.saw("closed wrong_chain"));
    CHECK(pair.here.notes.saw("closed wrong_chain"));
}

TEST_CASE("own thread: a full lane says so, and tells when there is room") {
    Pair pair;
    pair.say("script", "fill");
    CHECK(pair.there.notes.saw("fill"));
    CHECK(pair.there.notes.saw("writable"));
    CHECK(pair.here.notes.saw(std::string(9'000, 'x'), 2));
}

TEST_CASE("own thread: statuses come from there, the last one of each") {
    Pair pair;
    CHECK(pair.here.notes.saw("status", 3));
    CHECK(pair.there.notes.saw("status", 3));
}

TEST_CASE("own thread: a link's slot returns after its module was told closed") {
    Pair pair;
    pair.say("script", "wait");
    REQUIRE(pair.there.entered.try_acquire_for(patience));
    pair.a.on_node([&](Now now) {
        pair.a.core().links().disconnect(now, pair.b.target().id, CloseReason::requested);
    });
    REQUIRE(pair.b.saw_end(CloseReason::requested));
    CHECK(pair.plain_there.notes.saw("closed requested"));
    CHECK(pair.slots_in_use() == 1);
    pair.there.proceed.release();
    CHECK(pair.there.notes.saw("closed requested"));
    while (pair.slots_in_use() != 0) std::this_thread::yield();
}

TEST_CASE("own thread: what the module throws is the node's to judge") {
    Pair pair;
    pair.say("script", "throw");
    CHECK(pair.there.notes.saw("closed module_failed"));
    bool failed = false;
    while (!failed) {
        pair.b.on_node([&](Now) { failed = pair.b.core().links().failed_module() == "script"; });
    }
    pair.say("plain", "still here");
    CHECK(pair.plain_there.notes.saw("still here"));
    CHECK_FALSE(pair.there.was_early);
}
