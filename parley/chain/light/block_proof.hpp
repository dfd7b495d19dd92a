// A block whose header is trusted, proven by the roots in it. Threading: pure functions; slow for
// large blocks: for a Job.
#pragma once

#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/light/messages.hpp>
#include <parley/chain/types/header.hpp>

#include <optional>
#include <string>

namespace parley::chain::light {

/// The block of which `answer` has the body and, if they are wanted, the receipts; senders are
/// recovered. Errors, in words: what the header does not commit to, or is no body.
Result<LoggedBlock, std::string> prove_block(const Header& header, const Items& answer,
                                             bool with_receipts);
/// A block that has nothing but its header, which proves it; nothing if it has more.
std::optional<LoggedBlock> block_of_header(const Header& header);

}  // namespace parley::chain::light
