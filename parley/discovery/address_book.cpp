#include <parley/discovery/address_book.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace parley::discovery {

namespace {

constexpr std::uint8_t tier_failing = 0;    // never a link, and failures
constexpr std::uint8_t tier_new = 1;        // never a link, not failing
constexpr std::uint8_t tier_proven = 2;     // has had a link
constexpr std::uint8_t tier_protected = 3;  // pinned, up or being dialed

/// How much newer last_seen must be for a row to be written again.
constexpr auto last_seen_grain = std::chrono::minutes{10};
constexpr std::size_t dial_candidates_max = 64;

bool is_told(SourceKind kind) {
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
        case AddResult::source_full:
            return "source full";
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
      index_(0, SaltedHash{rng_.next()}) {}

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
    if (is_told(source.kind) && source.address && !may_be_told(address, *source.address)) {
        return AddResult::private_address;
    }
    return std::nullopt;
}

AddResult AddressBook::add_record(Now now, const Enr& record, const Source& source) {
    if (const auto refused = refusal(record, source)) return *refused;
    if (Slot* slot = slot_of(record.id())) return update(now, *slot, record);
    Entry entry;
    entry.id = record.id();
    entry.record = record;
    entry.source = source;
    return insert(now, std::move(entry));
}

AddResult AddressBook::add_target(Now now, const Target& target, const Source& source, Pin pin) {
    if (target.id == self_) return AddResult::own;
    if (target.endpoint.port == 0) return AddResult::no_endpoint;
    if (pin == Pin::none) {
        if (const auto refused = refusal(target.endpoint.address, source)) return *refused;
    }
    if (Slot* slot = slot_of(target.id)) {
        const bool same = slot->entry.configured == target.endpoint;
        modify(*slot, [&](Entry& entry) {
            entry.configured = target.endpoint;
            entry.pin = std::max(entry.pin, pin);
        });
        seen(now, *slot);
        return same ? AddResult::known : AddResult::updated;
    }
    Entry entry;
    entry.id = target.id;
    entry.configured = target.endpoint;
    entry.source = source;
    entry.pin = pin;
    return insert(now, std::move(entry));
}

AddResult AddressBook::update(Now now, Slot& slot, const Enr& record) {
    const auto& ours = slot.entry.record;
    if (ours && record.sequence() < ours->sequence()) return AddResult::older;
    if (ours && record.sequence() == ours->sequence()) {
        if (!(record == *ours)) return AddResult::older;
        seen(now, slot);
        return AddResult::known;
    }
    modify(slot, [&](Entry& entry) {
        const Endpoint before = entry.endpoint();
        entry.record = record;
        entry.last_seen = std::max(entry.last_seen, now.unix_time);
        if (entry.endpoint() == before) return;
        entry.last_reached = unset;
        if (entry.state != EntryState::waiting) return;
        const Duration soon = rng_.jitter(config_.back_off.moved, config_.back_off.jitter);
        entry.next_attempt = std::min(entry.next_attempt, now.instant + soon);
    });
    return AddResult::updated;
}

AddResult AddressBook::insert(Now now, Entry entry) {
    if (const auto full = make_room(now, entry)) return *full;
    entry.added = now.unix_time;
    entry.last_seen = now.unix_time;
    dirty_.insert(entry.id);
    place(std::move(entry));
    return AddResult::added;
}

std::optional<AddResult> AddressBook::make_room(Now now, const Entry& newcomer) {
    const auto of_teller = by_teller_.find(teller_of(newcomer.source));
    if (newcomer.pin == Pin::none && of_teller != by_teller_.end() && !of_teller->first.empty() &&
        of_teller->second.size() >= config_.entries_per_source_max) {
        const Rank worst = *of_teller->second.begin();
        if (!evictable(now, worst)) return AddResult::source_full;
        remove(worst.id);
    }
    if (entries_.size() < config_.entries_max) return std::nullopt;
    if (ranking_.empty()) return AddResult::book_full;
    const Rank worst = *ranking_.begin();
    const bool may_go =
        newcomer.pin == Pin::none ? evictable(now, worst) : worst.tier != tier_protected;
    if (!may_go) return AddResult::book_full;
    remove(worst.id);
    return std::nullopt;
}

bool AddressBook::evictable(Now now, const Rank& rank) const {
    if (rank.tier == tier_failing) return true;
    if (rank.tier == tier_protected) return false;
    const auto age = now.unix_time - unix_from_milliseconds(rank.order);
    return age > (rank.tier == tier_new ? config_.stale_after : config_.forget_failing_after);
}

AddressBook::Rank AddressBook::rank_of(const Entry& entry) {
    if (entry.pin != Pin::none || is_busy(entry)) return {tier_protected, 0, entry.id};
    if (entry.last_success != unset) {
        return {tier_proven, unix_milliseconds(entry.last_success), entry.id};
    }
    if (entry.failures > 0) return {tier_failing, -std::int64_t{entry.failures}, entry.id};
    return {tier_new, unix_milliseconds(entry.last_seen), entry.id};
}

Buffer AddressBook::teller_of(const Source& source) {
    if (!is_told(source.kind)) return {};
    const bool by_address = source.kind == SourceKind::inbound && source.address &&
                            !is_exempt_from_group_limits(*source.address);
    // A caller tells of itself alone, so that its ID, which costs nothing, must not count.
    if (!by_address) return to_buffer(source.by);
    const NetworkGroup group = inbound_group(*source.address);
    Buffer teller{std::byte{group.v4 ? std::uint8_t{4} : std::uint8_t{6}}};
    append(teller, group.prefix);
    return teller;
}

void AddressBook::unpin(const NodeId& id) {
    if (Slot* slot = slot_of(id)) modify(*slot, [](Entry& entry) { entry.pin = Pin::none; });
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
    for (Slot& slot : entries_) {
        if (forgotten(now, slot.entry)) gone.push_back(slot.entry.id);
        // A clock that ran ahead once must not keep an entry for ever.
        if (slot.entry.last_seen > now.unix_time + std::chrono::hours{24}) {
            modify(slot, [&](Entry& entry) { entry.last_seen = now.unix_time; });
        }
    }
    for (const NodeId& id : gone) remove(id);
    return gone.size();
}

bool AddressBook::forgotten(Now now, const Entry& entry) const {
    if (entry.pin != Pin::none || is_busy(entry)) return false;
    const UnixTime last = std::max(entry.last_seen, entry.last_success);
    if (now.unix_time - last > config_.forget_after) return true;
    return entry.failures >= config_.hopeless_failures &&
           now.unix_time - entry.last_success > config_.forget_failing_after;
}

// --- The table ---

AddressBook::Slot& AddressBook::place(Entry entry) {
    index_.emplace(entry.id, entries_.size());
    entries_.push_back({std::move(entry)});
    link_in(entries_.back());
    return entries_.back();
}

bool AddressBook::remove(const NodeId& id) {
    const auto found = index_.find(id);
    if (found == index_.end()) return false;
    const std::size_t at = found->second;
    link_out(entries_[at]);
    if (entries_[at].stored) {
        dirty_.insert(id);
    } else {
        dirty_.erase(id);
    }
    index_.erase(found);
    if (at + 1 != entries_.size()) {
        entries_[at] = std::move(entries_.back());
        index_[entries_[at].entry.id] = at;
    }
    entries_.pop_back();
    return true;
}

AddressBook::Slot* AddressBook::slot_of(const NodeId& id) {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &entries_[found->second];
}

const Entry* AddressBook::find(const NodeId& id) const {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &entries_[found->second].entry;
}

void AddressBook::link_in(Slot& slot) {
    const Rank rank = rank_of(slot.entry);
    ranking_.insert(rank);
    by_teller_[teller_of(slot.entry.source)].insert(rank);
    ++by_state_[index(slot.entry.state)];
}

void AddressBook::link_out(const Slot& slot) {
    const Rank rank = rank_of(slot.entry);
    ranking_.erase(rank);
    const auto teller = by_teller_.find(teller_of(slot.entry.source));
    teller->second.erase(rank);
    if (teller->second.empty()) by_teller_.erase(teller);
    --by_state_[index(slot.entry.state)];
}

void AddressBook::seen(Now now, Slot& slot) {
    if (now.unix_time < slot.entry.last_seen + last_seen_grain) return;
    modify(slot, [&](Entry& entry) { entry.last_seen = now.unix_time; });
}

// --- Queries ---

std::vector<const Entry*> AddressBook::query(const Query& query, std::size_t entries_max) const {
    std::vector<const Entry*> found;
    for (const Slot& slot : entries_) {
        if (found.size() >= entries_max) break;
        const Entry& entry = slot.entry;
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

std::vector<const Entry*> AddressBook::sample(std::size_t count, const Predicate& fits,
                                              Rng& rng) const {
    std::vector<const Entry*> chosen;
    std::uint64_t fitting = 0;
    for (const Slot& slot : entries_) {
        if (count == 0 || !fits(slot.entry)) continue;
        ++fitting;
        if (chosen.size() < count) {
            chosen.push_back(&slot.entry);
        } else if (const auto at = rng.below(fitting); at < count) {
            chosen[static_cast<std::size_t>(at)] = &slot.entry;
        }
    }
    rng.shuffle(chosen);
    return chosen;
}

bool AddressBook::dialable(Now now, const Entry& entry) const {
    return !is_busy(entry) && entry.next_attempt <= now.instant;
}

std::vector<const Entry*> AddressBook::dial_candidates(Now now, const Predicate& exclude) {
    std::vector<const Entry*> found;
    const std::size_t n = entries_.size();
    if (n == 0) return found;
    // A random stride without a common divisor visits everyone once, in an order of its own.
    std::size_t at = static_cast<std::size_t>(rng_.below(n));
    std::size_t stride = 1 + static_cast<std::size_t>(rng_.below(n));
    while (std::gcd(stride, n) != 1) ++stride;
    for (std::size_t i = 0; i < n && found.size() < dial_candidates_max; ++i) {
        const Entry& entry = entries_[at].entry;
        if (dialable(now, entry) && !exclude(entry)) found.push_back(&entry);
        at = (at + stride) % n;
    }
    return found;
}

const Entry* AddressBook::pick_for_dial(Now now, const Predicate& exclude) {
    auto candidates = dial_candidates(now, exclude);
    if (candidates.empty()) return nullptr;
    const bool want_tried = rng_.chance(0.5);
    const auto wanted = [&](const Entry* e) { return e->tried() == want_tried; };
    if (std::ranges::any_of(candidates, wanted)) std::erase_if(candidates, std::not_fn(wanted));

    const auto teller = [](const Entry* entry) {
        // All callers together are one teller: dialing us must not be a way to be dialed.
        return entry->source.kind == SourceKind::inbound ? Buffer{std::byte{1}}
                                                         : teller_of(entry->source);
    };
    std::map<Buffer, std::vector<const Entry*>> by_teller;
    for (const Entry* entry : candidates) by_teller[teller(entry)].push_back(entry);
    auto chosen = by_teller.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(rng_.below(by_teller.size())));
    return *std::ranges::min_element(chosen->second, {}, &Entry::failures);
}

Instant AddressBook::next_attempt(const Predicate& exclude) const {
    Instant next = never;
    for (const Slot& slot : entries_) {
        if (!is_busy(slot.entry) && slot.entry.next_attempt < next && !exclude(slot.entry)) {
            next = slot.entry.next_attempt;
        }
    }
    return next;
}

}  // namespace parley::discovery
