#include <parley/discovery/book/placement.hpp>

#include <parley/discovery/book/retention.hpp>

#include <utility>

namespace parley::discovery {

namespace {

constexpr std::size_t collisions_max = 16;
/// The holder of a tried place that was on a link since then need not be asked.
constexpr auto tested_lately = std::chrono::hours{4};

}  // namespace

Placement::Placement(const BookConfig& config, std::uint64_t key, BookEntries& entries,
                     BookRows& rows)
    : config_(config),
      entries_(entries),
      rows_(rows),
      tables_(config.entries_max, key, config.owners, config.resist) {}

Entry* Placement::admit(Now now, Entry entry) {
    Place place = no_place;
    if (entry.pin == Pin::none) {
        place = tables_.untried_place(entry.endpoint(), entry.source.group);
        if (!make_room(now, place)) return nullptr;
    }
    const std::uint32_t number = entries_.add(std::move(entry));
    if (place != no_place) take_place(number, place);
    return &entries_[number];
}

bool Placement::remove(const NodeId& id) {
    const auto number = entries_.number_of(id);
    if (!number) return false;
    Entry& entry = entries_[*number];
    leave_place(entry);
    std::erase_if(collisions_, [&](const auto& waiting) { return waiting.second == id; });
    rows_.mark_removed(entry);
    entries_.remove(*number);
    if (*number < entries_.size() && entries_[*number].place != no_place) {
        tables_.renumber(entries_[*number].place, *number);
    }
    return true;
}

/// Whether a place in the untried table is free, or freed by forgetting its holder. Entries may be
/// renumbered.
bool Placement::make_room(Now now, Place place) {
    const std::uint32_t holder = tables_.at(place);
    if (holder == Buckets::nobody) return true;
    return is_replaceable(now, entries_[holder], config_) && remove(entries_[holder].id);
}

void Placement::take_place(std::uint32_t number, Place place) {
    entries_[number].place = place;
    tables_.put(place, number);
}

void Placement::leave_place(Entry& entry) {
    if (entry.place != no_place) tables_.clear(std::exchange(entry.place, no_place));
}

void Placement::settle(Now now, NodeId id) {
    Entry& entry = *entries_.find(id);
    leave_place(entry);
    rows_.mark_changed(entry);
    const Place place = tables_.untried_place(entry.endpoint(), entry.source.group);
    if (!make_room(now, place)) {
        if (entry.pin == Pin::none && !entry.is_busy()) remove(id);
        return;
    }
    take_place(*entries_.number_of(id), place);
}

void Placement::promote(Now now, const NodeId& id) {
    const std::uint32_t number = *entries_.number_of(id);
    Entry& entry = entries_[number];
    const Place place = tables_.tried_place(entry.endpoint());
    if (entry.place == place) return;
    const std::uint32_t holder = tables_.at(place);
    if (holder == Buckets::nobody) {
        leave_place(entry);
        take_place(number, place);
        rows_.mark_changed(entry);
        return;
    }
    if (collisions_.contains(place) || collisions_.size() >= collisions_max) return;
    const Entry& held = entries_[holder];
    const bool alive =
        held.state == EntryState::connected || now.unix_time - held.last_success < tested_lately;
    if (!alive) collisions_.emplace(place, id);
}

void Placement::on_answer(Now now, const NodeId& id, bool alive) {
    const Entry* entry = entries_.find(id);
    if (entry == nullptr || entry->place == no_place) return;
    const auto waiting = collisions_.find(entry->place);
    if (waiting == collisions_.end()) return;
    const NodeId next = waiting->second;
    collisions_.erase(waiting);
    if (alive) return;
    settle(now, id);  // back among the untried
    if (entries_.contains(next)) promote(now, next);
}

const Entry* Placement::holder_to_test(Now now, const EntryPredicate& exclude) {
    for (auto at = collisions_.begin(); at != collisions_.end();) {
        const auto [place, waiting] = *at;
        const std::uint32_t holder = tables_.at(place);
        if (holder == Buckets::nobody) {  // it went by itself
            at = collisions_.erase(at);
            promote(now, waiting);
            continue;
        }
        const Entry& entry = entries_[holder];
        if (entry.may_be_dialed(now) && !exclude(entry)) return &entry;
        ++at;
    }
    return nullptr;
}

void Placement::reset(std::uint64_t key) {
    tables_ = Buckets{config_.entries_max, key, config_.owners, config_.resist};
    collisions_.clear();
    for (Entry& entry : entries_) entry.place = no_place;
}

/// Owners may be others than when the row was written.
Place Placement::place_of_row(const Entry& row) const {
    const bool tried = tables_.exists(row.place) && tables_.table_of(row.place) == BookTable::tried;
    return tried ? tables_.tried_place(row.endpoint()) : row.place;
}

bool Placement::restore(Entry row) {
    row.place = place_of_row(row);
    if (!is_free(row.place)) {
        row.place = tables_.untried_place(row.endpoint(), row.source.group);
        if (!is_free(row.place)) return false;
    }
    const Place place = row.place;
    tables_.put(place, entries_.add_unindexed(std::move(row)));
    return true;
}

void Placement::restore_over(std::uint32_t number, Entry row) {
    const Place wanted = place_of_row(row);
    const Place place = is_free(wanted) ? wanted : no_place;
    Entry& entry = entries_[number];
    entries_.set_state(entry, row.state);
    leave_place(entry);
    entry = std::move(row);
    entry.place = no_place;
    if (place != no_place) take_place(number, place);
}

}  // namespace parley::discovery
