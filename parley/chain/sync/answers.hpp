// The answers to questions about blocks, from what a ledger has. Reads the disk: for a Job, inside
// Ledger::read_state.
#pragma once

#include <parley/chain/ledger/block_store.hpp>
#include <parley/chain/sync/messages.hpp>

namespace parley::chain {

/// As docs/formats/sync.md says of GetHeaders. Empty if none of the hashes is known, or the disk
/// fails.
sync_topic::Items answer_headers(const BlockStore& blocks, const sync_topic::GetHeaders& question);
/// Bodies in the order asked, up to the bound of an answer.
sync_topic::Items answer_bodies(const BlockStore& blocks, const sync_topic::GetByHash& question);

}  // namespace parley::chain
