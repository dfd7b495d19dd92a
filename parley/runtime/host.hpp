// Host: runs a node over real sockets. It owns the threads: one that decides (the caller of run),
// a few for the links' sockets and encryption, a few workers for slow jobs.
//
//     Host host{config, entropy, log};
//     const auto endpoints = host.listen();      // StartError: port in use, ...
//     Node node{..., endpoints, ...};
//     host.run(node);                            // until stop()
//
// Threading: construct, listen and run on one thread; post from any; stop also from a signal
// handler.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
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

struct HostConfig {
    std::vector<Endpoint> listen = {};  ///< port 0: the system chooses
    /// Also bind UDP, on the addresses and ports of `listen`.
    bool datagrams = false;
    transport::LinkConfig link = {};
    /// For the sockets and encryption of the links. 0: all is done on the node's thread, which
    /// saves waking others, and lets handshakes and large messages keep the modules waiting.
    std::size_t io_threads = 1;
    unsigned workers = 2;
    Duration connect_timeout = 5s;
    Lookup lookup = system_lookup;  ///< resolves targets' names; see Resolver
    /// All dials go through it. What is wrong with it is logged, at most once a minute.
    std::optional<transport::Proxy> proxy = {};
    Duration proxy_timeout = 15s;         ///< instead of connect_timeout
    std::size_t read_bytes = 256U << 10;  ///< most that one read takes; a buffer each I/O thread
    /// Received and not yet dealt with by the node, each I/O thread; above it, it stops reading.
    std::size_t inbound_bytes_max = 32U << 20;
    Duration watchdog = 100ms;  ///< a module's call that takes longer is named in the log
    /// After stop(): for the node to end its links and store, and beyond it, for last bytes to
    /// leave. A peer that reads nothing can use up both, or LinkConfig::goodbye_timeout if less.
    Duration stop_timeout = 1200ms;
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

    /// Binds all endpoints, with the ports that the system chose, in the order of the config.
    /// Callers and datagrams wait until run().
    Result<std::vector<Endpoint>, StartError> listen();

    /// Drives the node until it has shut down after stop(), or its time is up. Once.
    void run(p2p::NodeCore& core);

    /// Runs `call` on the node's thread, in the order of posting; before run() they wait for it.
    /// Calls that are left when the node has ended are dropped. The caller bounds their number.
    void post(std::move_only_function<void(Now)> call);

    /// How long inputs waited for the node's thread; of several at once, the first. For use on it.
    const p2p::DelayHistogram& loop_delay() const;

    /// Begins the shutdown; run() returns in under 2 s unless a job of the workers is stuck.
    void stop() noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Makes glibc keep freed buffers of up to 32 MiB instead of mapping and unmapping each, at the
/// price of a larger heap. For the whole process.
void tune_allocator();

}  // namespace parley::runtime
