#include <parley/node/rpc/fee_oracle.hpp>

#include <parley/node/rpc/transaction_json.hpp>

#include <algorithm>
#include <utility>

namespace parley::node {

namespace {

constexpr std::size_t tips_per_block = 3;
constexpr std::size_t percentile = 60;
/// A lower one is no sign of what it costs.
constexpr std::uint64_t tip_min = 2;

/// The lowest that the block's maker took from others.
std::vector<Uint256> lowest_tips(const chain::LoggedBlock& logged) {
    const auto& header = logged.block.header;
    std::vector<Uint256> tips;
    for (std::size_t i = 0; i < logged.senders.size(); ++i) {
        if (logged.senders[i] == header.beneficiary) continue;
        const auto tip = tip_paid(logged.block.body.transactions[i], header);
        if (tip >= to_uint256(tip_min)) tips.push_back(tip);
    }
    const auto kept = std::min(tips.size(), tips_per_block);
    std::ranges::partial_sort(tips, tips.begin() + static_cast<std::ptrdiff_t>(kept));
    tips.resize(kept);
    return tips;
}

}  // namespace

Uint256 FeeOracle::tip(const chain::Ledger& ledger) {
    if (ledger.head().hash == head_) return tip_;
    head_ = ledger.head().hash;
    std::map<Hash256, Tips> seen;
    Tips all;
    std::size_t with_tips = 0;
    const auto* block = ledger.blocks().recent(head_);
    while (block && seen.size() < blocks_max && with_tips < blocks_with_tips) {
        const auto known = seen_.find(block->header.hash);
        auto tips = known != seen_.end() ? std::move(known->second) : lowest_tips(block->logged);
        if (!tips.empty()) ++with_tips;
        all.insert(all.end(), tips.begin(), tips.end());
        seen.emplace(block->header.hash, std::move(tips));
        block = ledger.blocks().recent(block->header.header.parent_hash);
    }
    seen_ = std::move(seen);
    std::ranges::sort(all);
    tip_ = all.empty() ? to_uint256(tip_default) : all[(all.size() - 1) * percentile / 100];
    tip_ = std::min(tip_, to_uint256(tip_max));
    return tip_;
}

}  // namespace parley::node
