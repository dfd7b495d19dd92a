// Changes of a trie, erasures among them. The first byte says who made the trie:
// odd, a peer, whose nodes follow the changes, the first of them the root. It ends with an error,
// or with a trie that has the values that it was given; even, we, of values that follow. The nodes
// that are left are those that the values make at once.
#include "trie_nodes.hpp"
#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/chain/trie/walk.hpp>

#include <map>
#include <optional>

using namespace parley;
using namespace parley::chain::trie;
using fuzz::require;

namespace {

using Values = std::map<Nibbles, Buffer>;

Values read_values(fuzz::Input& input) {
    Values out;
    for (std::size_t i = input.below(24); i > 0; --i) {
        const auto key = Nibbles::of_key(input.key());
        out[key] = input.value();
    }
    return out;
}

std::vector<Change> to_changes(const Values& values) {
    std::vector<Change> out;
    for (const auto& [key, value] : values) out.push_back({key, value});
    return out;
}

void check_values(std::span<const Buffer> nodes, const Hash256& root, const Values& values) {
    const fuzz::NodesByHash reader{nodes};
    for (const auto& [key, value] : values) {
        const auto found = find(reader, root, key);
        require(found.has_value());
        require(value.empty() ? !*found : *found == value);
    }
}

void change_peers_trie(fuzz::Input& input) {
    const bool cuts = input.byte() % 4 == 0;
    Values values = read_values(input);
    const Values more = read_values(input);
    auto nodes = fuzz::linked_nodes(input);
    const fuzz::NodesByHash reader{nodes};
    DirtyTree tree{reader, nodes.empty() ? chain::empty_root_hash : crypto::keccak256(nodes[0])};
    if (cuts && !values.empty()) {
        if (!tree.cut(values.begin()->first, values.rbegin()->first)) return;
    }
    for (const auto& batch : {values, more}) {
        auto changes = to_changes(batch);
        if (!tree.update(changes)) return;
    }
    const auto commit = tree.commit();
    for (const auto& node : commit.nodes) nodes.push_back(to_buffer(node.rlp));
    for (const auto& [key, value] : more) values[key] = value;
    check_values(nodes, commit.root, values);
}

struct Trie {
    MemoryNodes nodes;
    Hash256 root = chain::empty_root_hash;

    void change(const Values& values) {
        DirtyTree tree{nodes, root};
        auto changes = to_changes(values);
        require(tree.update(changes).has_value());
        const auto commit = tree.commit();
        nodes.apply(commit.nodes);
        root = commit.root;
    }
};

void change_own_trie(fuzz::Input& input) {
    Trie trie;
    Values values;
    for (int i = 0; i < 3; ++i) {
        const auto batch = read_values(input);
        trie.change(batch);
        for (const auto& [key, value] : batch) values[key] = value;
    }
    Trie at_once;
    at_once.change(values);
    require(trie.root == at_once.root);
    require(trie.nodes.all() == at_once.nodes.all());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input{data, size};
    if (input.byte() % 2 == 1) {
        change_peers_trie(input);
    } else {
        change_own_trie(input);
    }
    return 0;
}
