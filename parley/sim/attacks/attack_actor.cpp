#include <parley/sim/attacks/attack_actor.hpp>

#include <algorithm>

namespace parley::sim {

using namespace transport;

namespace {

/// Links of calls have numbers that no node's own links reach.
constexpr std::uint64_t first_call = std::uint64_t{1} << 62;
/// A call that was not connected ends without a word.
constexpr Duration call_time_max = 15s;
constexpr double timer_jitter = 0.5;

bool is_call(LinkId link) {
    return link.value >= first_call;
}

}  // namespace

void Actor::begin(Network& network, HostId victim) {
    network_ = &network;
    victim_ = victim;
    begun_at_ = world().now().instant;
    ++beginnings_;
    timers_.clear();
    started();
}

void Actor::every(Duration interval, std::function<void()> step) {
    timers_.push_back({interval, std::move(step)});
    plan(timers_.size() - 1);
}

void Actor::plan(std::size_t timer) {
    const auto beginning = beginnings_;
    world().later(rng_.jitter(timers_[timer].interval, timer_jitter), [this, timer, beginning] {
        if (beginning != beginnings_) return;
        if (world().up(host_)) timers_[timer].step();
        plan(timer);
    });
}

void Actor::call(const Target& target) {
    const Instant now = world().now_of(host_).instant;
    std::erase_if(calls_, [&](const auto& call) { return call.second <= now; });
    if (calls_.size() + wanted_.size() >= calls_max) return;
    wanted_.push_back(target);
    world().call(host_, [](p2p::NodeCore&, Now) {});  // has the world ask for effects
}

void Actor::dial_victim() {
    if (victim_ == host_) return;
    world().call(host_, [this](p2p::NodeCore& core, Now now) {
        (void)core.links().dial(now, network_->target(victim_), SlotClass::ordinary);
    });
}

Buffer Actor::random_bytes(std::size_t size) {
    Buffer out(size);
    for (auto& byte : out) byte = static_cast<std::byte>(rng_.below(256));
    return out;
}

void Actor::on_effects(Now now, std::vector<SwitchEffect>& effects) {
    if (!begun()) return;
    on_node_effects(now, effects);
    for (const auto& target : std::exchange(wanted_, {})) {
        const LinkId link{first_call + last_call_++};
        calls_.emplace(link, now.instant + call_time_max);
        effects.emplace_back(OpenLink{link, target});
    }
}

void Actor::on_events(Now now, LinkId link, std::vector<LinkEvent>& events) {
    if (!begun()) return;
    if (!is_call(link)) return on_node_events(now, link, events);
    const bool over = std::ranges::any_of(
        events, [](const LinkEvent& event) { return std::holds_alternative<Closed>(event); });
    events.clear();  // the node knows nothing of it
    if (!over) return;
    calls_.erase(link);
    on_call_ended(link);
}

void Actor::on_bytes(Now now, LinkId link, std::uint64_t sent, Buffer& bytes) {
    if (!begun()) return;
    if (is_call(link)) {
        on_call_bytes(now, link, sent, bytes);
    } else {
        on_node_bytes(now, link, sent, bytes);
    }
}

void Actor::on_received(Now now, LinkId link, Buffer& bytes) {
    if (begun() && is_call(link)) on_call_received(now, link, bytes);
}

}  // namespace parley::sim
