// Signer: who has a validator's key, in this process or another one. A validator's key is not its
// node's: it is an account of the chain.
//
// A signer is given what is to be said and never a hash of it, so that it knows by itself what a
// signature binds its validator to: whoever asks cannot have it sign one thing for another.
// Threading: address() may be called from any thread; the rest in Jobs, one at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/secret_bytes.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/header.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace parley::chain::qbft {

/// A Commit to the block of this header; its seal is made by the signer.
struct CommitToSeal {
    static constexpr Code code = Code::commit;
    View view;
    Header header;  ///< its round and seals do not matter
    friend bool operator==(const CommitToSeal&, const CommitToSeal&) = default;
};

struct SigningRequest {
    std::variant<Proposed, Prepare, CommitToSeal, RoundChange> payload;
    ExtraForm form = ExtraForm::goquorum;  ///< of the chain's extra data
    friend bool operator==(const SigningRequest&, const SigningRequest&) = default;
};

/// What a request binds its signer to.
struct Claim {
    Code code{};
    View view;
    Hash256 digest{};                            ///< the block's hash; of no change of round
    std::optional<PreparedRound> prepared = {};  ///< of a change of round
};
/// Errors, in words: the block cannot be read, or is not of this height or round.
Result<Claim, std::string> claim_of(const SigningRequest& request);

struct Signatures {
    Seal signature{};               ///< over signing_hash()
    std::optional<Seal> seal = {};  ///< of a Commit, which the signature covers
    friend bool operator==(const Signatures&, const Signatures&) = default;
};

struct SigningError {
    enum class Kind : std::uint8_t {
        refused,  ///< this will never be signed
        away,     ///< later perhaps: nobody answers, or what is signed cannot be written down
    };
    Kind kind{};
    std::string why;
    friend bool operator==(const SigningError&, const SigningError&) = default;
};
using Signing = Result<Signatures, SigningError>;

class Signer {
public:
    virtual ~Signer() = default;
    /// Nothing as long as ask_address() has not succeeded; the same ever after.
    virtual std::optional<Address> address() const = 0;
    virtual Result<Address, SigningError> ask_address() = 0;
    virtual Signing sign(const SigningRequest& request) = 0;
};

/// Has the key in memory, and signs what it is given: a record sees to it that this contradicts
/// nothing, the node's (RecordLog) or the signer's own (GuardedSigner).
class LocalSigner final : public Signer {
public:
    /// Precondition: crypto::is_valid_secret.
    explicit LocalSigner(const ByteArray<32>& secret);
    std::optional<Address> address() const override { return address_; }
    Result<Address, SigningError> ask_address() override { return address_; }
    Signing sign(const SigningRequest& request) override;

private:
    SecretBytes secret_;
    Address address_;
};

/// The Commit that a request and its seal make. Precondition: claim_of() succeeds.
Commit sealed_commit(const CommitToSeal& commit, ExtraForm form, const Seal& seal);
/// Whether these are the signatures of this account. Precondition: claim_of() succeeds.
bool are_signatures_of(const Address& signer, const SigningRequest& request,
                       const Signatures& signatures);

}  // namespace parley::chain::qbft
