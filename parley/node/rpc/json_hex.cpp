#include <parley/node/rpc/json_hex.hpp>

#include <parley/crypto/hash.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

namespace parley::node {

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

std::string checksummed(const chain::Address& address) {
    auto digits = to_hex(address.value);
    const auto hash = to_hex(crypto::keccak256(bytes_of(digits)));
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const bool upper = hash[i] >= '8';  // also 'a' to 'f'
        if (upper && digits[i] >= 'a') digits[i] = static_cast<char>(digits[i] - 'a' + 'A');
    }
    return "0x" + digits;
}

}  // namespace parley::node
