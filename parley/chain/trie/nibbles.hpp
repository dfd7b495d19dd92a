// Nibbles: a path in a trie, one half byte a step from the root; and its compact form inside nodes.
// Bounded: 64 nibbles, the path of a 32-byte key. Threading: values only.
// Spec: Yellow Paper, appendix C (hex-prefix encoding) and D.
#pragma once

#include <parley/base/bytes.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace parley::chain::trie {

class Nibbles {
public:
    static constexpr std::size_t size_max = 64;

    Nibbles() = default;
    /// Two for each byte, the upper half first. Precondition: at most 32 bytes.
    static Nibbles of_key(Bytes key) {
        assert(key.size() <= size_max / 2);
        Nibbles out;
        for (std::size_t i = 0; i < key.size(); ++i) {
            out.values_[2 * i] = static_cast<std::uint8_t>(key[i] >> 4);
            out.values_[2 * i + 1] = static_cast<std::uint8_t>(key[i] & std::byte{15});
        }
        out.size_ = static_cast<std::uint8_t>(2 * key.size());
        return out;
    }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    /// From 0 to 15. Precondition: `i < size()`.
    std::uint8_t operator[](std::size_t i) const {
        assert(i < size_);
        return values_[i];
    }
    /// Preconditions: `nibble` below 16; there is room.
    void push(std::uint8_t nibble) {
        assert(size_ < size_max);
        values_[size_++] = nibble;
    }
    /// Appends all of `other`. Precondition: there is room.
    void append(const Nibbles& other) {
        assert(size_ + other.size_ <= size_max);
        std::copy_n(other.values_.begin(), other.size_, values_.begin() + size_);
        size_ = static_cast<std::uint8_t>(size_ + other.size_);
    }
    /// The first `count`. Precondition: at most size().
    Nibbles first(std::size_t count) const {
        assert(count <= size_);
        Nibbles out = *this;
        out.size_ = static_cast<std::uint8_t>(count);
        return out;
    }
    /// What follows the first `count`. Precondition: at most size().
    Nibbles from(std::size_t count) const {
        assert(count <= size_);
        Nibbles out;
        out.size_ = static_cast<std::uint8_t>(size_ - count);
        std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(count), out.size_,
                    out.values_.begin());
        return out;
    }
    bool starts_with(const Nibbles& prefix) const { return common(0, prefix) == prefix.size(); }
    /// How many nibbles from `offset` on are those that `other` begins with.
    std::size_t common(std::size_t offset, const Nibbles& other) const {
        assert(offset <= size_);
        const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(offset);
        const auto ends = std::mismatch(begin, values_.begin() + size_, other.values_.begin(),
                                        other.values_.begin() + other.size_);
        return static_cast<std::size_t>(ends.first - begin);
    }
    /// The bytes of a key of whole bytes. Precondition: an even number of nibbles.
    Buffer to_key() const {
        assert(size_ % 2 == 0);
        Buffer out;
        for (std::size_t i = 0; i < size_; i += 2) {
            out.push_back(static_cast<std::byte>(values_[i] << 4 | values_[i + 1]));
        }
        return out;
    }

    /// As nodes hold it: the first byte tells leaf from extension and even from odd.
    class Compact {
    public:
        operator Bytes() const {  // NOLINT(google-explicit-constructor): a view of it
            return Bytes{bytes_}.first(size_);
        }

    private:
        friend class Nibbles;
        ByteArray<1 + size_max / 2> bytes_;
        std::size_t size_ = 0;
    };
    Compact to_compact(bool is_leaf) const;
    /// Lexicographical.
    friend std::strong_ordering operator<=>(const Nibbles& a, const Nibbles& b) {
        return std::lexicographical_compare_three_way(
            a.values_.begin(), a.values_.begin() + a.size_, b.values_.begin(),
            b.values_.begin() + b.size_);
    }
    friend bool operator==(const Nibbles& a, const Nibbles& b) {
        return a.size_ == b.size_ &&
               std::equal(a.values_.begin(), a.values_.begin() + a.size_, b.values_.begin());
    }

private:
    std::array<std::uint8_t, size_max> values_{};  // what follows the first size_ is anything
    std::uint8_t size_ = 0;
};

inline Nibbles joined(Nibbles path, const Nibbles& more) {
    path.append(more);
    return path;
}
inline Nibbles joined(Nibbles path, std::uint8_t nibble) {
    path.push(nibble);
    return path;
}

/// The inverse of Nibbles::to_compact.
struct CompactPath {
    Nibbles nibbles;
    bool is_leaf;
};
/// Nothing if `bytes` are empty, too long, or their flags or padding are wrong.
std::optional<CompactPath> from_compact(Bytes bytes);

}  // namespace parley::chain::trie
