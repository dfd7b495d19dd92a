#include "awake.hpp"
#include "bare.hpp"
#include "rtt.hpp"
#include "sockets.hpp"
#include "stream_modules.hpp"
#include <parley/runtime/module_host.hpp>
#include <parley/runtime/own_thread.hpp>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace parley::bench {

using runtime::ModuleHost;

namespace {

constexpr std::size_t question_bytes = 100;
constexpr std::size_t questions = 20'000;
constexpr std::uint64_t bulk_bytes = 6ULL << 30;
constexpr std::size_t loaded_runs = 5;
constexpr Duration spin_time = 100us;

/// Asks again as soon as it is answered.
class Questions final : public transport::PeerHandler {
public:
    explicit Questions(std::size_t count) : count_(count) { times_.reserve(count); }
    transport::TopicSpec topic() const override {
        return {.name = "ask",
                .priority = transport::Priority::consensus,
                .message_bytes_max = 1024,
                .window_bytes = 16U << 10,
                .send_budget_bytes = 16U << 10};
    }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        auto handler = std::make_unique<Handler>(*this, context);
        if (count_ > 0) ask(context);
        return handler;
    }
    void wait() { done_.get_future().wait(); }
    /// Sorted, in seconds, of those answered by now.
    std::vector<double> times() {
        const std::scoped_lock lock{mutex_};
        auto out = times_;
        std::ranges::sort(out);
        return out;
    }

private:
    struct Handler final : transport::TopicHandler {
        Handler(Questions& owner, transport::Context& c) : questions(owner), context(c) {}
        Result<void, transport::Offence> handle(transport::Code code,
                                                transport::Message message) override {
            if (code == 1) {
                context.send_copy(2, message.bytes());
            } else {
                questions.answered(context);
            }
            return {};
        }
        Questions& questions;
        transport::Context& context;
    };
    void ask(transport::Context& context) {
        asked_ = seconds_now();
        context.send_copy(1, question_);
    }
    void answered(transport::Context& context) {
        {
            const std::scoped_lock lock{mutex_};
            times_.push_back(seconds_now() - asked_);
            if (times_.size() == count_) return done_.set_value();
        }
        ask(context);
    }

    std::size_t count_;
    Buffer question_ = Buffer(question_bytes);
    double asked_ = 0;
    std::mutex mutex_;
    std::vector<double> times_;
    std::promise<void> done_;
};

double at_share(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) throw std::runtime_error{"no question was answered"};
    return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share)];
}

/// What is printed beside a median, in microseconds, of each run since it was printed last.
struct Beside {
    double p99;
    double processor;  ///< of this process, for a question
};
std::vector<Beside> beside;

double processor_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Microseconds, the median of all questions. `processor`: seconds that they took.
double median_us(const std::vector<double>& sorted, double processor) {
    beside.push_back(
        {1e6 * at_share(sorted, 0.99), 1e6 * processor / static_cast<double>(questions)});
    return 1e6 * at_share(sorted, 0.5);
}

/// Waits until a socket is readable, as an event loop does.
class Waiter {
public:
    explicit Waiter(int fd) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{.events = EPOLLIN, .data = {}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { ::close(epoll_); }
    void wait() {
        epoll_event event{};
        ::epoll_wait(epoll_, &event, 1, -1);
    }

private:
    int epoll_;
};

struct Loaded {
    std::vector<double> times;
    double bulk;  ///< bytes a second
};

Loaded loaded_run() {
    Questions ask{~std::size_t{0} >> 40};
    Sink sink{2 * bulk_message_bytes, bulk_bytes, false};
    ModuleHost node{{&ask, &sink}};
    node.start();
    PeerProcess peer{{"link-echo", node.target().to_string(), "1", "bulk"}};
    const double seconds = sink.wait();
    return {ask.times(), static_cast<double>(bulk_bytes) / seconds};
}

/// Microseconds, the median of what `ask` measured while the node ran `module`.
double rtt_of(transport::PeerHandler& module, Questions& ask, std::size_t io_threads,
              Duration spin = 0ns) {
    runtime::ModuleHostOptions options;
    options.io_threads = io_threads;
    options.spin = spin;
    ModuleHost node{{&module}, options};
    node.start();
    PeerProcess peer{{"link-echo", node.target().to_string(), std::to_string(io_threads),
                      spin > 0ns ? "spin" : "sleep"}};
    const double began = processor_seconds();
    ask.wait();
    return median_us(ask.times(), processor_seconds() - began);
}

}  // namespace

double link_rtt(std::size_t io_threads) {
    Questions ask{questions};
    return rtt_of(ask, ask, io_threads);
}

double link_rtt_awake(std::size_t io_threads) {
    const Awake awake;
    return link_rtt(io_threads);
}

double link_rtt_spin() {
    Questions ask{questions};
    return rtt_of(ask, ask, 0, spin_time);
}

double own_thread_rtt() {
    Questions ask{questions};
    runtime::OwnThread module{ask};
    return rtt_of(module, ask, 0);
}

int link_echo(const std::vector<std::string>& arguments) {
    const auto target = Target::parse(arguments.at(0));
    Questions answers{0};
    Source source{bulk_message_bytes};
    std::vector<transport::PeerHandler*> modules{&answers};
    if (arguments.at(2) == "bulk") modules.push_back(&source);
    runtime::ModuleHostOptions options;
    options.io_threads = std::stoul(arguments.at(1));
    if (arguments.at(2) == "spin") options.spin = spin_time;
    ModuleHost node{modules, options};
    node.dial(*target);
    node.start();
    std::promise<void>{}.get_future().wait();  // until this process is ended
    return 0;
}

double bare_rtt() {
    Listener listener;
    PeerProcess peer{{"bare-echo", std::to_string(listener.port())}};
    auto socket = listener.accept();
    Waiter waiter{socket.fd()};
    Buffer bytes(question_bytes);
    std::vector<double> times;
    const double start = processor_seconds();
    for (std::size_t i = 0; i < questions; ++i) {
        const double began = seconds_now();
        socket.write_all(bytes);
        waiter.wait();
        socket.read_all(bytes);
        times.push_back(seconds_now() - began);
    }
    std::ranges::sort(times);
    return median_us(times, processor_seconds() - start);
}

double bare_rtt_awake() {
    const Awake awake;
    return bare_rtt();
}

std::string rtt_beside() {
    // The limit and ours in turn; one half alone leaves one.
    const auto taken = std::exchange(beside, {});
    std::array<std::vector<Beside>, 2> sides;
    for (std::size_t i = 0; i < taken.size(); ++i) {
        sides[(i + taken.size()) % 2].push_back(taken[i]);
    }
    std::string out;
    for (const auto& [name, runs] : {std::pair{"", &sides[1]}, std::pair{"limit_", &sides[0]}}) {
        if (runs->empty()) continue;
        const auto median = [&](double Beside::* member) {
            std::ranges::sort(*runs, {}, member);
            return (*runs)[runs->size() / 2].*member;
        };
        out += fmt::format(",\"{}p99\":{:.1f},\"{}processor_us\":{:.1f}", name,
                           median(&Beside::p99), name, median(&Beside::processor));
    }
    return out;
}

int bare_echo(const std::vector<std::string>& arguments) {
    auto socket = connect_to(static_cast<std::uint16_t>(std::stoul(arguments.at(0))));
    Waiter waiter{socket.fd()};
    Buffer bytes(question_bytes);
    for (;;) {
        waiter.wait();
        if (socket.read_some(bytes) == 0) return 0;
        socket.write_all(bytes);
    }
}

void run_rtt_loaded() {
    std::vector<double> p50;
    std::vector<double> p99;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < loaded_runs; ++i) {
        const auto run = loaded_run();
        p50.push_back(1e3 * at_share(run.times, 0.5));
        p99.push_back(1e3 * at_share(run.times, 0.99));
        ratios.push_back(run.bulk / bare_bulk(bulk_bytes));
    }
    for (auto* values : {&p50, &p99, &ratios}) std::ranges::sort(*values);
    fmt::print(
        "{{\"bench\":\"{}\",\"value\":{:.3f},\"unit\":\"ms\",\"runs\":{},\"p99\":{:.3f},"
        "\"p99_max\":{:.3f},\"bulk_ratio\":{:.3f},\"bulk_ratio_min\":{:.3f}}}\n",
        rtt_loaded_name, p50[loaded_runs / 2], loaded_runs, p99[loaded_runs / 2], p99.back(),
        ratios[loaded_runs / 2], ratios.front());
    std::fflush(stdout);
}

}  // namespace parley::bench
