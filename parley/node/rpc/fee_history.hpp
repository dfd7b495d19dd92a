// What blocks say of fees, for eth_feeHistory: base fees, how full they were, and tips at given
// percentiles of the gas. Threading: pure.
// Spec: ethereum/execution-apis, eth_feeHistory; EIP-1559, EIP-4844.
#pragma once

#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/types/header.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace parley::node {

/// The tip at each percentile (from 0 to 100, ascending) of the block's gas, cheapest transactions
/// first; all zero for a block without transactions.
std::vector<Uint256> tips_at(const chain::LoggedBlock& logged, std::span<const double> percentiles);

/// Collects blocks in their order.
class FeeHistory {
public:
    /// `next_base_fee_before_london`: of the block after one that has no base fee.
    void add(const chain::Header& header, const Uint256& next_base_fee_before_london);
    /// Of the block that was added last.
    void add_tips(const std::vector<Uint256>& tips);
    boost::json::object to_json(std::uint64_t oldest) const;

private:
    boost::json::array base_fees_, used_ratios_, blob_fees_, blob_ratios_, tips_;
    Uint256 next_base_fee_{};
    Uint256 next_blob_fee_{};
    bool has_tips_ = false;
};

}  // namespace parley::node
