#include <parley/chain/txpool/pool_impl.hpp>

#include <algorithm>
#include <iterator>
#include <queue>

namespace parley::chain {

const PooledTx* TxPool::find(const Hash256& hash) const {
    const auto found = entries_->find(hash);
    return found == entries_->end() ? nullptr : &*found;
}

std::size_t TxPool::size() const {
    return entries_->size();
}

std::vector<Hash256> TxPool::hashes(std::size_t limit, const std::optional<Hash256>& after) const {
    std::vector<Hash256> out;
    out.reserve(std::min(limit, size()));
    auto it = after ? entries_->upper_bound(*after) : entries_->begin();
    for (; it != entries_->end() && out.size() < limit; ++it) out.push_back(it->hash);
    return out;
}

void TxPool::for_each(const Visitor& visit, const std::optional<Place>& after) const {
    const auto& by_sender = entries_->get<BySender>();
    auto it =
        after ? by_sender.upper_bound(std::tuple{after->sender, after->nonce}) : by_sender.begin();
    while (it != by_sender.end()) {
        const auto& run = senders_.at(it->sender).run;
        for (const auto end = entries_->sender_end(it->sender); it != end; ++it) {
            if (!visit(*it, run.contains(it->nonce))) return;
        }
    }
}

std::optional<std::uint64_t> TxPool::next_nonce(const Address& sender) const {
    const auto end = entries_->sender_end(sender);
    auto it = entries_->run_begin(sender, state_);
    if (it == end) return std::nullopt;
    auto next = it->nonce;
    for (; it != end && it->nonce == next; ++it) ++next;
    return next;
}

std::vector<const PooledTx*> TxPool::best(const Uint256& base_fee, std::uint64_t gas_max,
                                          std::size_t entries_max) const {
    struct Head {
        Uint256 tip;
        Entries::SenderEntry at;
        bool operator<(const Head& other) const {  // the greatest is taken first
            if (tip != other.tip) return tip < other.tip;
            return at->sequence > other.at->sequence;
        }
    };
    std::priority_queue<Head> heads;
    const auto offer = [&](Entries::SenderEntry at) {
        const auto price = effective_gas_price(at->max_fee, at->max_priority_fee, base_fee);
        if (const auto tip = checked_subtract(price, base_fee)) heads.push({*tip, at});
    };
    for (const auto& [sender, total] : senders_) {
        if (const auto run = entries_->run_begin(sender, state_);
            run != entries_->sender_end(sender))
            offer(run);
    }
    std::vector<const PooledTx*> out;
    auto gas_left = gas_max;
    while (!heads.empty() && out.size() < entries_max) {
        const auto at = heads.top().at;
        heads.pop();
        if (at->gas_limit > gas_left) continue;  // and so nothing later of this sender
        gas_left -= at->gas_limit;
        out.push_back(&*at);
        const auto next = std::next(at);
        if (next != entries_->get<BySender>().end() && next->sender == at->sender &&
            next->nonce == at->nonce + 1) {
            offer(next);
        }
    }
    return out;
}

}  // namespace parley::chain
