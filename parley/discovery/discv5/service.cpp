#include <parley/discovery/discv5/service.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery::discv5 {

namespace {

/// What no request ID begins with is a zero byte: there are nodes that take it for a number, and do
/// not repeat it.
std::uint64_t first_serial(Rng& rng) {
    return rng.next() >> 2 | std::uint64_t{1} << 62;
}

}  // namespace

Service::Service(ServiceConfig config, const NodeKey& key, const Enr& record,
                 EntropySource& entropy, Rng rng)
    : config_(config),
      key_(key),
      self_(dht_id(key.id())),
      record_(record),
      entropy_(entropy),
      random_(entropy),
      rng_(rng.split("packets")),
      table_(config.table, self_, rng.split("table")),
      sessions_(config.sessions_max, rng_.next()),
      challenges_(config.challenges_max, rng_.next()),
      addresses_(config.addresses_max, rng_.next()),
      handshakes_(config.handshakes_per_second, config.handshakes_burst),
      next_serial_(first_serial(rng_)),
      walk_interval_(config.walk_interval_min) {}

/// Who has no record with an endpoint of ours has us in no table, and learns of a newer one by a
/// handshake alone: so sessions are made anew.
void Service::set_record(const Enr& record) {
    const bool moved = record.udp_endpoint() != record_.udp_endpoint();
    record_ = record;
    if (!moved) return;
    moved_ = true;
    sessions_.clear();
    walk_at_ = Instant::min();
}

void Service::add_boot(Now now, const Enr& record) {
    const auto contact = Contact::of(record);
    if (!contact || contact->id == self_) return;
    boot_.push_back(*contact);
    table_.add(now, *contact, Origin::heard);
}

void Service::heard(Now now, const Enr& record) {
    (void)add(now, record, Origin::heard);
}

bool Service::add(Now now, const Enr& record, Origin origin) {
    const auto contact = Contact::of(record);
    if (!contact) return true;
    const auto* entry = table_.find(contact->id);
    const bool known = entry != nullptr && equal(entry->contact.record, contact->record);
    if (!secret_ || !secret_(record.id())) table_.add(now, *contact, origin);
    return !known;
}

void Service::on_timer(Now now) {
    end_late(now);
    check_table(now);
    if (walk_at_ <= now.instant) walk(now);
}

Instant Service::next_wakeup() const {
    auto at = std::min(walk_at_, table_.next_wakeup());
    if (!deadlines_.empty()) at = std::min(at, deadlines_.begin()->first);
    return at;
}

void Service::check_table(Now now) {
    while (const auto* entry = table_.next_check(now)) {
        ping(now, entry->contact, [](Now, const auto&) {});  // end() tells the table
    }
}

/// A lookup of ourselves first, so that our neighbours know us and we know them; then of targets
/// that are chance, so that no bucket is forgotten. Boot nodes that were away may be back, and know
/// others than those who answer meanwhile.
void Service::walk(Now now) {
    for (const auto& contact : boot_) table_.add(now, contact, Origin::heard);
    if (!walking_ && table_.size() > 0) {
        const bool moved = std::exchange(moved_, false);
        const Id target =
            connected_ && !moved
                ? random_at_distance(self_,
                                     log_distance_max - static_cast<unsigned>(rng_.below(16)), rng_)
                : self_;
        walking_ = true;  // it may end before lookup() returns
        const bool begun =
            lookup(now, Goal::closest, target, [this](Now, const LookupResult& result) {
                walking_ = false;
                connected_ = !result.closest.empty();
            });
        if (!begun) {
            walking_ = false;
            moved_ = moved;
        }
    }
    walk_interval_ = connected_ && !moved_ ? std::min(2 * walk_interval_, config_.walk_interval_max)
                                           : config_.walk_interval_min;
    walk_at_ = now.instant + rng_.jitter(walk_interval_, 0.1);
}

bool Service::lookup(Now now, Goal goal, const Id& target, OnLookup done) {
    if (lookups_.size() >= config_.lookups_max) return false;
    const auto seeds = table_.seeds(target);
    const Serial serial = next_serial_++;
    lookups_.emplace(
        serial, Running{.machine = Lookup{goal, self_, target, seeds, config_.table.address_limits},
                        .done = std::move(done),
                        .silent = {},
                        .own = {}});
    advance(now, serial);
    return true;
}

void Service::advance(Now now, Serial serial) {
    const auto found = lookups_.find(serial);
    if (found == lookups_.end() || found->second.stepping || found->second.trying) return;
    auto& lookup = found->second.machine;
    found->second.stepping = true;  // an answer may come before find_nodes() returns
    while (auto request = lookup.next()) {
        find_nodes(now, request->node, std::move(request->distances),
                   [this, serial, from = request->node.id](Now then, const auto& records) {
                       on_lookup_answer(then, serial, from, records);
                   });
    }
    found->second.stepping = false;
    if (!lookup.done()) return;
    if (const auto contact = lookup.found()) return try_found(now, serial, *contact);
    finish(now, serial, false);
}

/// Asks it for its own record: so we learn whether it answers there, and whether there is a newer
/// one.
void Service::try_found(Now now, Serial serial, const Contact& found) {
    lookups_.find(serial)->second.trying = true;
    find_nodes(now, found, {0}, [this, serial, found](Now then, const auto& records) {
        auto& running = lookups_.find(serial)->second;
        if (records) {
            if (!records->empty()) running.own = Contact::of(records->front());
            return finish(then, serial, true);
        }
        running.trying = false;
        running.silent = found;
        if (running.machine.found()->sequence == found.sequence) running.machine.refuse_found();
        advance(then, serial);  // or a newer one came meanwhile
    });
}

void Service::finish(Now now, Serial serial, bool answers) {
    auto ended = lookups_.extract(serial);
    auto& running = ended.mapped();
    const auto& lookup = running.machine;
    auto found = lookup.found() ? lookup.found() : running.silent;
    if (running.own && found && running.own->sequence > found->sequence) found = running.own;
    const LookupResult result{.closest = lookup.closest(),
                              .found = found,
                              .answers = answers,
                              .hops = lookup.hops(),
                              .requests = lookup.requests()};
    running.done(now, result);
}

void Service::on_lookup_answer(Now now, Serial serial, const Id& from,
                               const std::expected<std::vector<Enr>, RequestErrc>& records) {
    const auto found = lookups_.find(serial);
    if (found == lookups_.end()) return;
    if (records) {
        found->second.machine.on_nodes(from, contacts_of(*records));
    } else {
        found->second.machine.on_failure(from);
    }
    advance(now, serial);
}

}  // namespace parley::discovery::discv5
