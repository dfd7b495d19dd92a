#include <parley/node/rpc/fee_history.hpp>

#include <parley/chain/types/fees.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

#include <algorithm>
#include <cstddef>

namespace parley::node {

namespace json = boost::json;

namespace {

struct PaidTip {
    Uint256 tip{};
    std::uint64_t gas = 0;
};

std::vector<PaidTip> tips_ascending(const chain::LoggedBlock& logged) {
    const auto& header = logged.block.header;
    std::vector<PaidTip> out;
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < logged.receipts.size(); ++i) {
        const auto cumulative = logged.receipts[i].cumulative_gas_used;
        out.push_back({tip_paid(logged.block.body.transactions[i], header), cumulative - before});
        before = cumulative;
    }
    std::ranges::stable_sort(out, {}, &PaidTip::tip);
    return out;
}

double ratio_of(std::uint64_t used, std::uint64_t limit) {
    return limit == 0 ? 0.0 : static_cast<double>(used) / static_cast<double>(limit);
}

}  // namespace

std::vector<Uint256> tips_at(const chain::LoggedBlock& logged,
                             std::span<const double> percentiles) {
    const auto paid = tips_ascending(logged);
    std::vector<Uint256> out(percentiles.size());
    if (paid.empty()) return out;
    std::size_t at = 0;
    std::uint64_t gas = paid.front().gas;
    for (std::size_t i = 0; i < percentiles.size(); ++i) {
        const auto wanted = static_cast<std::uint64_t>(
            static_cast<double>(logged.block.header.gas_used) * percentiles[i] / 100);
        while (gas < wanted && at + 1 < paid.size()) gas += paid[++at].gas;
        out[i] = paid[at].tip;
    }
    return out;
}

void FeeHistory::add(const chain::Header& header, const Uint256& next_base_fee_before_london) {
    base_fees_.emplace_back(rpc::hex_quantity(header.base_fee.value_or(Uint256{})));
    next_base_fee_ = header.base_fee ? chain::next_base_fee(header) : next_base_fee_before_london;
    used_ratios_.emplace_back(ratio_of(header.gas_used, header.gas_limit));
    const auto& excess = header.excess_blob_gas;
    blob_fees_.emplace_back(rpc::hex_quantity(excess ? chain::blob_base_fee(*excess) : Uint256{}));
    next_blob_fee_ = excess ? chain::blob_base_fee(chain::next_excess_blob_gas(header)) : Uint256{};
    blob_ratios_.emplace_back(ratio_of(header.blob_gas_used.value_or(0), chain::blob_gas_max));
}

void FeeHistory::add_tips(const std::vector<Uint256>& tips) {
    has_tips_ = true;
    json::array row;
    for (const auto& tip : tips) row.emplace_back(rpc::hex_quantity(tip));
    tips_.push_back(std::move(row));
}

json::object FeeHistory::to_json(std::uint64_t oldest) const {
    auto base_fees = base_fees_;
    base_fees.emplace_back(rpc::hex_quantity(next_base_fee_));
    auto blob_fees = blob_fees_;
    blob_fees.emplace_back(rpc::hex_quantity(next_blob_fee_));
    json::object out{{"oldestBlock", rpc::hex_quantity(oldest)},
                     {"baseFeePerGas", std::move(base_fees)},
                     {"gasUsedRatio", used_ratios_},
                     {"baseFeePerBlobGas", std::move(blob_fees)},
                     {"blobGasUsedRatio", blob_ratios_}};
    if (has_tips_) out["reward"] = tips_;
    return out;
}

}  // namespace parley::node
