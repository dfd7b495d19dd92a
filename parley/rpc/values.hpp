// Readers of the JSON values that Ethereum's methods take: quantities, data, booleans. `where`
// names the value in an error: "params[0].gas: expected a hex quantity, got number". Threading:
// pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::rpc {

/// "null", "boolean", "number", "string", "array", "object".
std::string_view json_kind(const json::value& value);

/// "params[0]".
std::string param_place(std::size_t index);

/// invalid_params: "WHERE: expected EXPECTED, got ACTUAL".
std::unexpected<Error> bad_value(std::string_view where, std::string_view expected,
                                 std::string_view actual);

/// A string; `expected` says in the error what it should be.
parley::Result<std::string_view, Error> text_value(const json::value& value, std::string_view where,
                                                   std::string_view expected);
/// "0x0", "0x1f": without leading zeros, below 2^256.
parley::Result<Uint256, Error> quantity_value(const json::value& value, std::string_view where);
/// The same below 2^64.
parley::Result<std::uint64_t, Error> u64_value(const json::value& value, std::string_view where);
/// "0x" and an even number of digits.
parley::Result<Buffer, Error> data_value(const json::value& value, std::string_view where);
/// The same of exactly `size` bytes.
parley::Result<Buffer, Error> data_value(const json::value& value, std::string_view where,
                                         std::size_t size);
/// True or false.
parley::Result<bool, Error> bool_value(const json::value& value, std::string_view where);

}  // namespace parley::rpc
