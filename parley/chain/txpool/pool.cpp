#include <parley/chain/txpool/pool.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace parley::chain {
namespace {

/// Of a tree node (colour, three links) and of the allocator, for each of the four nodes that an
/// entry can cost: by hash, by nonce, by rank, and its sender's.
constexpr std::size_t node_overhead_bytes = 48;
/// The counted block that holds `raw`.
constexpr std::size_t shared_block_bytes = 48;
constexpr std::size_t allocation_overhead_bytes = 16;

std::size_t size_of(const Transaction& tx, std::size_t rank_bytes, std::size_t sender_bytes) {
    std::size_t total = sizeof(std::pair<const Hash256, PooledTx>) +
                        sizeof(std::pair<const std::uint64_t, PooledTx*>) + rank_bytes +
                        sizeof(Address) + sender_bytes + 4 * node_overhead_bytes +
                        shared_block_bytes + tx.raw.size();
    if (!tx.access_list.empty()) total += allocation_overhead_bytes;
    for (const auto& entry : tx.access_list) {
        total +=
            sizeof(AccessEntry) + allocation_overhead_bytes + entry.keys.size() * sizeof(Hash256);
    }
    return total;
}

/// A copy of its own: a slice would keep the whole message that it came in.
void own_bytes(Transaction& tx) {
    auto raw = SharedBytes::copy(tx.raw);
    if (!tx.data.empty()) {
        const auto offset = tx.data.view().data() - tx.raw.view().data();
        tx.data = raw.slice(static_cast<std::size_t>(offset), tx.data.size());
    }
    tx.raw = std::move(raw);
    tx.access_list = std::vector<AccessEntry>(tx.access_list);  // copies have no spare capacity
}

}  // namespace

std::string_view name_of(InsertResult result) {
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

bool TxPool::Rank::operator<(const Rank& other) const {
    return std::tie(local, price, newness) < std::tie(other.local, other.price, other.newness);
}

void TxPool::Plan::doom(PooledTx& entry) {
    entry.doomed = true;
    freed_bytes += entry.size_bytes;
    doomed.push_back(&entry);
}

TxPool::TxPool(PoolConfig config, const AccountState* state) : config_(config), state_(state) {}

InsertResult TxPool::insert(Transaction tx, const Address& sender, Now now, bool local) {
    if (const auto known = by_hash_.find(tx.hash); known != by_hash_.end()) {
        if (local) make_local(known->second);
        return InsertResult::already_known;
    }
    if (!local && tx.max_priority_fee < config_.priority_fee_min) return InsertResult::underpriced;
    if (const auto refusal = check_state(tx, sender)) return *refusal;

    auto* const rival = find_rival(sender, tx.nonce);
    PooledTx entry;
    entry.size_bytes = size_of(tx, sizeof(Rank), sizeof(Sender));
    entry.price = tx.price_at(base_fee_);
    entry.tx = std::move(tx);
    entry.sender = sender;
    entry.arrival = now.instant;
    entry.local = local || (rival && rival->local);

    Plan plan;
    if (const auto refusal = plan_room(entry, rival, plan)) {
        for (auto* spared : plan.doomed) spared->doomed = false;
        return *refusal;
    }
    evicted_ += plan.doomed.size() - (rival ? 1 : 0);
    for (auto* doomed : plan.doomed) erase(*doomed);
    own_bytes(entry.tx);
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
std::optional<InsertResult> TxPool::plan_room(const PooledTx& incoming, PooledTx* rival,
                                              Plan& plan) {
    if (rival) {
        const auto bump = 100 + config_.replace_bump_percent;
        const auto enough = [&](const Uint256& now, const Uint256& before) {
            return now > before && product_at_least(now, 100, before, bump);
        };
        if (!enough(incoming.tx.max_fee, rival->tx.max_fee) ||
            !enough(incoming.tx.max_priority_fee, rival->tx.max_priority_fee)) {
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
    const auto sender = by_sender_.find(incoming.sender);
    if (sender == by_sender_.end()) {
        return config_.sender_entries_max > 0 && incoming.size_bytes <= config_.sender_bytes_max;
    }
    const auto& by_nonce = sender->second.by_nonce;
    auto entries = by_nonce.size() + 1 - (has_rival ? 1 : 0);
    const auto bytes = [&] {
        return sender->second.size_bytes + incoming.size_bytes - plan.freed_bytes;
    };
    for (auto it = by_nonce.rbegin();
         entries > config_.sender_entries_max || bytes() > config_.sender_bytes_max; ++it) {
        if (it == by_nonce.rend() || it->first <= incoming.tx.nonce) return false;
        plan.doom(*it->second);
        --entries;
    }
    return true;
}

bool TxPool::fits(const PooledTx& incoming, const Plan& plan) const {
    return size_bytes_ + incoming.size_bytes - plan.freed_bytes <= config_.bytes_max;
}

bool TxPool::plan_pool_room(const PooledTx& incoming, Plan& plan) {
    for (auto it = by_rank_.begin(); !fits(incoming, plan); ++it) {
        if (it == by_rank_.end()) return false;
        auto& victim = *it->entry;
        if (victim.doomed) continue;
        const bool outranked =
            victim.local == incoming.local ? victim.price < incoming.price : incoming.local;
        if (!outranked || !doom_tail(victim, incoming, plan)) return false;
    }
    return true;
}

/// Dooms what follows the victim, highest nonce first, and the victim last: whatever comes after
/// it can be executed only after it, so is worth no more. False if `incoming` itself comes after
/// it and is next to go.
bool TxPool::doom_tail(PooledTx& victim, const PooledTx& incoming, Plan& plan) {
    const auto& by_nonce = by_sender_.find(victim.sender)->second.by_nonce;
    for (auto it = by_nonce.rbegin(); it != by_nonce.rend() && it->first >= victim.tx.nonce; ++it) {
        auto& entry = *it->second;
        if (fits(incoming, plan)) return true;
        if (entry.doomed || entry.local != victim.local) continue;
        if (entry.sender == incoming.sender && it->first < incoming.tx.nonce) return false;
        plan.doom(entry);
    }
    return true;
}

PooledTx* TxPool::find_rival(const Address& sender, std::uint64_t nonce) {
    const auto found = by_sender_.find(sender);
    if (found == by_sender_.end()) return nullptr;
    const auto entry = found->second.by_nonce.find(nonce);
    return entry == found->second.by_nonce.end() ? nullptr : entry->second;
}

TxPool::Rank TxPool::rank_of(PooledTx& entry) {
    return {entry.local, entry.price, ~entry.sequence, &entry};
}

void TxPool::add(PooledTx entry) {
    entry.sequence = sequence_++;
    const auto hash = entry.tx.hash;
    auto& stored = by_hash_.emplace(hash, std::move(entry)).first->second;
    auto& sender = by_sender_[stored.sender];
    sender.by_nonce.emplace(stored.tx.nonce, &stored);
    sender.size_bytes += stored.size_bytes;
    size_bytes_ += stored.size_bytes;
    by_rank_.insert(rank_of(stored));
}

void TxPool::erase(PooledTx& entry) {
    by_rank_.erase(rank_of(entry));
    const auto sender = by_sender_.find(entry.sender);
    sender->second.by_nonce.erase(entry.tx.nonce);
    sender->second.size_bytes -= entry.size_bytes;
    if (sender->second.by_nonce.empty()) by_sender_.erase(sender);
    size_bytes_ -= entry.size_bytes;
    by_hash_.erase(by_hash_.find(entry.tx.hash));
}

void TxPool::make_local(PooledTx& entry) {
    if (entry.local) return;
    by_rank_.erase(rank_of(entry));
    entry.local = true;
    by_rank_.insert(rank_of(entry));
}

bool TxPool::remove(const Hash256& hash) {
    const auto found = by_hash_.find(hash);
    if (found == by_hash_.end()) return false;
    erase(found->second);
    return true;
}

std::size_t TxPool::remove_through(const Address& sender, std::uint64_t nonce) {
    std::size_t removed = 0;
    for (auto found = by_sender_.find(sender); found != by_sender_.end();
         found = by_sender_.find(sender)) {
        const auto lowest = found->second.by_nonce.begin();
        if (lowest->first > nonce) break;
        erase(*lowest->second);
        ++removed;
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
    std::vector<Rank> ranks;
    ranks.reserve(by_hash_.size());
    for (auto& [hash, entry] : by_hash_) {
        entry.price = entry.tx.price_at(base_fee);
        ranks.push_back(rank_of(entry));
    }
    // Sorted first, the tree is built in linear time: half the cost of inserting one by one.
    std::ranges::sort(ranks, std::less<Rank>{});
    by_rank_ = std::set<Rank>(ranks.begin(), ranks.end());
}

}  // namespace parley::chain
