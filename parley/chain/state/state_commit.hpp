// StateCommit: changes of the state together with what they make of its tries. Pure computation
// over a reader of nodes: for a Job.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/state/state_changes.hpp>
#include <parley/chain/trie/node_reader.hpp>

#include <memory>
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
    /// As trie::NodeReader::prefetch.
    virtual void prefetch(const std::optional<Hash256>&, std::span<const trie::Nibbles>) const {}
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
    void prefetch(std::span<const trie::Nibbles> paths) const override {
        nodes_.prefetch(owner_, paths);
    }

private:
    const StateNodes& nodes_;
    std::optional<Hash256> owner_;
};

struct StateCommit {
    Hash256 root{};
    StateChanges changes;  ///< with the storage roots that follow from the slots
    std::vector<trie::NodeChange> account_nodes;
    /// By the hash of the address, ascending.
    std::vector<std::pair<Hash256, std::vector<trie::NodeChange>>> slot_nodes;
};

/// Applies `changes` to the tries of the state `root`. Errors: those of the nodes.
Result<StateCommit, trie::TrieError> commit_state(const StateNodes& nodes, const Hash256& root,
                                                  StateChanges changes);

}  // namespace parley::chain
