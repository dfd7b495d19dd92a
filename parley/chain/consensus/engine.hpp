// Engine: the consensus as the ledger sees it: which headers are valid, which of two chains is
// better, who is paid. Votes, work and a single signer are behind this interface.
// Threading: const members are pure and called from Jobs, several at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/chain/types/fork.hpp>
#include <parley/chain/types/header.hpp>

#include <functional>
#include <optional>
#include <string>

namespace parley::chain {

/// A header that is known to be valid, and what the chain up to it weighs.
struct ChainHeader {
    Header header;
    Hash256 hash{};
    Uint256 total_difficulty{};  ///< of all headers up to it, the genesis included
    Buffer notes{};              ///< what the consensus keeps with it (Engine::notes_after)
};

/// Finds the ancestors of a block; nothing if it is not known.
using Ancestry = std::function<std::optional<ChainHeader>(const Hash256& hash)>;
/// As Ancestry, with the body.
using AncestryBlocks = std::function<std::optional<Block>(const Hash256& hash)>;

/// In words, which rule of the consensus a block breaks.
struct EngineError {
    std::string reason;
    /// The seals are at fault, which the block's hash does not cover: with others it may be good.
    bool is_of_seals = false;
    friend bool operator==(const EngineError&, const EngineError&) = default;
};

class Engine {
public:
    virtual ~Engine() = default;
    /// The rules of a block that follows `parent`.
    virtual Fork fork_of(const Header& header, const ChainHeader& parent) const = 0;
    /// What names a block: Keccak-256 of its header, unless its seals are not part of its name.
    virtual Hash256 hash_of(const Header& header) const { return header.hash(); }
    /// What to keep with a valid block so that its children can be checked. Bounded by the engine.
    virtual Buffer notes_after(const Header&, const ChainHeader&) const { return {}; }
    /// Bytes of extra data that a header may have.
    virtual std::size_t extra_data_bytes_max() const = 0;
    /// What the consensus demands of a header: its seal, difficulty, extra data.
    virtual Result<void, EngineError> check_header(const Header& header, const ChainHeader& parent,
                                                   Fork fork) const = 0;
    /// Sets what the consensus says of a new header before its block is executed: its difficulty.
    virtual void prepare(Header& header, const ChainHeader& parent, Fork fork) const = 0;
    /// What it demands of a block's ommers, whose hash was checked.
    virtual Result<void, EngineError> check_ommers(const Block& block, Fork fork,
                                                   const Ancestry& headers,
                                                   const AncestryBlocks& blocks) const = 0;
    /// Pays who made the block, beside the fees.
    virtual void reward(const Block& block, Fork fork, StateEdit& state) const = 0;
    /// Whether the chain that ends with `a` is to be followed instead of the one that ends with
    /// `b`, which was there first.
    virtual bool is_better(const ChainHeader& a, const ChainHeader& b) const = 0;
    /// Whether a block that was imported can never be reverted.
    virtual bool is_final_at_once() const { return false; }
    /// How far a block's time may be ahead of the clock of who takes it; nothing: its seals vouch
    /// for its time.
    virtual std::optional<Duration> ahead_max() const { return std::nullopt; }
    /// Whether the chain of more difficulty is the better one, and each header's was paid for.
    virtual bool is_by_work() const { return false; }
    /// Whether a block's gas limit must be within 1/1024 of its parent's (Yellow Paper, 4.4.4).
    virtual bool bounds_gas_limit() const { return true; }
};

/// Of a valid block that follows `parent`; `hash` is its name (Engine::hash_of).
inline ChainHeader child_of(const Engine& engine, const ChainHeader& parent, const Header& header,
                            const Hash256& hash) {
    const auto total = checked_add(parent.total_difficulty, header.difficulty);
    return {header, hash, total.value_or(parent.total_difficulty),
            engine.notes_after(header, parent)};
}

}  // namespace parley::chain
