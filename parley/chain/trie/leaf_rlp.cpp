#include <parley/chain/trie/leaf_rlp.hpp>

#include <parley/codec/rlp.hpp>

#include <cassert>

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
    assert(!value.empty());
    rlp::Writer out;
    out.begin_list().string(Bytes{suffix.to_compact(true)}).string(value).end_list();
    return memory.copy(out.bytes());
}

}  // namespace parley::chain::trie
