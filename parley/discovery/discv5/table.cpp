#include <parley/discovery/discv5/table.hpp>

#include <parley/discovery/book/entry.hpp>
#include <parley/discovery/discv5/group_key.hpp>

#include <algorithm>
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
    const std::size_t i = index_of(id);
    return i < buckets_.size() ? &buckets_[i] : nullptr;
}

Table::Bucket& Table::make_bucket(const Id& id) {
    const std::size_t i = index_of(id);
    if (i >= buckets_.size()) buckets_.resize(i + 1);
    return buckets_[i];
}

TableEntry* Table::entry_of(const Id& id) {
    Bucket* bucket = bucket_of(id);
    if (!bucket) return nullptr;
    const auto place = place_of(bucket->entries, id);
    return place == bucket->entries.end() ? nullptr : &*place;
}

// --- Limits of network groups ---

std::uint64_t Table::group_of(const TableEntry& entry) const {
    return config_.address_limits ? group_key(entry.contact.endpoint.address) : 0;
}

std::size_t Table::count_of(const std::vector<TableEntry>& list, std::uint64_t group) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        list, [&](const TableEntry& entry) { return group_of(entry) == group; }));
}

bool Table::may_enter(const Bucket& bucket, std::uint64_t group) const {
    const auto count = groups_.find(group);
    return group == 0 || count == groups_.end() ||
           (count->second.entries < table_group_max &&
            count_of(bucket.entries, group) < bucket_group_max);
}

bool Table::may_wait(const Bucket& bucket, std::uint64_t group) const {
    const auto count = groups_.find(group);
    return group == 0 || count == groups_.end() ||
           (count->second.entries + count->second.replacements < table_group_max &&
            count_of(bucket.entries, group) + count_of(bucket.replacements, group) <
                bucket_group_max);
}

bool Table::drop_oldest_replacement(Bucket& bucket, std::uint64_t group) {
    auto& list = bucket.replacements;
    const auto oldest = std::find_if(list.rbegin(), list.rend(), [&](const TableEntry& entry) {
        return group_of(entry) == group;
    });
    if (oldest == list.rend()) return false;
    leave_replacements(bucket, std::prev(oldest.base()));
    return true;
}

/// Those of its group who wait must not keep an entry out: they were never asked, and anybody can
/// sign a record that names any address.
void Table::make_way(Bucket& bucket, std::uint64_t group) {
    if (group == 0) return;
    while (count_of(bucket.entries, group) + count_of(bucket.replacements, group) >
           bucket_group_max) {
        if (!drop_oldest_replacement(bucket, group)) break;
    }
    const GroupCount& count = groups_[group];
    for (auto at = buckets_.begin();
         at != buckets_.end() && count.entries + count.replacements > table_group_max;) {
        if (!drop_oldest_replacement(*at, group)) ++at;
    }
}

/// The deltas are 1, 0 or -1.
void Table::count(const TableEntry& entry, int entries, int replacements) {
    entries_ += static_cast<std::size_t>(entries);
    replacements_ += static_cast<std::size_t>(replacements);
    const std::uint64_t group = group_of(entry);
    if (group == 0) return;
    GroupCount& count = groups_[group];
    count.entries += static_cast<std::size_t>(entries);
    count.replacements += static_cast<std::size_t>(replacements);
    if (count.entries + count.replacements == 0) groups_.erase(group);
}

// --- In and out ---

TableEntry& Table::put(Bucket& bucket, TableEntry entry) {
    count(entry, 1, 0);
    return bucket.entries.emplace_back(std::move(entry));
}

/// Unchecked. Precondition: may_enter(), and there is room.
void Table::enter(Now now, Bucket& bucket, TableEntry entry) {
    entry.checked = false;
    entry.failures = 0;
    const std::uint64_t group = group_of(entry);
    check_soon(now, put(bucket, std::move(entry)));
    make_way(bucket, group);
}

TableEntry Table::leave(Bucket& bucket, Place place) {
    TableEntry entry = std::move(*place);
    bucket.entries.erase(place);
    count(entry, -1, 0);
    return entry;
}

TableEntry Table::leave_replacements(Bucket& bucket, Place place) {
    TableEntry entry = std::move(*place);
    bucket.replacements.erase(place);
    count(entry, 0, -1);
    return entry;
}

/// In front of the others; who was only heard of leaves the full list before who was met.
TableResult Table::wait(Bucket& bucket, TableEntry entry) {
    auto& list = bucket.replacements;
    if (!may_wait(bucket, group_of(entry))) return TableResult::group_full;
    if (list.size() >= replacements_max) {
        const auto heard = std::find_if(list.rbegin(), list.rend(),
                                        [](const TableEntry& other) { return !other.met; });
        if (heard == list.rend() && !entry.met) return TableResult::bucket_full;
        leave_replacements(bucket,
                           heard == list.rend() ? std::prev(list.end()) : std::prev(heard.base()));
    }
    count(entry, 0, 1);
    entry.next_check = never;
    list.insert(list.begin(), std::move(entry));
    return TableResult::waiting;
}

/// Lets one of those who wait in: one that was met, if any. As they count, no limit is exceeded.
void Table::promote(Now now, Bucket& bucket) {
    auto& list = bucket.replacements;
    if (list.empty() || bucket.entries.size() >= entries_max) return;
    const auto met = std::ranges::count_if(list, &TableEntry::met);
    auto skip = rng_.below(met > 0 ? static_cast<std::uint64_t>(met) : list.size());
    const auto chosen = std::ranges::find_if(
        list, [&](const TableEntry& entry) { return (entry.met || met == 0) && skip-- == 0; });
    enter(now, bucket, leave_replacements(bucket, chosen));
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
    const auto heard = std::ranges::find_if(entries, [](const TableEntry& e) { return !e.met; });
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
    if (!may_enter(bucket, group_of(entry))) return TableResult::group_full;
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
    TableEntry moved = leave(bucket, place_of(bucket.entries, contact.id));
    const Contact before = std::exchange(moved.contact, contact);
    if (!may_enter(bucket, group_of(moved))) {
        moved.contact = before;
        put(bucket, std::move(moved));
        return TableResult::group_full;
    }
    enter(now, bucket, std::move(moved));
    return TableResult::updated;
}

void Table::remove(Now now, const Id& id) {
    Bucket* bucket = bucket_of(id);
    if (!bucket) return;
    if (const auto place = place_of(bucket->entries, id); place != bucket->entries.end()) {
        leave(*bucket, place);
        promote(now, *bucket);
    } else if (const auto waiting = place_of(bucket->replacements, id);
               waiting != bucket->replacements.end()) {
        leave_replacements(*bucket, waiting);
    }
}

}  // namespace parley::discovery::discv5
