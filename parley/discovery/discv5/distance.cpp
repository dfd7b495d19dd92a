#include <parley/discovery/discv5/distance.hpp>

#include <parley/base/endian.hpp>

#include <bit>
#include <cassert>
#include <cstdint>

namespace parley::discovery::discv5 {

namespace {

constexpr std::size_t words = 4;

std::uint64_t word(const Id& id, std::size_t i) {
    return load_be<std::uint64_t>(Bytes{id}.subspan(8 * i, 8));
}

}  // namespace

unsigned log_distance(const Id& a, const Id& b) {
    for (std::size_t i = 0; i < words; ++i) {
        const std::uint64_t differing = word(a, i) ^ word(b, i);
        if (differing == 0) continue;
        const auto below = static_cast<unsigned>(64 * (words - 1 - i));
        return below + static_cast<unsigned>(std::bit_width(differing));
    }
    return 0;
}

bool closer(const Id& target, const Id& a, const Id& b) {
    for (std::size_t i = 0; i < words; ++i) {
        const std::uint64_t to = word(target, i), from_a = word(a, i) ^ to,
                            from_b = word(b, i) ^ to;
        if (from_a != from_b) return from_a < from_b;
    }
    return false;
}

Id random_id(Rng& rng) {
    Id id;
    for (auto& byte : id) byte = static_cast<std::byte>(rng.below(256));
    return id;
}

Id random_at_distance(const Id& from, unsigned distance, Rng& rng) {
    assert(distance <= log_distance_max);
    Id id = from;
    if (distance == 0) return id;
    // Bits are numbered from the end, 1 to 256, as log distances are.
    const auto flip = [&](unsigned bit) {
        id[(log_distance_max - bit) / 8] ^= std::byte{1} << ((bit - 1) % 8);
    };
    flip(distance);
    std::uint64_t random = 0;
    for (unsigned bit = 1; bit < distance; ++bit) {
        if (bit % 64 == 1) random = rng.next();
        if ((random >> (bit % 64) & 1) != 0) flip(bit);
    }
    return id;
}

}  // namespace parley::discovery::discv5
