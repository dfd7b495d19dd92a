#include <parley/chain/consensus/qbft/signer.hpp>

#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <algorithm>

namespace parley::chain::qbft {

LocalSigner::LocalSigner(const ByteArray<32>& secret)
    : secret_(secret), address_(address_of_secret(secret)) {}

Result<Seal, std::string> LocalSigner::sign(const SigningRequest& request) {
    auto key = array_of<32>(secret_.bytes());
    const auto made = crypto::sign_recoverable(key, request.hash);
    wipe(key);
    Seal out{};
    std::ranges::copy(made.rs, out.begin());
    out.back() = std::byte{made.parity};
    return out;
}

}  // namespace parley::chain::qbft
