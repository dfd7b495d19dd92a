// GuardedSigner: has a validator's key in memory, and writes down what it signs before it hands out
// the signature, so that whoever asks, also two nodes at once, cannot make it contradict itself.
// Threading: as Signer.
#pragma once

#include <parley/chain/consensus/qbft/signing/signer.hpp>
#include <parley/chain/consensus/qbft/signing/signing_log.hpp>

#include <optional>

namespace parley::chain::qbft {

class GuardedSigner final : public Signer {
public:
    /// Precondition: crypto::is_valid_secret.
    GuardedSigner(const ByteArray<32>& secret, const SigningLog& log) : key_(secret), log_(log) {}

    std::optional<Address> address() const override { return key_.address(); }
    Result<Address, SigningError> ask_address() override { return key_.ask_address(); }
    /// As HighWater's rule says. Away: it cannot be written down.
    Signing sign(const SigningRequest& request) override;
    const std::optional<HighWater>& latest() const { return log_.latest(); }

private:
    LocalSigner key_;
    SigningLog log_;
};

}  // namespace parley::chain::qbft
