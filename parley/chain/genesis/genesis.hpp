// Genesis: what a chain begins with, in the meaning of Geth's genesis file: the forks to come, the
// fields of block 0 and the accounts of its state. From it follow the state and the header, whose
// hash names the chain.
//
// Bounded by who makes it; parse_genesis() has bounds of its own. Threading: values and pure
// functions. Spec: docs/formats/genesis.md; Yellow Paper, section 4 and appendix I.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/state/state_changes.hpp>
#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/fork.hpp>
#include <parley/chain/types/header.hpp>

#include <cstdint>
#include <map>
#include <optional>

namespace parley::chain {

struct GenesisAccount {
    Uint256 balance{};  ///< wei
    std::uint64_t nonce = 0;
    Buffer code;
    std::map<Hash256, Uint256> storage;  ///< by slot; zero: as if it were not there
    friend bool operator==(const GenesisAccount&, const GenesisAccount&) = default;
};

/// What a chain by votes begins with, beside its first validators, who are in the extra data.
struct QbftGenesis {
    std::uint64_t epoch_blocks = 30'000;  ///< after which votes on validators lapse; above 0
    std::uint64_t period_s = 1;           ///< from a block to the next, at least; above 0
    std::uint64_t timeout_s = 2;          ///< of the first round; above 0
    friend bool operator==(const QbftGenesis&, const QbftGenesis&) = default;
};

/// What a chain by work begins with, beside the genesis's difficulty, which is that of the first
/// block, too (ProofOfWork).
struct PowGenesis {
    static constexpr std::uint64_t period_max_s = 86'400;
    static constexpr std::uint64_t half_life_max_s = 31'536'000;

    std::uint64_t period_s = 15;        ///< from a block to the next, as is aimed at
    std::uint64_t half_life_s = 3'600;  ///< of the target; at least period_s
    Uint256 reward{};                   ///< wei for who makes a block, beside the fees
    friend bool operator==(const PowGenesis&, const PowGenesis&) = default;
};

struct Genesis {
    std::uint64_t chain_id = 1;  ///< EIP-155, from 1
    ForkSchedule forks;
    std::uint64_t nonce = 0;
    std::uint64_t timestamp = 0;  ///< Unix seconds
    Buffer extra_data;
    std::uint64_t gas_limit = 0;
    Uint256 difficulty{};
    Hash256 mix_hash{};
    Address coinbase;
    std::optional<Uint256> base_fee_per_gas = {};       ///< wei per gas; absent: initial_base_fee
    std::optional<std::uint64_t> excess_blob_gas = {};  ///< absent: 0
    std::optional<std::uint64_t> blob_gas_used = {};    ///< absent: 0
    std::optional<QbftGenesis> qbft = {};
    std::optional<PowGenesis> pow = {};
    bool is_quorum = false;  ///< GoQuorum's: the gas limit may change at will
    std::map<Address, GenesisAccount> alloc;

    /// Whether block 0 is after the merge: the chain was never mined (EIP-3675).
    bool is_merged() const { return forks.terminal_total_difficulty == Uint256{}; }
    /// The rules of block 0. Precondition: forks.validate().
    Fork fork() const { return forks.at(0, timestamp, is_merged()); }
    friend bool operator==(const Genesis&, const Genesis&) = default;
};

/// All of `alloc`, as it comes to an empty state. An account without nonce, balance and code is
/// there as well, as in Geth: EIP-161 removes it when a transaction touches it.
StateChanges genesis_state(const Genesis& genesis);

/// Has the fields of the fork of block 0, and no others. Precondition: forks.validate().
Header genesis_header(const Genesis& genesis, const Hash256& state_root);

/// Block 0 without transactions, and its state: to be accepted by an empty State.
struct GenesisBlock {
    Header header;
    StateCommit state;
};
/// Hashes all of the state. Precondition: forks.validate().
GenesisBlock make_genesis_block(const Genesis& genesis);

}  // namespace parley::chain
