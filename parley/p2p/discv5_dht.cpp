#include <parley/p2p/discv5_dht.hpp>

#include <parley/discovery/pex/pex.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace parley::p2p {

using discovery::Entry;
using discovery::discv5::Contact;
using discovery::discv5::Goal;
using discovery::discv5::Service;

namespace {
constexpr std::size_t seeds_max = 16;  // of the book, at a time
constexpr std::size_t enough = 4;      // checked entries that need no seeds
constexpr Duration seed_interval = 10s;

std::vector<Enr> records_of(const std::vector<Contact>& contacts) {
    std::vector<Enr> out;
    for (const auto& contact : contacts) {
        if (auto record = Enr::decode_verified(contact.record)) out.push_back(std::move(*record));
    }
    return out;
}

}  // namespace

Discv5Dht::Discv5Dht(const discovery::discv5::ServiceConfig& config, const NodeKey& key,
                     const Enr& record, EntropySource& entropy, Rng rng,
                     discovery::AddressBook& book, Hub& hub)
    : book_(book),
      hub_(hub),
      rng_(rng.split("seeds")),
      service_(config, key, record, entropy, rng.split("service")) {
    service_.set_secret([this](const NodeId& id) { return book_.is_secret(id); });
    service_.on_record(
        [this](Now now, const Enr& found, const Endpoint& from) { learn(now, found, from); });
}

void Discv5Dht::on_datagrams(Now now, const DatagramBatch& batch) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
        service_.on_datagram(now, batch.peer(i), batch[i]);
    }
}

void Discv5Dht::take_datagrams(DatagramBatch& out) {
    std::swap(out, service_.outbox());
    service_.outbox().clear();
}

void Discv5Dht::on_timer(Now now) {
    if (now.instant >= seed_at_) seed(now);
    rows_.on_timer(now);
    service_.on_timer(now);
}

Instant Discv5Dht::next_wakeup() const {
    return std::min({seed_at_, rows_.next_wakeup(), service_.next_wakeup()});
}

void Discv5Dht::on_link(Now now, const Enr& record) {
    service_.heard(now, record);
}

/// While the table knows nearly nobody who answers, it hears of nodes in the book: that is how it
/// begins, and how it recovers when all that it knew are gone.
void Discv5Dht::seed(Now now) {
    seed_at_ = now.instant + seed_interval;
    if (service_.table().checked() >= enough) return;
    const auto has_record = [](const Entry& entry) { return bool(entry.record); };
    for (const auto* entry : book_.sample(seeds_max, has_record, rng_)) {
        const auto raw = entry->record.raw();
        const auto record = entry->verified ? Enr::decode_verified(raw) : Enr::decode(raw);
        if (record) service_.heard(now, *record);
    }
}

// --- For modules ---

bool Discv5Dht::announce(Now now, OnNodes done) {
    /// Who answered, until the last one did or not.
    struct Tally {
        OnNodes done;
        std::size_t waiting = 0;
        std::vector<Contact> stored = {};
    };
    auto tell = [this, done = std::move(done)](Now then,
                                               const Service::LookupResult& found) mutable {
        if (found.closest.empty()) return done(then, {});
        auto tally = std::make_shared<Tally>(Tally{std::move(done), found.closest.size()});
        for (const auto& node : found.closest) {
            service_.ping(then, node, [tally, node](Now at, const auto& answer) {
                if (answer) tally->stored.push_back(node);
                if (--tally->waiting == 0) tally->done(at, records_of(tally->stored));
            });
        }
    };
    return service_.lookup(now, Goal::closest, service_.id(), std::move(tell));
}

bool Discv5Dht::store(Now now, const Enr& record) {
    service_.heard(now, record);
    return service_.table().find(dht_id(record.id())) != nullptr;
}

bool Discv5Dht::lookup(Now now, const Hash256& target, OnNodes done) {
    return service_.lookup(
        now, Goal::closest, target,
        [done = std::move(done)](Now then, const Service::LookupResult& result) mutable {
            done(then, records_of(result.closest));
        });
}

bool Discv5Dht::resolve(Now now, const Hash256& place, OnNode done) {
    if (place == service_.id()) {
        done(now, service_.record());
        return true;
    }
    return service_.lookup(
        now, Goal::resolve, place,
        [done = std::move(done)](Now then, const Service::LookupResult& result) mutable {
            std::optional<Enr> record;
            if (result.found) record = *Enr::decode_verified(result.found->record);
            done(then, record);
        });
}

bool Discv5Dht::random_walk(Now now, OnNodes done) {
    return lookup(now, discovery::discv5::random_id(rng_), std::move(done));
}

void Discv5Dht::serve_talk(std::string protocol, Talk talk) {
    service_.serve_talk(std::move(protocol), std::move(talk));
}

void Discv5Dht::talk(Now now, const Enr& node, Bytes protocol, Bytes request, OnTalk done) {
    const auto contact = service_.contact_of(node);
    if (!contact) return done(now, std::nullopt);
    service_.talk(now, *contact, protocol, request,
                  [done = std::move(done)](Now then, auto answer) mutable {
                      done(then, answer ? std::optional{std::move(*answer)} : std::nullopt);
                  });
}

void Discv5Dht::learn(Now now, const Enr& record, const Endpoint& from) {
    const discovery::Source source{discovery::SourceKind::dht, {}, from.address};
    const auto result = book_.add_record(now, record, source);
    if (discovery::changed(result)) {
        hub_.publish(discovery::BookGrew{1});
    }
}

}  // namespace parley::p2p
