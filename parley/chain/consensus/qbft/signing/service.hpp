// answer_signer_request: the signer's side of wire.hpp: a message of a node, and what to answer.
// Threading: as the Signer.
#pragma once

#include <parley/base/shared_bytes.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>
#include <parley/events/log.hpp>

namespace parley::chain::qbft {

/// Never empty. What is refused is written to the log.
SharedBytes answer_signer_request(Signer& signer, const SharedBytes& request, Log& log);

}  // namespace parley::chain::qbft
