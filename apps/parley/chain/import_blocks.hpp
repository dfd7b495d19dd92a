// Blocks of whatever source into a ledger whose node does not run. Threading: one thread.
#pragma once

#include "chain/chain.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace parley::app {

/// What was imported, and what was refused first.
struct ImportProgress {
    std::uint64_t imported = 0;
    std::uint64_t known = 0;
    std::uint64_t transactions = 0;
    std::optional<Failure> failure;
};

/// Parents first; nothing at the end.
using NextBlock = std::function<Result<std::optional<chain::Block>, Failure>()>;

/// Checks and executes each block, until there is none or one is refused.
void import_blocks(OfflineLedger& offline, const NextBlock& next, ImportProgress& progress);

}  // namespace parley::app
