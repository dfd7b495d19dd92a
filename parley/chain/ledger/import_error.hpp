// ImportError: why a block was not imported: it is invalid, its branch is not taken, or the disk
// failed, of which the block is not guilty.
// Threading: values.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/ledger/invalid_block.hpp>
#include <parley/chain/trie/node.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace parley::chain {

/// A branch is not taken, though nothing is wrong with its block.
enum class BranchErrc : std::uint8_t {
    unknown_parent,  ///< the parent has not been seen
    invalid_parent,  ///< the parent was refused while the block waited for it
    too_deep,        ///< leaves the main chain too far below the head; expected: blocks at most
    busy,            ///< too much waits to be imported; expected: blocks or bytes at most
};
using BranchError = Error<BranchErrc>;
std::string message(const BranchError& error);

using ImportError = std::variant<InvalidBlock, BranchError, trie::TrieError, StoreError>;
std::string message(const ImportError& error);

}  // namespace parley::chain
