// LruMap and LruSet: hash tables bounded in entries that forget what was used least recently.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace parley {

/// Bounded map; inserting into a full one evicts the least recently used entry.
/// Key: a range of std::byte (hash, ID). Salted against prepared collisions.
template <class Key, class Value>
class LruMap {
public:
    LruMap(std::size_t entries_max, std::uint64_t salt)
        : entries_max_(entries_max), index_(0, SaltedHash{salt}) {}

    /// The value, made the most recent; null if absent.
    Value* find(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return nullptr;
        order_.splice(order_.begin(), order_, found->second);
        return &found->second->second;
    }
    /// As find, leaving the order alone.
    Value* peek(const Key& key) {
        const auto found = index_.find(key);
        return found == index_.end() ? nullptr : &found->second->second;
    }
    const Value* peek(const Key& key) const {
        const auto found = index_.find(key);
        return found == index_.end() ? nullptr : &found->second->second;
    }
    /// As peek.
    bool contains(const Key& key) const { return index_.contains(key); }
    /// Inserts unless present; true if it was new.
    bool insert(const Key& key, Value value) {
        if (find(key)) return false;
        if (entries_max_ == 0) return true;
        if (index_.size() >= entries_max_) {
            index_.erase(order_.back().first);
            order_.pop_back();
        }
        order_.emplace_front(key, std::move(value));
        index_.emplace(key, order_.begin());
        return true;
    }
    bool erase(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return false;
        order_.erase(found->second);
        index_.erase(found);
        return true;
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
    std::size_t entries_max_;
    std::list<std::pair<Key, Value>> order_;
    std::unordered_map<Key, typename std::list<std::pair<Key, Value>>::iterator, SaltedHash> index_;
};

/// Bounded set with the same rule.
template <class Key>
class LruSet {
public:
    LruSet(std::size_t entries_max, std::uint64_t salt) : map_(entries_max, salt) {}
    bool contains(const Key& key) const { return map_.contains(key); }
    /// True if it was new.
    bool insert(const Key& key) { return map_.insert(key, {}); }
    bool erase(const Key& key) { return map_.erase(key); }
    std::size_t size() const { return map_.size(); }

private:
    struct Nothing {};
    LruMap<Key, Nothing> map_;
};

}  // namespace parley
