#include <parley/chain/txpool/pool_entries.hpp>

#include <parley/base/endian.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace parley::chain {
namespace {

/// Of a pointer in a hash table that has just grown.
constexpr std::size_t table_place_bytes = 20;

Uint256 minus(const Uint256& a, const Uint256& b) {
    return checked_subtract(a, b).value_or(Uint256{});
}

std::uint64_t prefix_of(const Address& address) {
    return load_be<std::uint64_t>(Bytes{address}.first(8));
}

}  // namespace

std::uint64_t saturated(const Uint256& wei) {
    return to_u64(wei).value_or(std::numeric_limits<std::uint64_t>::max());
}

std::int64_t tip_at(std::uint64_t max_fee, std::uint64_t max_priority_fee, std::uint64_t base_fee) {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (max_fee < base_fee) return -static_cast<std::int64_t>(std::min(base_fee - max_fee, most));
    return static_cast<std::int64_t>(std::min({max_fee - base_fee, max_priority_fee, most}));
}

// --- Ranking -----------------------------------------------------------------------------------

void Ranking::add(PoolEntry& entry, std::int64_t price, std::uint64_t order) {
    make_room(items_);
    entry.place = static_cast<std::uint32_t>(items_.size());
    items_.push_back({price, order, &entry});
}

void Ranking::remove(PoolEntry& entry) {
    items_[entry.place] = items_.back();
    items_[entry.place].entry->place = entry.place;
    items_.pop_back();
}

Ranking::Item& Ranking::of(const PoolEntry& entry) {
    return items_[entry.place];
}

const Ranking::Item& Ranking::of(const PoolEntry& entry) const {
    return items_[entry.place];
}

bool comes_before(const Ranking::Item& a, const Ranking::Item& b) {
    if (a.price != b.price) return a.price > b.price;
    if (a.order != b.order) return a.order < b.order;
    return a.entry->nonce < b.entry->nonce;
}

// --- TailHeap ----------------------------------------------------------------------------------

void TailHeap::put(std::size_t place, const Item& item) {
    items_[place] = item;
    item.sender->tail_place = static_cast<std::uint32_t>(place);
}

void TailHeap::rise(std::size_t place, const Item& item) {
    while (place > 0 && item.key < items_[(place - 1) / 2].key) {
        put(place, items_[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(place, item);
}

void TailHeap::sink(std::size_t place, const Item& item) {
    for (std::size_t child = 2 * place + 1; child < items_.size(); child = 2 * place + 1) {
        if (child + 1 < items_.size() && items_[child + 1].key < items_[child].key) ++child;
        if (!(items_[child].key < item.key)) break;
        put(place, items_[child]);
        place = child;
    }
    put(place, item);
}

void TailHeap::set(PoolSender& sender, const TailKey& key) {
    const Item item{key, &sender};
    if (sender.tail_place == nowhere) {
        make_room(items_);
        items_.push_back(item);
        rise(items_.size() - 1, item);
        return;
    }
    const auto place = sender.tail_place;
    if (key < items_[place].key) {
        rise(place, item);
    } else {
        sink(place, item);
    }
}

void TailHeap::remove(PoolSender& sender) {
    const auto place = std::exchange(sender.tail_place, nowhere);
    const Item last = items_.back();
    items_.pop_back();
    if (last.sender == &sender) return;
    // The last one takes its place, and belongs above or below it.
    items_[place] = last;
    if (place > 0 && last.key < items_[(place - 1) / 2].key) {
        rise(place, last);
    } else {
        sink(place, last);
    }
}

void TailHeap::set_unordered(PoolSender& sender, const TailKey& key) {
    items_[sender.tail_place].key = key;
}

void TailHeap::restore() {
    for (std::size_t place = items_.size() / 2; place-- > 0;) sink(place, Item{items_[place]});
}

// --- LifetimeList ------------------------------------------------------------------------------

void LifetimeList::append(PoolEntry& entry) {
    entry.older = newest_;
    entry.newer = nullptr;
    (newest_ ? newest_->newer : oldest_) = &entry;
    newest_ = &entry;
}

void LifetimeList::remove(PoolEntry& entry) {
    (entry.older ? entry.older->newer : oldest_) = entry.newer;
    (entry.newer ? entry.newer->older : newest_) = entry.older;
}

// --- PoolSender --------------------------------------------------------------------------------

std::size_t PoolSender::lower_bound(std::uint64_t of) const {
    if (entries.empty() || entries.back()->nonce < of) return entries.size();
    const auto found = std::ranges::lower_bound(entries, of, {}, &PoolEntry::nonce);
    return static_cast<std::size_t>(found - entries.begin());
}

PoolEntry* PoolSender::find(std::uint64_t of) const {
    const auto at = lower_bound(of);
    return at < entries.size() && entries[at]->nonce == of ? entries[at] : nullptr;
}

std::optional<Uint256> PoolSender::pay(const Uint256& spent_before, const Uint256& cost) const {
    if (!known) return Uint256{};
    auto sum = checked_add(spent_before, cost);
    if (!sum || *sum > balance) return std::nullopt;
    return sum;
}

// --- PoolEntries -------------------------------------------------------------------------------

PoolEntries::PoolEntries(const PoolConfig& config, std::uint64_t salt)
    : lifetime_{config.lifetime, config.lifetime_executable, config.lifetime_local},
      by_hash_(0, ByHash{{salt}}),
      by_address_(0, ByHash{{~salt}}) {}

PoolEntries::~PoolEntries() {
    for (const auto& [prefix, sender] : senders_) {
        for (auto* entry : sender->entries) delete entry;
        delete sender;
    }
}

std::size_t PoolEntries::bytes_of_entry() {
    constexpr auto with_spare = [](std::size_t bytes) { return bytes + bytes / 8; };
    return sizeof(PoolEntry) + sizeof(PoolSender) + 2 * allocation_bytes + 2 * table_place_bytes +
           with_spare(sizeof(Ranking::Item)) + with_spare(sizeof(TailHeap::Item)) +
           with_spare(sizeof(Listed));
}

PoolEntry* PoolEntries::find(const Hash256& hash) const {
    const auto found = by_hash_.find(hash);
    return found == by_hash_.end() ? nullptr : *found;
}

PoolSender* PoolEntries::find_sender(const Address& address) const {
    const auto found = by_address_.find(address);
    return found == by_address_.end() ? nullptr : *found;
}

PoolSender& PoolEntries::add_sender(const Address& address, const std::optional<Account>& account) {
    auto made = std::make_unique<PoolSender>();
    made->address = address;
    made->number = static_cast<std::uint32_t>(senders_.size());
    made->known = account.has_value();
    if (account) {
        made->nonce = account->nonce;
        made->balance = account->balance;
    }
    by_address_.insert(made.get());
    make_room(senders_);
    senders_.push_back({prefix_of(address), made.get()});
    return *made.release();
}

void PoolEntries::forget(PoolSender& sender) {
    if (sender.tail_place != nowhere) tails_.remove(sender);
    by_address_.erase(&sender);
    senders_[sender.number] = senders_.back();
    senders_[sender.number].sender->number = sender.number;
    senders_.pop_back();
    delete &sender;
}

PoolEntry& PoolEntries::add(PoolSender& sender, PoolEntry entry) {
    auto& held = *std::make_unique<PoolEntry>(std::move(entry)).release();
    held.owner = &sender;
    held.promised = !sender.known;
    held.tip = tip_at(held.max_fee, held.max_priority_fee, base_fee_);
    held.pending = false;
    const auto at = sender.lower_bound(held.nonce);
    sender.entries.insert(sender.entries.begin() + static_cast<std::ptrdiff_t>(at), &held);
    sender.size_bytes += held.size_bytes;
    by_hash_.insert(&held);
    queued_.add(held, held.tip, held.sequence);
    begin_lifetime(held);
    if (at + 1 < sender.entries.size() && at <= sender.pending) ++moves_;
    settle(sender, at);
    return held;
}

PoolEntry& PoolEntries::replace(PoolEntry& old, PoolEntry entry) {
    auto& sender = *old.owner;
    const auto at = sender.lower_bound(old.nonce);
    // Without a look at those after it in between, as they stay.
    take_out(old);
    sender.entries.erase(sender.entries.begin() + static_cast<std::ptrdiff_t>(at));
    return add(sender, std::move(entry));
}

/// Out of everything but its sender's list.
void PoolEntries::take_out(PoolEntry& entry) {
    auto& sender = *entry.owner;
    if (entry.pending) {
        --sender.pending;
        if (sender.known) sender.spent = minus(sender.spent, entry.cost);
        pending_.remove(entry);
    } else {
        queued_.remove(entry);
    }
    lifetimes_of(entry).remove(entry);
    by_hash_.erase(&entry);
    sender.size_bytes -= entry.size_bytes;
    delete &entry;
}

void PoolEntries::remove(PoolEntry& entry) {
    auto& sender = *entry.owner;
    const auto at = sender.lower_bound(entry.nonce);
    take_out(entry);
    sender.entries.erase(sender.entries.begin() + static_cast<std::ptrdiff_t>(at));
    if (sender.entries.empty()) return forget(sender);
    settle(sender, at);
}

void PoolEntries::take_out_first(PoolSender& sender, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) take_out(*sender.entries[i]);
    sender.entries.erase(sender.entries.begin(),
                         sender.entries.begin() + static_cast<std::ptrdiff_t>(count));
}

void PoolEntries::remove_first(PoolSender& sender, std::size_t count) {
    take_out_first(sender, count);
    if (sender.entries.empty()) return forget(sender);
    settle(sender, 0);
}

void PoolEntries::make_local(PoolEntry& entry) {
    lifetimes_of(entry).remove(entry);
    entry.local = true;
    entry.group = 0;
    begin_lifetime(entry);
    update_tail(*entry.owner);
}

void PoolEntries::set_account(PoolSender& sender, const std::optional<Account>& account,
                              std::size_t stale) {
    take_out_first(sender, stale);
    if (sender.known != account.has_value()) {
        for (auto* entry : sender.entries) {
            lifetimes_of(*entry).remove(*entry);
            entry->promised = !account;
            begin_lifetime(*entry);
        }
    }
    sender.known = account.has_value();
    sender.nonce = account ? account->nonce : 0;
    sender.balance = account ? account->balance : Uint256{};
    settle(sender, 0);
}

/// Judges anew what can be executed from the entry at `from` on, and at what price. Those before it
/// are as they were.
void PoolEntries::settle(PoolSender& sender, std::size_t from) {
    auto& list = sender.entries;
    const bool runs = from == 0 || (from <= list.size() && list[from - 1]->pending);
    if (!runs || from == list.size()) return update_tail(sender);
    std::uint64_t next = from > 0       ? list[from - 1]->nonce + 1
                         : sender.known ? sender.nonce
                                        : list[0]->nonce;
    Uint256 spent{};
    std::uint32_t were_pending = sender.pending - static_cast<std::uint32_t>(from);
    if (from > 0 && sender.known) {
        spent = sender.spent;
        auto left = were_pending;
        for (std::size_t i = from; left > 0; ++i) {
            if (!list[i]->pending) continue;
            spent = minus(spent, list[i]->cost);
            --left;
        }
    }
    auto price = std::numeric_limits<std::int64_t>::max();
    std::uint64_t order = 0;
    if (from > 0) {
        const auto& before = pending_.of(*list[from - 1]);
        price = before.price;
        order = before.order;
    }
    bool executable = true;
    for (std::size_t i = from; i < list.size(); ++i) {
        auto& entry = *list[i];
        std::optional<Uint256> paid;
        if (executable && entry.nonce == next) paid = sender.pay(spent, entry.cost);
        executable = paid.has_value();
        if (!executable && were_pending == 0) break;
        if (entry.pending) --were_pending;
        if (executable) {
            ++next;
            spent = *paid;
            price = std::min(price, entry.tip);
            order = std::max(order, entry.sequence);
            rank_pending(entry, price, order);
        } else if (entry.pending) {
            rank_queued(entry);
        }
    }
    sender.spent = spent;
    update_tail(sender);
}

void PoolEntries::rank_pending(PoolEntry& entry, std::int64_t price, std::uint64_t order) {
    if (entry.pending) {
        auto& item = pending_.of(entry);
        item.price = price;
        item.order = order;
        return;
    }
    queued_.remove(entry);
    lifetimes_of(entry).remove(entry);
    entry.pending = true;
    ++entry.owner->pending;
    pending_.add(entry, price, order);
    begin_lifetime(entry);
}

void PoolEntries::rank_queued(PoolEntry& entry) {
    pending_.remove(entry);
    lifetimes_of(entry).remove(entry);
    entry.pending = false;
    --entry.owner->pending;
    queued_.add(entry, entry.tip, entry.sequence);
    begin_lifetime(entry);
}

LifetimeList& PoolEntries::lifetimes_of(const PoolEntry& entry) {
    if (entry.local) return lists_[of_local];
    return lists_[entry.pending && !entry.promised ? of_pending : of_queued];
}

void PoolEntries::begin_lifetime(PoolEntry& entry) {
    auto& list = lifetimes_of(entry);
    entry.expires = now_ + lifetime_[static_cast<std::size_t>(&list - lists_.data())];
    list.append(entry);
}

PoolEntry* PoolEntries::first_to_expire() const {
    PoolEntry* first = nullptr;
    for (const auto& list : lists_) {
        auto* oldest = list.oldest();
        if (oldest && (!first || oldest->expires < first->expires)) first = oldest;
    }
    return first;
}

TailKey PoolEntries::tail_key(const PoolEntry& entry) const {
    const auto& item = ranking_of(entry).of(entry);
    const auto worth = static_cast<std::uint8_t>((entry.local ? 2 : 0) + (entry.pending ? 1 : 0));
    return {worth, item.price, item.order};
}

void PoolEntries::update_tail(PoolSender& sender) {
    tails_.set(sender, tail_key(*sender.entries.back()));
}

void PoolEntries::set_base_fee(std::uint64_t base_fee) {
    base_fee_ = base_fee;
    ++moves_;
    for (const auto& [prefix, sender] : senders_) {
        auto price = std::numeric_limits<std::int64_t>::max();
        for (auto* entry : sender->entries) {
            entry->tip = tip_at(entry->max_fee, entry->max_priority_fee, base_fee);
            if (entry->pending) {
                price = std::min(price, entry->tip);
                pending_.of(*entry).price = price;
            } else {
                queued_.of(*entry).price = entry->tip;
            }
        }
        tails_.set_unordered(*sender, tail_key(*sender->entries.back()));
    }
    tails_.restore();
}

std::vector<Ranking::Item> PoolEntries::ranked_at(std::uint64_t base_fee) const {
    std::vector<Ranking::Item> out;
    out.reserve(pending_.size());
    for (const auto& [prefix, sender] : senders_) {
        auto price = std::numeric_limits<std::int64_t>::max();
        for (std::size_t i = 0; i < sender->pending; ++i) {
            auto* entry = sender->entries[i];
            const auto tip = tip_at(entry->max_fee, entry->max_priority_fee, base_fee);
            price = std::min(price, tip);
            out.push_back({price, pending_.of(*entry).order, entry});
        }
    }
    return out;
}

}  // namespace parley::chain
