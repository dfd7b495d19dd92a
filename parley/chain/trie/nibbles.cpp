#include <parley/chain/trie/nibbles.hpp>

namespace parley::chain::trie {
namespace {

constexpr unsigned leaf_flag = 2;
constexpr unsigned odd_flag = 1;

}  // namespace

Nibbles::Compact Nibbles::to_compact(bool is_leaf) const {
    const bool odd = size_ % 2 != 0;
    const unsigned flags = (is_leaf ? leaf_flag : 0) | (odd ? odd_flag : 0);
    Compact out;
    out.bytes_[out.size_++] = static_cast<std::byte>(flags << 4 | (odd ? values_[0] : 0U));
    const std::uint8_t* const pairs = values_.data() + (odd ? 1 : 0);
    const std::size_t count = size_ / 2U;
    for (std::size_t i = 0; i < count; ++i) {
        out.bytes_[1 + i] = static_cast<std::byte>(pairs[2 * i] << 4 | pairs[2 * i + 1]);
    }
    out.size_ += count;
    return out;
}

std::optional<CompactPath> from_compact(Bytes bytes) {
    if (bytes.empty() || bytes.size() > 1 + Nibbles::size_max / 2) return std::nullopt;
    const unsigned first = std::to_integer<unsigned>(bytes[0]);
    const unsigned flags = first >> 4;
    if (flags > (leaf_flag | odd_flag)) return std::nullopt;
    CompactPath out{{}, (flags & leaf_flag) != 0};
    if ((flags & odd_flag) != 0) {
        if (bytes.size() > Nibbles::size_max / 2) return std::nullopt;
        out.nibbles.push(static_cast<std::uint8_t>(first & 15));
    } else if ((first & 15) != 0) {
        return std::nullopt;
    }
    out.nibbles.append(Nibbles::of_key(bytes.subspan(1)));
    return out;
}

}  // namespace parley::chain::trie
