#include <parley/rpc/hex.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

namespace parley::rpc {

std::string hex_quantity(std::uint64_t value) {
    return fmt::format("{:#x}", value);
}

std::string hex_quantity(Bytes value) {
    const auto digits = to_hex(value);
    const auto first = digits.find_first_not_of('0');
    return first == std::string::npos ? "0x0" : "0x" + digits.substr(first);
}

std::string hex_data(Bytes data) {
    return "0x" + to_hex(data);
}

}  // namespace parley::rpc
