#include <parley/chain/consensus/qbft/signer.hpp>

#include <parley/chain/consensus/solo/solo.hpp>

namespace parley::chain::qbft {

LocalSigner::LocalSigner(const ByteArray<32>& secret)
    : secret_(secret), address_(address_of_secret(secret)) {}

Result<Seal, std::string> LocalSigner::sign(const SigningRequest& request) {
    auto key = array_of<32>(secret_.bytes());
    const auto out = seal_with(key, request.hash);
    wipe(key);
    return out;
}

}  // namespace parley::chain::qbft
