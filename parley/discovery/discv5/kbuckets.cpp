#include <parley/discovery/discv5/kbuckets.hpp>

#include <parley/discovery/discv5/group_key.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery::discv5 {

// --- What is there ---

KBuckets::Place KBuckets::place_of(std::vector<TableEntry>& list, const Id& id) {
    return std::ranges::find(list, id,
                             [](const TableEntry& e) -> const Id& { return e.contact.id; });
}

KBuckets::Bucket* KBuckets::bucket_of(const Id& id) {
    const std::size_t i = index_of(id);
    return i < buckets_.size() ? &buckets_[i] : nullptr;
}

KBuckets::Bucket& KBuckets::make_bucket(const Id& id) {
    const std::size_t i = index_of(id);
    if (i >= buckets_.size()) buckets_.resize(i + 1);
    return buckets_[i];
}

const KBuckets::Bucket* KBuckets::at_distance(unsigned distance) const {
    const std::size_t i = log_distance_max - distance;
    return i < buckets_.size() ? &buckets_[i] : nullptr;
}

TableEntry* KBuckets::find(const Id& id) {
    Bucket* bucket = bucket_of(id);
    if (!bucket) return nullptr;
    const auto place = place_of(bucket->entries, id);
    return place == bucket->entries.end() ? nullptr : &*place;
}

const TableEntry* KBuckets::find(const Id& id) const {
    const std::size_t i = index_of(id);
    if (i >= buckets_.size()) return nullptr;
    const auto& entries = buckets_[i].entries;
    const auto place = std::ranges::find_if(
        entries, [&](const TableEntry& entry) { return entry.contact.id == id; });
    return place == entries.end() ? nullptr : &*place;
}

// --- Limits of network groups ---

std::uint64_t KBuckets::group_of(const TableEntry& entry) const {
    return address_limits_ ? group_key(entry.contact.endpoint.address) : 0;
}

std::size_t KBuckets::count_of(const std::vector<TableEntry>& list, std::uint64_t group) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        list, [&](const TableEntry& entry) { return group_of(entry) == group; }));
}

bool KBuckets::may_enter(const Bucket& bucket, const TableEntry& entry) const {
    const auto group = group_of(entry);
    const auto count = groups_.find(group);
    return group == 0 || count == groups_.end() ||
           (count->second.entries < table_group_max &&
            count_of(bucket.entries, group) < bucket_group_max);
}

bool KBuckets::may_wait(const Bucket& bucket, const TableEntry& entry) const {
    const auto group = group_of(entry);
    const auto count = groups_.find(group);
    return group == 0 || count == groups_.end() ||
           (count->second.entries + count->second.replacements < table_group_max &&
            count_of(bucket.entries, group) + count_of(bucket.replacements, group) <
                bucket_group_max);
}

bool KBuckets::drop_oldest_replacement(Bucket& bucket, std::uint64_t group) {
    auto& list = bucket.replacements;
    const auto oldest = std::find_if(list.rbegin(), list.rend(), [&](const TableEntry& entry) {
        return group_of(entry) == group;
    });
    if (oldest == list.rend()) return false;
    leave_replacements(bucket, std::prev(oldest.base()));
    return true;
}

/// Waiting nodes must not keep an entry of their group out: they were never asked, and anyone can
/// sign a record that names any address.
void KBuckets::make_way(Bucket& bucket, std::uint64_t group) {
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
void KBuckets::count(const TableEntry& entry, int entries, int replacements) {
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

TableEntry& KBuckets::enter(Bucket& bucket, TableEntry entry) {
    const std::uint64_t group = group_of(entry);
    count(entry, 1, 0);
    bucket.entries.push_back(std::move(entry));
    make_way(bucket, group);
    return bucket.entries.back();
}

bool KBuckets::wait(Bucket& bucket, TableEntry entry) {
    auto& list = bucket.replacements;
    if (list.size() >= replacements_max) {
        const auto heard = std::find_if(list.rbegin(), list.rend(),
                                        [](const TableEntry& other) { return !other.met; });
        if (heard == list.rend() && !entry.met) return false;
        leave_replacements(bucket,
                           heard == list.rend() ? std::prev(list.end()) : std::prev(heard.base()));
    }
    count(entry, 0, 1);
    list.insert(list.begin(), std::move(entry));
    return true;
}

TableEntry KBuckets::leave(Bucket& bucket, Place place) {
    TableEntry entry = std::move(*place);
    bucket.entries.erase(place);
    count(entry, -1, 0);
    return entry;
}

TableEntry KBuckets::leave_replacements(Bucket& bucket, Place place) {
    TableEntry entry = std::move(*place);
    bucket.replacements.erase(place);
    count(entry, 0, -1);
    return entry;
}

}  // namespace parley::discovery::discv5
