#include <parley/chain/light/known_nodes.hpp>

#include <parley/crypto/hash.hpp>

namespace parley::chain::light {

AnswerNodes::AnswerNodes(KnownNodes& known, const std::vector<SharedBytes>& answer)
    : known_(known) {
    for (const auto& node : answer) answer_.try_emplace(crypto::keccak256(node), Node{node});
}

Result<Bytes, trie::TrieError> AnswerNodes::node(const trie::Nibbles& path, const Hash256& hash,
                                                 Buffer&) const {
    const auto found = answer_.find(hash);
    if (found != answer_.end()) {
        found->second.is_used = true;
        return Bytes{found->second.bytes};
    }
    if (const auto* known = known_.find(hash)) return Bytes{*known};
    return fail(trie::TrieErrc::missing_node, 0, path.size());
}

void AnswerNodes::keep_used() {
    for (const auto& [hash, node] : answer_) {
        // Its own copy: it would keep the whole answer in memory.
        if (node.is_used) known_.insert(hash, SharedBytes::copy(node.bytes));
    }
}

}  // namespace parley::chain::light
