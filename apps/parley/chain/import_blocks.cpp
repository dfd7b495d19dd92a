#include "chain/import_blocks.hpp"
#include <parley/runtime/clock.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <utility>

namespace parley::app {

namespace {

/// Blocks read ahead of the one that is executed: enough for all processors to check signatures.
constexpr std::size_t ahead_max = 32;

void start_import(chain::Ledger& ledger, chain::Block block, ImportProgress& progress) {
    const auto number = block.header.number;
    const auto hash = ledger.engine().hash_of(block.header);
    const auto transactions = block.body.transactions.size();
    ledger.import(runtime::now(), std::move(block),
                  [&progress, number, hash, transactions](Now, const auto& result) {
                      if (!result) {
                          if (progress.failure) return;
                          progress.failure =
                              Failure{fmt::format("block {} (0x{}): {}", number, to_hex(hash),
                                                  message(result.error()))};
                          return;
                      }
                      ++(result->was_known ? progress.known : progress.imported);
                      progress.transactions += transactions;
                  });
}

}  // namespace

void import_blocks(OfflineLedger& offline, const NextBlock& next, ImportProgress& progress) {
    auto& ledger = offline.ledger();
    while (!progress.failure) {
        auto block = next();
        if (!block) {
            progress.failure = block.error();
            break;
        }
        if (!*block) break;
        // The chain's first block is there.
        if (ledger.engine().hash_of((*block)->header) == ledger.genesis_hash()) continue;
        start_import(ledger, std::move(**block), progress);
        offline.runner().run_until(
            [&] { return ledger.waiting() < ahead_max || progress.failure; });
    }
    offline.runner().run_until([&] { return ledger.waiting() == 0; });
}

}  // namespace parley::app
