#include <parley/chain/txpool/pool_impl.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace parley::chain {
namespace {

/// Of a tree node: colour and three links.
constexpr std::size_t tree_node_bytes = 32;
constexpr std::size_t allocation_overhead_bytes = 16;
/// There is room again when this part of a limit is free.
constexpr std::size_t spare_part = 8;

}  // namespace

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

Transaction PooledTx::transaction() const {
    return *decode_transaction(raw, raw.size());
}

void TxPool::Plan::doom(const PooledTx& entry) {
    entry.doomed = true;
    freed_bytes += entry.size_bytes;
    doomed.push_back(&entry);
}

TxPool::TxPool(PoolConfig config, const AccountState* state)
    : config_(config),
      state_(state),
      entries_(std::make_unique<Entries>()),
      expired_(config.bytes_max / cost_of(0) + 1, config.salt) {}

TxPool::~TxPool() = default;

/// The entry in its orders, its copy of the bytes, and its sender's totals, as if none shared them.
std::size_t TxPool::cost_of(std::size_t raw_bytes) {
    return sizeof(PooledTx) + 5 * tree_node_bytes + SharedBytes::overhead_bytes + raw_bytes +
           sizeof(decltype(senders_)::value_type) + tree_node_bytes + 3 * allocation_overhead_bytes;
}

InsertResult TxPool::insert(Transaction tx, const Address& sender, Now now, Origin origin) {
    if (contains(tx.hash)) {
        if (origin.local) make_local(tx.hash, now);
        return InsertResult::already_known;
    }
    if (tx.type == TxType::blob) return InsertResult::blobs_refused;
    if (origin.local) {
        expired_.erase(tx.hash);
    } else if (const auto refusal = refuse_from_peer(tx)) {
        return *refusal;
    }
    if (const auto refusal = check_state(tx, sender)) return *refusal;

    const auto* const rival = find_rival(sender, tx.nonce);
    const bool local = origin.local || (rival && rival->local);
    PooledTx entry{
        .raw = tx.raw,
        .hash = tx.hash,
        .sender = sender,
        .nonce = tx.nonce,
        .gas_limit = tx.gas_limit,
        .max_fee = tx.max_fee,
        .max_priority_fee = tx.max_priority_fee,
        .price = effective_gas_price(tx.max_fee, tx.max_priority_fee, base_fee_),
        .expires = now.instant + (local ? config_.lifetime_local : config_.lifetime),
        .sequence = sequence_,
        .group = local ? 0 : origin.group,
        .size_bytes = static_cast<std::uint32_t>(cost_of(tx.raw.size())),
        .local = local,
    };
    Plan plan;
    if (const auto refusal = plan_room(entry, rival, plan)) {
        for (const auto* spared : plan.doomed) spared->doomed = false;
        return *refusal;
    }
    ++sequence_;
    evicted_ += plan.doomed.size() - (rival ? 1 : 0);
    for (const auto* doomed : plan.doomed) erase(*doomed);
    entry.raw = SharedBytes::copy(tx.raw);
    add(std::move(entry));
    return rival ? InsertResult::replaced : InsertResult::added;
}

/// Of no peer, whatever room there is.
std::optional<InsertResult> TxPool::refuse_from_peer(const Transaction& tx) const {
    if (tx.type == TxType::blob) return InsertResult::blobs_refused;
    if (expired_.contains(tx.hash)) return InsertResult::expired;
    if (tx.max_priority_fee < config_.priority_fee_min) return InsertResult::underpriced;
    return std::nullopt;
}

std::optional<InsertResult> TxPool::refuse_early(const Transaction& tx, Origin origin) {
    if (origin.local) return std::nullopt;
    if (const auto refusal = refuse_from_peer(tx)) return refusal;
    const auto cost = cost_of(tx.raw.size());
    if (size_bytes_ + cost <= config_.bytes_max) return std::nullopt;
    const auto price = effective_gas_price(tx.max_fee, tx.max_priority_fee, base_fee_);
    const auto groups = groups_over_share();
    const bool by_price = over_share(origin.group, cost);
    if (!by_price && !groups.empty()) return std::nullopt;
    // Whether any of those that it competes with is cheaper.
    if (by_price) {
        const auto& by_group = entries_->get<ByGroup>();
        for (const auto group : groups) {
            if (by_group.lower_bound(group)->price < price) return std::nullopt;
        }
    } else {
        const auto& by_rank = entries_->get<ByRank>();
        const auto first = by_rank.begin();
        if (first != by_rank.end() && !first->local && first->price < price) return std::nullopt;
    }
    refused_ = true;
    return InsertResult::full;
}

std::size_t TxPool::expire(Instant now) {
    const auto& by_expiry = entries_->get<ByExpiry>();
    std::size_t removed = 0;
    while (!by_expiry.empty() && by_expiry.begin()->expires <= now) {
        const auto& entry = *by_expiry.begin();
        expired_.insert(entry.hash);
        erase(entry);
        ++removed;
    }
    return removed;
}

Instant TxPool::next_expiry() const {
    const auto& by_expiry = entries_->get<ByExpiry>();
    return by_expiry.empty() ? never : by_expiry.begin()->expires;
}

std::optional<InsertResult> TxPool::check_state(const Transaction& tx,
                                                const Address& sender) const {
    const auto account = account_of(sender);
    if (!account) return std::nullopt;
    if (tx.nonce < account->nonce) return InsertResult::nonce_too_low;
    const auto gas = checked_multiply(tx.max_fee, tx.gas_limit);
    const auto cost = gas ? checked_add(*gas, tx.value) : std::nullopt;
    if (!cost || *cost > account->balance) return InsertResult::insufficient_funds;
    return std::nullopt;
}

/// Finds out what must leave for `incoming`, marking it doomed, or why it may not come.
std::optional<InsertResult> TxPool::plan_room(const PooledTx& incoming, const PooledTx* rival,
                                              Plan& plan) {
    if (rival) {
        const auto bump = 100 + config_.replace_bump_percent;
        const auto enough = [&](const Uint256& now, const Uint256& before) {
            return now > before && product_at_least(now, 100, before, bump);
        };
        if (!enough(incoming.max_fee, rival->max_fee) ||
            !enough(incoming.max_priority_fee, rival->max_priority_fee)) {
            return InsertResult::replacement_underpriced;
        }
        plan.doom(*rival);
    }
    if (!plan_sender_room(incoming, rival != nullptr, plan)) {
        const auto sender = senders_.find(incoming.sender);
        if (sender != senders_.end()) sender->second.refused = true;
        return InsertResult::sender_limit;
    }
    if (!plan_pool_room(incoming, plan)) {
        refused_ = true;
        return InsertResult::full;
    }
    return std::nullopt;
}

/// A sender over its limit loses its highest nonces, so that all nodes keep the same ones in
/// whatever order they came.
bool TxPool::plan_sender_room(const PooledTx& incoming, bool has_rival, Plan& plan) {
    const auto found = senders_.find(incoming.sender);
    const auto total = found == senders_.end() ? SenderTotal{} : found->second;
    auto entries = total.entries + 1 - (has_rival ? 1 : 0);
    auto last = entries_->sender_end(incoming.sender);
    while (entries > config_.sender_entries_max ||
           total.size_bytes + incoming.size_bytes - plan.freed_bytes > config_.sender_bytes_max) {
        if (last == entries_->get<BySender>().begin()) return false;
        --last;
        if (last->sender != incoming.sender || last->nonce <= incoming.nonce) return false;
        plan.doom(*last);
        --entries;
    }
    return true;
}

bool TxPool::fits(const PooledTx& incoming, const Plan& plan) const {
    return size_bytes_ + incoming.size_bytes - plan.freed_bytes <= config_.bytes_max;
}

/// Whether a group has, with so many bytes more, above its share.
bool TxPool::over_share(std::uint64_t group, std::size_t more_bytes) const {
    const auto found = group_bytes_.find(group);
    const auto bytes = found == group_bytes_.end() ? 0 : found->second;
    return bytes + more_bytes > config_.bytes_max / config_.groups;
}

/// The largest first. They are fewer than there are shares.
std::vector<std::uint64_t> TxPool::groups_over_share() const {
    std::vector<std::uint64_t> out;
    for (auto it = groups_by_bytes_.rbegin();
         it != groups_by_bytes_.rend() && over_share(it->second, 0); ++it) {
        out.push_back(it->second);
    }
    return out;
}

/// Who is below its share takes room from the largest group above its own, whatever the price. Who
/// is above competes by price with those who are as well.
bool TxPool::plan_pool_room(const PooledTx& incoming, Plan& plan) {
    if (fits(incoming, plan)) return true;
    if (incoming.local) return plan_room_by_price(incoming, plan);
    const bool by_price = over_share(incoming.group, incoming.size_bytes);
    const auto& by_group = entries_->get<ByGroup>();
    struct Next {
        Entries::index<ByGroup>::type::const_iterator at, end;
    };
    std::vector<Next> groups;
    for (const auto group : groups_over_share()) {
        groups.push_back({by_group.lower_bound(group), by_group.upper_bound(group)});
    }
    while (!fits(incoming, plan)) {
        const PooledTx* victim = nullptr;
        for (auto& group : groups) {
            while (group.at != group.end && group.at->doomed) ++group.at;
            if (group.at == group.end) continue;
            if (!victim || (by_price && group.at->rank() < victim->rank())) victim = &*group.at;
        }
        if (!victim) return !by_price && plan_room_by_price(incoming, plan);
        if (by_price && victim->price >= incoming.price) return false;
        if (!doom_tail(*victim, incoming, plan)) return false;
    }
    return true;
}

bool TxPool::plan_room_by_price(const PooledTx& incoming, Plan& plan) {
    const auto& by_rank = entries_->get<ByRank>();
    for (auto victim = by_rank.begin(); !fits(incoming, plan); ++victim) {
        if (victim == by_rank.end()) return false;
        if (victim->doomed) continue;
        const bool outranked =
            victim->local == incoming.local ? victim->price < incoming.price : incoming.local;
        if (!outranked || !doom_tail(*victim, incoming, plan)) return false;
    }
    return true;
}

/// Dooms what follows the victim, highest nonce first, and the victim last: whatever comes after
/// it can be executed only after it, so is worth no more. False if `incoming` itself comes after
/// it and is next to go.
bool TxPool::doom_tail(const PooledTx& victim, const PooledTx& incoming, Plan& plan) {
    for (auto it = entries_->sender_end(victim.sender); !victim.doomed && !fits(incoming, plan);) {
        const auto& entry = *--it;
        if (entry.doomed || entry.local != victim.local) continue;
        if (entry.sender == incoming.sender && entry.nonce < incoming.nonce) return false;
        plan.doom(entry);
    }
    return true;
}

const PooledTx* TxPool::find_rival(const Address& sender, std::uint64_t nonce) const {
    const auto& by_sender = entries_->get<BySender>();
    const auto found = by_sender.find(std::tuple{sender, nonce});
    return found == by_sender.end() ? nullptr : &*found;
}

void TxPool::add(PooledTx entry) {
    auto& total = senders_[entry.sender];
    ++total.entries;
    total.size_bytes += entry.size_bytes;
    size_bytes_ += entry.size_bytes;
    if (!entry.local) count_group(entry.group, entry.size_bytes, true);
    join_run(*entries_->insert(std::move(entry)).first, total);
}

void TxPool::erase(const PooledTx& entry) {
    const auto sender = senders_.find(entry.sender);
    auto& total = sender->second;
    total.size_bytes -= entry.size_bytes;
    --total.entries;
    size_bytes_ -= entry.size_bytes;
    if (total.refused && has_spare(total)) {
        total.refused = false;
        ++room_made_;
    }
    if (refused_ && size_bytes_ <= config_.bytes_max - config_.bytes_max / spare_part) {
        refused_ = false;
        ++room_made_;
    }
    if (!entry.local) count_group(entry.group, entry.size_bytes, false);
    const auto nonce = entry.nonce;
    entries_->erase(entries_->iterator_to(entry));
    leave_run(sender->first, nonce, total);
    if (total.entries == 0) senders_.erase(sender);
}

void TxPool::set_run(SenderTotal& total, const Run& run) {
    pending_ = pending_ - total.run.entries + run.entries;
    total.run = run;
}

std::optional<Account> TxPool::account_of(const Address& sender) const {
    return state_ ? state_->account(sender) : std::nullopt;
}

void TxPool::recount(const Address& sender) {
    const auto total = senders_.find(sender);
    if (total != senders_.end()) recount(sender, total->second);
}

void TxPool::recount(const Address& sender, SenderTotal& total) {
    Run run;
    const auto end = entries_->sender_end(sender);
    auto it = entries_->run_begin(sender, state_);
    if (it != end) run.first = it->nonce;
    for (; it != end && it->nonce == run.first + run.entries; ++it) ++run.entries;
    set_run(total, run);
}

/// Looks at no more entries than become part of the run.
void TxPool::join_run(const PooledTx& entry, SenderTotal& total) {
    Run run = total.run;
    if (run.entries == 0) return recount(entry.sender, total);
    if (entry.nonce < run.first) {
        if (account_of(entry.sender)) return;  // its account says where it begins
        run = {entry.nonce, entry.nonce + 1 == run.first ? run.entries + 1 : 1};
    } else {
        const auto end = entries_->sender_end(entry.sender);
        auto it = entries_->project<BySender>(entries_->iterator_to(entry));
        for (; it != end && it->nonce == run.first + run.entries; ++it) ++run.entries;
    }
    set_run(total, run);
}

void TxPool::leave_run(const Address& sender, std::uint64_t nonce, SenderTotal& total) {
    Run run = total.run;
    if (!run.contains(nonce)) return;
    if (nonce > run.first) {
        run.entries = static_cast<std::size_t>(nonce - run.first);
    } else if (account_of(sender)) {
        run.entries = 0;
    } else if (run.entries > 1) {
        run = {nonce + 1, run.entries - 1};
    } else {
        return recount(sender, total);
    }
    set_run(total, run);
}

/// So much is free that what was refused need not be refused again at once.
bool TxPool::has_spare(const SenderTotal& total) const {
    const auto below = [](std::size_t used, std::size_t max) {
        return used <= max - max / spare_part;
    };
    return below(total.entries, config_.sender_entries_max) &&
           below(total.size_bytes, config_.sender_bytes_max);
}

void TxPool::count_group(std::uint64_t group, std::size_t bytes, bool more) {
    auto& total = group_bytes_[group];
    groups_by_bytes_.erase({total, group});
    total = more ? total + bytes : total - bytes;
    if (total > 0) {
        groups_by_bytes_.insert({total, group});
    } else {
        group_bytes_.erase(group);
    }
}

void TxPool::make_local(const Hash256& hash, Now now) {
    const auto known = entries_->find(hash);
    if (known->local) return;
    count_group(known->group, known->size_bytes, false);
    entries_->modify(known, [&](PooledTx& entry) {
        entry.local = true;
        entry.group = 0;
        entry.expires = now.instant + config_.lifetime_local;
    });
}

bool TxPool::remove(const Hash256& hash) {
    const auto found = entries_->find(hash);
    if (found == entries_->end()) return false;
    erase(*found);
    return true;
}

std::size_t TxPool::remove_through(const Address& sender, std::uint64_t nonce) {
    const auto& by_sender = entries_->get<BySender>();
    std::size_t removed = 0;
    for (auto it = by_sender.lower_bound(sender);
         it != by_sender.end() && it->sender == sender && it->nonce <= nonce; ++removed) {
        erase(*it++);
    }
    recount(sender);
    return removed;
}

std::size_t TxPool::drop_stale(const Address& sender) {
    const auto account = account_of(sender);
    if (account && account->nonce > 0) return remove_through(sender, account->nonce - 1);
    recount(sender);
    return 0;
}

void TxPool::set_base_fee(const Uint256& base_fee) {
    if (base_fee == base_fee_) return;
    base_fee_ = base_fee;
    for (auto it = entries_->begin(); it != entries_->end(); ++it) {
        const auto price = effective_gas_price(it->max_fee, it->max_priority_fee, base_fee);
        entries_->modify(it, [&](PooledTx& entry) { entry.price = price; });
    }
}

}  // namespace parley::chain
