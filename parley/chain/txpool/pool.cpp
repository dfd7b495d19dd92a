#include <parley/chain/txpool/pool_impl.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace parley::chain {
namespace {

/// Of a tree node: colour and three links.
constexpr std::size_t tree_node_bytes = 32;
constexpr std::size_t allocation_overhead_bytes = 16;

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
    : config_(config), state_(state), entries_(std::make_unique<Entries>()) {}

TxPool::~TxPool() = default;

/// The entry in its three orders, its copy of the bytes, and its sender's totals, as if none
/// shared them.
std::size_t TxPool::cost_of(const Transaction& tx) {
    return sizeof(PooledTx) + 3 * tree_node_bytes + SharedBytes::overhead_bytes + tx.raw.size() +
           sizeof(decltype(senders_)::value_type) + tree_node_bytes + 3 * allocation_overhead_bytes;
}

InsertResult TxPool::insert(Transaction tx, const Address& sender, Now now, bool local) {
    if (const auto known = entries_->find(tx.hash); known != entries_->end()) {
        if (local) entries_->modify(known, [](PooledTx& entry) { entry.local = true; });
        return InsertResult::already_known;
    }
    if (!local && tx.max_priority_fee < config_.priority_fee_min) return InsertResult::underpriced;
    if (const auto refusal = check_state(tx, sender)) return *refusal;

    const auto* const rival = find_rival(sender, tx.nonce);
    PooledTx entry{
        .raw = tx.raw,
        .hash = tx.hash,
        .sender = sender,
        .nonce = tx.nonce,
        .gas_limit = tx.gas_limit,
        .max_fee = tx.max_fee,
        .max_priority_fee = tx.max_priority_fee,
        .price = effective_gas_price(tx.max_fee, tx.max_priority_fee, base_fee_),
        .arrival = now.instant,
        .sequence = sequence_,
        .size_bytes = static_cast<std::uint32_t>(cost_of(tx)),
        .local = local || (rival && rival->local),
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

std::optional<InsertResult> TxPool::check_state(const Transaction& tx,
                                                const Address& sender) const {
    const auto account = state_ ? state_->account(sender) : std::nullopt;
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
    if (!plan_sender_room(incoming, rival != nullptr, plan)) return InsertResult::sender_limit;
    if (!plan_pool_room(incoming, plan)) return InsertResult::full;
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

bool TxPool::plan_pool_room(const PooledTx& incoming, Plan& plan) {
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
    entries_->insert(std::move(entry));
}

void TxPool::erase(const PooledTx& entry) {
    const auto sender = senders_.find(entry.sender);
    sender->second.size_bytes -= entry.size_bytes;
    if (--sender->second.entries == 0) senders_.erase(sender);
    size_bytes_ -= entry.size_bytes;
    entries_->erase(entries_->iterator_to(entry));
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
    return removed;
}

std::size_t TxPool::drop_stale(const Address& sender) {
    const auto account = state_ ? state_->account(sender) : std::nullopt;
    return account && account->nonce > 0 ? remove_through(sender, account->nonce - 1) : 0;
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
