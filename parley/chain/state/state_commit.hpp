// StateCommit: changes of the state together with what they make of its tries. Pure computation
// over a reader of nodes: for a Job.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/state/state_changes.hpp>
#include <parley/chain/trie/node_reader.hpp>

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain {

/// The tries of a state: that of the accounts, and one for the storage of each account.
class StateNodes {
public:
    virtual ~StateNodes() = default;
    /// As trie::NodeReader::node. `owner`: the hash of the address whose storage is meant;
    /// nothing: the accounts.
    virtual Result<Bytes, trie::TrieError> node(const std::optional<Hash256>& owner,
                                                const trie::Nibbles& path, const Hash256& hash,
                                                Buffer& scratch) const = 0;
    /// As trie::NodeReader::each_node.
    virtual Result<void, trie::TrieError> each_node(const std::optional<Hash256>& owner,
                                                    std::span<const trie::WantedNode> wanted,
                                                    const trie::NodeVisitor& visit) const {
        Buffer scratch;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto rlp = node(owner, wanted[i].path, wanted[i].hash, scratch);
            if (!rlp) return std::unexpected{rlp.error()};
            visit(i, *rlp);
        }
        return {};
    }
};

/// One trie of a state.
class TrieOfState final : public trie::NodeReader {
public:
    /// As StateNodes::node. `nodes` outlives it.
    explicit TrieOfState(const StateNodes& nodes, std::optional<Hash256> owner = std::nullopt)
        : nodes_(nodes), owner_(owner) {}
    Result<Bytes, trie::TrieError> node(const trie::Nibbles& path, const Hash256& hash,
                                        Buffer& scratch) const override {
        return nodes_.node(owner_, path, hash, scratch);
    }
    Result<void, trie::TrieError> each_node(std::span<const trie::WantedNode> wanted,
                                            const trie::NodeVisitor& visit) const override {
        return nodes_.each_node(owner_, wanted, visit);
    }

private:
    const StateNodes& nodes_;
    std::optional<Hash256> owner_;
};

struct StateCommit {
    Hash256 root{};
    StateChanges changes;  ///< with the storage roots that follow from the slots
    trie::NodeChanges account_nodes;
    /// By the hash of the address, ascending.
    std::vector<std::pair<Hash256, trie::NodeChanges>> slot_nodes;
};

/// Applies `changes` to the tries of the state `root`. Errors: those of the nodes.
Result<StateCommit, trie::TrieError> commit_state(const StateNodes& nodes, const Hash256& root,
                                                  StateChanges changes);

}  // namespace parley::chain
