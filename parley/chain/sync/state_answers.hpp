// The answers to questions about accounts, with their proofs. Reads the disk: for a Job, inside
// Ledger::read_state.
#pragma once

#include <parley/chain/ledger/past_states.hpp>
#include <parley/chain/sync/messages.hpp>

namespace parley::chain {

/// As docs/formats/sync.md says of GetAccounts. Without a proof if the state is not here, or the
/// disk fails.
sync_topic::Accounts answer_accounts(PastStates& states, const ChainHeader& head,
                                     const ChainParts& chain,
                                     const sync_topic::GetAccounts& question);
/// As docs/formats/sync.md says of GetChanges. Without a proof as answer_accounts.
sync_topic::Changes answer_changes(PastStates& states, const ChainHeader& head,
                                   const ChainParts& chain, const sync_topic::GetChanges& question);

}  // namespace parley::chain
