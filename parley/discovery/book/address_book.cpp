#include <parley/discovery/book/address_book.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace parley::discovery {

namespace {

/// How much newer last_seen must be for a row to be written again.
constexpr auto last_seen_grain = std::chrono::minutes{10};
/// Books of up to so many entries are looked through where larger ones are only drawn from.
constexpr std::size_t small_entries_max = 4096;
constexpr int draws_max = 128;
/// Of so many tried entries that are drawn the one that was heard of first is taken.
constexpr int oldest_of = 3;
constexpr std::size_t expire_entries_max = 20'000;
constexpr std::size_t collisions_max = 16;
/// The holder of a tried place that was on a link since then need not be asked.
constexpr auto tested_lately = std::chrono::hours{4};

/// By a stranger, not by the configuration or its owner.
bool is_hearsay(SourceKind kind) {
    return kind == SourceKind::pex || kind == SourceKind::inbound || kind == SourceKind::dht ||
           kind == SourceKind::goodbye;
}

bool is_busy(const Entry& entry) {
    return entry.state == EntryState::dialing || entry.state == EntryState::connected;
}

}  // namespace

std::string_view name(AddResult result) {
    switch (result) {
        case AddResult::added:
            return "added";
        case AddResult::updated:
            return "updated";
        case AddResult::known:
            return "known";
        case AddResult::older:
            return "older";
        case AddResult::own:
            return "own";
        case AddResult::wrong_network:
            return "wrong network";
        case AddResult::no_endpoint:
            return "no endpoint";
        case AddResult::bad_address:
            return "bad address";
        case AddResult::private_address:
            return "private address";
        case AddResult::place_taken:
            return "place taken";
        case AddResult::book_full:
            return "book full";
    }
    return "?";
}

AddressBook::AddressBook(BookConfig config, NetworkFilter filter, NodeId self, Rng rng)
    : config_(config),
      filter_(std::move(filter)),
      self_(self),
      rng_(rng),
      places_(config.entries_max, rng_.next(), config.resist),
      index_(0, IdHash{&entries_, rng_.next()}, IdEqual{&entries_}) {}

// --- What is known ---

std::optional<AddResult> AddressBook::refusal(const Enr& record, const Source& source) const {
    if (record.id() == self_) return AddResult::own;
    const auto parley = record.parley();
    if (!parley || parley->network_id != filter_.network_id) return AddResult::wrong_network;
    if (filter_.forks &&
        !transport::fork_compatible(*filter_.forks, {parley->fork_hash, parley->fork_next})) {
        return AddResult::wrong_network;
    }
    const auto endpoint = record.tcp_endpoint();
    if (!endpoint || endpoint->port == 0) return AddResult::no_endpoint;
    return refusal(endpoint->address, source);
}

std::optional<AddResult> AddressBook::refusal(const IpAddress& address,
                                              const Source& source) const {
    const Scope scope = scope_of(address);
    if (scope == Scope::nowhere) return AddResult::bad_address;
    if (scope == Scope::internet) return std::nullopt;
    if (!config_.allow_private) return AddResult::private_address;
    if (is_hearsay(source.kind) && source.address && !may_be_advertised(address, *source.address)) {
        return AddResult::private_address;
    }
    return std::nullopt;
}

AddResult AddressBook::add_record(Now now, const Enr& record, const Source& source) {
    if (const auto refused = refusal(record, source)) return *refused;
    if (Entry* entry = entry_of(record.id())) return update(now, *entry, record);
    Entry entry;
    entry.id = record.id();
    entry.record = StoredRecord{record};
    entry.verified = true;
    entry.source = {source.kind, places_.source_group(source)};
    return insert(now, std::move(entry));
}

AddResult AddressBook::heard_again(Now now, const NodeId& id) {
    if (Entry* entry = entry_of(id)) seen(now, *entry);
    return AddResult::known;
}

AddResult AddressBook::add_target(Now now, const Target& target, const Source& source, Pin pin) {
    if (target.id == self_) return AddResult::own;
    if (target.endpoint.port == 0) return AddResult::no_endpoint;
    if (pin == Pin::none) {
        if (const auto refused = refusal(target.endpoint.address, source)) return *refused;
    } else {
        pinned_.insert(target.id);
    }
    if (Entry* entry = entry_of(target.id)) {
        const bool same = entry->configured == target.endpoint;
        entry->configured = target.endpoint;
        entry->pin = std::max(entry->pin, pin);
        if (!same) mark_changed(*entry);
        seen(now, *entry);
        return same ? AddResult::known : AddResult::updated;
    }
    Entry entry;
    entry.id = target.id;
    entry.configured = target.endpoint;
    entry.source = {source.kind, places_.source_group(source)};
    entry.pin = pin;
    return insert(now, std::move(entry));
}

AddResult AddressBook::update(Now now, Entry& entry, const Enr& record) {
    if (entry.record && record.sequence() < entry.record.sequence()) return AddResult::older;
    if (entry.record && record.sequence() == entry.record.sequence()) {
        if (!equal(record.raw(), entry.record.raw())) return AddResult::older;
        entry.verified = true;
        seen(now, entry);
        return AddResult::known;
    }
    const Endpoint before = entry.endpoint();
    entry.record = StoredRecord{record};
    entry.verified = true;
    entry.last_seen = std::max(entry.last_seen, now.unix_time);
    mark_changed(entry);
    if (entry.endpoint() == before) return AddResult::updated;
    entry.last_reached = unset;
    if (entry.state == EntryState::waiting) {
        const Duration soon = rng_.jitter(config_.back_off.moved, config_.back_off.jitter);
        entry.next_attempt = std::min(entry.next_attempt, now.instant + soon);
    }
    find_place(now, entry.id);  // another address, another place
    return AddResult::updated;
}

AddResult AddressBook::insert(Now now, Entry entry) {
    if (entries_.size() >= config_.entries_max + pinned_.size()) return AddResult::book_full;
    if (entry.pin == Pin::none) {
        const Place place = places_.untried_place(entry.endpoint(), entry.source.group);
        if (!make_room(now, place)) return AddResult::place_taken;
        entry.place = place;
    }
    entry.added = now.unix_time;
    entry.last_seen = now.unix_time;
    mark_changed(enter(std::move(entry)));
    return AddResult::added;
}

/// Is a place in the new table free, or freed by forgetting who holds it? Entries may be
/// renumbered.
bool AddressBook::make_room(Now now, Place place) {
    const std::uint32_t holder = places_.at(place);
    if (holder == Buckets::nobody) return true;
    return replaceable(now, entries_[holder]) && remove(entries_[holder].id);
}

/// May somebody else have its place in the new table?
bool AddressBook::replaceable(Now now, const Entry& entry) const {
    if (is_busy(entry)) return false;
    if (entry.last_success != unset) {
        return now.unix_time - entry.last_success > config_.forget_failing_after;
    }
    return entry.failures > 0 || now.unix_time - entry.last_seen > config_.stale_after;
}

void AddressBook::unpin(const NodeId& id) {
    pinned_.erase(id);
    if (Entry* entry = entry_of(id)) entry->pin = Pin::none;
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
        if (forgotten(now, entry)) {
            gone.push_back(entry.id);
        } else if (entry.place == no_place && entry.pin == Pin::none && !is_busy(entry)) {
            without_place.push_back(entry.id);
        }
        // A clock that ran ahead once must not keep an entry for ever.
        if (entry.last_seen > now.unix_time + std::chrono::hours{24}) {
            entry.last_seen = now.unix_time;
            mark_changed(entry);
        }
    }
    for (const NodeId& id : gone) remove(id);
    for (const NodeId& id : without_place) {
        if (find(id)) find_place(now, id);
    }
    return gone.size();
}

bool AddressBook::forgotten(Now now, const Entry& entry) const {
    if (entry.pin != Pin::none || is_busy(entry)) return false;
    const UnixTime last = std::max(entry.last_seen, entry.last_success);
    if (now.unix_time - last > config_.forget_after) return true;
    return entry.failures >= config_.hopeless_failures &&
           now.unix_time - entry.last_success > config_.forget_failing_after;
}

std::optional<Enr> AddressBook::record(const NodeId& id) {
    Entry* entry = entry_of(id);
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

// --- Entries and their places ---

Entry& AddressBook::enter(Entry entry) {
    const std::uint32_t number = append_entry(std::move(entry));
    index_.insert(number);
    return entries_.back();
}

std::uint32_t AddressBook::append_entry(Entry entry) {
    const auto number = static_cast<std::uint32_t>(entries_.size());
    if (entry.place != no_place) places_.put(entry.place, number);
    ++by_state_[index(entry.state)];
    entries_.push_back(std::move(entry));
    return number;
}

bool AddressBook::remove(const NodeId& id) {
    const auto found = index_.find(id);
    if (found == index_.end()) return false;
    const std::uint32_t number = *found;
    Entry& entry = entries_[number];
    leave_place(entry);
    std::erase_if(collisions_, [&](const auto& waiting) { return waiting.second == id; });
    --by_state_[index(entry.state)];
    if (entry.stored && !entry.changed) changed_.push_back(id);
    index_.erase(found);
    const auto last = static_cast<std::uint32_t>(entries_.size() - 1);
    if (number != last) {
        index_.erase(index_.find(last));
        entry = std::move(entries_.back());
        if (entry.place != no_place) places_.renumber(entry.place, number);
        entries_.pop_back();
        index_.insert(number);
    } else {
        entries_.pop_back();
    }
    return true;
}

Entry* AddressBook::entry_of(const NodeId& id) {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &entries_[*found];
}

const Entry* AddressBook::find(const NodeId& id) const {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &entries_[*found];
}

std::uint32_t AddressBook::number_of(const Entry& entry) const {
    return *index_.find(entry.id);
}

void AddressBook::mark_changed(Entry& entry) {
    if (!std::exchange(entry.changed, true)) changed_.push_back(entry.id);
}

void AddressBook::set_state(Entry& entry, EntryState state) {
    --by_state_[index(entry.state)];
    entry.state = state;
    ++by_state_[index(entry.state)];
}

void AddressBook::seen(Now now, Entry& entry) {
    if (now.unix_time < entry.last_seen + last_seen_grain) return;
    entry.last_seen = now.unix_time;
    mark_changed(entry);
}

void AddressBook::leave_place(Entry& entry) {
    if (entry.place != no_place) places_.clear(std::exchange(entry.place, no_place));
}

/// A new place in the new table for an entry that has none there; without one it is forgotten,
/// unless it is pinned or up.
void AddressBook::find_place(Now now, const NodeId& id) {
    Entry& entry = *entry_of(id);
    leave_place(entry);
    mark_changed(entry);
    const Place place = places_.untried_place(entry.endpoint(), entry.source.group);
    if (!make_room(now, place)) {
        if (entry.pin == Pin::none && !is_busy(entry)) remove(id);
        return;
    }
    Entry& moved = *entry_of(id);
    moved.place = place;
    places_.put(place, number_of(moved));
}

/// A dial of ours was answered: into the tried table, or in line for a place there.
void AddressBook::promote(Now now, const NodeId& id) {
    Entry& entry = *entry_of(id);
    const Place place = places_.tried_place(entry.endpoint());
    if (entry.place == place) return;
    const std::uint32_t holder = places_.at(place);
    if (holder == Buckets::nobody) {
        leave_place(entry);
        entry.place = place;
        places_.put(place, number_of(entry));
        mark_changed(entry);
        return;
    }
    if (collisions_.contains(place) || collisions_.size() >= collisions_max) return;
    collisions_.emplace(place, id);
    const Entry& held = entries_[holder];
    const bool alive =
        held.state == EntryState::connected || now.unix_time - held.last_success < tested_lately;
    if (alive) collisions_.erase(place);
}

/// What became of asking an entry: if somebody waits for its place, one of the two has it now.
void AddressBook::on_answer(Now now, const NodeId& id, bool alive) {
    const Entry* entry = find(id);
    if (entry == nullptr || entry->place == no_place) return;
    const auto waiting = collisions_.find(entry->place);
    if (waiting == collisions_.end()) return;
    const NodeId next = waiting->second;
    collisions_.erase(waiting);
    if (alive) return;
    find_place(now, id);  // back among the new
    if (find(next)) promote(now, next);
}

void AddressBook::set_anchors(std::vector<NodeId> anchors) {
    if (anchors.size() > anchors_max) anchors.resize(anchors_max);
    if (anchors == anchors_) return;
    anchors_ = std::move(anchors);
    anchors_changed_ = true;
}

// --- Queries ---

std::vector<const Entry*> AddressBook::query(const Query& query, std::size_t entries_max) const {
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

bool AddressBook::small() const {
    return entries_.size() <= small_entries_max;
}

std::vector<const Entry*> AddressBook::sample(std::size_t count, const Predicate& fits,
                                              Rng& rng) const {
    std::vector<const Entry*> chosen;
    if (count == 0 || entries_.empty()) return chosen;
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

bool AddressBook::dialable(Now now, const Entry& entry) const {
    return !is_busy(entry) && entry.next_attempt <= now.instant;
}

const Entry* AddressBook::draw(Now now, BookTable which, const Predicate& exclude) {
    for (int draw = 0; draw < draws_max; ++draw) {
        const std::uint32_t number = places_.random(which, rng_);
        if (number == Buckets::nobody) return nullptr;
        const Entry& entry = entries_[number];
        if (!dialable(now, entry) || exclude(entry)) continue;
        // Each failure in a row makes it half as likely, but never impossible.
        if (draw < draws_max / 2 && rng_.below(1ULL << std::min(entry.failures, 6U)) != 0) continue;
        return &entry;
    }
    return nullptr;
}

const Entry* AddressBook::pick(Now now, BookTable which, const Predicate& exclude) {
    const Entry* one = draw(now, which, exclude);
    if (one == nullptr || which == BookTable::untried || !config_.resist) return one;
    for (int i = 1; i < oldest_of; ++i) {
        const Entry* other = draw(now, which, exclude);
        if (other && other->added < one->added) one = other;
    }
    return one;
}

/// Of all entries of a small book, by a random stride.
const Entry* AddressBook::pick_by_look(Now now, const Predicate& exclude) {
    const std::size_t n = entries_.size();
    if (n == 0 || !small()) return nullptr;
    std::size_t at = static_cast<std::size_t>(rng_.below(n));
    std::size_t stride = 1 + static_cast<std::size_t>(rng_.below(n));
    while (std::gcd(stride, n) != 1) ++stride;  // visits everyone once
    for (std::size_t i = 0; i < n; ++i, at = (at + stride) % n) {
        const Entry& entry = entries_[at];
        if (dialable(now, entry) && !exclude(entry)) return &entry;
    }
    return nullptr;
}

const Entry* AddressBook::pick_for_dial(Now now, const Predicate& exclude, bool tried_first) {
    const BookTable first = tried_first || rng_.chance(0.5) ? BookTable::tried : BookTable::untried;
    const BookTable second = first == BookTable::tried ? BookTable::untried : BookTable::tried;
    if (const Entry* entry = pick(now, first, exclude)) return entry;
    if (const Entry* entry = pick(now, second, exclude)) return entry;
    return pick_by_look(now, exclude);
}

const Entry* AddressBook::pick_pinned(Now now, const Predicate& exclude) {
    std::vector<const Entry*> found;
    for (const NodeId& id : pinned_) {
        const Entry* entry = find(id);
        if (entry && dialable(now, *entry) && !exclude(*entry)) found.push_back(entry);
    }
    if (found.empty()) return nullptr;
    return found[static_cast<std::size_t>(rng_.below(found.size()))];
}

const Entry* AddressBook::pick_for_feeler(Now now, const Predicate& exclude) {
    for (auto at = collisions_.begin(); at != collisions_.end();) {
        const auto [place, waiting] = *at;
        const std::uint32_t holder = places_.at(place);
        if (holder == Buckets::nobody) {  // it went by itself
            at = collisions_.erase(at);
            promote(now, waiting);
            continue;
        }
        const Entry& entry = entries_[holder];
        if (dialable(now, entry) && !exclude(entry)) return &entry;
        ++at;
    }
    return pick(now, BookTable::untried, exclude);
}

Instant AddressBook::next_attempt(Now now, const Predicate& exclude) const {
    if (!small()) return now.instant + 1s;
    Instant next = never;
    for (const Entry& entry : entries_) {
        if (!is_busy(entry) && entry.next_attempt < next && !exclude(entry)) {
            next = entry.next_attempt;
        }
    }
    return next;
}

}  // namespace parley::discovery
