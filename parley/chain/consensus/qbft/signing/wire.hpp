// What a node and its signer say to each other over a Unix socket: one request, one answer, each an
// RLP list whose first item is the protocol's version. Strictly read.
//
// Bounded by request_bytes_max and answer_bytes_max, which whoever carries them checks first.
// Threading: values and pure functions. Spec: docs/formats/signer.md.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>
#include <parley/chain/types/address.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace parley::chain::qbft {

inline constexpr std::uint64_t signer_version = 1;
/// More than a proposal of the largest block that validators may pass on.
inline constexpr std::size_t signer_request_bytes_max = std::size_t{2} << 20;
inline constexpr std::size_t signer_reason_bytes_max = 512;
inline constexpr std::size_t signer_answer_bytes_max = 1'024;

/// Whose key it is.
struct AskAddress {
    friend bool operator==(const AskAddress&, const AskAddress&) = default;
};
using SignerRequest = std::variant<AskAddress, SigningRequest>;
using SignerAnswer = std::variant<Address, Signatures, SigningError>;

SharedBytes encode(const SignerRequest& request);
/// A reason that is longer than signer_reason_bytes_max is cut.
SharedBytes encode(const SignerAnswer& answer);

// Exactly what encode() writes. Errors, in words: "version: 2, expected 1", "digest: RLP string has
// 1 bytes instead of 32".
/// A block shares `message`.
Result<SignerRequest, std::string> decode_signer_request(const SharedBytes& message);
Result<SignerAnswer, std::string> decode_signer_answer(Bytes message);

}  // namespace parley::chain::qbft
