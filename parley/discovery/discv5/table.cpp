#include <parley/discovery/discv5/table.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <utility>

namespace parley::discovery::discv5 {

namespace {

/// Of the time until a check.
constexpr double jitter = 0.25;

}  // namespace

std::string_view name(TableResult result) {
    switch (result) {
        case TableResult::added:
            return "added";
        case TableResult::updated:
            return "updated";
        case TableResult::known:
            return "known";
        case TableResult::waiting:
            return "waiting";
        case TableResult::own:
            return "own";
        case TableResult::bad_address:
            return "bad address";
        case TableResult::group_full:
            return "group full";
        case TableResult::bucket_full:
            return "bucket full";
    }
    return "?";
}

Table::Table(TableConfig config, const Id& self, Rng rng)
    : config_(config), self_(self), rng_(rng), buckets_(self, config.address_limits) {}

// --- News of nodes ---

/// Unchecked. Precondition: may_enter(), and there is room.
void Table::enter(Now now, Bucket& bucket, TableEntry entry) {
    entry.checked = false;
    entry.failures = 0;
    check_soon(now, buckets_.enter(bucket, std::move(entry)));
}

TableResult Table::wait(Bucket& bucket, TableEntry entry) {
    if (!buckets_.may_wait(bucket, entry)) return TableResult::group_full;
    entry.next_check = never;
    return buckets_.wait(bucket, std::move(entry)) ? TableResult::waiting
                                                   : TableResult::bucket_full;
}

/// Lets a waiting node in: one that was met, if any. It counted while it waited, so that no limit
/// is exceeded.
void Table::promote(Now now, Bucket& bucket) {
    auto& list = bucket.replacements;
    if (list.empty() || bucket.full()) return;
    const auto met = std::ranges::count_if(list, &TableEntry::met);
    auto skip = rng_.below(met > 0 ? static_cast<std::uint64_t>(met) : list.size());
    const auto chosen = std::ranges::find_if(
        list, [&](const TableEntry& entry) { return (entry.met || met == 0) && skip-- == 0; });
    enter(now, bucket, buckets_.leave_replacements(bucket, chosen));
}

/// Whether the bucket has room for a newcomer, or has it now: a dead entry makes room, and for a
/// node that contacted us one that was only heard of.
bool Table::make_room(Bucket& bucket, Origin origin) {
    auto& entries = bucket.entries;
    if (!bucket.full()) return true;
    if (const auto gone =
            std::ranges::find_if(entries, [&](const TableEntry& e) { return dead(e); });
        gone != entries.end()) {
        buckets_.leave(bucket, gone);
        return true;
    }
    if (origin != Origin::met) return false;
    const auto heard = std::ranges::find_if(entries, [](const TableEntry& e) { return !e.met; });
    if (heard == entries.end()) return false;
    wait(bucket, buckets_.leave(bucket, heard));
    return true;
}

TableResult Table::add(Now now, const Contact& contact, Origin origin) {
    if (contact.id == self_) return TableResult::own;
    if (scope_of(contact.endpoint.address) == Scope::nowhere || contact.endpoint.port == 0) {
        return TableResult::bad_address;
    }
    if (TableEntry* entry = buckets_.find(contact.id)) return update(now, *entry, contact, origin);
    Bucket& bucket = buckets_.make_bucket(contact.id);
    TableEntry entry{contact};
    entry.met = origin == Origin::met;
    if (entry.met) entry.last_seen = now.instant;
    if (const auto waiting = KBuckets::place_of(bucket.replacements, contact.id);
        waiting != bucket.replacements.end()) {
        TableEntry before = buckets_.leave_replacements(bucket, waiting);
        if (before.contact.sequence >= contact.sequence) entry.contact = before.contact;
        entry.met |= before.met;
        entry.last_seen = std::max(entry.last_seen, before.last_seen);
    }
    if (!buckets_.may_enter(bucket, entry)) return TableResult::group_full;
    if (!make_room(bucket, origin)) return wait(bucket, std::move(entry));
    enter(now, bucket, std::move(entry));
    return TableResult::added;
}

TableResult Table::update(Now now, TableEntry& entry, const Contact& contact, Origin origin) {
    if (origin == Origin::met) {
        entry.last_seen = now.instant;
        if (!entry.met) {
            entry.met = true;
            if (!entry.checked) check_soon(now, entry);
        }
    }
    if (contact.sequence <= entry.contact.sequence) return TableResult::known;
    if (contact.endpoint == entry.contact.endpoint) {
        entry.contact = contact;
        return TableResult::updated;
    }
    // It moved: out and in again, as far as limits go.
    Bucket& bucket = *buckets_.bucket_of(contact.id);
    TableEntry moved = buckets_.leave(bucket, KBuckets::place_of(bucket.entries, contact.id));
    const Contact before = std::exchange(moved.contact, contact);
    if (!buckets_.may_enter(bucket, moved)) {
        moved.contact = before;
        buckets_.enter(bucket, std::move(moved));
        return TableResult::group_full;
    }
    enter(now, bucket, std::move(moved));
    return TableResult::updated;
}

void Table::remove(Now now, const Id& id) {
    Bucket* bucket = buckets_.bucket_of(id);
    if (!bucket) return;
    if (const auto place = KBuckets::place_of(bucket->entries, id);
        place != bucket->entries.end()) {
        buckets_.leave(*bucket, place);
        promote(now, *bucket);
    } else if (const auto waiting = KBuckets::place_of(bucket->replacements, id);
               waiting != bucket->replacements.end()) {
        buckets_.leave_replacements(*bucket, waiting);
    }
}

// --- Checks ---

void Table::on_alive(Now now, const Id& id, const Endpoint& asked_at) {
    last_answer_ = now.instant;
    TableEntry* entry = buckets_.find(id);
    if (!entry) return on_replacement_alive(now, id);
    if (entry->contact.endpoint != asked_at) return;
    entry->last_seen = entry->last_checked = now.instant;
    const bool anew = !entry->checked || entry->failures > 0;
    if (!anew && !entry->checking) return;
    if (anew) entry->since = now.instant;
    entry->met = entry->checked = true;
    entry->failures = 0;
    const Duration lived = now.instant - entry->since;
    check_at(*entry, now.instant + rng_.jitter(std::clamp(lived, config_.check_interval_min,
                                                          config_.check_interval_max),
                                               jitter));
}

/// It now is the one seen last.
void Table::on_replacement_alive(Now now, const Id& id) {
    Bucket* bucket = buckets_.bucket_of(id);
    if (!bucket) return;
    auto& list = bucket->replacements;
    const auto place = KBuckets::place_of(list, id);
    if (place == list.end()) return;
    place->met = true;
    place->last_seen = now.instant;
    std::rotate(list.begin(), place, place + 1);
}

void Table::on_failed(Now now, const Id& id, const Endpoint& asked_at) {
    TableEntry* entry = buckets_.find(id);
    if (!entry || entry->contact.endpoint != asked_at) return;
    // Several requests that fail within a moment are lost in one and the same trouble.
    if (entry->failures > 0 && now.instant < entry->last_checked + config_.check_retry / 2) return;
    if (entry->failures == 0) entry->since = now.instant;
    entry->last_checked = now.instant;
    if (entry->failures < 255) ++entry->failures;
    if (dead(*entry) && last_answer_ > entry->since) {
        remove(now, id);
        return;
    }
    const auto doublings = std::min(entry->failures - 1, 16);
    check_at(*entry, now.instant +
                         rng_.jitter(std::min(config_.check_retry * (std::int64_t{1} << doublings),
                                              config_.check_interval_max),
                                     jitter));
}

void Table::check_at(TableEntry& entry, Instant when) {
    entry.checking = false;
    entry.next_check = when;
    earliest_check_ = std::min(earliest_check_, when);
}

void Table::check_soon(Now now, TableEntry& entry) {
    check_at(entry, entry.met ? now.instant
                              : now.instant + rng_.jitter(config_.check_heard_after, jitter));
}

Instant Table::next_wakeup() const {
    return earliest_check_ == never ? never : std::max(earliest_check_, checks_from_);
}

/// Three lanes take turns, so that none can be starved by many of another: checked entries,
/// unchecked ones that contacted us, and those only heard of. Of a lane the entry that has been due
/// for longest.
const TableEntry* Table::next_check(Now now) {
    if (now.instant < next_wakeup()) return nullptr;
    const auto lane_of = [](const TableEntry& entry) {
        return entry.checked ? std::size_t{0} : entry.met ? std::size_t{1} : std::size_t{2};
    };
    constexpr std::size_t lanes = 3;
    std::array<TableEntry*, lanes> due{};
    for (auto& bucket : buckets_.all()) {
        for (auto& entry : bucket.entries) {
            if (entry.next_check > now.instant) continue;
            TableEntry*& first = due[lane_of(entry)];
            if (!first || entry.next_check < first->next_check) first = &entry;
        }
    }
    TableEntry* chosen = nullptr;
    for (std::size_t i = 0; i < lanes && !chosen; ++i) {
        lane_ = (lane_ + 1) % lanes;
        chosen = due[lane_];
    }
    if (chosen) {
        chosen->checking = true;
        chosen->next_check = now.instant + config_.check_timeout;
        checks_from_ = now.instant + config_.check_spacing;
    }
    earliest_check_ = never;
    for (const auto& bucket : buckets_.all()) {
        for (const auto& entry : bucket.entries) {
            earliest_check_ = std::min(earliest_check_, entry.next_check);
        }
    }
    return chosen;
}

// --- Queries ---

void Table::for_each(const std::function<void(const TableEntry&, bool)>& visit) const {
    for (const auto& bucket : buckets_.all()) {
        for (const auto& entry : bucket.entries) visit(entry, true);
        for (const auto& entry : bucket.replacements) visit(entry, false);
    }
}

std::size_t Table::checked() const {
    std::size_t count = 0;
    for (const auto& bucket : buckets_.all()) {
        count += static_cast<std::size_t>(std::ranges::count_if(
            bucket.entries, [](const TableEntry& e) { return e.checked && e.failures == 0; }));
    }
    return count;
}

std::vector<Contact> Table::closest(const Id& target, std::size_t count) const {
    std::vector<const TableEntry*> found;
    found.reserve(size());
    for (const auto& bucket : buckets_.all()) {
        for (const auto& entry : bucket.entries) found.push_back(&entry);
    }
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(count, found.size()));
    std::ranges::partial_sort(found, end, [&](const TableEntry* a, const TableEntry* b) {
        if (proven(*a) != proven(*b)) return proven(*a);
        return closer(target, a->contact.id, b->contact.id);
    });
    std::vector<Contact> contacts;
    for (auto at = found.begin(); at != end; ++at) contacts.push_back((*at)->contact);
    std::ranges::sort(
        contacts, [&](const Contact& a, const Contact& b) { return closer(target, a.id, b.id); });
    return contacts;
}

std::vector<Contact> Table::seeds(const Id& target) {
    std::vector<Contact> seeds = closest(target, entries_max);
    const std::size_t near = seeds.size();
    for (const auto& bucket : buckets_.all()) {
        std::vector<const TableEntry*> others;
        for (const auto& entry : bucket.entries) {
            if (proven(entry)) others.push_back(&entry);
        }
        if (others.empty()) continue;
        const Contact& one = others[rng_.below(others.size())]->contact;
        const auto known = std::span{seeds}.first(near);
        if (std::ranges::find(known, one.id, &Contact::id) == known.end()) seeds.push_back(one);
    }
    return seeds;
}

std::vector<const TableEntry*> Table::at_distances(std::span<const std::uint16_t> distances,
                                                   std::size_t count, const IpAddress& asker) {
    std::vector<const TableEntry*> told;
    std::bitset<log_distance_max + 1> done;
    for (const std::uint16_t distance : distances) {
        const std::size_t room = count - told.size();
        if (room == 0) break;
        if (distance == 0 || distance > log_distance_max || done[distance]) continue;
        done.set(distance);
        const Bucket* bucket = buckets_.at_distance(distance);
        if (!bucket) continue;
        std::vector<const TableEntry*> some;
        for (const auto& entry : bucket->entries) {
            if (proven(entry) && may_be_advertised(entry.contact.endpoint.address, asker)) {
                some.push_back(&entry);
            }
        }
        if (some.size() > room) {
            rng_.shuffle(some);
            some.resize(room);
        }
        told.insert(told.end(), some.begin(), some.end());
    }
    return told;
}

}  // namespace parley::discovery::discv5
