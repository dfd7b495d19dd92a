// What a block changed in the state, as the table block_table::undo holds it. Code is not in it:
// that is kept when a block is taken back.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/state/state_changes.hpp>
#include <parley/codec/rlp.hpp>

namespace parley::chain {

/// `[accounts, slots]` of `[key, before, after]` and `[account, slot, before, after]`; an account
/// is as in the state trie, empty if there is none.
Buffer encode_undo(const StateChanges& changes);
/// Errors: those of RLP.
Result<StateChanges, rlp::RlpError> decode_undo(Bytes raw);

}  // namespace parley::chain
