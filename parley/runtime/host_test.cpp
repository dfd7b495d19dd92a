#include <parley/runtime/host.hpp>

#include <parley/crypto/test_blinding.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/io/timer_heap.hpp>
#include <parley/runtime/test_node.hpp>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;
using transport::CloseReason;

namespace {

/// Between two nodes: passes bytes on in both directions until `bytes_max` went by. Then it resets
/// both connections, or falls silent and reads no more, as dying and hanging machines do.
class Relay {
public:
    enum class Then { reset, silence };
    Relay(const Endpoint& to, std::size_t bytes_max, Then then)
        : listener_(listen_tcp(any_port, 1).value()),
          endpoint_(local_endpoint(listener_.get())),
          thread_([this, to, bytes_max, then] { run(to, bytes_max, then); }) {}
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay() {
        over_.set_value();
        thread_.join();
    }
    Endpoint endpoint() const { return endpoint_; }

private:
    static bool readable(int fd) {
        pollfd wait{fd, POLLIN, 0};
        return ::poll(&wait, 1, 60'000) == 1;
    }
    void run(const Endpoint& to, std::size_t bytes_max, Then then) {
        if (!readable(listener_.get())) return;
        const UniqueFd near{::accept(listener_.get(), nullptr, nullptr)};
        const UniqueFd far{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const auto address = to_asio(to);
        if (::connect(far.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) {
            return;
        }
        std::array<std::byte, 16384> buffer;
        std::size_t passed = 0;
        while (passed < bytes_max) {
            std::array<pollfd, 2> waits{{{near.get(), POLLIN, 0}, {far.get(), POLLIN, 0}}};
            if (::poll(waits.data(), waits.size(), 60'000) <= 0) return;
            for (std::size_t i = 0; i < waits.size(); ++i) {
                if (waits[i].revents == 0) continue;
                const auto n = ::recv(waits[i].fd, buffer.data(), buffer.size(), 0);
                if (n <= 0) return;
                passed += static_cast<std::size_t>(n);
                (void)::send(waits[1 - i].fd, buffer.data(), static_cast<std::size_t>(n),
                             MSG_NOSIGNAL);
            }
        }
        if (then == Then::silence) return over_.get_future().wait();
        const linger at_once{1, 0};
        ::setsockopt(near.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

    UniqueFd listener_;
    Endpoint endpoint_;
    std::promise<void> over_;
    std::thread thread_;
};

/// Tells when a certain event was logged.
class EventLog final : public Log {
public:
    explicit EventLog(std::string_view event) : event_(event) {}
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel, std::string_view, std::string_view event,
               std::initializer_list<LogField> fields) override {
        if (event != event_ || seen_.exchange(true)) return;
        said_.set_value(fields.size() > 0 ? fields.begin()->value : "");
    }
    /// The first field's value.
    std::string wait() {
        auto said = said_.get_future();
        return said.wait_for(patience) == std::future_status::ready ? said.get() : "nothing";
    }

private:
    std::string event_;
    std::atomic<bool> seen_{false};
    std::promise<std::string> said_;
};

/// Uses up the descriptors of the process, but for none.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) {
            taken_.emplace_back(fd);
            if (taken_.size() == 1) {  // not thousands
                rlimit low = before_;
                low.rlim_cur = std::min<rlim_t>(low.rlim_cur, static_cast<rlim_t>(fd) + 8);
                ::setrlimit(RLIMIT_NOFILE, &low);
            }
        }
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
    std::vector<UniqueFd> taken_;
};

}  // namespace

TEST_CASE("two nodes exchange messages both ways: many small ones and 20 MiB of large ones") {
    TestNode::Options options;
    SUBCASE("with an I/O thread") {}
    SUBCASE("on one thread each") {
        options.host.io_threads = 0;
    }
    SUBCASE("with an I/O thread, none of which sleeps at once") {
        options.host.spin = 200us;
    }
    SUBCASE("on one thread each, which does not sleep at once") {
        options.host.io_threads = 0;
        options.host.spin = 200us;
    }
    Stream small_a{{.topic = "small", .count = 50'000, .size = 200, .expected = 50'000}};
    Stream small_b{{.topic = "small", .count = 50'000, .size = 200, .expected = 50'000}};
    Stream bulk_a{{.topic = "bulk", .count = 20, .size = 1U << 20, .expected = 20}};
    Stream bulk_b{{.topic = "bulk", .count = 20, .size = 1U << 20, .expected = 20}};
    {
        TestNode a{{&small_a, &bulk_a}, options};
        TestNode b{{&small_b, &bulk_b}, options};
        a.dial(b.target());
        CHECK(a.saw_up());
        CHECK(b.saw_up());
        CHECK(small_a.complete());
        CHECK(small_b.complete());
        CHECK(bulk_a.complete());
        CHECK(bulk_b.complete());
    }
    for (const auto* stream : {&small_a, &small_b, &bulk_a, &bulk_b}) CHECK(stream->wrong() == 0);
}

TEST_CASE("a node keeps to its limits of bandwidth, reading and writing") {
    constexpr auto rate = 4U << 20;
    TestNode::Options sender;
    TestNode::Options receiver;
    SUBCASE("writing, one peer") {
        sender.host.link.bandwidth.up_per_link = rate;
    }
    SUBCASE("writing, all peers") {
        sender.host.link.bandwidth.up_all = std::make_shared<transport::Pacer>(rate);
    }
    SUBCASE("reading, one peer") {
        receiver.host.link.bandwidth.down_per_link = rate;
    }
    SUBCASE("reading, all peers") {
        receiver.host.link.bandwidth.down_all = std::make_shared<transport::Pacer>(rate);
    }
    Stream from{{.topic = "bulk", .count = 4, .size = 1U << 20}};
    Stream to{{.topic = "bulk", .expected = 4}};
    const Instant began = monotonic_now();
    {
        TestNode a{{&from}, sender};
        TestNode b{{&to}, receiver};
        a.dial(b.target());
        CHECK(to.complete());
    }
    // A second's worth, less the burst of a quarter; no machine is too slow for that.
    CHECK(monotonic_now() - began >= 700ms);
    CHECK(to.wrong() == 0);
}

TEST_CASE("links of one node live on several I/O threads") {
    Stream hub_stream{{.count = 1000, .expected = 4000}};
    std::array<Stream, 4> streams{
        Stream{{.count = 1000, .expected = 1000}}, Stream{{.count = 1000, .expected = 1000}},
        Stream{{.count = 1000, .expected = 1000}}, Stream{{.count = 1000, .expected = 1000}}};
    TestNode hub{{&hub_stream}, {.host = {.listen = {any_port}, .io_threads = 3}}};
    std::vector<std::unique_ptr<TestNode>> nodes;
    for (auto& stream : streams) {
        nodes.push_back(std::make_unique<TestNode>(std::vector<transport::PeerHandler*>{&stream}));
        nodes.back()->dial(hub.target());
    }
    CHECK(hub.saw_up(4));
    for (auto& stream : streams) CHECK(stream.complete());
    CHECK(hub_stream.complete());
}

TEST_CASE("a module that holds its messages stalls its own topic alone, within its window") {
    constexpr std::uint32_t window = 1U << 20;
    Stream slow_from{{.topic = "slow", .count = 100, .size = 100'000, .window = window}};
    Stream slow_to{{.topic = "slow", .expected = 100, .window = window}};
    Stream other_from{{.topic = "other", .count = 100, .size = 100'000, .window = window}};
    Stream other_to{{.topic = "other", .expected = 100, .window = window}};
    slow_to.hold(true);
    TestNode a{{&slow_from, &other_from}};
    TestNode b{{&slow_to, &other_to}};
    a.dial(b.target());
    CHECK(other_to.complete());
    b.on_node([&](Now) {
        CHECK(slow_to.held_bytes() <= window);
        CHECK(slow_to.received() < 100);
    });
    b.on_node([&](Now) { slow_to.hold(false); });
    CHECK(slow_to.complete());
    CHECK(slow_to.wrong() == 0);
}

TEST_CASE("a node that is behind stops reading, and loses nothing") {
    Stream from{{.count = 20'000, .size = 1000}};
    Stream to{{.expected = 20'000}};
    TestNode a{{&from}};
    // Less than one read: the I/O thread waits for the node again and again.
    TestNode b{{&to}, {.host = {.listen = {any_port}, .inbound_bytes_max = 1000}}};
    a.dial(b.target());
    CHECK(to.complete());
    CHECK(to.wrong() == 0);
}

TEST_CASE("a peer that dies in the middle of a message is noticed by both sides") {
    Stream from{{.count = 100, .size = 1U << 20}};
    Stream to{{}};
    TestNode a{{&from}};
    TestNode b{{&to}};
    const Relay relay{b.target().endpoint, 10U << 20, Relay::Then::reset};
    a.dial({b.target().id, relay.endpoint()});
    CHECK(b.saw_up());
    CHECK(a.saw_end(CloseReason::reset));
    CHECK(b.saw_end(CloseReason::reset));
    CHECK(to.wrong() == 0);
    CHECK(to.received() < 10);
}

TEST_CASE("a peer that falls silent and never reads again is let go, and holds little memory") {
    constexpr std::uint32_t window = 1U << 20;
    Stream from{{.count = 100'000, .size = 10'000, .window = window}};
    Stream to{{.window = window}};
    TestNode::Options options;
    options.host.link.heartbeat = {.interval = 200ms, .timeout = 300ms};
    options.links.receive_bytes_max = 4 * window;  // too little for windows to grow
    TestNode a{{&from}, options};
    TestNode b{{&to}, options};
    const Relay relay{b.target().endpoint, 3U << 20, Relay::Then::silence};
    a.dial({b.target().id, relay.endpoint()});
    CHECK(a.saw_end(CloseReason::silent));
    CHECK(b.saw_end(CloseReason::silent));
    // What was sent is what arrived, one window on its way, and one budget in the queue.
    CHECK(from.sent() <= to.received() + 2 * (window / from.size()) + 1);
}

TEST_CASE("a node without descriptors lets its callers wait, and serves them later") {
    EventLog log{"cannot accept"};
    // A sanitizer that sees this type for the first time wants a descriptor to look at it.
    static_cast<Log&>(log).write(LogLevel::info, "test", "not it", {});
    Stream stream{{}};
    TestNode a{{&stream}, {.log = &log}};
    const auto address = to_asio(a.target().endpoint);
    const UniqueFd caller{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    {
        const NoDescriptors none;
        REQUIRE(::connect(caller.get(), address.data(), static_cast<socklen_t>(address.size())) ==
                0);
        CHECK(log.wait() == "Too many open files");
    }
    const std::string garbage(88, 'x');
    CHECK(::send(caller.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL) == 88);
    char byte = 0;
    CHECK(::recv(caller.get(), &byte, 1, 0) == 0);
}

TEST_CASE("a module that blocks the node is named") {
    class Slow final : public transport::PeerHandler {
    public:
        transport::TopicSpec topic() const override { return {.name = "slow"}; }
        std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
            const Instant until = monotonic_now() + 20ms;
            while (monotonic_now() < until) {
            }
            struct Nothing final : transport::TopicHandler {
                Result<void, transport::Offence> handle(transport::Code,
                                                        transport::Message) override {
                    return {};
                }
            };
            return std::make_unique<Nothing>();
        }
    };
    EventLog log{"module blocks the node"};
    Slow slow_a;
    Slow slow_b;
    TestNode a{{&slow_a}, {.host = {.listen = {any_port}, .watchdog = 10ms}, .log = &log}};
    TestNode b{{&slow_b}};
    b.dial(a.target());
    CHECK(log.wait() == "slow");
}

TEST_CASE("a node that stops is gone within two seconds, also when its peer reads no more") {
    Stream from{{.count = 1000, .size = 1U << 20}};
    Stream to{{}};
    TestNode a{{&from}};
    TestNode b{{&to}};
    const Relay relay{b.target().endpoint, 3U << 20, Relay::Then::silence};
    a.dial({b.target().id, relay.endpoint()});
    CHECK(b.saw_up());
    const Instant began = monotonic_now();
    a.host().stop();
    CHECK(a.ended());
    CHECK(monotonic_now() - began < 2s);
}

TEST_CASE("the Goodbye of a node that stops arrives behind all that it sent") {
    Stream from{{.count = 1000, .size = 1U << 20}};
    // It talks, too: closing on what was not read would destroy the Goodbye on its way.
    Stream to{{.count = 1000, .size = 1U << 20}};
    TestNode::Options options;
    options.host.link.goodbye_timeout = options.host.linger_timeout = 30s;
    SUBCASE("with an I/O thread") {}
    SUBCASE("on one thread") {
        options.host.io_threads = 0;
    }
    TestNode a{{&from}, options};
    TestNode b{{&to}};
    a.dial(b.target());
    CHECK(a.saw_up());
    CHECK(b.saw_up());
    a.host().stop();
    CHECK(b.saw_end(CloseReason::shutting_down));
    CHECK(a.ended());
}

TEST_CASE("a dial to nobody fails and can be made again") {
    Stream stream{{}};
    TestNode a{{&stream}};
    TestNode b{{&stream}, {.host = {}}};
    Endpoint closed;
    {
        const auto socket = listen_tcp(any_port, 1).value();
        closed = local_endpoint(socket.get());
    }
    a.dial({b.target().id, closed});
    CHECK(a.saw_end(CloseReason::dial_failed));
    a.dial({b.target().id, closed});
}

TEST_CASE("a dial that is given up while it connects ends at once") {
    Stream stream{{}};
    TestNode a{{&stream}};
    TestNode b{{&stream}, {.host = {}}};
    // Listens and never accepts; the handshake would time out after seconds.
    const auto deaf = listen_tcp(any_port, 1).value();
    a.dial({b.target().id, local_endpoint(deaf.get())});
    a.on_node(
        [&](Now now) { a.core().links().disconnect(now, b.target().id, CloseReason::requested); });
    CHECK(a.saw_end(CloseReason::requested));
}

namespace {

/// Its handle() returns when the test lets it.
struct Hanging final : transport::PeerHandler {
    transport::TopicSpec topic() const override { return Stream{{}}.topic(); }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        context.send(1, SharedBytes::copy(Buffer(10)));
        return std::make_unique<Handler>(*this);
    }
    struct Handler final : transport::TopicHandler {
        explicit Handler(Hanging& owner) : hanging(owner) {}
        Result<void, transport::Offence> handle(transport::Code, transport::Message) override {
            hanging.go_on.get_future().wait();
            return {};
        }
        Hanging& hanging;
    };
    std::promise<void> go_on;
};

}  // namespace

TEST_CASE("peers let go of a node whose thread does not come back") {
    Hanging hanging;
    Stream stream{{.count = 1}};
    TestNode::Options options;
    options.host.link.heartbeat.interval = 50ms;
    options.host.link.stalled_told = options.host.link.stalled_max = 200ms;
    TestNode stuck{{&hanging}, options};
    {
        TestNode peer{{&stream}, options};
        peer.dial(stuck.target());
        CHECK(peer.saw_up());
        CHECK(peer.saw_end(CloseReason::silent));
        hanging.go_on.set_value();
    }
}

TEST_CASE("a host has secrets used blinded") {
    OsEntropy entropy;
    const Host host{{}, entropy, no_log()};
    CHECK(crypto::is_secp256k1_blinded());
}

TEST_CASE("a job that is stuck does not hold up the end of its node") {
    struct StuckJob final : transport::PeerHandler {
        transport::TopicSpec topic() const override { return Stream{{}}.topic(); }
        std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
            return nullptr;
        }
        void attached(transport::Network& network) override {
            REQUIRE(network.jobs().submit({[this, wait = go_on.get_future()] {
                                               begun.set_value();
                                               wait.wait();
                                           },
                                           {}}));
        }
        std::promise<void> go_on, begun;
    };
    StuckJob module;
    TestNode node{{&module}};
    module.begun.get_future().wait();
    node.host().stop();
    CHECK(node.ended());
    module.go_on.set_value();
}

TEST_CASE("two that share a version link in it, two that share none say what they speak") {
    const auto node_of = [](transport::PeerHandler& module, transport::VersionRange versions) {
        TestNode::Options options;
        options.links.versions = versions;
        return std::make_unique<TestNode>(std::vector<transport::PeerHandler*>{&module}, options);
    };
    Stream first{{}};
    Stream second{{}};
    Stream third{{}};
    const auto old = node_of(first, {1, 1});
    const auto middle = node_of(second, {1, 2});
    const auto later = node_of(third, {2, 3});
    old->dial(middle->target());
    CHECK(old->saw_up());
    middle->dial(later->target());
    CHECK(middle->saw_up());
    old->dial(later->target());
    CHECK(old->saw_end(CloseReason::no_common_version));
    later->dial(old->target());
    CHECK(later->saw_end(CloseReason::no_common_version));
}

TEST_CASE("callers without a slot are closed at once, and those with one are served") {
    Stream stream{{}};
    TestNode::Options options;
    options.links.slots.handshake_per_exempt_address_max = 1;
    options.links.slots.handshake_in_max = 1;
    TestNode a{{&stream}, options};
    const auto address = to_asio(a.target().endpoint);
    const auto connect = [&] {
        UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        REQUIRE(::connect(fd.get(), address.data(), static_cast<socklen_t>(address.size())) == 0);
        return fd;
    };
    const UniqueFd first = connect();
    const UniqueFd second = connect();
    char byte = 0;
    CHECK(::recv(second.get(), &byte, 1, 0) == 0);
    // The first says nothing and is cut off when its time is up.
    CHECK(::recv(first.get(), &byte, 1, 0) == 0);
    // Its token comes back with the news of its end; then there is room for another.
    bool idle = false;
    while (!idle) a.on_node([&](Now) { idle = a.core().links().idle(); });
    Stream other{{}};
    TestNode b{{&other}};
    b.dial(a.target());
    CHECK(b.saw_up());
}

TEST_CASE("jobs run elsewhere and come back to the node") {
    Stream stream{{}};
    TestNode a{{&stream}};
    std::promise<std::pair<std::thread::id, std::thread::id>> threads;
    std::thread::id node_thread;
    a.on_node([&](Now) {
        node_thread = std::this_thread::get_id();
        auto worker = std::make_shared<std::thread::id>();
        CHECK(a.core().jobs().submit({[worker] { *worker = std::this_thread::get_id(); },
                                      [worker, &threads](Now) {
                                          threads.set_value({*worker, std::this_thread::get_id()});
                                      }}));
    });
    auto future = threads.get_future();
    REQUIRE(future.wait_for(patience) == std::future_status::ready);
    const auto [worker, done] = future.get();
    CHECK(worker != node_thread);
    CHECK(done == node_thread);
}

TEST_CASE("a port in use is named when the node begins to listen") {
    OsEntropy entropy;
    const auto taken = listen_tcp(any_port, 1).value();
    const auto endpoint = local_endpoint(taken.get());
    Host host{{.listen = {any_port, endpoint}}, entropy, no_log()};
    const auto bound = host.listen();
    REQUIRE_FALSE(bound);
    CHECK(bound.error().what ==
          "cannot listen on " + endpoint.to_string() + ": Address already in use");
    CHECK(bound.error().system_error == EADDRINUSE);
}

TEST_CASE("IPv4 and IPv6 are listened on side by side, on ports that the system chose") {
    OsEntropy entropy;
    Host host{{.listen = {{*IpAddress::parse("0.0.0.0"), 0}, any_port}}, entropy, no_log()};
    const auto bound = host.listen();
    REQUIRE(bound);
    REQUIRE(bound->size() == 2);
    CHECK((*bound)[0].port != 0);
    CHECK((*bound)[1].address == any_port.address);
    // The same port of the other family is free.
    const auto v6 = listen_tcp({*IpAddress::parse("::"), (*bound)[0].port}, 1);
    CHECK((v6 || v6.error().system_error == EAFNOSUPPORT));
}

TEST_CASE("a timer heap gives its items in order, whatever was moved and removed") {
    Rng rng{5};
    TimerHeap heap;
    std::vector<TimerItem> items(500);
    for (auto& item : items) heap.set(item, Instant{Duration{rng.below(1000)}});
    for (int i = 0; i < 2000; ++i) {
        auto& item = items[rng.below(items.size())];
        if (rng.chance(0.3)) {
            heap.remove(item);
        } else {
            heap.set(item, Instant{Duration{rng.below(1000)}});
        }
    }
    std::size_t left = 0;
    for (const auto& item : items) left += item.heap_place != TimerItem::nowhere;
    CHECK(heap.size() == left);
    Instant last{};
    while (!heap.empty()) {
        CHECK(heap.next() >= last);
        last = heap.next();
        heap.remove(*heap.top());
    }
    CHECK(heap.next() == never);
}
