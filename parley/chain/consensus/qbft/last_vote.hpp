// The last block of the chain that a validator proposed or sealed. Threading: as the BlockStore.
#pragma once

#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/ledger/block_store.hpp>
#include <parley/chain/types/address.hpp>

#include <cstdint>
#include <optional>

namespace parley::chain::qbft {

/// Its number, among those from `first_number` up to `head`; nothing if it is in none of them, or
/// if those cannot be read.
std::optional<std::uint64_t> last_vote_of(const Address& validator, const ChainHeader& head,
                                          const BlockStore& blocks, ExtraForm form,
                                          std::uint64_t first_number);

}  // namespace parley::chain::qbft
