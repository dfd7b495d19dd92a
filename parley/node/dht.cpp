#include <parley/node/dht.hpp>

#include <parley/discovery/pex.hpp>

#include <algorithm>

namespace parley::node {

using discovery::Entry;

namespace {
constexpr std::size_t seeds_max = 16;  // of the book, at a time
constexpr std::size_t enough = 4;      // checked entries that need no seeds
constexpr Duration seed_interval = 10s;
}  // namespace

Dht::Dht(const discovery::discv5::ServiceConfig& config, const NodeKey& key, const Enr& record,
         EntropySource& entropy, Rng rng, discovery::AddressBook& book, Hub& hub)
    : book_(book),
      hub_(hub),
      rng_(rng.split("seeds")),
      service_(config, key, record, entropy, rng.split("service")) {
    service_.set_secret([this](const NodeId& id) { return book_.is_secret(id); });
    service_.on_record(
        [this](Now now, const Enr& found, const Endpoint& from) { learn(now, found, from); });
}

void Dht::on_datagrams(Now now, const DatagramBatch& batch) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
        service_.on_datagram(now, batch.peer(i), batch[i]);
    }
}

void Dht::take_datagrams(DatagramBatch& out) {
    std::swap(out, service_.outbox());
    service_.outbox().clear();
}

void Dht::on_timer(Now now) {
    if (now.instant >= seed_at_) seed(now);
    service_.on_timer(now);
}

Instant Dht::next_wakeup() const {
    return std::min(seed_at_, service_.next_wakeup());
}

void Dht::on_link(Now now, const Enr& record) {
    service_.heard(now, record);
}

/// While the table knows nearly nobody, it hears of nodes in the book: that is how it begins, and
/// how it recovers when all that it knew are gone.
void Dht::seed(Now now) {
    seed_at_ = now.instant + seed_interval;
    if (service_.table().checked() >= enough) return;
    const auto has_record = [](const Entry& entry) { return bool(entry.record); };
    for (const auto* entry : book_.sample(seeds_max, has_record, rng_)) {
        const auto raw = entry->record.raw();
        const auto record = entry->verified ? Enr::decode_verified(raw) : Enr::decode(raw);
        if (record) service_.heard(now, *record);
    }
}

void Dht::learn(Now now, const Enr& record, const Endpoint& from) {
    const discovery::Source source{discovery::SourceKind::dht, {}, from.address};
    const auto result = book_.add_record(now, record, source);
    if (discovery::changed(result)) {
        hub_.publish(discovery::BookGrew{1});
    }
}

}  // namespace parley::node
