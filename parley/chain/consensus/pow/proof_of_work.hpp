// ProofOfWork: blocks are made by whoever finds a nonce for which the header's hash is no higher
// than a target; the chain with most work is followed.
//
// The target follows from time and height (asert.hpp); a header says it as its difficulty. Hashing
// is Keccak-256 of the whole header, so that the hash that proves the work is the one that names
// the block. Two fields are the miner's: the nonce, and the mixHash if 2^64 nonces are not enough.
// Threading: as Engine.
#pragma once

#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/consensus/pow/asert.hpp>
#include <parley/chain/types/fork.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace parley::chain {

struct ProofOfWorkConfig {
    ForkSchedule forks;  ///< without Paris, which ends work
    AsertConfig asert;   ///< its anchor is the genesis
    Uint256 reward{};    ///< wei for the maker of a block, beside the fees
};

class ProofOfWork final : public Engine {
public:
    explicit ProofOfWork(const ProofOfWorkConfig& config) : config_(config) {}

    Fork fork_of(const Header& header, const ChainHeader& parent) const override;
    std::size_t extra_data_bytes_max() const override { return extra_data_bytes_max_default; }
    Result<void, EngineError> check_header(const Header& header, const ChainHeader& parent,
                                           Fork fork) const override;
    /// The difficulty; the nonce is still to be found.
    void prepare(Header& header, const ChainHeader& parent, Fork fork) const override;
    /// There are none.
    Result<void, EngineError> check_ommers(const Block& block, Fork fork, const Ancestry& headers,
                                           const AncestryBlocks& blocks) const override;
    void reward(const Block& block, Fork fork, StateEdit& state) const override;
    /// More work.
    bool is_better(const ChainHeader& a, const ChainHeader& b) const override;
    /// 15 s, as in Geth: what a miner gains by a late time is bounded by it.
    std::optional<Duration> ahead_max() const override { return block_ahead_max; }

    static constexpr Duration block_ahead_max = std::chrono::seconds{15};
    bool is_by_work() const override { return true; }

    /// That a header's hash must not exceed.
    Uint256 target_after(const ChainHeader& parent) const;

private:
    ProofOfWorkConfig config_;
};

}  // namespace parley::chain
