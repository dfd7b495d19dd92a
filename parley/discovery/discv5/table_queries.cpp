#include <parley/discovery/book/entry.hpp>
#include <parley/discovery/discv5/table.hpp>

#include <algorithm>
#include <bitset>

namespace parley::discovery::discv5 {

const TableEntry* Table::find(const Id& id) const {
    const std::size_t i = index_of(id);
    if (i >= buckets_.size()) return nullptr;
    const auto& entries = buckets_[i].entries;
    const auto place = std::ranges::find_if(
        entries, [&](const TableEntry& entry) { return entry.contact.id == id; });
    return place == entries.end() ? nullptr : &*place;
}

void Table::for_each(const std::function<void(const TableEntry&, bool)>& visit) const {
    for (const auto& bucket : buckets_) {
        for (const auto& entry : bucket.entries) visit(entry, true);
        for (const auto& entry : bucket.replacements) visit(entry, false);
    }
}

std::size_t Table::checked() const {
    std::size_t count = 0;
    for (const auto& bucket : buckets_) {
        count += static_cast<std::size_t>(std::ranges::count_if(
            bucket.entries, [](const TableEntry& e) { return e.checked && e.failures == 0; }));
    }
    return count;
}

std::vector<Contact> Table::closest(const Id& target, std::size_t count) const {
    std::vector<const TableEntry*> found;
    found.reserve(entries_);
    for (const auto& bucket : buckets_) {
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
    for (const auto& bucket : buckets_) {
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
        const std::size_t i = log_distance_max - distance;
        if (i >= buckets_.size()) continue;
        std::vector<const TableEntry*> some;
        for (const auto& entry : buckets_[i].entries) {
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
