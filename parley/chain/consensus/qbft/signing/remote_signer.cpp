#include <parley/chain/consensus/qbft/signing/remote_signer.hpp>

#include <fmt/format.h>

#include <utility>

namespace parley::chain::qbft {
namespace {

std::unexpected<SigningError> be_away(std::string why) {
    return std::unexpected{SigningError{SigningError::Kind::away, std::move(why)}};
}

}  // namespace

std::optional<Address> RemoteSigner::address() const {
    const std::scoped_lock lock{mutex_};
    return address_;
}

Result<SignerAnswer, SigningError> RemoteSigner::ask(const SignerRequest& request) const {
    const auto reply = ask_(encode(request));
    if (!reply) return be_away(reply.error());
    auto answer = decode_signer_answer(*reply);
    if (!answer) return be_away("its answer cannot be read: " + answer.error());
    if (auto* error = std::get_if<SigningError>(&*answer)) {
        return std::unexpected{std::move(*error)};
    }
    return std::move(*answer);
}

Result<Address, SigningError> RemoteSigner::ask_address() {
    const auto answer = ask(AskAddress{});
    if (!answer) return std::unexpected{answer.error()};
    const auto* address = std::get_if<Address>(&*answer);
    if (address == nullptr) return be_away("it answers signatures where an address belongs");
    const std::scoped_lock lock{mutex_};
    if (!address_) address_ = *address;
    return *address_;
}

Signing RemoteSigner::sign(const SigningRequest& request) {
    if (const auto claim = claim_of(request); !claim) {
        return std::unexpected{SigningError{SigningError::Kind::refused, claim.error()}};
    }
    const auto self = address();
    if (!self) return be_away("its address is not known");
    const auto answer = ask(request);
    if (!answer) return std::unexpected{answer.error()};
    const auto* signatures = std::get_if<Signatures>(&*answer);
    if (signatures == nullptr) return be_away("it answers an address where signatures belong");
    if (!are_signatures_of(*self, request, *signatures)) {
        return be_away(
            fmt::format("what it signs is not signed by {}, whose key it had when this "
                        "node asked first",
                        self->to_string()));
    }
    return *signatures;
}

}  // namespace parley::chain::qbft
