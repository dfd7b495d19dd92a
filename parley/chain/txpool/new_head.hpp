// NewHead: what a new head of the chain means for the transactions that wait. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/fork.hpp>
#include <parley/chain/types/transaction.hpp>

#include <cstdint>
#include <vector>

namespace parley::chain {

struct NewHead {
    struct Tx {
        Transaction tx;
        Address sender;
    };
    Fork fork{};                         ///< of the next block
    Uint256 base_fee{};                  ///< wei per gas in the next block; 0 before London
    std::uint64_t gas_limit = 0;         ///< of a block
    std::vector<Tx> mined = {};          ///< in the blocks that came
    std::vector<Tx> reverted = {};       ///< in those that left, and not in `mined`; in their order
    std::vector<Address> credited = {};  ///< by those that came otherwise than by a transaction
};

}  // namespace parley::chain
