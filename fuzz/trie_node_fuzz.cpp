// Nodes of tries: whatever decodes encodes to the very same bytes, and so do the nodes inside it.
#include "trie_nodes.hpp"
#include <parley/chain/trie/node.hpp>

#include <cstdlib>
#include <span>

using namespace parley;
using namespace parley::chain::trie;
using fuzz::require;

namespace {

void check_node(Bytes rlp);

void check_embedded(const Reference& reference) {
    if (!reference.empty() && !reference.is_hash()) check_node(reference.bytes());
}

void check_node(Bytes rlp) {
    const auto node = decode_node(rlp);
    if (!node) {
        require(!message(node.error()).empty());
        return;
    }
    require(equal(encode_node(*node), rlp));
    if (const auto* extension = std::get_if<Extension>(&*node)) check_embedded(extension->child);
    if (const auto* branch = std::get_if<Branch>(&*node)) {
        for (const auto& child : branch->children) check_embedded(child);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    check_node(input);
    if (const auto path = from_compact(input)) {
        require(equal(path->nibbles.to_compact(path->is_leaf), input));
    }
    return 0;
}
