#include <parley/runtime/host.hpp>

#include <parley/crypto/secp256k1.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/io/datagram_reader.hpp>
#include <parley/runtime/io/datagram_sockets.hpp>
#include <parley/runtime/io/io_sleeper.hpp>
#include <parley/runtime/io/io_thread.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/io/listener.hpp>
#include <parley/runtime/io/node_inbox.hpp>
#include <parley/runtime/stall_watch.hpp>
#include <parley/runtime/watchdog.hpp>
#include <parley/runtime/workers.hpp>

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace parley::runtime {

using transport::LinkId;

namespace {
constexpr Duration complaint_interval = std::chrono::minutes{1};
}

class Host::Impl {
public:
    Impl(HostConfig config, EntropySource& entropy, Log& log)
        : config_(std::move(config)),
          log_(log),
          watchdog_(config_.watchdog, log),
          turn_(std::make_shared<transport::NodeTurn>()),
          resolver_(config_.lookup) {
        config_.link.node_turn = turn_;
        const IoConfig io{.links = {.link = config_.link, .read_bytes = config_.read_bytes},
                          .dialer = {.connect_timeout = config_.connect_timeout,
                                     .resolver = &resolver_,
                                     .proxy = config_.proxy,
                                     .proxy_timeout = config_.proxy_timeout},
                          .inbound_bytes_max = config_.inbound_bytes_max,
                          .spin = config_.spin};
        const std::size_t threads = std::max<std::size_t>(config_.io_threads, 1);
        for (std::size_t i = 0; i < threads; ++i) {
            io_.push_back(std::make_unique<IoThread>(i, io, inbox_, entropy));
        }
        if (one_thread()) {
            sleeper_ = std::make_unique<IoSleeper>(*io_.front());
        } else {
            sleeper_ = std::make_unique<Semaphore>();
        }
        inbox_.sleep_with(*sleeper_, one_thread() ? 0ns : config_.spin);
    }

    Result<std::vector<Endpoint>, StartError> listen() {
        std::vector<Endpoint> bound;
        for (const auto& endpoint : config_.listen) {
            auto socket = bind(endpoint);
            if (!socket) return std::unexpected{socket.error()};
            bound.push_back(local_endpoint(socket->get()));
            listeners_.push_back(std::make_unique<Listener>(
                io_.front()->poller(), std::move(*socket), listeners_.size(), inbox_, log_));
        }
        return bound;
    }

    void run(p2p::NodeCore& core) {
        workers_.emplace(config_.workers, [this](Job job) { inbox_.push(std::move(job)); }, log_);
        core.links().set_call_watch(&watchdog_);
        core.links().node_thread()->bind([this](auto call) { inbox_.push(std::move(call)); });
        for (auto& listener : listeners_) listener->start();
        for (auto& reader : readers_) reader->start();
        if (!one_thread()) {
            for (auto& io : io_) io->start();
        }
        // Also when the core throws: no thread may outlive what its links refer to.
        const Ending ending{*this, core};
        const StallWatch stall_watch{*turn_, watchdog_, log_};
        while (step(core)) {
        }
    }

    void post(std::move_only_function<void(Now)> call) { inbox_.push(std::move(call)); }

    void go_on_with(const char* what) { turn_->go_on_with(what); }

    const p2p::DelayHistogram& loop_delay() const { return delay_; }
    const DatagramCounts& datagram_counts() const { return sockets_.counts(); }

    void stop() noexcept {
        stop_ = true;
        inbox_.wake();
    }

private:
    struct Ending {
        Impl& host;
        p2p::NodeCore& core;
        ~Ending() {
            // A node that was quick leaves its time to the last bytes.
            const Instant from =
                host.stopping_ ? std::max(host.stop_by_, monotonic_now()) : monotonic_now();
            const Instant linger = from + host.config_.linger_timeout;
            for (auto& io : host.io_) io->finish(linger);
            if (host.one_thread()) host.io_.front()->run();
            for (auto& io : host.io_) io->join();
            if (const auto left = host.workers_->finish(linger); left > 0) {
                host.log_.write(LogLevel::warn, "host", "jobs are stuck, and left behind",
                                {{"jobs", left}});
            }
            host.workers_.reset();
            core.links().set_call_watch(nullptr);
            core.links().node_thread()->bind({});
        }
    };

    /// The node's thread serves the sockets, too.
    bool one_thread() const { return config_.io_threads == 0; }

    /// False when the end is reached.
    bool step(p2p::NodeCore& core) {
        Now time = now();
        turn_->begin(time.instant);
        note_clock();
        if ((stop_ || core.links().wants_to_end()) && !stopping_) begin_stop(core, time);
        turn_->go_on_with("sockets");
        if (one_thread()) io_.front()->turn(time);
        NodeInputs inputs = inbox_.take();
        if (inputs.since != never) delay_.observe(std::max(time.instant - inputs.since, 0ns));
        turn_->go_on_with("callers");
        for (auto& accepted : inputs.accepted) decide(core, time, std::move(accepted));
        turn_->go_on_with("datagrams");
        for (auto& received : inputs.received) {
            sockets_.note(received.socket, received.datagrams);
            core.on_datagrams(time, received.datagrams);
            send_datagrams(core);
            readers_[received.socket]->taken();
        }
        turn_->go_on_with("a posted call");
        for (auto& call : inputs.posted) call(time);
        turn_->go_on_with("finished jobs");
        for (auto& job : inputs.finished) core.finish_job(job, time);
        turn_->go_on_with("links");
        for (auto& batch : inputs.batches) {
            hand_in(core, time, batch);
            // The effects of one batch are on their way before the next one is begun.
            core.turn(time);
            execute(core);
            io_[batch.source]->batch_done(batch.bytes);
            batch = {};
            time = now();
        }
        turn_->go_on_with("timers and events");
        const bool due = core.next_wakeup() <= time.instant;
        if (due) core.on_timer(time);
        core.turn(time);
        execute(core);
        if (one_thread()) io_.front()->answer(time);
        if (stopping_ && (core.is_shut_down() || time.instant >= stop_by_)) {
            if (!core.is_shut_down())
                log_.write(LogLevel::warn, "host", "shutdown out of time", {});
            return false;
        }
        // The next step begins it. Looked at here again: a wake-up may have been seen in this one.
        if ((stop_ || core.links().wants_to_end()) && !stopping_) return true;
        Instant until = std::min(core.next_wakeup(), stop_by_);
        if (due) until = std::max(until, time.instant + 1ms);  // it was just asked
        turn_->end();
        inbox_.wait_until(until);
        return true;
    }

    void note_clock() {
        const auto jump = wall_clock_jump();
        if ((jump == 0ms) == (clock_jump_ == 0ms)) return;
        clock_jump_ = jump;
        if (jump == 0ms) {
            log_.write(LogLevel::info, "host", "the wall clock is right again", {});
        } else {
            log_.write(LogLevel::warn, "host", "the wall clock jumped, and is not followed",
                       {{"minutes", jump / std::chrono::minutes{1}}});
        }
    }

    void begin_stop(p2p::NodeCore& core, Now time) {
        stopping_ = true;
        stop_by_ = time.instant + config_.stop_timeout;
        for (auto& listener : listeners_) listener->close();
        for (auto& reader : readers_) reader->close();
        core.begin_shutdown(time);
    }

    void decide(p2p::NodeCore& core, Now time, Accepted accepted) {
        const auto link = core.links().on_accept(time, accepted.remote);
        if (link) {
            io_of(*link).push(Admitted{*link, std::move(accepted.socket), accepted.remote,
                                       core.links().identity()});
        }
        listeners_[accepted.listener]->decided(1);
    }

    void hand_in(p2p::NodeCore& core, Now time, LinkEventBatch& batch) {
        auto& links = core.links();
        for (auto& to : batch.connected) links.on_connected(time, to.link, to.endpoint);
        for (auto& failed : batch.failed) {
            if (failed.by_proxy) complain_of_proxy(time, failed.why);
            links.on_connect_failed(time, failed.link, failed.why);
        }
        std::size_t at = 0;
        for (const auto& run : batch.runs) {
            for (; at < run.end; ++at) links.on_event(time, run.link, std::move(batch.events[at]));
        }
    }

    void complain_of_proxy(Now time, std::string_view why) {
        if (time.instant < next_complaint_) return;
        next_complaint_ = time.instant + complaint_interval;
        log_.write(LogLevel::warn, "host", "dials fail", {{"why", why}});
    }

    void execute(p2p::NodeCore& core) {
        core.links().take_effects(effects_);
        if (!effects_.empty()) {
            const auto identity = core.links().identity();
            if (io_.size() == 1) {
                effects_ = io_.front()->push(EffectBatch{std::move(effects_), identity});
            } else {
                spread(identity);
            }
        }
        workers_->submit(core.take_jobs());
        send_datagrams(core);
    }

    void send_datagrams(p2p::NodeCore& core) {
        datagrams_.clear();
        core.take_datagrams(datagrams_);
        if (datagrams_.empty()) return;
        sockets_.send(datagrams_);
    }

    /// A listening TCP socket, and if wanted a UDP one on the same port. Where the system chooses
    /// the port for TCP, it may be in use for UDP: then others are tried.
    Result<UniqueFd, StartError> bind(const Endpoint& endpoint) {
        for (int tries = endpoint.port == 0 ? 16 : 1;; --tries) {
            auto socket = listen_tcp(endpoint, Listener::backlog);
            if (!socket || !config_.datagrams) return socket;
            auto datagrams = DatagramSocket::bind(local_endpoint(socket->get()));
            if (!datagrams) {
                if (tries > 1) continue;
                return std::unexpected{datagrams.error()};
            }
            auto& added = sockets_.add(std::move(*datagrams));
            readers_.push_back(std::make_unique<DatagramReader>(io_.front()->poller(), added,
                                                                readers_.size(), inbox_));
            return socket;
        }
    }

    void spread(const std::shared_ptr<const transport::LinkIdentity>& identity) {
        std::vector<EffectBatch> batches(io_.size());
        for (auto& effect : effects_) {
            const LinkId link = std::visit([](const auto& e) { return e.link; }, effect);
            batches[link.value % io_.size()].effects.push_back(std::move(effect));
        }
        for (std::size_t i = 0; i < io_.size(); ++i) {
            if (batches[i].effects.empty()) continue;
            batches[i].identity = identity;
            (void)io_[i]->push(std::move(batches[i]));
        }
        effects_.clear();
    }

    IoThread& io_of(LinkId link) { return *io_[link.value % io_.size()]; }

    HostConfig config_;
    Log& log_;
    Watchdog watchdog_;
    std::shared_ptr<transport::NodeTurn> turn_;  // links look at it from their threads
    NodeInbox inbox_;
    p2p::DelayHistogram delay_;
    std::vector<std::unique_ptr<IoThread>> io_;
    std::unique_ptr<Sleeper> sleeper_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    DatagramSockets sockets_{random_seed()};
    std::vector<std::unique_ptr<DatagramReader>> readers_;
    DatagramBatch datagrams_;  // scratch, to keep its memory
    std::optional<Workers> workers_;
    std::vector<transport::SwitchEffect> effects_;
    std::atomic<bool> stop_{false};
    bool stopping_ = false;
    Instant stop_by_ = never;
    Instant next_complaint_ = Instant::min();
    std::chrono::milliseconds clock_jump_{0};
    Resolver resolver_;  // its answers go to the I/O threads: it ends before them
};

Host::Host(HostConfig config, EntropySource& entropy, Log& log) {
    tune_allocator();
    ByteArray<32> seed{};
    entropy.fill(seed);
    crypto::blind_secp256k1(seed);
    wipe(seed);
    impl_ = std::make_unique<Impl>(std::move(config), entropy, log);
}
Host::~Host() = default;
Result<std::vector<Endpoint>, StartError> Host::listen() {
    return impl_->listen();
}
void Host::run(p2p::NodeCore& core) {
    impl_->run(core);
}
void Host::post(std::move_only_function<void(Now)> call) {
    impl_->post(std::move(call));
}
void Host::go_on_with(const char* what) {
    impl_->go_on_with(what);
}
const p2p::DelayHistogram& Host::loop_delay() const {
    return impl_->loop_delay();
}
const DatagramCounts& Host::datagram_counts() const {
    return impl_->datagram_counts();
}
void Host::stop() noexcept {
    impl_->stop();
}

void tune_allocator() {
    constexpr int mib = 1 << 20;
    ::mallopt(M_MMAP_THRESHOLD, 32 * mib);  // the largest that glibc takes
    ::mallopt(M_TRIM_THRESHOLD, 256 * mib);
    ::mallopt(M_TOP_PAD, 4 * mib);
}

}  // namespace parley::runtime
