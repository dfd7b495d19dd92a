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
    for (std::size_t i = odd ? 1 : 0; i < size_; i += 2) {
        out.bytes_[out.size_++] = static_cast<std::byte>(values_[i] << 4 | values_[i + 1]);
    }
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
