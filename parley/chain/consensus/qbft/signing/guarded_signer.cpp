#include <parley/chain/consensus/qbft/signing/guarded_signer.hpp>

#include <utility>

namespace parley::chain::qbft {
namespace {

std::unexpected<SigningError> refuse_to_sign(std::string why) {
    return std::unexpected{SigningError{SigningError::Kind::refused, std::move(why)}};
}

}  // namespace

Signing GuardedSigner::sign(const SigningRequest& request) {
    const auto claim = claim_of(request);
    if (!claim) return refuse_to_sign(claim.error());
    const auto next = after(log_.latest(), *claim);
    if (!next) return refuse_to_sign(next.error());
    if (*next != log_.latest()) {
        if (const auto written = log_.write(*next); !written) {
            return std::unexpected{
                SigningError{SigningError::Kind::away,
                             "what is signed cannot be written down: " + message(written.error())}};
        }
    }
    return key_.sign(request);
}

}  // namespace parley::chain::qbft
