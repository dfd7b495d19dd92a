// GrownChain: a chain with a large state, made once, for the hosts of a world to begin with.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/genesis/genesis.hpp>

#include <cstdint>
#include <memory>

namespace parley::sim {

struct GrownChain {
    std::shared_ptr<Store> store = std::make_shared<MemoryStore>();
    std::shared_ptr<AppendLog> log = std::make_shared<MemoryLog>();
    std::uint64_t blocks = 0;
};

/// The account of that number, from 0.
chain::Address grown_account(std::uint64_t number);
/// Blocks of withdrawals to so many new accounts, a thousand in each at most. Throws
/// std::runtime_error if that does not work.
GrownChain grow_chain(const chain::Genesis& genesis, const chain::GenesisBlock& first,
                      const std::shared_ptr<const chain::Engine>& engine,
                      const ByteArray<32>& signer, std::uint64_t accounts);

}  // namespace parley::sim
