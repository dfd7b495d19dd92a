#include <parley/node/rpc/subscriptions.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley::node {

std::string subscription_text(std::string_view id, std::string_view result) {
    return fmt::format(R"({{"jsonrpc":"2.0","method":"eth_subscription",)"
                       R"("params":{{"subscription":"{}","result":{}}}}})",
                       id, result);
}

std::optional<std::string> Subscriptions::add(std::shared_ptr<rpc::Session> session,
                                              SubscriptionKind kind) {
    std::size_t all = 0;
    std::size_t of_session = 0;
    for (auto& some : subscriptions_) {
        std::erase_if(some, [](const auto& one) { return one.session->has_ended(); });
        all += some.size();
        of_session += static_cast<std::size_t>(
            std::ranges::count(some, session, [](const auto& one) { return one.session; }));
    }
    if (all >= limits_.all_max || of_session >= limits_.each_max) return std::nullopt;
    // The first digit is not 0: a quantity has no leading zeros.
    auto id = fmt::format("{:#x}{:016x}", rng_.next() | std::uint64_t{1} << 63, rng_.next());
    of(kind).push_back({id, std::move(session)});
    return id;
}

bool Subscriptions::remove(const rpc::Session* session, std::string_view id) {
    const auto is_it = [&](const Subscription& one) {
        return one.session.get() == session && one.id == id;
    };
    return std::ranges::any_of(subscriptions_,
                               [&](auto& some) { return std::erase_if(some, is_it) > 0; });
}

void Subscriptions::notify(SubscriptionKind kind, const std::function<std::string()>& result) {
    auto& some = of(kind);
    if (some.empty()) return;
    std::erase_if(some, [](const auto& one) { return one.session->has_ended(); });
    if (some.empty()) return;
    const auto text = result();
    for (const auto& one : some) one.session->notify(subscription_text(one.id, text));
}

std::size_t Subscriptions::size() const {
    std::size_t all = 0;
    for (const auto& some : subscriptions_) all += some.size();
    return all;
}

}  // namespace parley::node
