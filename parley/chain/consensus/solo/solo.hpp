// Solo: blocks are made by one signer, whose key the genesis names. For development, and for a
// network whose members trust its operator to order transactions.
//
// The seal is a signature by the signer's key over what solo_signing_hash() gives: r is the
// mixHash, s the extra data, so that a header has Ethereum's form and every tool takes it. The
// parity is not written: of the two keys that fit one must be the signer's. The signer's word is
// final: a block whose parent is the head is followed, a second one of the same height is not.
// Threading: as Engine.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/fork.hpp>

#include <cstddef>
#include <optional>

namespace parley::chain {

class Solo final : public Engine {
public:
    static constexpr std::size_t extra_data_bytes = 32;  ///< of every header

    /// Precondition: forks.validate().
    Solo(const ForkSchedule& forks, const Address& signer) : forks_(forks), signer_(signer) {}

    const Address& signer() const { return signer_; }
    Fork fork_of(const Header& header, const ChainHeader& parent) const override;
    std::size_t extra_data_bytes_max() const override { return extra_data_bytes; }
    Result<void, EngineError> check_header(const Header& header, const ChainHeader& parent,
                                           Fork fork) const override;
    /// Difficulty 1 before the merge, then 0.
    void prepare(Header& header, const ChainHeader& parent, Fork fork) const override;
    /// There are none.
    Result<void, EngineError> check_ommers(const Block& block, Fork fork, const Ancestry& headers,
                                           const AncestryBlocks& blocks) const override;
    /// Nothing but the fees.
    void reward(const Block& block, Fork fork, StateEdit& state) const override;
    /// The higher number.
    bool is_better(const ChainHeader& a, const ChainHeader& b) const override;

private:
    ForkSchedule forks_;
    Address signer_;
};

/// Whom the extra data of a genesis names: it is the signer's address, and nothing else.
std::optional<Address> solo_signer(Bytes genesis_extra_data);
/// What the seal signs: it says nothing of the fields that hold it.
Hash256 solo_signing_hash(const Header& header);
/// Sets the seal. Precondition: the rest of the header is final; `secret` is valid.
void solo_seal(Header& header, const ByteArray<32>& secret);
/// The account of a key. Precondition: `secret` is valid.
Address address_of_secret(const ByteArray<32>& secret);

}  // namespace parley::chain
