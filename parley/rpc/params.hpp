// Readers of a JSON-RPC request's parameters; what does not fit is named:
// "params[0]: expected hex data, got number".
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/rpc/method.hpp>
#include <parley/rpc/values.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::rpc {

/// Null if it was left out, or is null.
const json::value* optional_param(const Call& call, std::size_t index);

/// Parameter `index` as text; `expected` says in the error what it should be.
parley::Result<std::string_view, Error> text_param(const Call& call, std::size_t index,
                                                   std::string_view expected);
/// As bytes: "0x" and an even number of digits.
parley::Result<Buffer, Error> data_param(const Call& call, std::size_t index);
/// As exactly `size` bytes.
parley::Result<Buffer, Error> data_param(const Call& call, std::size_t index, std::size_t size);
/// As 32 bytes.
parley::Result<Hash256, Error> hash_param(const Call& call, std::size_t index);
/// As a quantity below 2^64.
parley::Result<std::uint64_t, Error> u64_param(const Call& call, std::size_t index);
/// As true or false; false if it was left out.
parley::Result<bool, Error> flag_param(const Call& call, std::size_t index);

/// The error of a parameter that does not fit.
std::unexpected<Error> bad_param(std::size_t index, std::string_view expected,
                                 std::string_view actual);

}  // namespace parley::rpc
