// Signer: who has a validator's key, in this process or another one. A validator's key is not its
// node's: it is an account of the chain.
// Threading: sign() is called in Jobs, one at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/secret_bytes.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/types/address.hpp>

#include <string>

namespace parley::chain::qbft {

/// What is to be signed, and what it binds to, for a signer that keeps a record of its own.
struct SigningRequest {
    View view;
    Code code{};
    Hash256 block{};  ///< its hash; zero for a change of round without one
    Hash256 hash{};   ///< to be signed: of the message, or of a commit's sealed header
    bool is_seal = false;
};

class Signer {
public:
    virtual ~Signer() = default;
    virtual const Address& address() const = 0;
    /// Errors, in words: it refuses, or is not there.
    virtual Result<Seal, std::string> sign(const SigningRequest& request) = 0;
};

/// Has the key in memory, and signs what it is given: the RecordLog sees to it that this
/// contradicts nothing.
class LocalSigner final : public Signer {
public:
    /// Precondition: crypto::is_valid_secret.
    explicit LocalSigner(const ByteArray<32>& secret);
    const Address& address() const override { return address_; }
    Result<Seal, std::string> sign(const SigningRequest& request) override;

private:
    SecretBytes secret_;
    Address address_;
};

}  // namespace parley::chain::qbft
