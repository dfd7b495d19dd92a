// What a full node answers light nodes. Reads the disk: for a Job, inside Ledger::read_state.
// Threading: any.
#pragma once

#include <parley/chain/ledger/block_store.hpp>
#include <parley/chain/ledger/past_states.hpp>
#include <parley/chain/light/messages.hpp>

namespace parley::chain::light {

// As docs/formats/light.md says of each. Empty if what was asked for is not here, or the disk
// fails.
Items answer_headers(const BlockStore& blocks, const GetHeaders& question);
Items answer_proofs(PastStates& states, const ChainHeader& head, const ChainParts& chain,
                    const GetProofs& question);
Items answer_block(const BlockStore& blocks, const GetBlock& question);
Inclusion answer_inclusion(const BlockStore& blocks, const GetInclusion& question);

}  // namespace parley::chain::light
