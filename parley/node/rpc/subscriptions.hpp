// Subscriptions: what callers are told as it happens, for as long as their connections last.
//
//     const auto id = subscriptions.add(call.session, SubscriptionKind::heads);
//     subscriptions.notify(SubscriptionKind::heads, [&] { return serialize(header); });
//
// Bounded: SubscriptionLimits; what waits for a slow caller is for its Session.
// Threading: the node's thread.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/rpc/session.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::node {

struct SubscriptionLimits {
    std::size_t each_max = 100;  ///< of a connection
    std::size_t all_max = 2000;
};

/// Logs: there never are any.
enum class SubscriptionKind : std::uint8_t { heads, hashes, transactions, logs, syncing };

class Subscriptions {
public:
    explicit Subscriptions(Rng rng, SubscriptionLimits limits = {}) : rng_(rng), limits_(limits) {}

    /// Its id, a quantity that nobody can guess. Nothing if there are too many.
    std::optional<std::string> add(std::shared_ptr<rpc::Session> session, SubscriptionKind kind);
    /// False if that connection has no such subscription.
    bool remove(const rpc::Session* session, std::string_view id);
    /// Tells all that subscribed; `result` gives the JSON, and is called once if there are any.
    void notify(SubscriptionKind kind, const std::function<std::string()>& result);
    std::size_t size() const;

private:
    struct Subscription {
        std::string id;
        std::shared_ptr<rpc::Session> session;
    };
    static constexpr std::size_t kinds = 5;

    std::vector<Subscription>& of(SubscriptionKind kind) {
        return subscriptions_.at(static_cast<std::size_t>(kind));
    }

    Rng rng_;
    SubscriptionLimits limits_;
    std::array<std::vector<Subscription>, kinds> subscriptions_;
};

/// What one subscription is told: `result` is JSON.
std::string subscription_text(std::string_view id, std::string_view result);

}  // namespace parley::node
