#include <parley/chain/consensus/qbft/signing/service.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/consensus/qbft/signing/wire.hpp>

#include <string_view>
#include <utility>

namespace parley::chain::qbft {
namespace {

template <class T>
SignerAnswer answer_of(Result<T, SigningError> result) {
    if (result) return std::move(*result);
    return std::move(result.error());
}

const View& view_of(const SigningRequest& request) {
    return std::visit([](const auto& one) -> const View& { return one.view; }, request.payload);
}

std::string_view kind_of(const SigningRequest& request) {
    return std::visit(overloaded{[](const Proposed&) { return "proposal"; },
                                 [](const Prepare&) { return "prepare"; },
                                 [](const CommitToSeal&) { return "commit"; },
                                 [](const RoundChange&) { return "round change"; }},
                      request.payload);
}

SignerAnswer sign_and_tell(Signer& signer, const SigningRequest& request, Log& log) {
    auto signing = signer.sign(request);
    const auto& view = view_of(request);
    const auto write = [&](LogLevel level, std::string_view event, std::string_view error) {
        if (!log.enabled(level)) return;
        log.write(level, "signer", event,
                  {{"what", kind_of(request)},
                   {"height", view.height},
                   {"round", view.round},
                   {"error", error}});
    };
    if (signing) {
        write(LogLevel::debug, "signed", "none");
    } else if (signing.error().kind == SigningError::Kind::refused) {
        write(LogLevel::error, "refused to sign", signing.error().why);
    } else {
        write(LogLevel::error, "cannot sign", signing.error().why);
    }
    return answer_of(std::move(signing));
}

}  // namespace

SharedBytes answer_signer_request(Signer& signer, const SharedBytes& request, Log& log) {
    const auto read = decode_signer_request(request);
    if (!read) {
        log.write(LogLevel::warn, "signer", "request that cannot be read",
                  {{"error", read.error()}});
        return encode(SignerAnswer{
            SigningError{SigningError::Kind::away, "the request cannot be read: " + read.error()}});
    }
    return encode(std::visit(
        overloaded{[&](const AskAddress&) { return answer_of(signer.ask_address()); },
                   [&](const SigningRequest& one) { return sign_and_tell(signer, one, log); }},
        *read));
}

}  // namespace parley::chain::qbft
