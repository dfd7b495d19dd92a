// Qbft: blocks are made in turn by validators and sealed by a quorum of them, which makes them
// final.
//
// A block's notes are the votes on validators that are open after it, and the set that follows it
// if it brought a change. Threading: as Engine. Spec: docs/consensus.md.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/qbft/validator_votes.hpp>
#include <parley/chain/consensus/qbft/validators.hpp>
#include <parley/chain/types/fork.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parley::chain::qbft {

/// The mixHash of every block: "ctical byzantine fault tolerance" (EIP-650).
inline constexpr std::string_view mix_hash_text = "ctical byzantine fault tolerance";

struct QbftConfig {
    ForkSchedule forks = {};
    std::uint64_t period_s = 1;            ///< from a block to the next, at least
    std::uint64_t epoch_blocks = 30'000;   ///< after which votes on validators lapse; not 0
    ExtraForm form = ExtraForm::goquorum;  ///< of the extra data of all headers
    /// The gas limit may change at will from block to block, as with GoQuorum.
    bool is_gas_limit_free = false;
};

class Qbft final : public Engine {
public:
    explicit Qbft(const QbftConfig& config) : config_(config) {}

    const QbftConfig& config() const { return config_; }
    /// Who may make and seal the block, as its extra data says; nobody if it says nothing.
    Validators validators_of(const Header& header) const;
    /// Who makes and seals the block after this one.
    Validators validators_after(const ChainHeader& block) const;
    /// The votes on validators that are open after it.
    ValidatorVotes votes_after(const ChainHeader& block) const;
    /// Who proposed it; nothing for the genesis.
    static std::optional<Address> proposer_of(const ChainHeader& block);
    /// Of a block that follows `parent`, without seals.
    ExtraData extra_after(const ChainHeader& parent, const std::optional<ValidatorVote>& vote,
                          std::uint32_t round) const;
    /// As check_header, of a proposal, which has no seals yet.
    Result<void, EngineError> check_proposed(const Header& header, const ChainHeader& parent) const;

    /// What can be said of a header without its parent, but for its seals (check_seals).
    Result<ExtraData, EngineError> check_alone(const Header& header) const;

    Fork fork_of(const Header& header, const ChainHeader& parent) const override;
    /// Precondition of a header without good extra data: none; it is then its Keccak-256.
    Hash256 hash_of(const Header& header) const override;
    /// hash_of() each, side by side.
    std::vector<Hash256> hashes_of(std::span<const Header> headers) const;
    Buffer notes_after(const Header& header, const ChainHeader& parent) const override;
    std::size_t extra_data_bytes_max() const override { return qbft::extra_data_bytes_max; }
    Result<void, EngineError> check_header(const Header& header, const ChainHeader& parent,
                                           Fork fork) const override;
    /// Difficulty 1 and the mixHash; the extra data is the caller's.
    void prepare(Header& header, const ChainHeader& parent, Fork fork) const override;
    /// There are none.
    Result<void, EngineError> check_ommers(const Block& block, Fork fork, const Ancestry& headers,
                                           const AncestryBlocks& blocks) const override;
    /// Nothing but the fees.
    void reward(const Block& block, Fork fork, StateEdit& state) const override;
    /// The higher number.
    bool is_better(const ChainHeader& a, const ChainHeader& b) const override;
    bool is_final_at_once() const override { return true; }
    bool bounds_gas_limit() const override { return !config_.is_gas_limit_free; }

private:
    struct Standing {
        ValidatorVotes votes;
        Validators validators;
    };
    Standing standing_after(const ChainHeader& block) const;
    /// All but the seals.
    Result<ExtraData, EngineError> check_rules(const Header& header,
                                               const ChainHeader& parent) const;

    QbftConfig config_;
};

}  // namespace parley::chain::qbft
