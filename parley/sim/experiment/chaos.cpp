#include <parley/sim/experiment/chaos.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace parley::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// At most one in so many hosts is down at a time.
constexpr std::size_t down_one_in = 5;

Duration between(Rng& rng, Duration min, Duration max) {
    const auto span = static_cast<std::uint64_t>((max - min).count());
    return min + Duration{static_cast<Duration::rep>(rng.below(span + 1))};
}

}  // namespace

Chaos::Chaos(Network& network, FaultSet faults, std::size_t spared, Rng rng,
             std::function<void(const std::string&)> note)
    : network_(network),
      world_(network.world()),
      faults_(faults),
      spared_(spared),
      rng_(rng),
      note_(std::move(note)),
      steps_(network.size()) {}

void Chaos::begin() {
    if (faults_.has(Fault::segments)) world_.set_segmentation(true);
    std::optional<IpAddress> outside;
    for (HostId host = spared_; host < network_.size(); ++host) {
        if (faults_.has(Fault::clocks)) {
            steps_[host] = between(rng_, seconds{-60}, seconds{60});
            world_.clock(host).step(steps_[host]);
            world_.clock(host).set_drift(world_.now().instant,
                                         static_cast<std::int32_t>(rng_.below(1001)) - 500);
        }
        if (faults_.has(Fault::nat) && rng_.chance(0.2)) {
            // Some share an outside address with the one before.
            if (!outside || rng_.chance(0.5)) outside = network_.endpoint_of(host).address;
            world_.set_nat(host, *outside);
        }
        if (faults_.has(Fault::slow_readers) && rng_.chance(0.1)) {
            world_.set_read_rate(host, 20'000 + rng_.below(200'000));
        }
    }
}

void Chaos::start() {
    const auto other = [this](HostId host) {
        return [this, host](HostId peer) { return peer != host && rng_.chance(0.3); };
    };
    plan(Fault::resets, seconds{5}, [this, other] {
        const auto host = victim();
        if (world_.up(host)) world_.cut(host, other(host), false);
    });
    plan(Fault::half_open, seconds{15}, [this, other] {
        const auto host = victim();
        if (world_.up(host)) world_.cut(host, other(host), true);
    });
    plan(Fault::clogs, seconds{10}, [this] {
        const auto host = victim();
        world_.set_clog(host, between(rng_, milliseconds{100}, seconds{2}));
        world_.later(between(rng_, seconds{1}, seconds{20}),
                     [this, host] { world_.set_clog(host, {}); });
    });
    plan(Fault::pauses, seconds{10}, [this] {
        const auto host = victim();
        world_.pause(host, between(rng_, milliseconds{100}, seconds{40}));
    });
    plan(Fault::kills, seconds{10}, [this] {
        const auto host = victim();
        if (!world_.up(host) || !may_go_down()) return;
        note_(fmt::format("kill {}", host));
        world_.kill(host);
        bring_back(host, between(rng_, seconds{1}, seconds{30}));
    });
    plan(Fault::power_cuts, seconds{15}, [this] {
        const auto host = victim();
        if (!world_.up(host) || !may_go_down()) return;
        note_(fmt::format("power cut {}", host));
        world_.crash(host,
                     {.power_cut = true, .tear = rng_.chance(0.3), .corrupt = rng_.chance(0.3)});
        bring_back(host, between(rng_, seconds{1}, seconds{60}));
    });
    plan(Fault::clocks, seconds{20}, [this] {
        const auto host = victim();
        const auto step = between(rng_, -std::chrono::hours{1}, std::chrono::hours{1});
        steps_[host] += step;
        world_.clock(host).step(step);
    });
    plan(Fault::partitions, seconds{40}, [this] { partition(); });
    plan(Fault::one_way, seconds{40}, [this] { one_way(); });
}

/// At random distances with this mean, until it is over.
void Chaos::plan(Fault fault, Duration mean, std::function<void()> act) {
    if (!faults_.has(fault)) return;
    world_.later(exponential(mean, rng_) + milliseconds{1},
                 [this, fault, mean, act = std::move(act)]() mutable {
                     if (over_) return;
                     act();
                     plan(fault, mean, std::move(act));
                 });
}

HostId Chaos::victim() {
    return spared_ + static_cast<HostId>(rng_.below(network_.size() - spared_));
}

bool Chaos::may_go_down() const {
    std::size_t down = 0;
    for (HostId host = 0; host < network_.size(); ++host) down += world_.up(host) ? 0 : 1;
    return (down + 1) * down_one_in <= network_.size();
}

void Chaos::bring_back(HostId host, Duration after) {
    world_.later(after, [this, host] {
        if (!world_.up(host)) world_.start(host);
    });
}

void Chaos::partition() {
    if (rng_.chance(0.5)) {
        const auto alone = victim();
        note_(fmt::format("partition: {} alone", alone));
        world_.partition([alone](HostId a, HostId b) { return (a == alone) != (b == alone); });
    } else {
        std::vector<bool> side(network_.size());
        for (std::size_t i = 0; i < side.size(); ++i) side[i] = rng_.chance(0.5);
        note_("partition: two halves");
        world_.partition([side](HostId a, HostId b) { return side[a] != side[b]; });
    }
    world_.later(between(rng_, seconds{1}, seconds{50}), [this] {
        note_("no partition");
        world_.partition({});
    });
}

void Chaos::one_way() {
    const auto host = victim();
    const bool out = rng_.chance(0.5);
    note_(fmt::format("one way: {} {}", host, out ? "is not heard" : "hears nothing"));
    world_.partition(
        [host, out](HostId from, HostId to) { return out ? from == host : to == host; });
    world_.later(between(rng_, seconds{1}, seconds{50}), [this] {
        note_("both ways");
        world_.partition({});
    });
}

void Chaos::heal() {
    over_ = true;
    note_("heal");
    world_.partition({});
    world_.set_segmentation(false);
    for (HostId host = 0; host < network_.size(); ++host) {
        world_.set_clog(host, {});
        world_.set_read_rate(host, 0);
        world_.clock(host).step(-std::exchange(steps_[host], {}));
        if (!world_.up(host)) world_.start(host);
    }
}

}  // namespace parley::sim
