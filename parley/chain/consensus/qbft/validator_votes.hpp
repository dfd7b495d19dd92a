// ValidatorVotes: the votes on validators that blocks carry, as they stand after a block. Each
// block's maker may cast one; a change that more than half of the validators want takes effect with
// the next block. At the blocks of an epoch all votes lapse.
//
// Bounded: a validator's votes on more than recipients_max accounts are not counted.
// Threading: values and pure functions. Spec: EIP-225, whose votes these are; as extra_data.hpp.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/qbft/validators.hpp>
#include <parley/codec/rlp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::chain::qbft {

class ValidatorVotes {
public:
    static constexpr std::size_t recipients_max = 64;  ///< that one validator has votes on

    /// Blocks of an epoch; more than 0.
    explicit ValidatorVotes(std::uint64_t epoch_blocks) : epoch_blocks_(epoch_blocks) {}

    /// Counts the vote of block `number`, made by `maker` while these were the validators. Who the
    /// validators of the next block are. A vote for what is so already, for more than
    /// validators_max or for none at all counts nothing, and takes back the maker's earlier one on
    /// that account.
    Validators apply(std::uint64_t number, const Validators& validators, const Address& maker,
                     const std::optional<ValidatorVote>& vote);

    struct Cast {
        Address maker;
        ValidatorVote vote;
        friend bool operator==(const Cast&, const Cast&) = default;
    };
    /// Those that count, the oldest first.
    const std::vector<Cast>& cast() const { return cast_; }

    /// Nothing if there are no votes.
    Buffer encode() const;
    /// What encode() gave. Errors: those of RLP.
    static Result<ValidatorVotes, rlp::RlpError> decode(Bytes raw, std::uint64_t epoch_blocks);
    friend bool operator==(const ValidatorVotes&, const ValidatorVotes&) = default;

private:
    std::uint64_t epoch_blocks_;
    std::vector<Cast> cast_;
};

}  // namespace parley::chain::qbft
