// Resolver: asks the system for the addresses behind a name, on threads of its own. The system's
// call cannot be interrupted and may take a minute; so that the end of the program need not wait
// for it, the destructor leaves a call under way behind on its thread. Bounds: waiting_max names
// that wait, addresses_max addresses of each. Threading: construct and destroy on one thread;
// resolve from any.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace parley::runtime {

/// Addresses, the best first; or the reason in words why there are none.
using Addresses = Result<std::vector<IpAddress>, std::string>;
/// Looks up a name; may block. Called on several threads at once, and may still run when the
/// resolver is gone: it owns all that it needs.
using Lookup = std::function<Addresses(const std::string& host)>;

/// The system's lookup (getaddrinfo): /etc/hosts, DNS, or as it is configured. IPv4 and IPv6.
Addresses system_lookup(const std::string& host);

class Resolver {
public:
    using Done = std::move_only_function<void(Addresses)>;
    static constexpr std::size_t addresses_max = 8;  ///< of one name; further ones are left out
    static constexpr std::size_t waiting_max = 256;  ///< names that wait for a thread

    /// Threads are made when they are needed, at most threads_max.
    explicit Resolver(Lookup lookup, std::size_t threads_max = 2);
    /// After it no `done` is called any more.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// `done` is called once, with 1 to addresses_max addresses or an error: on another thread, or,
    /// if too many names wait, at once on this one. It must be quick and must not call the
    /// resolver.
    void resolve(std::string host, Done done);

private:
    struct State;
    static void work(const std::shared_ptr<State>& state, std::size_t index);

    std::shared_ptr<State> state_;
    std::vector<std::thread> threads_;
};

}  // namespace parley::runtime
