// Unsealed: Ethereum's consensus as far as it stands in headers: proof of work without its seals
// until the merge, then whatever comes. To import chains that others made and vouch for: test
// vectors, exports of development networks. Anyone can make such a chain, so a network must not
// run on it.
// Threading: as Engine. Spec: Yellow Paper, 4.4.4 and 11; EIP-649, 1234, 2384, 3554, 3675.
#pragma once

#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/types/fork.hpp>

namespace parley::chain {

class Unsealed final : public Engine {
public:
    /// Precondition: forks.validate().
    explicit Unsealed(const ForkSchedule& forks) : forks_(forks) {}

    Fork fork_of(const Header& header, const ChainHeader& parent) const override;
    std::size_t extra_data_bytes_max() const override { return extra_data_bytes_max_default; }
    Result<void, EngineError> check_header(const Header& header, const ChainHeader& parent,
                                           Fork fork) const override;
    void prepare(Header& header, const ChainHeader& parent, Fork fork) const override;
    Result<void, EngineError> check_ommers(const Block& block, Fork fork, const Ancestry& headers,
                                           const AncestryBlocks& blocks) const override;
    /// Before the merge: 2 ether, and for ommers what the Yellow Paper, 11.3, says.
    void reward(const Block& block, Fork fork, StateEdit& state) const override;
    /// The higher total difficulty; at the same one, the higher number.
    bool is_better(const ChainHeader& a, const ChainHeader& b) const override;

private:
    ForkSchedule forks_;
};

/// What a block before the merge must have (EIP-100, EIP-2384, EIP-3554). `fork`: the block's.
Uint256 next_difficulty(const Header& parent, std::uint64_t timestamp, Fork fork);

}  // namespace parley::chain
