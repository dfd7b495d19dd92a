// LruMap and LruSet: hash tables bounded in entries that forget what was used least recently.
#pragma once

#include <parley/base/bytes.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <utility>

namespace parley {

/// Bounded map of one entry at least; inserting into a full one evicts the least recently used
/// entry. Key: a range of std::byte (hash, ID). Salted against prepared collisions.
template <class Key, class Value>
class LruMap {
public:
    LruMap(std::size_t entries_max, std::uint64_t salt)
        : entries_max_(std::max<std::size_t>(entries_max, 1)), index_(0, Hash{{salt}}) {}

    /// The value, made the most recent; null if absent.
    Value* find(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return nullptr;
        order_.splice(order_.begin(), order_, *found);
        return &(*found)->second;
    }
    /// As find, leaving the order alone.
    Value* peek(const Key& key) {
        const auto found = index_.find(key);
        return found == index_.end() ? nullptr : &(*found)->second;
    }
    /// The same of a map that must not change.
    const Value* peek(const Key& key) const {
        const auto found = index_.find(key);
        return found == index_.end() ? nullptr : &(*found)->second;
    }
    /// As peek.
    bool contains(const Key& key) const { return index_.contains(key); }
    /// Inserts unless present; true if it was new.
    bool insert(const Key& key, Value value) {
        if (find(key)) return false;
        if (index_.size() >= entries_max_) {
            index_.erase(std::prev(order_.end()));
            order_.pop_back();
        }
        order_.emplace_front(key, std::move(value));
        index_.insert(order_.begin());
        return true;
    }
    /// The value, made the most recent; `value` is inserted if there is none.
    Value& find_or_insert(const Key& key, Value value = {}) {
        insert(key, std::move(value));
        return order_.front().second;
    }
    /// False if the key is absent.
    bool erase(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return false;
        const Place place = *found;
        index_.erase(found);
        order_.erase(place);
        return true;
    }
    /// Drops all entries; the bound and the salt stay.
    void clear() {
        index_.clear();
        order_.clear();
    }
    std::size_t size() const { return index_.size(); }
    /// Visits every entry, most recent first, with leave to change values.
    template <class Visit>
    void for_each(Visit visit) {
        for (auto& [key, value] : order_) visit(key, value);
    }
    /// Most recent first.
    const std::list<std::pair<Key, Value>>& entries() const { return order_; }

private:
    using Place = typename std::list<std::pair<Key, Value>>::iterator;
    struct Hash {
        using is_transparent = void;
        SaltedHash of;
        std::size_t operator()(const Key& key) const { return of(key); }
        std::size_t operator()(Place place) const { return of(place->first); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(Place a, Place b) const { return a == b; }
        bool operator()(const Key& key, Place place) const { return key == place->first; }
        bool operator()(Place place, const Key& key) const { return key == place->first; }
    };
    std::size_t entries_max_;
    std::list<std::pair<Key, Value>> order_;
    boost::unordered_flat_set<Place, Hash, Equal> index_;  // keys are in `order_` alone
};

/// Bounded set with the same rule.
template <class Key>
class LruSet {
public:
    LruSet(std::size_t entries_max, std::uint64_t salt) : map_(entries_max, salt) {}
    /// Leaves the order alone.
    bool contains(const Key& key) const { return map_.contains(key); }
    /// True if it was new.
    bool insert(const Key& key) { return map_.insert(key, {}); }
    /// False if the key is absent.
    bool erase(const Key& key) { return map_.erase(key); }
    std::size_t size() const { return map_.size(); }

private:
    struct Nothing {};
    LruMap<Key, Nothing> map_;
};

}  // namespace parley
