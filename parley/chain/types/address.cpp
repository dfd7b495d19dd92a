#include <parley/chain/types/address.hpp>

#include <parley/crypto/hash.hpp>

#include <cstddef>

namespace parley::chain {

Address Address::of(const crypto::UncompressedKey& key) {
    return {array_of<20>(Bytes{crypto::keccak256(key)}.last(20))};
}

std::string Address::checksummed() const {
    auto digits = to_hex(value);
    const auto hash = to_hex(crypto::keccak256(bytes_of(digits)));
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const bool upper = hash[i] >= '8';  // also 'a' to 'f'
        if (upper && digits[i] >= 'a') digits[i] = static_cast<char>(digits[i] - 'a' + 'A');
    }
    return "0x" + digits;
}

}  // namespace parley::chain
