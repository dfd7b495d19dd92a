// The values in a genesis file, in the forms that Geth takes. Nothing: of another form, or out of
// range. Threading: pure. Spec: docs/formats/genesis.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/genesis/json_walk.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::chain {

/// A number below 2^256: decimal, as a number or a string, or a string of hex digits after 0x.
/// Leading zeros are no error.
std::optional<Uint256> genesis_wide_number(const JsonScalar& from);
/// The same below 2^64.
std::optional<std::uint64_t> genesis_number(const JsonScalar& from);
/// Hex digits after 0x, of at most `size_bytes_max` bytes; an empty string has none.
std::optional<Buffer> genesis_bytes(const JsonScalar& from, std::size_t size_bytes_max);
/// 64 hex digits after 0x.
std::optional<Hash256> genesis_hash(const JsonScalar& from);
/// A slot of storage or its value: at most 32 bytes in hex, with or without 0x; zeros come before
/// them.
std::optional<Hash256> genesis_slot(std::string_view text);

}  // namespace parley::chain
