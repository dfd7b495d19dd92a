#include <parley/base/endian.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/txpool/pool_entries.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <limits>

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

/// Those that come before all the others: `count` at least, if there are so many, and not many more
/// unless their prices are the same. In no order.
Items first_of(const Items& all, std::size_t count) {
    constexpr std::size_t sample_max = 1024;
    if (count >= all.size() / 2) return all;
    std::vector<std::int64_t> sample;
    for (std::size_t i = 0; i < all.size(); i += all.size() / sample_max + 1) {
        sample.push_back(all[i].price);
    }
    // Some more than their part, for a sample is not exact.
    const auto part = count * sample.size() / all.size();
    const auto place = sample.begin() + static_cast<std::ptrdiff_t>(
                                            std::min(part + part / 4 + 16, sample.size() - 1));
    std::nth_element(sample.begin(), place, sample.end(), std::greater{});
    Items out;
    out.reserve(2 * count);
    for (const auto& item : all) {
        if (item.price >= *place) out.push_back(item);
    }
    return out.size() < count ? all : out;
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
    Items other;
    if (wei != entries_->base_fee()) other = entries_->ranked_at(wei);
    const Items& all = wei != entries_->base_fee() ? other : entries_->pending().items();
    const auto wanted = [&](std::size_t have, std::uint64_t gas) {
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(entries_max - have, gas / transfer_gas + 64));
    };
    Items first = first_of(all, wanted(0, gas_max));
    std::vector<const PooledTx*> out;
    boost::unordered_flat_set<const PoolSender*> passed_over;  // for want of gas
    auto gas_left = gas_max;
    std::size_t sorted = 0;
    for (std::size_t at = 0; at < all.size(); ++at) {
        if (out.size() == entries_max || gas_left < transfer_gas) break;
        if (at == first.size()) {  // many were passed over
            first = all;
            sort_first(first.begin(), first.end(), at);
            sorted = at;
        }
        if (at == sorted) {
            const auto more = wanted(out.size(), gas_left);
            sort_first(first.begin() + static_cast<std::ptrdiff_t>(at), first.end(), more);
            sorted = std::min(at + more, first.size());
        }
        const auto& entry = *first[at].entry;
        if (first[at].price < 0) break;
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

std::vector<TxPool::PriceBucket> TxPool::prices() const {
    static constexpr auto edges = [] {
        std::array<std::int64_t, price_buckets_max> out{std::numeric_limits<std::int64_t>::min(),
                                                        0};
        std::int64_t power = 1;
        for (std::size_t i = 2; i < out.size(); i += 3) {
            out[i] = power;
            if (i + 1 < out.size()) out[i + 1] = 2 * power;
            if (i + 2 < out.size()) out[i + 2] = 5 * power;
            if (i + 3 < out.size()) power *= 10;
        }
        return out;
    }();
    std::array<PriceBucket, price_buckets_max> all{};
    for (const auto& item : entries_->pending().items()) {
        const auto above = std::ranges::upper_bound(edges, item.price);
        auto& bucket = all[static_cast<std::size_t>(above - edges.begin()) - 1];
        ++bucket.count;
        bucket.gas += item.entry->gas;
    }
    std::vector<PriceBucket> out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].count > 0) out.push_back({edges[i], all[i].count, all[i].gas});
    }
    return out;
}

std::uint64_t TxPool::base_fee() const {
    return entries_->base_fee();
}

}  // namespace parley::chain
