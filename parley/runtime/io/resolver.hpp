// Resolver: asks the system for the addresses behind a name, on threads of its own. The system's
// call cannot be interrupted and may take a minute, so that whoever waits for an answer must not be
// held up at the end: a call under way is then left to itself.
// Threading: construct and destroy on one thread; resolve from any.
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

/// Addresses, the best first, or in words why there are none.
using Addresses = Result<std::vector<IpAddress>, std::string>;
/// Blocks. May be called on several threads, and may still run when the resolver is gone: it owns
/// whatever it needs.
using Lookup = std::function<Addresses(const std::string& host)>;

/// The system's own: /etc/hosts, DNS, whatever it is set up for. IPv4 and IPv6.
Addresses system_lookup(const std::string& host);

class Resolver {
public:
    using Done = std::move_only_function<void(Addresses)>;
    static constexpr std::size_t addresses_max = 8;
    static constexpr std::size_t waiting_max = 256;

    explicit Resolver(Lookup lookup, std::size_t threads_max = 2);
    /// No `done` is called afterwards.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// `done` is called on another thread, once, with 1 to addresses_max addresses or an error. It
    /// must be quick and must not call the resolver. An error at once if too many wait.
    void resolve(std::string host, Done done);

private:
    struct State;
    static void work(const std::shared_ptr<State>& state, std::size_t index);

    std::shared_ptr<State> state_;
    std::vector<std::thread> threads_;
};

}  // namespace parley::runtime
