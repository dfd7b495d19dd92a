#include <parley/base/sip_hash.hpp>

#include <bit>
#include <cstddef>
#include <cstring>

namespace parley {

namespace {

struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    }
    void compress(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

/// Little endian, the missing bytes zero.
std::uint64_t word_of(Bytes bytes) {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
        if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
    } else {
        for (std::size_t i = bytes.size(); i-- > 0;) {
            word = (word << 8) | std::to_integer<std::uint64_t>(bytes[i]);
        }
    }
    return word;
}

}  // namespace

std::uint64_t sip_hash(SipKey key, Bytes input) {
    State state{key.k0 ^ 0x736f6d6570736575ULL, key.k1 ^ 0x646f72616e646f6dULL,
                key.k0 ^ 0x6c7967656e657261ULL, key.k1 ^ 0x7465646279746573ULL};
    const auto length = static_cast<std::uint64_t>(input.size()) << 56;
    for (; input.size() >= 8; input = input.subspan(8)) state.compress(word_of(input.first(8)));
    state.compress(word_of(input) | length);
    state.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace parley
