// ChainData: what a chain with blocks needs beside its settings: genesis, files, consensus, and the
// signer's key where blocks are made. Threading: values.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/secret_bytes.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/consensus/pow/nonce_search.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/p2p/config/config.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace parley::node {

struct ChainData {
    chain::Genesis genesis;
    chain::GenesisBlock genesis_block;  ///< of `genesis`
    std::shared_ptr<const chain::Engine> engine;
    std::shared_ptr<Store> store;
    std::shared_ptr<AppendLog> log_file;
    std::optional<ByteArray<32>> signer_secret = {};  ///< of this node's blocks; none: makes none
    /// Of a validator whose key another process has, instead of the secret.
    std::shared_ptr<chain::qbft::Signer> signer = {};
    /// Of a validator: what it said. Both are there if it has a secret or a signer.
    std::shared_ptr<AppendLog> votes_first = {};
    std::shared_ptr<AppendLog> votes_second = {};
    /// Of a chain by work: looks for this node's nonces; null: outside miners do.
    std::shared_ptr<chain::NonceSearch> search = {};
};
/// Whether blocks are made by work (ProofOfWork).
bool is_by_work(const ChainData& data);
/// Whether blocks are made by votes (Qbft).
bool is_by_votes(const ChainData& data);

/// The ledger of the chain. `data` outlives it; `salt` is random. Errors: as Ledger::open.
Result<std::unique_ptr<chain::Ledger>, chain::LedgerError> open_ledger(
    const ChainData& data, std::shared_ptr<const chain::Execution> execution, JobQueue& jobs,
    Log& log, std::uint64_t salt);

/// What the network is to know of the chain.
p2p::ChainFacts facts_of(const chain::Genesis& genesis, const chain::Header& first_header);
p2p::ChainFacts facts_of(const ChainData& data);
/// Of a node with these settings: also whether it serves light nodes.
p2p::ChainFacts facts_of(const ChainConfig& config, const std::optional<ChainData>& data);

/// A consensus by its name, with what the genesis says of it. Errors, in words: no such name; the
/// genesis does not fit.
Result<std::shared_ptr<const chain::Engine>, std::string> make_engine(
    std::string_view name, const chain::Genesis& genesis);
/// Nothing, or why the key cannot make blocks of this chain.
std::optional<std::string> fault_of_signer(std::string_view engine, const chain::Genesis& genesis,
                                           const ByteArray<32>& secret);

}  // namespace parley::node
