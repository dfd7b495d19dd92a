#include <parley/chain/txpool/pool.hpp>

#include <algorithm>
#include <queue>

namespace parley::chain {

const PooledTx* TxPool::find(const Hash256& hash) const {
    const auto found = by_hash_.find(hash);
    return found == by_hash_.end() ? nullptr : &found->second;
}

std::vector<Hash256> TxPool::hashes(std::size_t limit, const std::optional<Hash256>& after) const {
    std::vector<Hash256> out;
    out.reserve(std::min(limit, by_hash_.size()));
    auto it = after ? by_hash_.upper_bound(*after) : by_hash_.begin();
    for (; it != by_hash_.end() && out.size() < limit; ++it) out.push_back(it->first);
    return out;
}

TxPool::ByNonce::const_iterator TxPool::run_begin(const Address& address,
                                                  const Sender& sender) const {
    const auto account = state_ ? state_->account(address) : std::nullopt;
    return account ? sender.by_nonce.find(account->nonce) : sender.by_nonce.begin();
}

void TxPool::for_each(const Visitor& visit) const {
    for (const auto& [address, sender] : by_sender_) {
        const auto run = run_begin(address, sender);
        bool pending = false;
        std::uint64_t next = 0;
        for (auto it = sender.by_nonce.begin(); it != sender.by_nonce.end(); ++it) {
            pending = it == run || (pending && it->first == next);
            next = it->first + 1;
            if (!visit(*it->second, pending)) return;
        }
    }
}

TxPool::Status TxPool::status() const {
    Status out;
    for_each([&](const PooledTx&, bool pending) {
        ++(pending ? out.pending : out.queued);
        return true;
    });
    return out;
}

std::optional<std::uint64_t> TxPool::next_nonce(const Address& address) const {
    const auto sender = by_sender_.find(address);
    if (sender == by_sender_.end()) return std::nullopt;
    const auto& by_nonce = sender->second.by_nonce;
    auto it = run_begin(address, sender->second);
    if (it == by_nonce.end()) return std::nullopt;
    auto next = it->first;
    for (; it != by_nonce.end() && it->first == next; ++it) ++next;
    return next;
}

std::vector<const PooledTx*> TxPool::best(const Uint256& base_fee, std::uint64_t gas_max,
                                          std::size_t entries_max) const {
    struct Head {
        Uint256 tip;
        ByNonce::const_iterator at;
        const ByNonce* by_nonce;
        bool operator<(const Head& other) const {  // the greatest is taken first
            if (tip != other.tip) return tip < other.tip;
            return at->second->sequence > other.at->second->sequence;
        }
    };
    std::priority_queue<Head> heads;
    const auto offer = [&](ByNonce::const_iterator at, const ByNonce& by_nonce) {
        if (at == by_nonce.end()) return;
        const auto price = at->second->tx.price_at(base_fee);
        if (const auto tip = checked_subtract(price, base_fee)) heads.push({*tip, at, &by_nonce});
    };
    for (const auto& [address, sender] : by_sender_) {
        offer(run_begin(address, sender), sender.by_nonce);
    }
    std::vector<const PooledTx*> out;
    auto gas_left = gas_max;
    while (!heads.empty() && out.size() < entries_max) {
        const auto head = heads.top();
        heads.pop();
        const auto gas = head.at->second->tx.gas_limit;
        if (gas > gas_left) continue;  // and so nothing later of this sender
        gas_left -= gas;
        out.push_back(head.at->second);
        const auto next = std::next(head.at);
        if (next != head.by_nonce->end() && next->first == head.at->first + 1) {
            offer(next, *head.by_nonce);
        }
    }
    return out;
}

}  // namespace parley::chain
