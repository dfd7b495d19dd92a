// The slow part of StateSync: an answer about accounts is checked against the root of the state
// that it must be of, and written, with the nodes of the trie and the span that it makes, in one
// step. What lies between is a trie of accounts that never were there together; its root is written
// too, so that the next step starts from it, also after a kill.
//
// Bounded by the answer and by the accounts of a span. Threading: any, one call at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/sync/state_span.hpp>
#include <parley/chain/sync/state_sync.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::chain {

/// The table of spans, one a row; docs/formats/chain_store.md.
inline constexpr std::string_view spans_table = "state.spans";

/// A state that is being fetched, as the store has it.
struct PartialState {
    Hash256 root{};                ///< of the trie that is there
    std::vector<StateSpan> spans;  ///< cover all keys, ascending
};
/// Nothing if none is being fetched. Errors: of the disk; corrupt.
Result<std::optional<PartialState>, StoreError> read_partial_state(Store& store);
/// Begins with the state `root` that the store has and these spans, and writes `more` with them.
/// Errors: of the disk.
Result<void, StoreError> begin_partial_state(Store& store, const PartialState& begin,
                                             StoreBatch more);
/// Adds to `batch` that none is being fetched any more. Errors: of the disk.
Result<void, StoreError> end_partial_state(Store& store, StoreBatch& batch);

/// What became of an answer.
struct Applied {
    StateSync::Outcome outcome = StateSync::Outcome::failed;
    Hash256 root{};                ///< if it is written: of the trie that is there now
    std::vector<StateSpan> spans;  ///< if it is written: what the span became
    std::string why;               ///< if not: in words
};
/// `root`: of the trie that is there. `salt`: random.
Applied apply_answer(Store& store, const Hash256& root, const StateSync::Apply& apply,
                     std::uint64_t span_accounts_max, std::uint64_t salt);

}  // namespace parley::chain
