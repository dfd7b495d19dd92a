#include <parley/crypto/memo.hpp>

#include <algorithm>

namespace parley::crypto {

VerifyMemo::VerifyMemo(std::size_t entries_max)
    : verified_(entries_max), recovered_(entries_max), points_(keys_max) {}

bool VerifyMemo::verify(const CompressedKey& key, const Hash256& digest,
                        const Signature& signature) {
    VerifyKey asked;
    auto* at = std::ranges::copy(key, asked.begin()).out;
    at = std::ranges::copy(digest, at).out;
    std::ranges::copy(signature, at);
    if (const bool* const known = verified_.find(asked)) {
        ++hits_;
        return *known;
    }
    ++misses_;
    const bool good = real::verify(key, digest, signature);
    verified_.insert(asked, good);
    return good;
}

std::optional<UncompressedKey> VerifyMemo::recover(const Hash256& digest,
                                                   const Signature& signature, std::uint8_t parity,
                                                   bool allow_high_s) {
    RecoverKey asked;
    auto* at = std::ranges::copy(digest, asked.begin()).out;
    at = std::ranges::copy(signature, at).out;
    *at++ = static_cast<std::byte>(parity);
    *at = static_cast<std::byte>(allow_high_s ? 1 : 0);
    if (const auto* const known = recovered_.find(asked)) {
        ++hits_;
        return *known;
    }
    ++misses_;
    const auto key = real::recover(digest, signature, parity, allow_high_s);
    recovered_.insert(asked, key);
    return key;
}

std::optional<UncompressedKey> VerifyMemo::decompress(const CompressedKey& key) {
    if (const auto* const known = points_.find(key)) return *known;
    const auto point = real::decompress(key);
    points_.insert(key, point);
    return point;
}

}  // namespace parley::crypto
