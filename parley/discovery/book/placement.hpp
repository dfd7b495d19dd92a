// Placement: which entry of the address book stands where. It owns the tables (Buckets) and the
// line of entries that would move into a taken place of the tried table: such an entry waits until
// a feeler has asked whether the holder of the place still lives (test before evict).
// An entry that finds no place is removed, unless it is pinned, or a dial or link is under way.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/discovery/book/book_config.hpp>
#include <parley/discovery/book/book_entries.hpp>
#include <parley/discovery/book/book_rows.hpp>
#include <parley/discovery/book/buckets.hpp>

#include <cstddef>
#include <cstdint>
#include <map>

namespace parley::discovery {

/// The places of one book; see the head of this file.
class Placement {
public:
    /// `key` is secret and decides which places an entry may have. All references outlive it.
    Placement(const BookConfig& config, std::uint64_t key, BookEntries& entries, BookRows& rows);

    const Buckets& tables() const { return tables_; }  ///< as they are now
    /// How many entries wait for a feeler's answer before they can move into the tried table.
    std::size_t waiting_for_test() const { return collisions_.size(); }

    /// Takes a new entry in, a pinned one without a place. Null: its untried place is taken, by an
    /// entry that is as good. Other entries may be removed for it.
    Entry* admit(Now now, Entry entry);
    /// Forgets an entry and its place. False if the ID is unknown. Pointers to entries are void.
    bool remove(const NodeId& id);
    /// Gives an entry the untried place of its present endpoint, or removes it if there is none.
    /// Precondition: the entry exists. Pointers to entries are void.
    void settle(Now now, NodeId id);
    /// A dial of ours was answered: moves the entry into the tried table, or puts it in line for a
    /// place there. Precondition: the entry exists.
    void promote(Now now, const NodeId& id);
    /// The entry was asked, and answered or did not: if another one waits for its place, one of
    /// the two has it now. Pointers to entries are void.
    void on_answer(Now now, const NodeId& id, bool alive);
    /// The holder of a tried place that another entry waits for, and that may be dialed now. Null
    /// if there is none.
    const Entry* holder_to_test(Now now, const EntryPredicate& exclude);

    // --- While a book is loaded ---

    /// Empties the tables, for the places of another key: all entries are without.
    void reset(std::uint64_t key);
    /// Takes in a stored entry: into its place if that is free, else into the untried one of its
    /// endpoint. False, and no entry, if that is taken, too. The entry is indexed later. A tried
    /// one stands where its owner's entries belong now; an untried one may stay where a source's
    /// former owner had it, until it gives way.
    bool restore(Entry row);
    /// Writes a stored entry over one that is there; its place is its own only if that is free.
    void restore_over(std::uint32_t number, Entry row);

private:
    bool make_room(Now now, Place place);
    void take_place(std::uint32_t number, Place place);
    void leave_place(Entry& entry);
    Place place_of_row(const Entry& row) const;
    bool is_free(Place place) const {
        return tables_.exists(place) && tables_.at(place) == Buckets::nobody;
    }

    const BookConfig& config_;
    BookEntries& entries_;
    BookRows& rows_;
    Buckets tables_;
    std::map<Place, NodeId> collisions_;  // entries in line, by the place; at most collisions_max
};

}  // namespace parley::discovery
