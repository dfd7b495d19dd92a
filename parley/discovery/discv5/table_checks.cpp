#include <parley/discovery/discv5/table.hpp>

#include <algorithm>
#include <array>

namespace parley::discovery::discv5 {

namespace {

constexpr double jitter = 0.25;

}  // namespace

void Table::on_alive(Now now, const Id& id, const Endpoint& asked_at) {
    last_answer_ = now.instant;
    TableEntry* entry = entry_of(id);
    if (!entry) return on_replacement_alive(now, id);
    if (entry->contact.endpoint != asked_at) return;
    entry->last_seen = entry->last_checked = now.instant;
    const bool anew = !entry->checked || entry->failures > 0;
    if (!anew && !entry->checking) return;
    if (anew) entry->since = now.instant;
    entry->met = entry->checked = true;
    entry->failures = 0;
    const Duration lived = now.instant - entry->since;
    check_at(*entry, now.instant + rng_.jitter(std::clamp(lived, config_.check_interval_min,
                                                          config_.check_interval_max),
                                               jitter));
}

/// It now is the one seen last.
void Table::on_replacement_alive(Now now, const Id& id) {
    Bucket* bucket = bucket_of(id);
    if (!bucket) return;
    auto& list = bucket->replacements;
    const auto place =
        std::ranges::find_if(list, [&](const TableEntry& entry) { return entry.contact.id == id; });
    if (place == list.end()) return;
    place->met = true;
    place->last_seen = now.instant;
    std::rotate(list.begin(), place, place + 1);
}

void Table::on_failed(Now now, const Id& id, const Endpoint& asked_at) {
    TableEntry* entry = entry_of(id);
    if (!entry || entry->contact.endpoint != asked_at) return;
    // What is asked several times within a moment is lost in one and the same trouble.
    if (entry->failures > 0 && now.instant < entry->last_checked + config_.check_retry / 2) return;
    if (entry->failures == 0) entry->since = now.instant;
    entry->last_checked = now.instant;
    if (entry->failures < 255) ++entry->failures;
    if (dead(*entry) && last_answer_ > entry->since) {
        remove(now, id);
        return;
    }
    const auto doublings = std::min(entry->failures - 1, 16);
    check_at(*entry, now.instant +
                         rng_.jitter(std::min(config_.check_retry * (std::int64_t{1} << doublings),
                                              config_.check_interval_max),
                                     jitter));
}

void Table::check_at(TableEntry& entry, Instant when) {
    entry.checking = false;
    entry.next_check = when;
    earliest_check_ = std::min(earliest_check_, when);
}

void Table::check_soon(Now now, TableEntry& entry) {
    check_at(entry, entry.met ? now.instant
                              : now.instant + rng_.jitter(config_.check_heard_after, jitter));
}

Instant Table::next_wakeup() const {
    return earliest_check_ == never ? never : std::max(earliest_check_, checks_from_);
}

/// Who came and is unchecked, who was heard of, and who is checked take turns; of each the one that
/// has been due for longest. So none can be starved by many of another kind.
const TableEntry* Table::next_check(Now now) {
    if (now.instant < next_wakeup()) return nullptr;
    const auto lane_of = [](const TableEntry& entry) {
        return entry.checked ? std::size_t{0} : entry.met ? std::size_t{1} : std::size_t{2};
    };
    constexpr std::size_t lanes = 3;
    std::array<TableEntry*, lanes> due{};
    for (auto& bucket : buckets_) {
        for (auto& entry : bucket.entries) {
            if (entry.next_check > now.instant) continue;
            TableEntry*& first = due[lane_of(entry)];
            if (!first || entry.next_check < first->next_check) first = &entry;
        }
    }
    TableEntry* chosen = nullptr;
    for (std::size_t i = 0; i < lanes && !chosen; ++i) {
        lane_ = (lane_ + 1) % lanes;
        chosen = due[lane_];
    }
    if (chosen) {
        chosen->checking = true;
        chosen->next_check = now.instant + config_.check_timeout;
        checks_from_ = now.instant + config_.check_spacing;
    }
    earliest_check_ = never;
    for (const auto& bucket : buckets_) {
        for (const auto& entry : bucket.entries) {
            earliest_check_ = std::min(earliest_check_, entry.next_check);
        }
    }
    return chosen;
}

}  // namespace parley::discovery::discv5
