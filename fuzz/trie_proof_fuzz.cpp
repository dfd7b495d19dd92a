// Proofs of a key by nodes that a peer made up: a key of up to 32 bytes, then nodes with their
// sizes, the first of which is the root. A proof that is taken is the one that the trie itself
// gives.
#include "trie_nodes.hpp"
#include <parley/chain/trie/proof.hpp>
#include <parley/chain/trie/walk.hpp>

#include <optional>

using namespace parley;
using namespace parley::chain::trie;
using fuzz::require;

namespace {

/// What else reads along a path must come to an end, too, and agree.
void read_around(const NodeReader& nodes, const Hash256& root, const Nibbles& key) {
    const auto next = next_key(nodes, root, key);
    if (next && *next) require(**next > key);
    const auto previous = previous_key(nodes, root, key);
    if (previous && *previous) require(**previous < key);
    const auto above = has_above(nodes, root, key);
    if (next && above) require(next->has_value() == *above);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input{data, size};
    const auto key = Nibbles::of_key(input.bytes(input.below(33)));
    auto proof = fuzz::linked_nodes(input);
    if (proof.empty()) return 0;
    const auto root = crypto::keccak256(proof[0]);
    const fuzz::NodesByHash nodes{proof};
    const auto shown = verify_proof(root, key, proof);
    const auto found = find(nodes, root, key);
    read_around(nodes, root, key);
    if (!shown) {
        require(!message(shown.error()).empty());
        return 0;
    }
    require(found == shown);
    require(prove(nodes, root, key) == proof);
    proof.push_back(proof[0]);
    require(verify_proof(root, key, proof) ==
            fail(TrieErrc::too_many_nodes, proof.size() - 1, proof.size()));
    return 0;
}
