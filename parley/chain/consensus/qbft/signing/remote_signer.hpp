// RemoteSigner: the signer of another process. It knows the messages, and not how they travel: a
// function that asks is given to it. What comes back is checked, so that a signer that has another
// key by now is told from one that is away.
// Threading: as Signer.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>
#include <parley/chain/consensus/qbft/signing/wire.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace parley::chain::qbft {

class RemoteSigner final : public Signer {
public:
    /// The answer to a request; blocks, for a bounded time. Errors, in words: there is none.
    using Ask = std::function<Result<Buffer, std::string>(Bytes request)>;

    explicit RemoteSigner(Ask ask) : ask_(std::move(ask)) {}
    std::optional<Address> address() const override;
    Result<Address, SigningError> ask_address() override;
    Signing sign(const SigningRequest& request) override;

private:
    Result<SignerAnswer, SigningError> ask(const SignerRequest& request) const;

    Ask ask_;
    mutable std::mutex mutex_;
    std::optional<Address> address_;  // under mutex_
};

}  // namespace parley::chain::qbft
