#include <parley/chain/light/work_follower.hpp>

#include <parley/base/overloaded.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain::light {

WorkFollower::WorkFollower(const WorkFollowerConfig& config, std::shared_ptr<const Engine> engine,
                           std::vector<ChainHeader> known, Rng rng)
    : engine_(std::move(engine)),
      sync_(config.headers, engine_, std::move(known)),
      gate_(config.gate,
            {.head = [this]() -> const ChainHeader& { return sync_.tip(); },
             .locator = [this] { return sync_.locator(); },
             .find =
                 [this](const Hash256& hash) {
                     const auto* found = sync_.find(hash);
                     return found ? std::optional{*found} : std::nullopt;
                 },
             .engine = [this]() -> const Engine& { return *engine_; }},
            rng) {}

void WorkFollower::add_peer(PeerId peer) {
    sync_.add_peer(peer);
    gate_.add_peer(peer);
}

void WorkFollower::remove_peer(Now now, PeerId peer, Effects& out) {
    numbers_.erase(peer);
    gate_.remove_peer(peer);
    SyncEffects effects;
    sync_.remove_peer(now, peer, effects);
    pass_on(std::move(effects), out);
}

void WorkFollower::on_status(Now now, PeerId peer, const ChainStatus& status, Effects& out) {
    numbers_[peer] = status.number;
    GateEffects effects;
    gate_.on_status(now, peer, status, effects);
    pass_on(now, std::move(effects), out);
}

void WorkFollower::on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers,
                              Effects& out) {
    GateEffects of_gate;
    if (id >= WorkGate::first_id) {
        gate_.on_headers(now, peer, id, std::move(headers), of_gate);
        return pass_on(now, std::move(of_gate), out);
    }
    SyncEffects of_sync;
    if (gate_.judge(now, peer, headers, of_gate)) {
        sync_.on_headers(now, peer, id, std::move(headers), of_sync);
    } else {
        sync_.on_held(now, peer, id, of_sync);
    }
    pass_on(std::move(of_sync), out);
    pass_on(now, std::move(of_gate), out);
}

void WorkFollower::on_checked(Now now, Check check, Effects& out) {
    const bool all = check.good.size() == check.headers.size();
    if (check.is_shown) {
        GateEffects effects;
        gate_.on_checked(now, check.peer, check.good, all, effects);
        return pass_on(now, std::move(effects), out);
    }
    SyncEffects effects;
    sync_.on_checked(now, std::move(check.good), all, effects);
    pass_on(std::move(effects), out);
}

void WorkFollower::on_timer(Now now, Effects& out) {
    GateEffects of_gate;
    if (now.instant >= gate_.next_wakeup()) gate_.on_timer(now, of_gate);
    pass_on(now, std::move(of_gate), out);
    SyncEffects of_sync;
    if (now.instant >= sync_.next_wakeup()) sync_.on_timer(now, of_sync);
    pass_on(std::move(of_sync), out);
}

std::uint64_t WorkFollower::highest() const {
    std::uint64_t out = head().header.number;
    for (const auto& [peer, number] : numbers_) out = std::max(out, number);
    return out;
}

void WorkFollower::pass_on(Now now, GateEffects effects, Effects& out) {
    for (auto& effect : effects) {
        std::visit(
            overloaded{[&](WorkGate::Ask& ask) {
                           out.emplace_back(Ask{ask.peer, std::move(ask.question)});
                       },
                       [&](WorkGate::Check& check) {
                           out.emplace_back(Check{check.peer, true, engine_,
                                                  std::move(check.parent),
                                                  std::move(check.headers)});
                       },
                       [&](const WorkGate::Follow& one) {
                           SyncEffects followed;
                           sync_.on_status(now, one.peer, one.status, followed);
                           pass_on(std::move(followed), out);
                       },
                       [&](const WorkGate::Charge& charge) {
                           out.emplace_back(Charge{charge.peer, charge.offence,
                                                   "headers without the work that was claimed"});
                       }},
            effect);
    }
}

void WorkFollower::pass_on(SyncEffects effects, Effects& out) {
    for (auto& effect : effects) {
        std::visit(overloaded{[&](HeaderSync::Ask& ask) {
                                  out.emplace_back(Ask{ask.peer, std::move(ask.question)});
                              },
                              [&](HeaderSync::Check& check) {
                                  out.emplace_back(Check{check.peer, false, engine_,
                                                         std::move(check.parent),
                                                         std::move(check.headers)});
                              },
                              [&](HeaderSync::Extend& news) {
                                  out.emplace_back(Extend{std::move(news.headers)});
                                  out.emplace_back(Moved{});
                              },
                              [&](const HeaderSync::Charge& charge) {
                                  out.emplace_back(Charge{charge.peer, charge.offence, "headers"});
                              }},
                   effect);
    }
}

}  // namespace parley::chain::light
