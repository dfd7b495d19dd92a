#include <parley/chain/trie/leaf_rlp.hpp>

#include <parley/codec/rlp.hpp>

#include <cassert>
#include <cstddef>
#include <utility>

namespace parley::chain::trie {

std::optional<Bytes> leaf_value(Bytes rlp, const Nibbles& suffix) {
    auto list = rlp::Reader::open_list(rlp);
    if (!list) return std::nullopt;
    const auto path = list->string();
    if (!path || !equal(*path, suffix.to_compact(true))) return std::nullopt;
    const auto value = list->string();
    if (!value || value->empty() || !list->at_end()) return std::nullopt;
    return *value;
}

Bytes write_leaf(const Nibbles& suffix, Bytes value, ByteArena& memory) {
    constexpr std::size_t headers_bytes_max = 3 * 9;
    assert(!value.empty());
    const auto path = suffix.to_compact(true);
    Buffer start;
    start.reserve(headers_bytes_max + Bytes{path}.size() + value.size());
    rlp::Writer out{std::move(start)};
    out.begin_list().string(Bytes{path}).string(value).end_list();
    return memory.copy(out.bytes());
}

}  // namespace parley::chain::trie
