// A Genesis as text: the JSON that Geth reads. What it takes and means is what it does there, or it
// is refused, and the error names line, key and value.
//
// Bounds: 64 MiB of text, 32 levels of nesting, 1 MiB of code for an account, 64 KiB of extra data;
// some 10 times the text in memory. Threading: pure functions. Spec: docs/formats/genesis.md.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/genesis/genesis.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::chain {

inline constexpr std::size_t genesis_text_bytes_max = std::size_t{64} << 20;
inline constexpr std::size_t genesis_code_bytes_max = std::size_t{1} << 20;
/// More than Ethereum's 32: engines with seals keep their first signers here.
inline constexpr std::size_t genesis_extra_data_bytes_max = std::size_t{64} << 10;

enum class GenesisErrc : std::uint8_t {
    too_large,         ///< more bytes of text than genesis_text_bytes_max
    not_json,          ///< not JSON, or nested too deep
    missing,           ///< a key that must be there is not
    duplicate,         ///< a key, an address or a slot a second time
    bad_value,         ///< of another kind, form or range
    unsupported_fork,  ///< rules that are not those from Berlin to Cancun
    conflict,          ///< the value does not go with that of another key
};

/// Where a genesis file is wrong, and in what.
struct GenesisError {
    GenesisErrc code{};
    std::size_t line = 1;    ///< from 1; of the key, or of what is no JSON
    std::size_t column = 1;  ///< from 1, in bytes
    std::string key;         ///< from the top on: "alloc.0x12….balance"; empty: the whole
    std::string expected;    ///< in words: "a number below 2^64"
    std::string actual;      ///< as it stands there, at most some 80 bytes, printable
    friend bool operator==(const GenesisError&, const GenesisError&) = default;
};
/// "line 3, column 5: gasLimit: expected a number below 2^64, got "abc"".
std::string message(const GenesisError& error);

/// Of a Genesis that it gives, forks.validate() holds. Errors: all of GenesisErrc, the first in the
/// order of the text; conflicts last.
Result<Genesis, GenesisError> parse_genesis(std::string_view text);
/// What parse_genesis() reads as the same, and Geth as well; ends with a line end.
std::string to_json(const Genesis& genesis);

}  // namespace parley::chain
