#include "chain.hpp"
#include "harness.hpp"
#include "temp_folder.hpp"
#include "transfer_chain.hpp"
#include "workers.hpp"
#include <parley/runtime/store/file_log.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;

constexpr double aim_transfers_per_second = 40'000;

/// Transfers a second, of blocks that all wait, as in a node that catches up. On one thread by its
/// processor time.
double import_rate(Store& store, AppendLog& log, std::size_t threads, bool senders_known) {
    const auto clock = threads == 0 ? thread_seconds_now : seconds_now;
    const auto& chain = transfer_chain();
    auto blocks = chain.blocks;
    auto senders = chain.senders;
    JobQueue jobs{64};
    const auto ledger = open_transfer_ledger(store, log, jobs, chain.genesis_block);
    ledger->set_syncing(true);
    Workers workers{threads};
    std::size_t imported = 0;
    const double start = clock();
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        if (!senders_known) senders[b].clear();
        ledger->import({}, std::move(blocks[b]),
                       [&](Now, const Result<Imported, ImportError>& result) {
                           if (!result) throw std::runtime_error{message(result.error())};
                           ++imported;
                       },
                       {.senders = std::move(senders[b])});
    }
    workers.run(jobs, [&] { return imported == blocks.size(); });
    return static_cast<double>(chain.transfers()) / (clock() - start);
}

double import_to_disk(std::size_t threads, bool senders_known) {
    const TempFolder folder;
    const auto store =
        runtime::LmdbStore::open(folder.file("store"), runtime::LmdbStore::Create::yes).value();
    const auto log = runtime::FileLog::open(folder.file("blocks")).value();
    return import_rate(*store, *log, threads, senders_known);
}

}  // namespace

double ledger_import_known() {
    return import_to_disk(0, true);
}

double ledger_import_known_aim() {
    return aim_transfers_per_second;
}

double ledger_import() {
    return import_to_disk(2, false);
}

double ledger_import_memory() {
    MemoryStore store;
    MemoryLog log;
    return import_rate(store, log, 2, false);
}

double ledger_import_limit() {
    const auto& chain = transfer_chain();
    const double start = seconds_now();
    const auto recover_half = [&](std::size_t half) {
        for (const auto& block : chain.blocks) {
            for (std::size_t i = half; i < block.body.transactions.size(); i += 2) {
                if (!recover_sender(block.body.transactions[i])) std::abort();
            }
        }
    };
    std::thread other{recover_half, 1};
    recover_half(0);
    other.join();
    return static_cast<double>(chain.transfers()) / (seconds_now() - start);
}

}  // namespace parley::bench
