#include <parley/base/endian.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/txpool/pool_entries.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstddef>

namespace parley::chain {
namespace {

/// The least that a transaction costs: with less gas left a block is full.
constexpr std::uint64_t transfer_gas = 21'000;

using Items = std::vector<Ranking::Item>;

const PoolEntry& entry_of(const PooledTx& tx) {
    return static_cast<const PoolEntry&>(tx);
}

/// Moves the first `count` to the front, in order.
void sort_first(Items::iterator first, Items::iterator end, std::size_t count) {
    const auto middle =
        first + static_cast<std::ptrdiff_t>(std::min(count, static_cast<std::size_t>(end - first)));
    if (middle != end) std::nth_element(first, middle, end, comes_before);
    std::sort(first, middle, comes_before);
}

}  // namespace

const PooledTx* TxPool::find(const Hash256& hash) const {
    return entries_->find(hash);
}

std::size_t TxPool::size() const {
    return entries_->size();
}

TxPool::Status TxPool::status() const {
    return {entries_->pending().size(), entries_->queued().size()};
}

std::uint64_t TxPool::moves() const {
    return entries_->moves();
}

PoolRank TxPool::rank(const PooledTx& tx) const {
    const auto& entry = entry_of(tx);
    const auto& item = entries_->ranking_of(entry).of(entry);
    return {entry.pending, item.price, item.order, entry.nonce};
}

std::vector<const PooledTx*> TxPool::page(std::size_t limit,
                                          const std::optional<PoolRank>& after) const {
    std::vector<const PooledTx*> out;
    for (const auto* ranking : {&entries_->pending(), &entries_->queued()}) {
        Items rest;
        for (const auto& item : ranking->items()) {
            const bool pending = ranking == &entries_->pending();
            if (!after || *after < PoolRank{pending, item.price, item.order, item.entry->nonce}) {
                rest.push_back(item);
            }
        }
        const auto count = std::min(limit - out.size(), rest.size());
        sort_first(rest.begin(), rest.end(), count);
        for (std::size_t i = 0; i < count; ++i) out.push_back(rest[i].entry);
    }
    return out;
}

std::vector<const PooledTx*> TxPool::best(const Uint256& base_fee, std::uint64_t gas_max,
                                          std::size_t entries_max) const {
    const auto wei = saturated(base_fee);
    Items all =
        wei == entries_->base_fee() ? entries_->pending().items() : entries_->ranked_at(wei);
    std::vector<const PooledTx*> out;
    boost::unordered_flat_set<const PoolSender*> passed_over;  // for want of gas
    auto gas_left = gas_max;
    std::size_t sorted = 0;
    for (std::size_t at = 0; at < all.size(); ++at) {
        if (out.size() == entries_max || gas_left < transfer_gas) break;
        if (at == sorted) {
            const auto more =
                std::min<std::uint64_t>(entries_max - out.size(), gas_left / transfer_gas + 64);
            sort_first(all.begin() + static_cast<std::ptrdiff_t>(at), all.end(),
                       static_cast<std::size_t>(more));
            sorted += static_cast<std::size_t>(more);
        }
        const auto& entry = *all[at].entry;
        if (all[at].price < 0) break;
        if (!passed_over.empty() && passed_over.contains(entry.owner)) continue;
        if (entry.gas_limit > gas_left) {
            passed_over.insert(entry.owner);
            continue;
        }
        gas_left -= entry.gas_limit;
        out.push_back(&entry);
    }
    return out;
}

std::optional<std::uint64_t> TxPool::next_nonce(const Address& address) const {
    const auto* sender = entries_->find_sender(address);
    if (sender == nullptr || sender->pending == 0) return std::nullopt;
    return sender->entries[sender->pending - 1]->nonce + 1;
}

void TxPool::for_each(const Visitor& visit, const std::optional<Place>& after) const {
    using Listed = PoolEntries::Listed;
    const auto prefix = after ? load_be<std::uint64_t>(Bytes{after->sender}.first(8)) : 0;
    std::vector<Listed> rest;
    for (const auto& listed : entries_->senders()) {
        if (listed.prefix > prefix ||
            (listed.prefix == prefix && (!after || listed.sender->address >= after->sender))) {
            rest.push_back(listed);
        }
    }
    const auto later = [](const Listed& a, const Listed& b) {
        if (a.prefix != b.prefix) return a.prefix > b.prefix;
        return a.sender->address > b.sender->address;
    };
    std::ranges::make_heap(rest, later);
    for (; !rest.empty(); rest.pop_back()) {
        std::ranges::pop_heap(rest, later);
        const auto& sender = *rest.back().sender;
        for (const auto* entry : sender.entries) {
            if (after && sender.address == after->sender && entry->nonce <= after->nonce) continue;
            if (!visit(*entry, entry->pending)) return;
        }
    }
}

Uint256 TxPool::executable_fee() const {
    Uint256 sum{};
    for (const auto& item : entries_->pending().items()) {
        if (item.price <= 0 || item.entry->promised) continue;
        const auto fee =
            checked_multiply(to_uint256(static_cast<std::uint64_t>(item.price)), item.entry->gas);
        sum = *checked_add(sum, *fee);
    }
    return sum;
}

}  // namespace parley::chain
