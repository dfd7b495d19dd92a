#include <parley/discovery/discv5/walks.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery::discv5 {

namespace {

/// Random targets stand in one of so many of the farthest buckets: nearer ones are empty in any
/// network.
constexpr std::uint64_t target_buckets = 16;

}  // namespace

Walks::Walks(const WalksConfig& config, const Id& self, Lookups& lookups, Table& table, Rng rng)
    : config_(config),
      self_(self),
      lookups_(lookups),
      table_(table),
      rng_(rng),
      interval_(config.walk_interval_min) {}

void Walks::add_boot(Now now, const Contact& contact) {
    if (contact.id == self_) return;
    boot_.push_back(contact);
    table_.add(now, contact, Origin::heard);
}

void Walks::on_moved() {
    moved_ = true;
    at_ = Instant::min();
}

void Walks::on_timer(Now now) {
    if (at_ <= now.instant) walk(now);
}

/// Boot nodes that were away may be back, and know others than the nodes that answer meanwhile.
void Walks::walk(Now now) {
    for (const auto& contact : boot_) table_.add(now, contact, Origin::heard);
    if (!walking_ && table_.size() > 0) {
        const bool moved = std::exchange(moved_, false);
        const auto random_distance = [&] {
            return log_distance_max - static_cast<unsigned>(rng_.below(target_buckets));
        };
        const Id target =
            connected_ && !moved ? random_at_distance(self_, random_distance(), rng_) : self_;
        walking_ = true;  // it may end before start() returns
        const bool begun =
            lookups_.start(now, Goal::closest, target, [this](Now, const LookupResult& result) {
                walking_ = false;
                connected_ = !result.closest.empty();
            });
        if (!begun) {
            walking_ = false;
            moved_ = moved;
        }
    }
    interval_ = connected_ && !moved_ ? std::min(2 * interval_, config_.walk_interval_max)
                                      : config_.walk_interval_min;
    at_ = now.instant + rng_.jitter(interval_, 0.1);
}

}  // namespace parley::discovery::discv5
