// What dials and links teach the address book: states, failures and waits.
#include <parley/discovery/book/address_book.hpp>

#include <algorithm>

namespace parley::discovery {

using transport::CloseReason;
using transport::Direction;

namespace {

/// The node lives, but the two of us do not belong together.
bool is_misfit(CloseReason reason) {
    switch (reason) {
        case CloseReason::self_dial:
        case CloseReason::banned:
        case CloseReason::no_common_version:
        case CloseReason::wrong_network:
        case CloseReason::wrong_genesis:
        case CloseReason::incompatible_fork:
        case CloseReason::no_common_topic:
        case CloseReason::roles_do_not_fit:
        case CloseReason::misbehaviour:
        case CloseReason::protocol_error:
            return true;
        default:
            return false;
    }
}

/// An end that says nothing against the node.
bool is_blameless(CloseReason reason) {
    switch (reason) {
        case CloseReason::requested:
        case CloseReason::too_many_peers:
        case CloseReason::duplicate:
        case CloseReason::no_memory:
        case CloseReason::tie_lost:
        case CloseReason::rotated:
            return true;
        default:
            return false;
    }
}

Duration doubled(Duration first, std::uint32_t times, Duration max) {
    Duration wait = first;
    for (std::uint32_t i = 0; i < times && wait < max; ++i) wait *= 2;
    return std::min(wait, max);
}

}  // namespace

Duration AddressBook::wait_max(const Entry& entry) const {
    if (entry.pin != Pin::none) return config_.back_off.pinned_max;
    return is_exempt_from_group_limits(entry.endpoint().address) ? config_.back_off.private_max
                                                                 : config_.back_off.stranger_max;
}

void AddressBook::wait(Now now, Entry& entry, Duration duration) {
    set_state(entry, EntryState::waiting);
    entry.next_attempt = now.instant + rng_.jitter(duration, config_.back_off.jitter);
    mark_changed(entry);
}

void AddressBook::fail_entry(Now now, Entry& entry) {
    entry.failures = std::min(entry.failures + 1, std::uint32_t{1'000'000});
    wait(now, entry, doubled(config_.back_off.first, entry.failures - 1, wait_max(entry)));
}

void AddressBook::on_dialing(Now, const NodeId& id) {
    Entry* entry = entry_of(id);
    if (!entry || entry->state == EntryState::connected) return;
    set_state(*entry, EntryState::dialing);
}

void AddressBook::on_connected(Now now, const NodeId& id, Direction direction,
                               const Endpoint& endpoint) {
    Entry* entry = entry_of(id);
    if (!entry) return;
    set_state(*entry, EntryState::connected);
    entry->last_seen = now.unix_time;
    entry->last_success = now.unix_time;
    entry->turned_away = 0;
    entry->next_attempt = Instant::min();
    mark_changed(*entry);
    const bool proven = direction == Direction::outbound &&
                        (entry->configured == endpoint || entry->record.endpoint() == endpoint);
    if (direction == Direction::inbound) entry->failures = 0;
    on_answer(now, id, true);
    if (!proven) return;
    entry->last_reached = now.unix_time;
    promote(now, id);
}

void AddressBook::on_disconnected(Now now, const NodeId& id, CloseReason reason, Duration age) {
    Entry* entry = entry_of(id);
    if (!entry) return;
    const BackOffConfig& back_off = config_.back_off;
    entry->last_seen = now.unix_time;
    const bool stable = age >= back_off.stable_after;
    if (stable) entry->failures = 0;
    if (is_misfit(reason)) {
        wait(now, *entry, std::min(back_off.incompatible, 6 * wait_max(*entry)));
    } else if (is_blameless(reason)) {
        wait(now, *entry, back_off.turned_away_first);
    } else if (stable) {
        wait(now, *entry, back_off.first);
    } else {
        fail_entry(now, *entry);
    }
}

void AddressBook::on_dial_failed(Now now, const NodeId& id) {
    Entry* entry = entry_of(id);
    if (!entry || entry->state == EntryState::connected) return;
    fail_entry(now, *entry);
    on_answer(now, id, false);
}

/// A dial of ours proved that it lives where its record says.
void AddressBook::on_reached(Now now, Entry& entry) {
    entry.failures = 0;
    entry.last_seen = now.unix_time;
    entry.last_success = now.unix_time;
    entry.last_reached = now.unix_time;
    mark_changed(entry);
}

void AddressBook::on_tested(Now now, const NodeId& id) {
    Entry* entry = entry_of(id);
    if (!entry || entry->state == EntryState::connected) return;
    on_reached(now, *entry);
    set_state(*entry, EntryState::unknown);
    on_answer(now, id, true);
    promote(now, id);
}

void AddressBook::on_turned_away(Now now, const NodeId& id, CloseReason reason) {
    Entry* entry = entry_of(id);
    if (!entry || entry->state == EntryState::connected) return;
    const BackOffConfig& back_off = config_.back_off;
    on_reached(now, *entry);
    if (is_misfit(reason)) {
        wait(now, *entry, std::min(back_off.incompatible, 6 * wait_max(*entry)));
    } else {
        const Duration max = std::min(back_off.turned_away_max, wait_max(*entry));
        wait(now, *entry, doubled(back_off.turned_away_first, entry->turned_away, max));
        entry->turned_away = std::min(entry->turned_away + 1, std::uint32_t{1'000});
    }
    on_answer(now, id, true);
    promote(now, id);
}

void AddressBook::defer(Now now, const NodeId& id, Duration duration) {
    Entry* entry = entry_of(id);
    if (!entry || entry->state == EntryState::connected) return;
    wait(now, *entry, duration);
}

}  // namespace parley::discovery
