// Header: what a block says of itself and commits to. The forks have each added fields at its end.
//
// A header holds at most its extra data, whose size is the caller's to bound, and some 800 bytes.
// Threading: values and pure functions.
// Spec: docs/formats/block.md; Yellow Paper, section 4.4; EIP-1559, 4399, 4895, 4844, 4788.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/block_error.hpp>
#include <parley/chain/types/bloom.hpp>
#include <parley/chain/types/empty_hashes.hpp>
#include <parley/chain/types/fork.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::chain {

/// Ethereum's; chains whose headers carry seals in the extra data have a larger bound.
inline constexpr std::size_t extra_data_bytes_max_default = 32;

struct Header {
    Hash256 parent_hash{};
    Hash256 ommers_hash = empty_ommers_hash;  ///< keccak256 of the RLP of the list of ommers
    Address beneficiary{};                    ///< gets the fees
    Hash256 state_root = empty_root_hash;     ///< after the block
    Hash256 transactions_root = empty_root_hash;
    Hash256 receipts_root = empty_root_hash;
    Bloom logs_bloom{};
    Uint256 difficulty{};  ///< 0 since Paris
    std::uint64_t number = 0;
    std::uint64_t gas_limit = 0;
    std::uint64_t gas_used = 0;
    std::uint64_t timestamp = 0;  ///< Unix seconds
    Buffer extra_data{};
    Hash256 mix_hash{};  ///< since Paris prev_randao (EIP-4399)
    ByteArray<8> nonce{};
    std::optional<Uint256> base_fee{};               ///< wei per gas; since London
    std::optional<Hash256> withdrawals_root{};       ///< since Shanghai
    std::optional<std::uint64_t> blob_gas_used{};    ///< since Cancun, as those below
    std::optional<std::uint64_t> excess_blob_gas{};  ///< what sets the blob base fee
    std::optional<Hash256> parent_beacon_root{};

    /// Whether it has the fields of this fork, and none of later ones.
    bool has_fields_of(Fork fork) const;
    /// Precondition: has_fields_of() some fork.
    Buffer encode() const { return encode_with(extra_data); }
    /// As encode(), with this in place of its own extra data.
    Buffer encode_with(Bytes other_extra_data) const;
    /// keccak256 of encode(), seal included.
    Hash256 hash() const;
    friend bool operator==(const Header&, const Header&) = default;
};

/// All that the form alone decides: canonical RLP, exactly 15, 16, 17 or 20 items, each of its own
/// size. Not whether the fields are those of the block's fork. Errors: rlp.
Result<Header, BlockError> decode_header(
    Bytes raw, std::size_t extra_data_bytes_max = extra_data_bytes_max_default);

}  // namespace parley::chain
