// Who signed transactions; recover_sender() of one is in transaction.hpp.
// Bounded by the caller. Threading: pure, any thread.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <span>
#include <vector>

namespace parley::chain {

/// Errors: signature_range, high_s.
Result<void, TxError> check_signature_form(const crypto::Signature& signature);

/// recover_sender() of each, with all hashes of a kind computed side by side.
std::vector<Result<Address, TxError>> recover_senders(std::span<const Transaction* const> all);

}  // namespace parley::chain
