// GroupedLru: a hash table bounded in entries, each of which belongs to a group, such as the
// network of an address. When it is full, the group with the most entries gives way, and of it what
// was used least recently: no crowd pushes out others. Of groups with equally many it is the one
// that was used least recently.
#pragma once

#include <parley/base/bytes.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <utility>

namespace parley {

/// Of one entry at least. Key, Group: ranges of std::byte. Salted against prepared collisions.
template <class Key, class Group, class Value>
class GroupedLru {
public:
    GroupedLru(std::size_t entries_max, std::uint64_t salt)
        : entries_max_(std::max<std::size_t>(entries_max, 1)),
          index_(0, SaltedHash{salt}),
          groups_(0, SaltedHash{salt}) {}

    /// The value, made the most recent, and so is its group; null if absent.
    Value* find(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return nullptr;
        const auto members = found->second->members;
        members->entries.splice(members->entries.begin(), members->entries, found->second);
        resize(members, members->entries.size());
        return &found->second->value;
    }
    /// Replaces what is there.
    void insert(const Key& key, const Group& group, Value value) {
        erase(key);
        if (index_.size() >= entries_max_) {
            erase(Key{by_size_.rbegin()->second.back().entries.back().key});
        }
        auto [known, is_new] = groups_.try_emplace(group);
        if (is_new) known->second = by_size_[0].emplace(by_size_[0].begin(), group);
        const auto members = known->second;
        const auto size = members->entries.size();
        members->entries.push_front({key, std::move(value), members});
        index_.emplace(key, members->entries.begin());
        resize(members, size);
    }
    /// False if the key is absent.
    bool erase(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return false;
        const auto place = found->second;
        const auto members = place->members;
        const auto size = members->entries.size();
        index_.erase(found);
        members->entries.erase(place);
        resize(members, size);
        return true;
    }
    std::size_t size() const { return index_.size(); }

private:
    struct Entry;
    struct Members {
        explicit Members(const Group& of) : group(of) {}
        Group group;
        std::list<Entry> entries;  // most recent first
    };
    using Place = typename std::list<Members>::iterator;
    struct Entry {
        Key key;
        Value value;
        Place members;
    };

    /// A group of that size before has another one now, or was used.
    void resize(Place members, std::size_t before) {
        const auto from = by_size_.find(before);
        if (members->entries.empty()) {
            groups_.erase(members->group);
            from->second.erase(members);
        } else {
            auto& to = by_size_[members->entries.size()];
            to.splice(to.begin(), from->second, members);
        }
        if (from->second.empty()) by_size_.erase(from);
    }

    std::size_t entries_max_;
    std::map<std::size_t, std::list<Members>> by_size_;  // most recent first
    boost::unordered_flat_map<Key, typename std::list<Entry>::iterator, SaltedHash> index_;
    boost::unordered_flat_map<Group, Place, SaltedHash> groups_;
};

}  // namespace parley
