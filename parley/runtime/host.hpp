// Host: runs a node over real sockets. It owns the threads: one on which the node runs (the caller
// of run), a few for the links' sockets and encryption (IoThread), a few workers for slow jobs.
//
//     Host host{config, entropy, log};
//     const auto endpoints = host.listen();  // or a StartError, such as a port in use
//     for (const auto& endpoint : endpoints.value()) network.add_listener(now, endpoint, {});
//     host.run(network);                     // until stop()
//
// Bounds: what waits for the node's thread is bounded by inbound_bytes_max for each I/O thread, and
// by 64 undecided callers for each listener; what waits for a link, by the Switch's send budgets.
// The caller bounds what it posts.
//
// Threading: construct, listen and run on one thread; post from any; stop also from a signal
// handler.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/p2p/core.hpp>
#include <parley/p2p/delay_histogram.hpp>
#include <parley/runtime/io/resolver.hpp>
#include <parley/runtime/start_error.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/proxy/socks5.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::runtime {

/// Endpoints, threads, limits and deadlines of a Host.
struct HostConfig {
    std::vector<Endpoint> listen = {};  ///< port 0: the system chooses; empty: dials only
    /// Also binds UDP, on the addresses and ports of `listen`.
    bool datagrams = false;
    transport::LinkConfig link = {};
    /// Threads for the sockets and encryption of the links. 0: all is done on the node's thread,
    /// which saves waking others, but handshakes and large messages keep the modules waiting.
    std::size_t io_threads = 1;
    /// For so long after the last thing that happened, these threads and the node's look for more
    /// before they sleep. A link that is asked and answered without pause then waits for no
    /// wake-up; each pause costs so much processor time. Only with a processor for each of them.
    Duration spin = 0ns;
    unsigned workers = 2;  ///< threads for Jobs
    /// For all addresses of a target together; its name has as much to be resolved.
    Duration connect_timeout = 5s;
    Lookup lookup = system_lookup;  ///< resolves the names of targets; see Resolver
    /// A SOCKS5 proxy for all dials. Its own failures are logged as warnings, at most one a minute.
    std::optional<transport::Proxy> proxy = {};
    Duration proxy_timeout = 15s;         ///< instead of connect_timeout
    std::size_t read_bytes = 256U << 10;  ///< of one read at most; a buffer for each I/O thread
    /// Bytes that were received and that the node has not dealt with, for each I/O thread: at this
    /// limit it stops reading.
    std::size_t inbound_bytes_max = 32U << 20;
    Duration watchdog = 100ms;  ///< a module's call that takes longer is named in the log
    /// After stop(): the time in which the node ends its links and its store.
    Duration stop_timeout = 1200ms;
    /// After that: the time in which last bytes leave. A peer that reads nothing uses up both, or
    /// LinkConfig::goodbye_timeout if that is less.
    Duration linger_timeout = 400ms;
};

class Host {
public:
    /// `entropy` is used on all I/O threads. Both outlive the host. Tunes the process's allocator
    /// for messages of some MiB (see tune_allocator).
    Host(HostConfig config, EntropySource& entropy, Log& log);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// Binds all endpoints. Returns them in the order of the config, with the ports that the system
    /// chose; on failure, the first that cannot be bound, and why. Callers and datagrams wait in
    /// the system until run().
    Result<std::vector<Endpoint>, StartError> listen();

    /// Drives the node until it has shut down, or stop_timeout is over: after stop(), or when a
    /// module threw and the switch's config says that the node then ends. Once. What the node
    /// throws ends the threads and passes through.
    void run(p2p::NodeCore& core);

    /// Runs `call` on the node's thread, in the order of posting. Calls before run() wait for it;
    /// those left when the node has ended are dropped.
    void post(std::move_only_function<void(Now)> call);

    /// On the node's thread, in a posted call: what it does, a literal, for the log if it gets
    /// stuck.
    void go_on_with(const char* what);

    /// How long inputs waited for the node's thread; of a batch, the one that came first. To be
    /// called on the node's thread.
    const p2p::DelayHistogram& loop_delay() const;
    /// As loop_delay(): what became of the datagrams.
    const DatagramCounts& datagram_counts() const;

    /// Begins the shutdown; run() returns in under 2 s (with the default timeouts). A Job on a
    /// worker that is stuck is left behind, with its thread. Async-signal-safe.
    void stop() noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Makes glibc keep freed buffers of up to 32 MiB instead of mapping and unmapping each, at the
/// price of a larger heap. For the whole process.
void tune_allocator();

}  // namespace parley::runtime
