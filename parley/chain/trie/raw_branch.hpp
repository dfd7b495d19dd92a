// RawBranch: a fork without a value whose children are all hashes, held as RLP. When its children
// change, their bytes alone do; most nodes of a large trie are such, and are neither decoded nor
// encoded. Threading: a value, whose bytes are of a ByteArena.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/trie/byte_arena.hpp>
#include <parley/chain/trie/node.hpp>

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::chain::trie {

class RawBranch {
public:
    using Index = std::uint32_t;

    /// Copies `rlp` if it is that of such a fork.
    static std::optional<RawBranch> read(Bytes rlp, ByteArena& memory);

    Reference child(std::uint8_t nibble) const;
    bool has_child(std::uint8_t nibble) const { return (children_ >> nibble & 1U) != 0; }
    /// Precondition: has_child(nibble).
    void set_changed(std::uint8_t nibble, Index index) {
        assert(has_child(nibble));
        changed_ = static_cast<std::uint16_t>(changed_ | 1U << nibble);
        indexes_[nibble] = index;
    }
    /// As set_changed() where there is no child yet.
    void add_changed(std::uint8_t nibble, Index index, ByteArena& memory);
    /// Precondition: has_child(nibble).
    void set_hash(std::uint8_t nibble, const Hash256& hash);
    /// `visit(nibble, index)` for each child that was changed and has no hash yet.
    template <class Visit>
    void for_each_changed(const Visit& visit) const {
        for (unsigned rest = changed_; rest != 0; rest &= rest - 1) {
            const auto nibble = static_cast<std::uint8_t>(std::countr_zero(rest));
            visit(nibble, indexes_[nibble]);
        }
    }
    Branch decoded() const;
    /// Precondition: every child that was changed has its hash.
    Bytes rlp() const { return {rlp_, size_}; }

private:
    RawBranch(Bytes rlp, std::size_t header_bytes, std::uint16_t children, ByteArena& memory);
    /// Of a child's item, or of where it would be.
    std::size_t offset(std::uint8_t nibble) const;

    std::byte* rlp_;
    std::uint16_t size_;
    std::uint16_t header_bytes_;
    std::uint16_t children_;     // a bit for each that is there
    std::uint16_t changed_ = 0;  // a bit for each that is in indexes_
    std::array<Index, 16> indexes_{};
};

}  // namespace parley::chain::trie
