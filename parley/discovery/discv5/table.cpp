#include <parley/discovery/discv5/table.hpp>

#include <parley/discovery/entry.hpp>

#include <algorithm>
#include <bitset>
#include <utility>

namespace parley::discovery::discv5 {

namespace {

auto place_of(auto& list, const Id& id) {
    return std::ranges::find(list, id,
                             [](const TableEntry& e) -> const Id& { return e.contact.id; });
}

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
    : config_(config), self_(self), rng_(rng) {}

// --- Buckets ---

Table::Bucket* Table::bucket_of(const Id& id) {
    const std::size_t i = log_distance_max - log_distance(self_, id);
    return i < buckets_.size() ? &buckets_[i] : nullptr;
}

Table::Bucket& Table::make_bucket(const Id& id) {
    const std::size_t i = log_distance_max - log_distance(self_, id);
    if (i >= buckets_.size()) buckets_.resize(i + 1);
    return buckets_[i];
}

TableEntry* Table::entry_of(const Id& id) {
    Bucket* bucket = bucket_of(id);
    if (!bucket) return nullptr;
    const auto place = place_of(bucket->entries, id);
    return place == bucket->entries.end() ? nullptr : &*place;
}

const TableEntry* Table::find(const Id& id) const {
    return const_cast<Table*>(this)->entry_of(id);
}

void Table::for_each(const std::function<void(const TableEntry&, bool)>& visit) const {
    for (const auto& bucket : buckets_) {
        for (const auto& entry : bucket.entries) visit(entry, true);
        for (const auto& entry : bucket.replacements) visit(entry, false);
    }
}

// --- Limits of network groups ---

bool Table::counts(const IpAddress& address) const {
    return config_.address_limits && !is_exempt_from_group_limits(address);
}

std::size_t Table::of_group(const std::vector<TableEntry>& list, const IpAddress& address) const {
    const NetworkGroup group = inbound_group(address);
    return static_cast<std::size_t>(std::ranges::count_if(list, [&](const TableEntry& entry) {
        return inbound_group(entry.contact.endpoint.address) == group;
    }));
}

bool Table::may_enter(const Bucket& bucket, const IpAddress& address) const {
    if (!counts(address)) return true;
    const auto group = groups_.find(inbound_group(address));
    return group == groups_.end() || (group->second.entries < table_group_max &&
                                      of_group(bucket.entries, address) < bucket_group_max);
}

bool Table::may_wait(const Bucket& bucket, const IpAddress& address) const {
    if (!counts(address)) return true;
    const auto group = groups_.find(inbound_group(address));
    if (group == groups_.end()) return true;
    const auto& [entries, replacements] = group->second;
    return entries + replacements < table_group_max &&
           of_group(bucket.entries, address) + of_group(bucket.replacements, address) <
               bucket_group_max;
}

bool Table::drop_oldest_replacement(Bucket& bucket, const NetworkGroup& group) {
    auto& list = bucket.replacements;
    const auto oldest = std::find_if(list.rbegin(), list.rend(), [&](const TableEntry& entry) {
        return inbound_group(entry.contact.endpoint.address) == group;
    });
    if (oldest == list.rend()) return false;
    leave_replacements(bucket, std::prev(oldest.base()));
    return true;
}

/// Those of its group who wait must not keep an entry out: they were never asked, and anybody can
/// sign a record that names any address.
void Table::make_way(Bucket& bucket, const IpAddress& address) {
    if (!counts(address)) return;
    const NetworkGroup group = inbound_group(address);
    while (of_group(bucket.entries, address) + of_group(bucket.replacements, address) >
           bucket_group_max) {
        if (!drop_oldest_replacement(bucket, group)) break;
    }
    const auto& count = groups_[group];
    for (auto at = buckets_.begin();
         at != buckets_.end() && count.entries + count.replacements > table_group_max;) {
        if (!drop_oldest_replacement(*at, group)) ++at;
    }
}

// --- In and out ---

void Table::enter(Now now, Bucket& bucket, TableEntry entry) {
    const IpAddress address = entry.contact.endpoint.address;
    if (counts(address)) ++groups_[inbound_group(address)].entries;
    ++entries_;
    entry.checked = false;
    entry.failures = 0;
    check_soon(now, bucket.entries.emplace_back(std::move(entry)));
    make_way(bucket, address);
}

TableEntry Table::leave(Bucket& bucket, Place place) {
    TableEntry entry = std::move(*place);
    bucket.entries.erase(place);
    --entries_;
    if (counts(entry.contact.endpoint.address)) {
        const auto group = groups_.find(inbound_group(entry.contact.endpoint.address));
        if (--group->second.entries + group->second.replacements == 0) groups_.erase(group);
    }
    return entry;
}

TableEntry Table::leave_replacements(Bucket& bucket, Place place) {
    TableEntry entry = std::move(*place);
    bucket.replacements.erase(place);
    --replacements_;
    if (counts(entry.contact.endpoint.address)) {
        const auto group = groups_.find(inbound_group(entry.contact.endpoint.address));
        if (group->second.entries + --group->second.replacements == 0) groups_.erase(group);
    }
    return entry;
}

/// In front of the others; who was only heard of leaves the full list before who was met.
TableResult Table::wait(Bucket& bucket, TableEntry entry) {
    auto& list = bucket.replacements;
    const IpAddress address = entry.contact.endpoint.address;
    if (!may_wait(bucket, address)) return TableResult::group_full;
    if (list.size() >= replacements_max) {
        const auto heard = std::find_if(list.rbegin(), list.rend(),
                                        [](const TableEntry& other) { return !other.met; });
        if (heard == list.rend() && !entry.met) return TableResult::bucket_full;
        leave_replacements(bucket,
                           heard == list.rend() ? std::prev(list.end()) : std::prev(heard.base()));
    }
    if (counts(address)) ++groups_[inbound_group(address)].replacements;
    ++replacements_;
    entry.next_check = never;
    list.insert(list.begin(), std::move(entry));
    return TableResult::waiting;
}

/// Lets one of those who wait in, if there is room: one that was met, if any.
void Table::promote(Now now, Bucket& bucket) {
    if (bucket.entries.size() >= entries_max) return;
    std::vector<std::size_t> fit;
    bool met = false;
    for (std::size_t i = 0; i < bucket.replacements.size(); ++i) {
        const TableEntry& entry = bucket.replacements[i];
        if (met && !entry.met) continue;
        if (!may_enter(bucket, entry.contact.endpoint.address)) continue;
        if (!met && entry.met) fit.clear();
        met = entry.met;
        fit.push_back(i);
    }
    if (fit.empty()) return;
    const auto chosen = static_cast<std::ptrdiff_t>(fit[rng_.below(fit.size())]);
    enter(now, bucket, leave_replacements(bucket, bucket.replacements.begin() + chosen));
}

/// Whether the bucket has room for a newcomer, or has it now: who is dead makes room, and who was
/// only heard of for who came.
bool Table::make_room(Bucket& bucket, Origin origin) {
    auto& entries = bucket.entries;
    if (entries.size() < entries_max) return true;
    if (const auto gone =
            std::ranges::find_if(entries, [&](const TableEntry& e) { return dead(e); });
        gone != entries.end()) {
        leave(bucket, gone);
        return true;
    }
    if (origin != Origin::met) return false;
    const auto heard =
        std::ranges::find_if(entries, [](const TableEntry& e) { return !e.met && !e.checked; });
    if (heard == entries.end()) return false;
    wait(bucket, leave(bucket, heard));
    return true;
}

TableResult Table::add(Now now, const Contact& contact, Origin origin) {
    if (contact.id == self_) return TableResult::own;
    if (scope_of(contact.endpoint.address) == Scope::nowhere || contact.endpoint.port == 0) {
        return TableResult::bad_address;
    }
    if (TableEntry* entry = entry_of(contact.id)) return update(now, *entry, contact, origin);
    Bucket& bucket = make_bucket(contact.id);
    TableEntry entry{contact};
    entry.met = origin == Origin::met;
    if (entry.met) entry.last_seen = now.instant;
    if (const auto waiting = place_of(bucket.replacements, contact.id);
        waiting != bucket.replacements.end()) {
        TableEntry before = leave_replacements(bucket, waiting);
        if (before.contact.sequence >= contact.sequence) entry.contact = before.contact;
        entry.met |= before.met;
        entry.last_seen = std::max(entry.last_seen, before.last_seen);
    }
    if (!may_enter(bucket, entry.contact.endpoint.address)) return TableResult::group_full;
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
    Bucket& bucket = *bucket_of(contact.id);
    TableEntry before = leave(bucket, place_of(bucket.entries, contact.id));
    if (!may_enter(bucket, contact.endpoint.address)) {
        if (counts(before.contact.endpoint.address)) {
            ++groups_[inbound_group(before.contact.endpoint.address)].entries;
        }
        ++entries_;
        bucket.entries.push_back(std::move(before));
        return TableResult::group_full;
    }
    before.contact = contact;
    enter(now, bucket, std::move(before));
    return TableResult::updated;
}

void Table::remove(const Id& id) {
    Bucket* bucket = bucket_of(id);
    if (!bucket) return;
    if (const auto place = place_of(bucket->entries, id); place != bucket->entries.end()) {
        leave(*bucket, place);
    } else if (const auto waiting = place_of(bucket->replacements, id);
               waiting != bucket->replacements.end()) {
        leave_replacements(*bucket, waiting);
    }
}

// --- Life and death ---

void Table::on_alive(Now now, const Id& id) {
    last_answer_ = now.instant;
    Bucket* bucket = bucket_of(id);
    if (!bucket) return;
    TableEntry* entry = entry_of(id);
    if (!entry) {
        const auto waiting = place_of(bucket->replacements, id);
        if (waiting == bucket->replacements.end()) return;
        waiting->met = true;
        waiting->last_seen = now.instant;
        std::rotate(bucket->replacements.begin(), waiting, waiting + 1);
        return;
    }
    if (!entry->checked || entry->failures > 0) entry->since = now.instant;
    entry->met = entry->checked = true;
    entry->failures = 0;
    entry->last_seen = entry->last_checked = now.instant;
    const Duration lived = std::clamp(now.instant - entry->since, config_.check_interval_min,
                                      config_.check_interval_max);
    check_at(*entry, now.instant + rng_.jitter(lived, 0.25));
}

void Table::on_failed(Now now, const Id& id) {
    TableEntry* entry = entry_of(id);
    if (!entry) return;
    // What a lookup asks several times within a moment is lost in one and the same trouble.
    if (entry->failures > 0 && now.instant < entry->last_checked + config_.check_retry / 2) return;
    if (entry->failures == 0) entry->since = now.instant;
    if (entry->failures < 255) ++entry->failures;
    entry->last_checked = now.instant;
    if (dead(*entry) && last_answer_ > entry->since) {
        Bucket& bucket = *bucket_of(id);
        leave(bucket, place_of(bucket.entries, id));
        promote(now, bucket);
        return;
    }
    const unsigned doublings = std::min<unsigned>(entry->failures - 1U, 16);
    const Duration wait =
        std::min(config_.check_retry * (std::int64_t{1} << doublings), config_.check_interval_max);
    check_at(*entry, now.instant + rng_.jitter(wait, 0.25));
}

void Table::check_at(TableEntry& entry, Instant when) {
    entry.next_check = when;
    earliest_check_ = std::min(earliest_check_, when);
}

void Table::check_soon(Now now, TableEntry& entry) {
    check_at(entry,
             entry.met ? now.instant : now.instant + rng_.jitter(config_.check_heard_after, 0.25));
}

Instant Table::next_wakeup() const {
    return earliest_check_ == never ? never : std::max(earliest_check_, next_check_from_);
}

/// Who came and is unchecked, and all others, take turns if both are due; in each of the two the
/// one that has been due for longest. So neither can be starved by many of the other.
const TableEntry* Table::next_check(Now now) {
    if (now.instant < next_wakeup()) return nullptr;
    TableEntry* due[2] = {nullptr, nullptr};
    for (auto& bucket : buckets_) {
        for (auto& entry : bucket.entries) {
            if (entry.next_check > now.instant) continue;
            TableEntry*& first = due[entry.met && !entry.checked ? 1 : 0];
            if (!first || entry.next_check < first->next_check) first = &entry;
        }
    }
    TableEntry* chosen = due[met_turn_ ? 1 : 0] ? due[met_turn_ ? 1 : 0] : due[met_turn_ ? 0 : 1];
    if (chosen) {
        met_turn_ = !met_turn_;
        chosen->next_check = now.instant + config_.check_timeout;
        next_check_from_ = now.instant + config_.check_spacing;
    }
    earliest_check_ = never;
    for (const auto& bucket : buckets_) {
        for (const auto& entry : bucket.entries) {
            earliest_check_ = std::min(earliest_check_, entry.next_check);
        }
    }
    return chosen;
}

// --- Queries ---

std::size_t Table::checked() const {
    std::size_t count = 0;
    for (const auto& bucket : buckets_) {
        count += static_cast<std::size_t>(
            std::ranges::count_if(bucket.entries, [](const TableEntry& e) { return e.checked; }));
    }
    return count;
}

std::vector<Contact> Table::closest(const Id& target, std::size_t count) const {
    std::vector<const TableEntry*> found;
    found.reserve(entries_);
    for (const auto& bucket : buckets_) {
        for (const auto& entry : bucket.entries) found.push_back(&entry);
    }
    const auto good = [&](const TableEntry& entry) { return entry.checked && !dead(entry); };
    const auto better = [&](const TableEntry* a, const TableEntry* b) {
        if (good(*a) != good(*b)) return good(*a);
        return closer(target, a->contact.id, b->contact.id);
    };
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(count, found.size()));
    std::ranges::partial_sort(found, end, better);
    std::vector<Contact> contacts;
    for (auto at = found.begin(); at != end; ++at) contacts.push_back((*at)->contact);
    std::ranges::sort(
        contacts, [&](const Contact& a, const Contact& b) { return closer(target, a.id, b.id); });
    return contacts;
}

std::vector<const TableEntry*> Table::at_distances(std::span<const std::uint16_t> distances,
                                                   std::size_t count, const IpAddress& asker) {
    std::vector<const TableEntry*> told;
    std::bitset<log_distance_max + 1> done;
    for (const std::uint16_t distance : distances) {
        if (distance == 0 || distance > log_distance_max || done[distance]) continue;
        done.set(distance);
        const std::size_t i = log_distance_max - distance;
        if (i >= buckets_.size()) continue;
        std::vector<const TableEntry*> some;
        for (const auto& entry : buckets_[i].entries) {
            if (entry.checked && !dead(entry) &&
                may_be_told(entry.contact.endpoint.address, asker)) {
                some.push_back(&entry);
            }
        }
        const std::size_t room = count - told.size();
        if (some.size() > room) {
            rng_.shuffle(some);
            some.resize(room);
        }
        told.insert(told.end(), some.begin(), some.end());
    }
    return told;
}

}  // namespace parley::discovery::discv5
