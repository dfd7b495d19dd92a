// The hexadecimal forms of Ethereum's JSON: quantities without and data with leading zeros.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstdint>
#include <string>

namespace parley::rpc {

/// "0x0", "0x1f".
std::string hex_quantity(std::uint64_t value);
/// A big-endian number of any size, as a quantity.
std::string hex_quantity(Bytes value);
/// "0x" and two digits a byte.
std::string hex_data(Bytes data);

}  // namespace parley::rpc
