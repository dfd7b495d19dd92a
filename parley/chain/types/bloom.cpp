#include <parley/chain/types/bloom.hpp>

#include <parley/crypto/hash.hpp>

#include <cstddef>

namespace parley::chain {
namespace {

struct BloomBit {
    std::size_t byte;
    std::byte mask;
};

/// Eleven bits of each of the first three pairs of bytes in the item's hash.
std::array<BloomBit, 3> bloom_bits(Bytes item) {
    const auto hash = crypto::keccak256(item);
    std::array<BloomBit, 3> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto high = std::to_integer<std::size_t>(hash[2 * i] & std::byte{0x07});
        const auto bit = high << 8 | std::to_integer<std::size_t>(hash[2 * i + 1]);
        out[i] = {255 - bit / 8, std::byte{1} << (bit % 8)};
    }
    return out;
}

}  // namespace

void Bloom::add(Bytes item) {
    for (const auto& bit : bloom_bits(item)) value[bit.byte] |= bit.mask;
}

bool Bloom::contains(Bytes item) const {
    for (const auto& bit : bloom_bits(item)) {
        if ((value[bit.byte] & bit.mask) == std::byte{0}) return false;
    }
    return true;
}

Bloom& Bloom::operator|=(const Bloom& other) {
    for (std::size_t i = 0; i < value.size(); ++i) value[i] |= other.value[i];
    return *this;
}

}  // namespace parley::chain
