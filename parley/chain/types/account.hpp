// Account: what the state holds under an address. Threading: values.
// Spec: Yellow Paper, section 4.1; EIP-161 (emptiness).
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/empty_hashes.hpp>
#include <parley/codec/rlp.hpp>

#include <cstdint>

namespace parley::chain {

struct Account {
    std::uint64_t nonce = 0;  ///< of the next transaction
    Uint256 balance{};        ///< wei
    Hash256 storage_root = empty_root_hash;
    Hash256 code_hash = empty_code_hash;

    /// Is not kept: an account without nonce, balance and code, whatever its storage (EIP-161).
    bool is_empty() const { return nonce == 0 && balance == Uint256{} && !has_code(); }
    bool has_code() const { return code_hash != empty_code_hash; }
    /// As it stands in the state trie.
    Buffer encode() const;
    friend bool operator==(const Account&, const Account&) = default;
};

/// Errors: those of RLP.
Result<Account, rlp::RlpError> decode_account(Bytes raw);

/// As Account::encode, the hashes of what is empty left empty: for the disk.
Buffer encode_slim(const Account& account);
/// Errors: those of RLP.
Result<Account, rlp::RlpError> decode_slim(Bytes raw);

}  // namespace parley::chain
