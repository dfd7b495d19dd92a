// BookEntries: the entries of the address book, by number and by node ID, and how many are in
// which state. Numbers run from 0 to size() - 1, so that places (Buckets) name an entry in 4 bytes
// and a random one is found at once; when an entry is removed the last one takes its number.
// Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/discovery/book/entry.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace parley::discovery {

/// All entries of one book; see the head of this file.
class BookEntries {
public:
    /// `salt` is random: no attacker can choose IDs that collide in the index.
    explicit BookEntries(std::uint64_t salt)
        : index_(0, IdHash{&entries_, salt}, IdEqual{&entries_}) {}
    BookEntries(const BookEntries&) = delete;
    BookEntries& operator=(const BookEntries&) = delete;

    std::size_t size() const { return entries_.size(); }  ///< how many entries
    /// How many are in that state.
    std::size_t count(EntryState state) const { return by_state_[index(state)]; }
    /// Precondition: number < size(). The reference is valid until an entry is removed.
    Entry& operator[](std::size_t number) { return entries_[number]; }
    const Entry& operator[](std::size_t number) const { return entries_[number]; }  ///< the same
    auto begin() { return entries_.begin(); }        ///< all entries, by number
    auto end() { return entries_.end(); }            ///< of begin()
    auto begin() const { return entries_.begin(); }  ///< all entries, by number
    auto end() const { return entries_.end(); }      ///< of begin()

    /// Null if unknown. Valid until an entry is removed.
    Entry* find(const NodeId& id);
    const Entry* find(const NodeId& id) const;  ///< the same
    /// Whether there is an entry of that ID.
    bool contains(const NodeId& id) const { return index_.contains(id); }
    /// Nothing if unknown. Valid until an entry is removed.
    std::optional<std::uint32_t> number_of(const NodeId& id) const;

    /// Returns its number. Precondition: the ID is not among the entries.
    std::uint32_t add(Entry entry);
    /// The last entry takes the number, unless it is the one removed; pointers to both are void.
    void remove(std::uint32_t number);
    /// The only way to change an entry's state: it is counted.
    void set_state(Entry& entry, EntryState state);

    /// The same as add(), but the entry is not found by its ID before index_from() was called with
    /// its number or a lower one. For many at once: an index that grows by itself would look at
    /// every entry again and again.
    std::uint32_t add_unindexed(Entry entry);
    /// See add_unindexed(): entries with numbers from `first` on are found by their IDs now.
    void index_from(std::size_t first);

private:
    static std::size_t index(EntryState state) { return static_cast<std::size_t>(state); }
    struct IdHash {
        using is_transparent = void;
        const std::deque<Entry>* entries;
        std::uint64_t salt;
        std::size_t operator()(const NodeId& id) const { return SaltedHash{salt}(id.key); }
        std::size_t operator()(std::uint32_t i) const { return (*this)((*entries)[i].id); }
    };
    struct IdEqual {
        using is_transparent = void;
        const std::deque<Entry>* entries;
        bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
        bool operator()(const NodeId& id, std::uint32_t i) const { return (*entries)[i].id == id; }
        bool operator()(std::uint32_t i, const NodeId& id) const { return (*entries)[i].id == id; }
    };

    std::deque<Entry> entries_;  // without the slack of a vector
    boost::unordered_flat_set<std::uint32_t, IdHash, IdEqual> index_;  // numbers
    std::array<std::size_t, entry_states> by_state_{};
};

}  // namespace parley::discovery
