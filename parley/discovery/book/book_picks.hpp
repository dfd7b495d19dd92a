// BookPicks: questions to the entries of the address book: which fit, and which one to dial.
// Picks are by chance: an attacker that fills the book must not decide what is dialed next. First
// the table, then a bucket of it, then an entry; what failed lately is passed over more often, and
// of six tried entries the one that was heard of first is taken, for what came with an attack is
// young. Draws are from the generator given at construction.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/book_entries.hpp>
#include <parley/discovery/book/buckets.hpp>
#include <parley/discovery/book/entry.hpp>

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

namespace parley::discovery {

/// Picks among the entries of one book; see the head of this file.
class BookPicks {
public:
    /// `oldest` false: age does not count. The references outlive it.
    BookPicks(const BookEntries& entries, const Buckets& tables, Rng& rng, bool oldest)
        : entries_(entries), tables_(tables), rng_(rng), oldest_(oldest) {}

    /// What an entry must have; what is not set does not matter.
    struct Query {
        std::optional<NetworkGroup> group{};   ///< the endpoint is in it
        std::optional<EntryState> state{};     ///< its state now
        std::optional<SourceKind> source{};    ///< how it came into the book
        std::optional<UnixTime> seen_since{};  ///< last_seen is no earlier
    };
    /// See AddressBook::query().
    std::vector<const Entry*> query(const Query& query, std::size_t entries_max) const;
    /// See AddressBook::sample().
    std::vector<const Entry*> sample(std::size_t count, const EntryPredicate& fits, Rng& rng) const;
    /// See AddressBook::pick_for_dial().
    const Entry* pick_for_dial(Now now, const EntryPredicate& exclude, bool tried_first);
    /// See AddressBook::next_attempt().
    Instant next_attempt(Now now, const EntryPredicate& exclude) const;
    /// One of these, each as likely as the others.
    const Entry* pick_of(Now now, const std::set<NodeId>& ids, const EntryPredicate& exclude);
    /// One of a table. Null if there is none, or hardly any.
    const Entry* pick_from(Now now, BookTable table, const EntryPredicate& exclude);

private:
    const Entry* draw(Now now, BookTable table, const EntryPredicate& exclude);
    const Entry* pick_by_look(Now now, const EntryPredicate& exclude);
    bool small() const;

    const BookEntries& entries_;
    const Buckets& tables_;
    Rng& rng_;
    bool oldest_;
};

}  // namespace parley::discovery
