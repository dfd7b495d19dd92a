#include <parley/chain/txpool/pool.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/txpool/eviction_plan.hpp>
#include <parley/chain/txpool/group_shares.hpp>
#include <parley/chain/txpool/pool_entries.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace parley::chain {
namespace {

/// There is room again when this part of a limit is free.
constexpr std::size_t spare_part = 8;

/// 63 bits of a price, 32 of gas, and as many entries as memory holds.
__extension__ using Wide = unsigned __int128;

Wide fee_of(std::int64_t price, std::uint32_t gas) {
    return price > 0 ? static_cast<Wide>(price) * gas : 0;
}

Uint256 cost_of_tx(const Transaction& tx) {
    const auto max_fee = to_u64(tx.max_fee);
    const auto value = to_u64(tx.value);
    if (max_fee && value) {  // nearly all: without a multiplication of 256 bits
        const auto cost = static_cast<Wide>(*max_fee) * tx.gas_limit + *value;
        auto out = to_uint256(static_cast<std::uint64_t>(cost));
        store_be(MutableBytes{out}.subspan(16, 8), static_cast<std::uint64_t>(cost >> 64));
        return out;
    }
    Uint256 all_ones;
    all_ones.fill(std::byte{0xff});
    const auto gas = checked_multiply(tx.max_fee, tx.gas_limit);
    return gas ? checked_add(*gas, tx.value).value_or(all_ones) : all_ones;
}

}  // namespace

/// One that may come, where it would stand and what it would be worth there.
struct TxPool::Incoming {
    PoolEntry entry;
    std::optional<Account> account = {};  // of its sender
    PoolSender* sender = nullptr;         // null if it has nothing here
    PoolEntry* rival = nullptr;           // of the same nonce: to be replaced
    std::size_t index = 0;                // among its sender's
    bool pending = false;
    std::int64_t price = 0;

    std::size_t rival_bytes() const { return rival ? rival->size_bytes : 0; }
    bool precedes(const PoolEntry& other) const {
        return other.owner != sender || entry.nonce < other.nonce;
    }
};

std::string_view name(InsertResult result) {
    switch (result) {
        case InsertResult::added:
            return "added";
        case InsertResult::replaced:
            return "replaced";
        case InsertResult::already_known:
            return "already known";
        case InsertResult::underpriced:
            return "transaction underpriced";
        case InsertResult::replacement_underpriced:
            return "replacement transaction underpriced";
        case InsertResult::full:
            return "transaction pool is full";
        case InsertResult::sender_limit:
            return "too many transactions of this sender";
        case InsertResult::nonce_too_low:
            return "nonce too low";
        case InsertResult::insufficient_funds:
            return "insufficient funds for gas * price + value";
        case InsertResult::expired:
            return "transaction has expired here";
        case InsertResult::blobs_refused:
            return "blob transactions are not taken: blobs are not carried here";
    }
    return "unknown";
}

std::string_view name(DropReason reason) {
    switch (reason) {
        case DropReason::mined:
            return "mined";
        case DropReason::nonce_used:
            return "nonce used";
        case DropReason::replaced:
            return "replaced";
        case DropReason::evicted:
            return "evicted";
        case DropReason::expired:
            return "expired";
        case DropReason::refused:
            return "refused";
    }
    return "unknown";
}

Transaction PooledTx::transaction() const {
    return *decode_transaction(raw, raw.size());
}

TxPool::TxPool(PoolConfig config, const AccountState* state)
    : config_(config),
      state_(state),
      entries_(std::make_unique<PoolEntries>(config, config.salt)),
      shares_(std::make_unique<GroupShares>(config.bytes_max / config.groups)),
      expired_(config.bytes_max / cost_of(0, false) + 1, config.salt) {}

TxPool::~TxPool() = default;

/// The entry in its orders, its copy of the bytes, and its sender, as if none shared it.
std::size_t TxPool::cost_of(std::size_t raw_bytes, bool promised) const {
    return PoolEntries::bytes_of_entry() + SharedBytes::overhead_bytes + raw_bytes +
           allocation_bytes + (promised ? GroupShares::bytes_of_entry : 0);
}

std::optional<Account> TxPool::account_of(const Address& sender) const {
    return state_ ? state_->account(sender) : std::nullopt;
}

InsertResult TxPool::insert(const Transaction& tx, const Address& sender, Now now, Origin origin) {
    entries_->advance(now.instant);
    if (auto* known = entries_->find(tx.hash)) {
        if (origin.local) make_local(*known);
        return InsertResult::already_known;
    }
    if (tx.type == TxType::blob) return InsertResult::blobs_refused;
    if (origin.local) {
        expired_.erase(tx.hash);
    } else if (const auto refusal = refuse_from_peer(tx, origin)) {
        return *refusal;
    }
    Incoming incoming;
    incoming.account = account_of(sender);
    incoming.sender = find_up_to_date(sender, incoming.account);
    auto& entry = incoming.entry;
    entry.cost = cost_of_tx(tx);
    if (const auto& account = incoming.account) {
        if (tx.nonce < account->nonce) return InsertResult::nonce_too_low;
        if (entry.cost > account->balance) return InsertResult::insufficient_funds;
    }
    incoming.rival = incoming.sender ? incoming.sender->find(tx.nonce) : nullptr;
    entry.hash = tx.hash;
    entry.sender = sender;
    entry.nonce = tx.nonce;
    entry.gas_limit = tx.gas_limit;
    entry.max_fee = saturated(tx.max_fee);
    entry.max_priority_fee = saturated(tx.max_priority_fee);
    entry.gas = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        intrinsic_gas(tx, Fork::london), std::numeric_limits<std::uint32_t>::max()));
    entry.tip = tip_at(entry.max_fee, entry.max_priority_fee, entries_->base_fee());
    entry.sequence = sequence_;
    entry.local = origin.local || (incoming.rival && incoming.rival->local);
    entry.group = entry.local ? 0 : origin.group;
    entry.promised = !incoming.account;
    entry.size_bytes = static_cast<std::uint32_t>(cost_of(tx.raw.size(), entry.promised));
    if (incoming.rival) {
        if (const auto refusal = check_replacement(incoming, tx)) return *refusal;
    }
    if (const auto refusal = place(incoming)) return *refusal;

    EvictionPlan plan{*entries_};
    if (const auto refusal = plan_room(incoming, plan)) return *refusal;
    ++sequence_;
    if (incoming.sender && plan.tail(*incoming.sender) == nullptr) incoming.sender = nullptr;
    evict(plan);
    const bool replaces = incoming.rival != nullptr;
    take_in(incoming, tx);
    return replaces ? InsertResult::replaced : InsertResult::added;
}

/// Of no peer, whatever room there is.
std::optional<InsertResult> TxPool::refuse_from_peer(const Transaction& tx, Origin origin) {
    if (tx.type == TxType::blob) return InsertResult::blobs_refused;
    if (expired_.contains(tx.hash)) return InsertResult::expired;
    if (origin.reverted) return std::nullopt;
    if (tx.max_priority_fee < config_.priority_fee_min) return InsertResult::underpriced;
    const auto tip =
        tip_at(saturated(tx.max_fee), saturated(tx.max_priority_fee), entries_->base_fee());
    if (floor_.price() > 0 && tip < floor_.price()) {
        refused_price_ = true;
        return InsertResult::underpriced;
    }
    return std::nullopt;
}

std::optional<InsertResult> TxPool::refuse_early(const Transaction& tx, Origin origin) {
    if (origin.local) return std::nullopt;
    if (const auto refusal = refuse_from_peer(tx, origin)) return refusal;
    const auto cost = cost_of(tx.raw.size(), !shares_->empty());
    if (size_bytes_ + cost <= config_.bytes_max) return std::nullopt;
    const auto tip =
        tip_at(saturated(tx.max_fee), saturated(tx.max_priority_fee), entries_->base_fee());
    // Whether any of those that it competes with is worth less.
    const auto groups = shares_->over();
    if (!groups.empty()) {
        if (!shares_->is_over(origin.group, cost)) return std::nullopt;
        for (const auto group : groups) {
            if ((*shares_->of(group).first)->tip < tip) return std::nullopt;
        }
    } else if (const auto* first = EvictionPlan{*entries_}.cheapest()) {
        if (!first->local && (!first->pending || entries_->pending().of(*first).price < tip)) {
            return std::nullopt;
        }
    }
    refused_ = true;
    return InsertResult::full;
}

std::optional<InsertResult> TxPool::check_replacement(const Incoming& incoming,
                                                      const Transaction& tx) const {
    const auto bump = 100 + config_.replace_bump_percent;
    const auto old = incoming.rival->transaction();
    const auto enough = [&](const Uint256& now, const Uint256& before) {
        return now > before && product_at_least(now, 100, before, bump);
    };
    if (enough(tx.max_fee, old.max_fee) && enough(tx.max_priority_fee, old.max_priority_fee)) {
        return std::nullopt;
    }
    return InsertResult::replacement_underpriced;
}

/// Where it would stand among its sender's.
std::optional<InsertResult> TxPool::place(Incoming& incoming) const {
    const auto& entry = incoming.entry;
    const auto* sender = incoming.sender;
    incoming.price = entry.tip;
    if (sender == nullptr) {
        incoming.pending = !incoming.account || entry.nonce == incoming.account->nonce;
        return std::nullopt;
    }
    incoming.index = sender->lower_bound(entry.nonce);
    const auto* before = incoming.index > 0 ? sender->entries[incoming.index - 1] : nullptr;
    if (incoming.rival && incoming.rival->pending) {
        const auto others = checked_subtract(sender->spent, incoming.rival->cost);
        // Those after it could not be paid any more: they must not be pushed out of what can be
        // executed by way of a replacement.
        if (!sender->pay(others.value_or(Uint256{}), entry.cost)) {
            return InsertResult::insufficient_funds;
        }
        incoming.pending = true;
    } else {
        const auto first = sender->known ? sender->nonce : entry.nonce;
        incoming.pending =
            (before ? before->pending && entry.nonce == before->nonce + 1 : entry.nonce == first) &&
            sender->pay(sender->spent, entry.cost).has_value();
    }
    if (incoming.pending && before) {
        incoming.price = std::min(incoming.price, entries_->pending().of(*before).price);
    }
    return std::nullopt;
}

/// Finds out what must leave for `incoming`, or why it may not come.
std::optional<InsertResult> TxPool::plan_room(const Incoming& incoming, EvictionPlan& plan) {
    if (!plan_sender_room(incoming, plan)) {
        if (incoming.sender) incoming.sender->refused = true;
        return InsertResult::sender_limit;
    }
    if (!plan_pool_room(incoming, plan)) {
        refused_ = true;
        return InsertResult::full;
    }
    if (fee_falls(incoming, plan)) {
        if (incoming.rival) return InsertResult::replacement_underpriced;
        refused_ = true;
        return InsertResult::full;
    }
    return std::nullopt;
}

/// A sender over its limit loses its highest nonces, so that all nodes keep the same ones in
/// whatever order they came.
bool TxPool::plan_sender_room(const Incoming& incoming, EvictionPlan& plan) const {
    const auto* sender = incoming.sender;
    auto entries = (sender ? sender->entries.size() : 0) + (incoming.rival ? 0 : 1);
    auto bytes = (sender ? sender->size_bytes : 0) + incoming.entry.size_bytes;
    bytes -= incoming.rival_bytes();
    while (entries > config_.sender_entries_max || bytes > config_.sender_bytes_max) {
        const auto* last = sender ? plan.tail(*sender) : nullptr;
        if (last == nullptr || last->nonce <= incoming.entry.nonce) return false;
        bytes -= last->size_bytes;
        --entries;
        plan.doom_tail(*incoming.sender);
    }
    return true;
}

bool TxPool::fits(const Incoming& incoming, const EvictionPlan& plan) const {
    return size_bytes_ + incoming.entry.size_bytes - incoming.rival_bytes() - plan.freed_bytes() <=
           config_.bytes_max;
}

bool TxPool::plan_pool_room(const Incoming& incoming, EvictionPlan& plan) const {
    if (fits(incoming, plan)) return true;
    if (incoming.entry.local || !incoming.entry.promised) {
        return plan_room_by_price(incoming, plan);
    }
    return plan_room_by_group(incoming, plan);
}

/// What can be executed before what cannot, then what is dearer. The own user's leaves last, and
/// for its like alone.
bool TxPool::may_evict(const Incoming& incoming, const PoolEntry& victim) const {
    if (victim.local != incoming.entry.local) {
        return incoming.entry.local && (incoming.pending || !victim.pending);
    }
    if (victim.pending != incoming.pending) return incoming.pending;
    return entries_->ranking_of(victim).of(victim).price < incoming.price;
}

bool TxPool::plan_room_by_price(const Incoming& incoming, EvictionPlan& plan) const {
    while (!fits(incoming, plan)) {
        const auto* victim = plan.cheapest();
        if (victim == nullptr || !incoming.precedes(*victim) || !may_evict(incoming, *victim)) {
            return false;
        }
        plan.doom_tail(*victim->owner);
    }
    return true;
}

/// Who is below its share takes room from the largest group above its own, whatever the price. Who
/// is above competes by price with those who are as well.
bool TxPool::plan_room_by_group(const Incoming& incoming, EvictionPlan& plan) const {
    const auto& entry = incoming.entry;
    const bool by_price = shares_->is_over(entry.group, entry.size_bytes);
    struct Next {
        GroupShares::Entries::const_iterator at, end;
    };
    std::vector<Next> groups;
    for (const auto group : shares_->over()) {
        const auto [first, end] = shares_->of(group);
        groups.push_back({first, end});
    }
    while (!fits(incoming, plan)) {
        Next* chosen = nullptr;
        for (auto& group : groups) {
            while (group.at != group.end && plan.is_doomed(**group.at)) ++group.at;
            if (group.at == group.end) continue;
            if (!chosen || (by_price && GroupShares::cheaper(**group.at, **chosen->at))) {
                chosen = &group;
            }
        }
        if (!chosen) return !by_price && plan_room_by_price(incoming, plan);
        const auto& victim = **chosen->at;
        if (by_price && victim.tip >= entry.tip) return false;
        // What comes after it can be executed only after it, so is worth no more.
        while (!fits(incoming, plan) && !plan.is_doomed(victim)) {
            const auto* last = plan.tail(*victim.owner);
            if (!incoming.precedes(*last)) return false;
            if (last->local) {
                ++chosen->at;
                break;
            }
            plan.doom_tail(*victim.owner);
        }
    }
    return true;
}

/// Whether what can be executed would pay less in all than it does now.
bool TxPool::fee_falls(const Incoming& incoming, const EvictionPlan& plan) const {
    const auto& pending = entries_->pending();
    Wide lost = 0;
    for (const auto* entry : plan.doomed()) {
        if (entry->pending && entry->owner->known) {
            lost += fee_of(pending.of(*entry).price, entry->gas);
        }
    }
    if (!incoming.account) return lost > 0;
    Wide gained = incoming.pending ? fee_of(incoming.price, incoming.entry.gas) : 0;
    if (incoming.pending && incoming.rival && incoming.rival->pending) {
        // Those after it may rise with it.
        const auto& entries = incoming.sender->entries;
        auto price = incoming.price;
        lost += fee_of(pending.of(*incoming.rival).price, incoming.rival->gas);
        const auto end =
            std::min<std::size_t>(incoming.sender->pending, plan.kept(*incoming.sender));
        for (auto i = incoming.index + 1; i < end; ++i) {
            const auto before = pending.of(*entries[i]).price;
            price = std::min(price, entries[i]->tip);
            if (price == before) break;
            lost += fee_of(before, entries[i]->gas);
            gained += fee_of(price, entries[i]->gas);
        }
    }
    return gained < lost;
}

void TxPool::evict(const EvictionPlan& plan) {
    for (auto* entry : plan.doomed()) {
        if (entry->pending && entry->owner->known) {
            floor_.raise(entries_->now(), entries_->pending().of(*entry).price);
        }
        ++evicted_;
        erase(*entry, DropReason::evicted);
    }
}

void TxPool::take_in(Incoming& incoming, const Transaction& tx) {
    auto& entry = incoming.entry;
    entry.raw = SharedBytes::copy(tx.raw);
    size_bytes_ += entry.size_bytes;
    PoolEntry* held = nullptr;
    if (incoming.rival) {
        note_removal(*incoming.rival, DropReason::replaced);
        held = &entries_->replace(*incoming.rival, std::move(entry));
    } else {
        auto& sender = incoming.sender ? *incoming.sender
                                       : entries_->add_sender(entry.sender, incoming.account);
        held = &entries_->add(sender, std::move(entry));
    }
    shares_->add(*held);
}

void TxPool::note_removal(PoolEntry& entry, DropReason reason) {
    if (on_dropped_) on_dropped_(entry, reason);
    shares_->remove(entry);
    size_bytes_ -= entry.size_bytes;
    if (refused_ && size_bytes_ <= config_.bytes_max - config_.bytes_max / spare_part) {
        refused_ = false;
        ++room_made_;
    }
}

/// After so much of a sender is gone.
void TxPool::note_sender_room(PoolSender& sender, std::size_t entries, std::size_t bytes) {
    // So much is free that what was refused need not be refused again at once.
    const auto has_spare = [](std::size_t used, std::size_t max) {
        return used <= max - max / spare_part;
    };
    if (!sender.refused ||
        !has_spare(sender.entries.size() - entries, config_.sender_entries_max) ||
        !has_spare(sender.size_bytes - bytes, config_.sender_bytes_max)) {
        return;
    }
    sender.refused = false;
    ++room_made_;
}

void TxPool::erase(PoolEntry& entry, DropReason reason) {
    note_removal(entry, reason);
    note_sender_room(*entry.owner, 1, entry.size_bytes);
    entries_->remove(entry);
}

void TxPool::note_removal_of_first(PoolSender& sender, std::size_t count, DropReason reason) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        bytes += sender.entries[i]->size_bytes;
        note_removal(*sender.entries[i], reason);
    }
    note_sender_room(sender, count, bytes);
}

void TxPool::make_local(PoolEntry& entry) {
    if (entry.local) return;
    shares_->remove(entry);
    entries_->make_local(entry);
}

PoolSender* TxPool::find_up_to_date(const Address& address, const std::optional<Account>& account) {
    auto* sender = entries_->find_sender(address);
    if (sender == nullptr || update(*sender, account) == 0) return sender;
    return entries_->find_sender(address);
}

/// The sender goes if nothing of it is left. Returns how many were stale.
std::size_t TxPool::update(PoolSender& sender, const std::optional<Account>& account) {
    if (sender.known == account.has_value() &&
        (!account || (sender.nonce == account->nonce && sender.balance == account->balance))) {
        return 0;
    }
    const auto stale = account ? sender.lower_bound(account->nonce) : 0;
    note_removal_of_first(sender, stale, DropReason::nonce_used);
    if (stale == sender.entries.size()) {
        entries_->remove_first(sender, stale);
        return stale;
    }
    const auto left = std::span{sender.entries}.subspan(stale);
    for (auto* entry : left) shares_->remove(*entry);
    entries_->set_account(sender, account, stale);
    for (auto* entry : sender.entries) shares_->add(*entry);
    return stale;
}

std::size_t TxPool::expire(Instant now) {
    entries_->advance(now);
    std::size_t removed = 0;
    for (auto* first = entries_->first_to_expire(); first && first->expires <= now;
         first = entries_->first_to_expire()) {
        expired_.insert(first->hash);
        erase(*first, DropReason::expired);
        ++removed;
    }
    if (floor_.fall(now) && std::exchange(refused_price_, false)) ++room_made_;
    return removed;
}

Instant TxPool::next_expiry() const {
    const auto* first = entries_->first_to_expire();
    return std::min(first ? first->expires : never, floor_.next_step());
}

bool TxPool::remove(const Hash256& hash, DropReason reason) {
    auto* found = entries_->find(hash);
    if (found == nullptr) return false;
    erase(*found, reason);
    return true;
}

std::size_t TxPool::remove_through(const Address& address, std::uint64_t nonce) {
    auto* sender = entries_->find_sender(address);
    if (sender == nullptr) return 0;
    const auto count = sender->lower_bound(nonce) + (sender->find(nonce) ? 1 : 0);
    if (count == 0) return 0;
    note_removal_of_first(*sender, count, DropReason::nonce_used);
    entries_->remove_first(*sender, count);
    return count;
}

std::size_t TxPool::drop_stale(const Address& address) {
    auto* sender = entries_->find_sender(address);
    return sender ? update(*sender, account_of(address)) : 0;
}

void TxPool::set_base_fee(const Uint256& base_fee) {
    const auto wei = saturated(base_fee);
    if (wei == entries_->base_fee()) return;
    const auto promised = shares_->take();
    entries_->set_base_fee(wei);
    for (auto* entry : promised) shares_->add(*entry);
}

}  // namespace parley::chain
