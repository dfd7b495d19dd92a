#include <parley/discovery/book/book_picks.hpp>

#include <algorithm>
#include <numeric>

namespace parley::discovery {

namespace {

/// Books of up to so many entries are looked through where larger ones are only drawn from.
constexpr std::size_t small_entries_max = 4096;
constexpr int draws_max = 128;
/// Of so many tried entries that are drawn the one that was heard of first is taken.
constexpr int oldest_of = 6;

}  // namespace

std::vector<const Entry*> BookPicks::query(const Query& query, std::size_t entries_max) const {
    std::vector<const Entry*> found;
    for (const Entry& entry : entries_) {
        if (found.size() >= entries_max) break;
        if (query.state && entry.state != *query.state) continue;
        if (query.source && entry.source.kind != *query.source) continue;
        if (query.seen_since && entry.last_seen < *query.seen_since) continue;
        if (query.group) {
            const unsigned bits = query.group->bits;
            if (group_of(entry.endpoint().address, bits, bits) != *query.group) continue;
        }
        found.push_back(&entry);
    }
    return found;
}

bool BookPicks::small() const {
    return entries_.size() <= small_entries_max;
}

std::vector<const Entry*> BookPicks::sample(std::size_t count, const EntryPredicate& fits,
                                            Rng& rng) const {
    std::vector<const Entry*> chosen;
    if (count == 0 || entries_.size() == 0) return chosen;
    // A run of neighbours from somewhere is as good as a look at all of a large book.
    const std::size_t looks = std::min(entries_.size(), small_entries_max);
    std::size_t at = small() ? 0 : static_cast<std::size_t>(rng.below(entries_.size()));
    std::uint64_t fitting = 0;
    for (std::size_t i = 0; i < looks; ++i, at = (at + 1) % entries_.size()) {
        const Entry& entry = entries_[at];
        if (!fits(entry)) continue;
        ++fitting;
        if (chosen.size() < count) {
            chosen.push_back(&entry);
        } else if (const auto place = rng.below(fitting); place < count) {
            chosen[static_cast<std::size_t>(place)] = &entry;
        }
    }
    rng.shuffle(chosen);
    return chosen;
}

const Entry* BookPicks::draw(Now now, BookTable table, const EntryPredicate& exclude) {
    for (int draw = 0; draw < draws_max; ++draw) {
        const std::uint32_t number = tables_.random(table, rng_);
        if (number == Buckets::nobody) return nullptr;
        const Entry& entry = entries_[number];
        if (!entry.may_be_dialed(now) || exclude(entry)) continue;
        // Each failure in a row makes it half as likely, but never impossible.
        if (draw < draws_max / 2 && rng_.below(1ULL << std::min(entry.failures, 6U)) != 0) continue;
        return &entry;
    }
    return nullptr;
}

const Entry* BookPicks::pick_from(Now now, BookTable table, const EntryPredicate& exclude) {
    const Entry* one = draw(now, table, exclude);
    if (one == nullptr || table == BookTable::untried || !oldest_) return one;
    for (int i = 1; i < oldest_of; ++i) {
        const Entry* other = draw(now, table, exclude);
        if (other && other->added < one->added) one = other;
    }
    return one;
}

/// Of all entries of a small book, by a random stride.
const Entry* BookPicks::pick_by_look(Now now, const EntryPredicate& exclude) {
    const std::size_t n = entries_.size();
    if (n == 0 || !small()) return nullptr;
    std::size_t at = static_cast<std::size_t>(rng_.below(n));
    std::size_t stride = 1 + static_cast<std::size_t>(rng_.below(n));
    while (std::gcd(stride, n) != 1) ++stride;  // visits everyone once
    for (std::size_t i = 0; i < n; ++i, at = (at + stride) % n) {
        const Entry& entry = entries_[at];
        if (entry.may_be_dialed(now) && !exclude(entry)) return &entry;
    }
    return nullptr;
}

const Entry* BookPicks::pick_for_dial(Now now, const EntryPredicate& exclude, bool tried_first) {
    const BookTable first = tried_first || rng_.chance(0.5) ? BookTable::tried : BookTable::untried;
    const BookTable second = first == BookTable::tried ? BookTable::untried : BookTable::tried;
    if (const Entry* entry = pick_from(now, first, exclude)) return entry;
    if (const Entry* entry = pick_from(now, second, exclude)) return entry;
    return pick_by_look(now, exclude);
}

const Entry* BookPicks::pick_of(Now now, const std::set<NodeId>& ids,
                                const EntryPredicate& exclude) {
    std::vector<const Entry*> found;
    for (const NodeId& id : ids) {
        const Entry* entry = entries_.find(id);
        if (entry && entry->may_be_dialed(now) && !exclude(*entry)) found.push_back(entry);
    }
    if (found.empty()) return nullptr;
    return found[static_cast<std::size_t>(rng_.below(found.size()))];
}

Instant BookPicks::next_attempt(Now now, const EntryPredicate& exclude) const {
    if (!small()) return now.instant + 1s;
    Instant next = never;
    for (const Entry& entry : entries_) {
        if (!entry.is_busy() && entry.next_attempt < next && !exclude(entry)) {
            next = entry.next_attempt;
        }
    }
    return next;
}

}  // namespace parley::discovery
