// SIGKILL at random moments of a node that writes all the time, and its store after each.
#include "faults.hpp"
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/store/lmdb_check.hpp>
#include <parley/runtime/store/lmdb_store.hpp>
#include <parley/transport/switch/offences.hpp>

#include <fcntl.h>
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <random>
#include <set>
#include <thread>
#include <variant>

namespace parley::chaos {

namespace {

/// More and the node makes room for new ones by itself.
constexpr std::size_t bans_kept = 500;

/// Bans and unbans as fast as the node answers, and what it answered.
class Owner {
public:
    /// Until the node is gone, or has not come.
    void work(const NodeProcess& node, const std::atomic<bool>& stop) {
        doubtful_.clear();
        while (!stop) {
            const bool lift = banned_.size() > bans_kept || (banned_.size() > 10 && next_ % 3 == 0);
            const auto who = lift ? *banned_.begin() : address(next_);
            ++next_;
            const auto done = node.call(lift ? "admin_unban" : "admin_ban", {who});
            if (!done) {
                // Not yet there, or cut off in the middle: then either is right.
                doubtful_.insert(who);
                banned_.erase(who);
                lifted_.erase(who);
                sleep_for(2ms);
                continue;
            }
            ++answered_;
            (lift ? lifted_ : banned_).insert(who);
            (lift ? banned_ : lifted_).erase(who);
        }
    }

    /// What was answered must be so in the store. Doubts end with what is there.
    void check(const std::set<std::string>& stored) {
        for (const auto& who : banned_) {
            require(stored.contains(who), "the ban of " + who + " was answered and is lost");
        }
        for (const auto& who : lifted_) {
            require(!stored.contains(who), "the ban of " + who + " was lifted and is back");
        }
        for (const auto& who : doubtful_) {
            if (stored.contains(who)) banned_.insert(who);
        }
        lifted_.clear();
    }
    std::size_t answered() const { return answered_; }

private:
    static std::string address(std::uint64_t n) {
        return fmt::format("172.{}.{}.{}", 16 + n / 62500 % 16, n / 250 % 250, 1 + n % 250);
    }

    std::uint64_t next_ = 0;
    std::size_t answered_ = 0;
    std::set<std::string> banned_;
    std::set<std::string> lifted_;    // since the last check
    std::set<std::string> doubtful_;  // the same
};

/// The addresses that are banned in the store, which must be whole.
std::set<std::string> read_store(const std::string& path) {
    {
        const runtime::UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        require(static_cast<bool>(file), "the store is there");
        const auto whole = runtime::check_lmdb_file(file.get());
        require(whole.has_value(), "the store is whole: " + (whole ? "" : message(whole.error())));
    }
    auto store = runtime::LmdbStore::open(path, runtime::LmdbStore::Create::no);
    require(store.has_value(), "the store opens: " + (store ? "" : message(store.error())));
    std::set<std::string> out;
    const auto read = (*store)->scan(transport::Offences::table, [&](Bytes key, Bytes value) {
        const auto ban = transport::Offences::decode(key, value);
        require(ban.has_value(), "every ban in the store can be read");
        if (const auto* group = std::get_if<NetworkGroup>(&ban->who)) {
            const auto text = group->to_string();
            out.insert(text.substr(0, text.find('/')));
        }
        return true;
    });
    require(read.has_value(), "the store can be read");
    return out;
}

}  // namespace

std::string kills(Swarm& swarm, const FaultOptions& options) {
    auto& node = swarm.node(swarm.size());
    Owner owner;
    std::mt19937_64 random{std::random_device{}()};
    std::uniform_int_distribution<int> moment{0, 400'000};
    swarm.settle();
    node.stop();
    for (std::size_t i = 1; i <= options.kills; ++i) {
        node.start();
        std::atomic<bool> stop{false};
        std::exception_ptr failure;
        std::thread worker{[&] {
            try {
                owner.work(node, stop);
            } catch (...) {
                failure = std::current_exception();
            }
        }};
        // Others tell it of transactions meanwhile.
        if (i % 10 == 0) swarm.send(swarm.node(1 + i / 10 % (swarm.size() - 1)), 1);
        sleep_for(std::chrono::microseconds{moment(random)});
        const bool alive = node.running();
        node.signal(SIGKILL);
        stop = true;
        node.reap();
        worker.join();
        if (failure) std::rethrow_exception(failure);
        require(alive, fmt::format("it runs until kill {}", i));
        owner.check(read_store(node.store()));
        if (i % 100 == 0 && i < options.kills) {
            fmt::print("    {} kills, {} changes answered\n", i, owner.answered());
            std::fflush(stdout);
            // From time to time it may come back in full.
            node.start();
            swarm.settle();
            node.signal(SIGKILL);
            node.reap();
        }
    }
    node.start();
    swarm.settle();
    return fmt::format("{} changes answered and none lost; back in the network", owner.answered());
}

}  // namespace parley::chaos
