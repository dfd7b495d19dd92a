// The nodes of a Merkle Patricia trie: their form in memory, and as RLP, strictly.
// Threading: values only. Spec: Yellow Paper, appendix D.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/endian.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/types/empty_hashes.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace parley::chain::trie {

/// Why bytes are no node, or a trie cannot be read.
enum class TrieErrc : std::uint8_t {
    rlp,              ///< actual: the rlp::Errc
    bad_items,        ///< a node has 2 or 17 items; actual: how many came
    bad_path,         ///< flags, padding or size of a compact path are wrong
    empty_value,      ///< a leaf without a value
    bad_reference,    ///< neither empty, nor a hash, nor a node of less than 32 bytes
    bad_extension,    ///< an extension of no nibbles, or to nothing
    bad_branch,       ///< expected: ways out, children and value, at least; actual: there are
    too_deep,         ///< the path goes on after the last nibble of a key
    missing_node,     ///< a node is not there; actual: nibbles before it
    wrong_hash,       ///< the bytes there are those of another node; actual: nibbles before it
    store,            ///< the store cannot be read; actual: the StoreErrc
    too_many_nodes,   ///< of a proof. expected: at most, or as many as it takes; actual: there are
    unordered_keys,   ///< of a range: not ascending, or below its origin; actual: which
    missing_entries,  ///< a range is said to be empty, and is not
    wrong_root,       ///< what a range is made of has another root
};
using TrieError = Error<TrieErrc>;
/// One line for a log.
std::string message(const TrieError& error);

/// Where a child is. One that is shorter than 32 bytes as RLP lies inside its parent; of any other
/// the parent holds the hash. One that was changed and has no hash yet is an index of DirtyTree.
class Reference {
public:
    Reference() = default;  ///< no child
    static Reference hash(const Hash256& hash) { return {hash_tag, hash}; }
    /// To a node by its RLP. Precondition: from 1 to 31 bytes.
    static Reference embedded(Bytes rlp) {
        assert(!rlp.empty() && rlp.size() < hash_tag);
        return {static_cast<std::uint8_t>(rlp.size()), rlp};
    }
    static Reference changed(std::uint32_t index) {
        Reference out;
        out.tag_ = changed_tag;
        store_be(out.bytes_, index);
        return out;
    }

    bool empty() const { return tag_ == 0; }
    bool is_hash() const { return tag_ == hash_tag; }
    bool is_changed() const { return tag_ == changed_tag; }
    /// Precondition: is_hash().
    const Hash256& hash() const {
        assert(is_hash());
        return bytes_;
    }
    /// Precondition: is_changed().
    std::uint32_t index() const {
        assert(is_changed());
        return load_be<std::uint32_t>(bytes_);
    }
    /// The RLP of an embedded node, or the bytes of a hash. Precondition: not is_changed().
    Bytes bytes() const {
        assert(!is_changed());
        return Bytes{bytes_}.first(tag_);
    }
    friend bool operator==(const Reference&, const Reference&) = default;

private:
    static constexpr std::uint8_t hash_tag = 32;
    static constexpr std::uint8_t changed_tag = 33;
    Reference(std::uint8_t tag, Bytes bytes) : tag_(tag) {
        std::copy(bytes.begin(), bytes.end(), bytes_.begin());
    }

    std::uint8_t tag_ = 0;  // the size of what is in bytes_, up to hash_tag
    ByteArray<32> bytes_{};
};

/// The last of a path: `suffix` is what remains of the key.
struct Leaf {
    Nibbles suffix;
    Buffer value;
};
/// A run of nibbles without a fork, at least one, to a branch.
struct Extension {
    Nibbles run;
    Reference child;
};
/// A fork. `value` is that of the key that ends here, empty if none does.
struct Branch {
    std::array<Reference, 16> children;
    Buffer value;
};
using Node = std::variant<Leaf, Extension, Branch>;

/// Errors: rlp, bad_items, bad_path, empty_value, bad_reference, bad_extension, bad_branch.
Result<Node, TrieError> decode_node(Bytes rlp);
/// Preconditions: no reference is_changed(); an extension has a child and a run.
Buffer encode_node(const Node& node);

}  // namespace parley::chain::trie
