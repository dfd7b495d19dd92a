#include <parley/runtime/io/resolver.hpp>

#include <parley/runtime/io/asio_endpoint.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

namespace parley::runtime {

Addresses system_lookup(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (error != 0) return std::unexpected{::gai_strerror(error)};
    std::vector<IpAddress> out;
    for (const auto* item = found; item != nullptr; item = item->ai_next) {
        if (const auto address = address_of(item->ai_addr)) out.push_back(*address);
    }
    ::freeaddrinfo(found);
    return out;
}

struct Resolver::State {
    struct Call {
        std::string host;
        Done done;
    };
    Lookup lookup;
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Call> waiting;
    std::vector<bool> busy;  // by thread: inside of lookup
    std::size_t idle = 0;
    bool stopping = false;
};

namespace {

/// Leaves out duplicates and what cannot be dialed (0.0.0.0, ::).
Addresses cleaned(Addresses found) {
    if (!found) return found;
    std::vector<IpAddress> out;
    for (const auto& address : *found) {
        const bool known = std::ranges::find(out, address) != out.end();
        if (!known && !address.is_unspecified() && out.size() < Resolver::addresses_max) {
            out.push_back(address);
        }
    }
    if (out.empty()) return std::unexpected{"it has no address"};
    return out;
}

Addresses guarded(const Lookup& lookup, const std::string& host) {
    try {
        return cleaned(lookup(host));
    } catch (const std::exception& error) {
        return std::unexpected{std::string{error.what()}};
    }
}

}  // namespace

Resolver::Resolver(Lookup lookup, std::size_t threads_max) : state_(std::make_shared<State>()) {
    state_->lookup = std::move(lookup);
    state_->busy.resize(std::max<std::size_t>(threads_max, 1));
}

Resolver::~Resolver() {
    std::vector<bool> busy;
    {
        const std::scoped_lock lock{state_->mutex};
        state_->stopping = true;
        state_->waiting.clear();
        busy = state_->busy;
    }
    state_->wake.notify_all();
    for (std::size_t i = 0; i < threads_.size(); ++i) {
        if (busy[i]) {
            threads_[i].detach();
        } else {
            threads_[i].join();
        }
    }
}

void Resolver::resolve(std::string host, Done done) {
    const std::scoped_lock lock{state_->mutex};
    if (state_->waiting.size() >= waiting_max) {
        return done(std::unexpected{"too many names wait to be resolved"});
    }
    state_->waiting.push_back({std::move(host), std::move(done)});
    if (state_->idle < state_->waiting.size() && threads_.size() < state_->busy.size()) {
        threads_.emplace_back([state = state_, index = threads_.size()] { work(state, index); });
    }
    state_->wake.notify_one();
}

void Resolver::work(const std::shared_ptr<State>& state, std::size_t index) {
    std::unique_lock lock{state->mutex};
    for (;;) {
        ++state->idle;
        state->wake.wait(lock, [&] { return state->stopping || !state->waiting.empty(); });
        --state->idle;
        if (state->stopping) return;
        auto call = std::move(state->waiting.front());
        state->waiting.pop_front();
        state->busy[index] = true;
        lock.unlock();
        auto addresses = guarded(state->lookup, call.host);
        lock.lock();
        state->busy[index] = false;
        // Under the lock: once the destructor has had it, nothing is called any more.
        if (!state->stopping) call.done(std::move(addresses));
    }
}

}  // namespace parley::runtime
