// FeeOracle: the tip to suggest, of what was paid in the last blocks: from each the lowest three,
// and of all of these the one above three fifths. As geth's.
// Bounded: 40 blocks are looked at, each once. Threading: the node's thread.
#pragma once

#include <parley/base/uint256.hpp>
#include <parley/chain/ledger/ledger.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace parley::node {

class FeeOracle {
public:
    /// Suggested where nothing is known of what others pay: 1 gwei.
    static constexpr std::uint64_t tip_default = 1'000'000'000;
    static constexpr std::uint64_t tip_max = 500'000'000'000;
    static constexpr std::size_t blocks_with_tips = 20;
    static constexpr std::size_t blocks_max = 40;

    /// Wei per gas.
    Uint256 tip(const chain::Ledger& ledger);

private:
    using Tips = std::vector<Uint256>;

    Hash256 head_{};  // that tip_ is for
    Uint256 tip_{};
    std::map<Hash256, Tips> seen_;  // by block
};

}  // namespace parley::node
