// VerifyMemo: real cryptography that remembers which signatures it has checked and which points it
// has computed. In a world of a thousand nodes each record and transaction is checked once instead
// of a thousand times.
// For the simulator (provider.hpp). Threading: one thread.
#pragma once

#include <parley/crypto/provider.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

namespace parley::crypto {

/// Bounded map in two generations: what was neither put in nor found while a whole generation
/// filled is forgotten. As LruMap (base/lru.hpp), but it holds each key once and has no list to
/// keep. Key: a range of std::byte, compared in full.
template <class Key, class Value>
class GenerationMap {
public:
    /// Holds no more than `entries_max`, or 2 if that is more.
    explicit GenerationMap(std::size_t entries_max)
        : generation_max_(std::max<std::size_t>(entries_max / 2, 1)) {}

    /// The value, kept for longer; null if absent. Valid until the next call.
    const Value* find(const Key& key) {
        if (const auto found = young_.find(key); found != young_.end()) return &found->second;
        const auto found = old_.find(key);
        if (found == old_.end()) return nullptr;
        auto node = old_.extract(found);
        make_room();
        return &young_.insert(std::move(node)).position->second;
    }
    /// Precondition: `key` is absent.
    void insert(const Key& key, Value value) {
        make_room();
        young_.emplace(key, std::move(value));
    }
    std::size_t size() const { return young_.size() + old_.size(); }

private:
    void make_room() {
        if (young_.size() < generation_max_) return;
        std::swap(young_, old_);
        young_.clear();
    }

    std::size_t generation_max_;
    std::unordered_map<Key, Value, SaltedHash> young_, old_;
};

class VerifyMemo final : public Provider {
public:
    /// At about 170 bytes for a verify and 200 for a recover: 390 MB when both are full.
    static constexpr std::size_t entries_max_default = std::size_t{1} << 20;
    static constexpr std::size_t keys_max = std::size_t{1} << 16;  ///< at about 130 bytes

    /// Remembers at most `entries_max` results of verify and as many of recover; keys_max of
    /// decompress.
    explicit VerifyMemo(std::size_t entries_max = entries_max_default);

    bool verify(const CompressedKey& key, const Hash256& digest,
                const Signature& signature) override;
    std::optional<UncompressedKey> recover(const Hash256& digest, const Signature& signature,
                                           std::uint8_t parity, bool allow_high_s) override;

    std::optional<UncompressedKey> decompress(const CompressedKey& key) override;

    /// Calls of verify and recover that were answered from memory, and calls that were computed.
    std::uint64_t hits() const { return hits_; }
    std::uint64_t misses() const { return misses_; }
    /// Results held, of both kinds.
    std::size_t entries() const { return verified_.size() + recovered_.size(); }

private:
    using VerifyKey = ByteArray<33 + 32 + 64>;      // key | digest | signature
    using RecoverKey = ByteArray<32 + 64 + 1 + 1>;  // digest | signature | parity | allow_high_s

    GenerationMap<VerifyKey, bool> verified_;
    GenerationMap<RecoverKey, std::optional<UncompressedKey>> recovered_;
    GenerationMap<CompressedKey, std::optional<UncompressedKey>> points_;
    std::uint64_t hits_ = 0;
    std::uint64_t misses_ = 0;
};

}  // namespace parley::crypto
