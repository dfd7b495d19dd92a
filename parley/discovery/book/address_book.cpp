#include <parley/discovery/book/address_book.hpp>

#include <parley/discovery/book/retention.hpp>

namespace parley::discovery {

using transport::CloseReason;
using transport::Direction;

namespace {

/// How much newer last_seen must be for a row to be written again.
constexpr auto last_seen_grain = std::chrono::minutes{10};
constexpr std::size_t expire_entries_max = 20'000;

}  // namespace

AddressBook::AddressBook(BookConfig config, NetworkFilter filter, NodeId self, Rng rng)
    : config_(config),
      eligibility_(self, config.allow_private, std::move(filter)),
      back_off_(config.back_off),
      rng_(rng),
      placement_(config_, rng_.next(), entries_, rows_),
      entries_(rng_.next()),
      picks_(entries_, placement_.tables(), rng_, config.resist) {}

// --- What is known ---

AddResult AddressBook::add_record(Now now, const Enr& record, const Source& source) {
    return add_record(now, record, source, false);
}

AddResult AddressBook::add_own_record(Now now, const Enr& record, const Source& source) {
    return add_record(now, record, source, true);
}

AddResult AddressBook::add_record(Now now, const Enr& record, const Source& source,
                                  bool said_by_itself) {
    if (const auto refused = eligibility_.refusal(record, source)) {
        if (*refused == AddResult::own && on_own_) on_own_(record);
        return *refused;
    }
    if (Entry* entry = entries_.find(record.id())) {
        return update(now, *entry, record, said_by_itself);
    }
    Entry entry;
    entry.id = record.id();
    entry.record = StoredRecord{record};
    entry.verified = true;
    entry.source = {source.kind, tables().source_group(source)};
    return insert(now, std::move(entry));
}

AddResult AddressBook::heard_again(Now now, const NodeId& id) {
    if (Entry* entry = entries_.find(id)) seen(now, *entry);
    return AddResult::known;
}

AddResult AddressBook::add_target(Now now, const Target& target, const Source& source, Pin pin) {
    if (target.id == self()) return AddResult::own;
    if (target.endpoint.port == 0) return AddResult::no_endpoint;
    if (pin == Pin::none) {
        const auto refused = eligibility_.refusal(target.endpoint.address, source);
        if (refused) return *refused;
    } else {
        pinned_.insert(target.id);
    }
    if (Entry* entry = entries_.find(target.id)) {
        const bool same = entry->configured == target.endpoint;
        if (!same) entry->by_record = false;
        entry->configured = target.endpoint;
        entry->pin = std::max(entry->pin, pin);
        if (!same) rows_.mark_changed(*entry);
        seen(now, *entry);
        return same ? AddResult::known : AddResult::updated;
    }
    Entry entry;
    entry.id = target.id;
    entry.configured = target.endpoint;
    entry.source = {source.kind, tables().source_group(source)};
    entry.pin = pin;
    return insert(now, std::move(entry));
}

AddResult AddressBook::update(Now now, Entry& entry, const Enr& record, bool said_by_itself) {
    const bool same = entry.record && equal(record.raw(), entry.record.raw());
    if (entry.record && !same && !said_by_itself && record.sequence() <= entry.record.sequence()) {
        return AddResult::older;
    }
    if (same) {
        entry.verified = true;
        seen(now, entry);
        return AddResult::known;
    }
    const Endpoint before = entry.endpoint();
    entry.record = StoredRecord{record};
    entry.verified = true;
    entry.last_seen = std::max(entry.last_seen, now.unix_time);
    rows_.mark_changed(entry);
    if (entry.endpoint() == before) return AddResult::updated;
    entry.last_reached = unset;
    if (entry.state == EntryState::waiting) {
        entry.next_attempt = std::min(entry.next_attempt, now.instant + back_off_.after_move(rng_));
    }
    placement_.settle(now, entry.id);  // another address, another place
    return AddResult::updated;
}

AddResult AddressBook::insert(Now now, Entry entry) {
    if (entries_.size() >= config_.entries_max + pinned_.size()) return AddResult::book_full;
    entry.added = now.unix_time;
    entry.last_seen = now.unix_time;
    Entry* admitted = placement_.admit(now, std::move(entry));
    if (admitted == nullptr) return AddResult::place_taken;
    rows_.mark_changed(*admitted);
    return AddResult::added;
}

void AddressBook::seen(Now now, Entry& entry) {
    if (now.unix_time < entry.last_seen + last_seen_grain) return;
    entry.last_seen = now.unix_time;
    rows_.mark_changed(entry);
}

void AddressBook::unpin(const NodeId& id) {
    pinned_.erase(id);
    if (Entry* entry = entries_.find(id)) entry->pin = Pin::none;
}

void AddressBook::set_secret(const NodeId& id, bool secret) {
    if (secret) {
        secret_.insert(id);
    } else {
        secret_.erase(id);
    }
}

std::size_t AddressBook::expire(Now now) {
    std::vector<NodeId> gone;
    std::vector<NodeId> without_place;  // pinned once, or moved while a link was up
    for (std::size_t n = std::min(entries_.size(), expire_entries_max); n > 0; --n) {
        expire_from_ = (expire_from_ + 1) % entries_.size();
        Entry& entry = entries_[expire_from_];
        if (is_forgettable(now, entry, config_)) {
            gone.push_back(entry.id);
        } else if (entry.place == no_place && entry.pin == Pin::none && !entry.is_busy()) {
            without_place.push_back(entry.id);
        }
        // A clock that ran ahead once must not keep an entry for ever.
        if (entry.last_seen > now.unix_time + std::chrono::hours{24}) {
            entry.last_seen = now.unix_time;
            rows_.mark_changed(entry);
        }
    }
    for (const NodeId& id : gone) remove(id);
    for (const NodeId& id : without_place) {
        if (entries_.contains(id)) placement_.settle(now, id);
    }
    return gone.size();
}

std::optional<Enr> AddressBook::record(const NodeId& id) {
    Entry* entry = entries_.find(id);
    if (entry == nullptr || !entry->record) return std::nullopt;
    auto record = entry->verified ? Enr::decode_verified(entry->record.raw())
                                  : Enr::decode(entry->record.raw());
    if (record && record->id() == id) {
        entry->verified = true;
        return *std::move(record);
    }
    remove(id);  // damaged on disk
    return std::nullopt;
}

const Entry* AddressBook::pick_for_feeler(Now now, const Predicate& exclude) {
    if (const Entry* holder = placement_.holder_to_test(now, exclude)) return holder;
    return picks_.pick_from(now, BookTable::untried, exclude);
}

void AddressBook::set_anchors(std::vector<NodeId> anchors) {
    if (anchors.size() > BookRows::anchors_max) anchors.resize(BookRows::anchors_max);
    if (anchors == anchors_) return;
    anchors_ = std::move(anchors);
    rows_.mark_anchors();
}

// --- What became of it ---

void AddressBook::wait(Now now, Entry& entry, Duration duration) {
    entries_.set_state(entry, EntryState::waiting);
    entry.next_attempt = now.instant + back_off_.jittered(duration, rng_);
    rows_.mark_changed(entry);
}

void AddressBook::on_dialing(Now, const NodeId& id) {
    Entry* entry = entries_.find(id);
    if (!entry || entry->state == EntryState::connected) return;
    entries_.set_state(*entry, EntryState::dialing);
}

void AddressBook::on_connected(Now now, const NodeId& id, Direction direction,
                               const Endpoint& endpoint) {
    Entry* entry = entries_.find(id);
    if (!entry) return;
    entries_.set_state(*entry, EntryState::connected);
    entry->last_seen = now.unix_time;
    entry->last_success = now.unix_time;
    entry->turned_away = 0;
    entry->next_attempt = Instant::min();
    rows_.mark_changed(*entry);
    const bool proven = direction == Direction::outbound &&
                        (entry->configured == endpoint || entry->record.endpoint() == endpoint);
    if (direction == Direction::inbound) entry->failures = 0;
    placement_.on_answer(now, id, true);
    if (!proven) return;
    entry->last_reached = now.unix_time;
    placement_.promote(now, id);
}

void AddressBook::on_disconnected(Now now, const NodeId& id, CloseReason reason, Duration age) {
    Entry* entry = entries_.find(id);
    if (!entry) return;
    entry->last_seen = now.unix_time;
    wait(now, *entry, back_off_.after_link(*entry, reason, age));
}

void AddressBook::on_unanswered(Now now, const NodeId& id, std::uint32_t failures) {
    Entry* entry = entries_.find(id);
    if (!entry || entry->state == EntryState::connected) return;
    entry->by_record = !entry->by_record;
    wait(now, *entry, back_off_.in_outage(*entry, failures));
}

void AddressBook::on_dial_failed(Now now, const NodeId& id) {
    Entry* entry = entries_.find(id);
    if (!entry || entry->state == EntryState::connected) return;
    entry->by_record = !entry->by_record;
    wait(now, *entry, back_off_.after_failure(*entry));
    placement_.on_answer(now, id, false);
}

/// A dial of ours proved that it lives where its record says.
void AddressBook::on_reached(Now now, Entry& entry) {
    entry.failures = 0;
    entry.last_seen = now.unix_time;
    entry.last_success = now.unix_time;
    entry.last_reached = now.unix_time;
    rows_.mark_changed(entry);
}

void AddressBook::on_tested(Now now, const NodeId& id) {
    Entry* entry = entries_.find(id);
    if (!entry || entry->state == EntryState::connected) return;
    on_reached(now, *entry);
    entries_.set_state(*entry, EntryState::unknown);
    placement_.on_answer(now, id, true);
    placement_.promote(now, id);
}

void AddressBook::on_turned_away(Now now, const NodeId& id, CloseReason reason) {
    Entry* entry = entries_.find(id);
    if (!entry || entry->state == EntryState::connected) return;
    on_reached(now, *entry);
    wait(now, *entry, back_off_.after_turning_away(*entry, reason));
    placement_.on_answer(now, id, true);
    placement_.promote(now, id);
}

void AddressBook::defer(Now now, const NodeId& id, Duration duration) {
    Entry* entry = entries_.find(id);
    if (!entry || entry->state == EntryState::connected) return;
    wait(now, *entry, duration);
}

// --- On disk ---

Result<AddressBook::LoadReport, StoreError> AddressBook::load(Store& store) {
    auto meta = rows_.load_meta(store);
    if (!meta) return std::unexpected{meta.error()};
    if (meta->key) placement_.reset(*meta->key);
    if (!meta->anchors.empty()) anchors_ = anchors_before_ = std::move(meta->anchors);
    LoadReport report;
    const std::size_t before = entries_.size();
    const auto corrupt = rows_.load(store, tables(), [&](Entry row) {
        if (!meta->key) row.place = no_place;  // it was one under a key that is lost
        ++(load_row(std::move(row)) ? report.loaded : report.unwanted);
    });
    entries_.index_from(before);
    if (!corrupt) return std::unexpected{corrupt.error()};
    report.corrupt = *corrupt;
    return report;
}

/// False if the row is not wanted. A new entry is not found by its ID before load() is through: no
/// two rows have the same.
bool AddressBook::load_row(Entry row) {
    const NodeId id = row.id;
    const bool refused = eligibility_.refusal(row.endpoint().address, Source{}).has_value();
    row.stored = true;
    if (row.failures > 0) row.state = EntryState::waiting;
    const auto known = entries_.number_of(id);
    if (known && id != self()) {
        merge_row(*known, std::move(row));
        return true;
    }
    if (id != self() && !refused && placement_.restore(std::move(row))) return true;
    rows_.mark_unwanted(id.bytes());
    return false;
}

/// What the configuration said before the load stays; the rest is the row's.
void AddressBook::merge_row(std::uint32_t number, Entry row) {
    Entry& entry = entries_[number];
    row.pin = entry.pin;
    row.by_record = entry.by_record;
    row.changed = entry.changed;
    if (entry.configured.port != 0) row.configured = entry.configured;
    if (entry.record && entry.record.sequence() >= row.record.sequence()) {
        row.record = std::move(entry.record);
        row.verified = entry.verified;
    }
    placement_.restore_over(number, std::move(row));
}

}  // namespace parley::discovery
