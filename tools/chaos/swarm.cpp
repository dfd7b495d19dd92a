#include "swarm.hpp"
#include <parley/chain/types/test_transactions.hpp>
#include <parley/rpc/hex.hpp>

#include <fmt/format.h>

#include <random>
#include <thread>

namespace parley::chaos {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t transactions_per_sender = 16;

/// Of this run: pools of earlier runs are gone, but other numbers are better than the same.
const std::uint64_t first_sender = std::random_device{}();

}  // namespace

void require(bool holds, const std::string& statement) {
    if (!holds) throw Failed{statement};
}

void sleep_for(Duration time) {
    std::this_thread::sleep_for(time);
}

void wait_until(Duration patience, const std::string& statement,
                const std::function<bool()>& holds) {
    const auto end = Clock::now() + patience;
    while (!holds()) {
        require(Clock::now() < end, statement);
        sleep_for(50ms);
    }
}

Swarm::Swarm(const std::string& binary, const std::string& folder, std::size_t count)
    : binary_(binary), folder_(folder), wan_({.ends = count + 1}) {
    for (std::size_t i = 1; i <= count; ++i) {
        nodes_.push_back(
            std::make_unique<NodeProcess>(NodePlace{binary,
                                                    folder + "/node-" + std::to_string(i),
                                                    i,
                                                    wan_.space(i),
                                                    i == 1 ? std::string{} : nodes_[0]->target(),
                                                    {}}));
        nodes_.back()->start();
    }
}

std::unique_ptr<NodeProcess> Swarm::guest(const std::string& folder) {
    const auto end = wan_.ends();
    return std::make_unique<NodeProcess>(
        NodePlace{binary_, folder, end, wan_.space(end), nodes_[0]->target(), {}});
}

void Swarm::change_all(std::string_view words) {
    for (std::size_t end = 1; end <= wan_.ends(); ++end) change(end, words);
}

void Swarm::change(std::size_t end, std::string_view words) {
    if (const auto done = wan_.change(end, words); !done) throw std::runtime_error{done.error()};
}

std::size_t Swarm::send(const NodeProcess& to, std::size_t count) {
    std::size_t took = 0;
    for (std::size_t i = 0; i < count; ++i, ++next_transaction_) {
        const auto sender = first_sender + next_transaction_ / transactions_per_sender;
        const auto tx = chain::testing::sign(
            chain::testing::transfer(next_transaction_ % transactions_per_sender),
            chain::testing::secret_of(sender));
        const auto hash = to.call("eth_sendRawTransaction", {rpc::hex_data(tx.raw)});
        if (!hash) continue;
        taken_.emplace_back(hash->as_string());
        ++took;
    }
    return took;
}

void Swarm::load_for(Duration time, std::size_t each) {
    const auto end = Clock::now() + time;
    for (std::size_t i = 0; Clock::now() < end; ++i) {
        send(*nodes_[i % nodes_.size()], each);
        sleep_for(200ms);
    }
}

void Swarm::settle(Duration patience, const NodeProcess* guest) {
    std::vector<const NodeProcess*> all;
    for (const auto& node : nodes_) all.push_back(node.get());
    if (guest != nullptr) all.push_back(guest);
    const auto end = Clock::now() + patience;
    for (const auto* node : all) {
        for (auto links = node->links(); links + 1 < all.size(); links = node->links()) {
            require(Clock::now() < end,
                    fmt::format("{} has {} links and not {} after {} s", node->name(), links,
                                all.size() - 1, patience / 1s));
            sleep_for(50ms);
        }
    }
    for (const auto* node : all) {
        for (auto lost = node->missing(taken_); lost > 0; lost = node->missing(taken_)) {
            require(Clock::now() < end,
                    fmt::format("{} lacks {} of {} transactions after {} s", node->name(), lost,
                                taken_.size(), patience / 1s));
            sleep_for(200ms);
        }
    }
}

}  // namespace parley::chaos
