#include "chain.hpp"
#include "harness.hpp"
#include "temp_folder.hpp"
#include "transfer_chain.hpp"
#include <parley/chain/sync/block_sync.hpp>
#include <parley/runtime/module_host.hpp>
#include <parley/runtime/store/file_log.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <future>
#include <memory>
#include <stdexcept>

namespace parley::bench {
namespace {

using namespace parley::chain;

/// A node on loopback with the topic "sync", its ledger on disk.
class SyncNode {
public:
    SyncNode() { host_.start(); }

    /// Imports the whole chain; returns when all of it is there.
    void fill() {
        const auto& chain = transfer_chain();
        const auto reached = when_whole();
        host_.post([&](Now now) {
            for (std::size_t b = 0; b < chain.blocks.size(); ++b) {
                sync_.import(now, chain.blocks[b], BlockSync::Maker::this_node,
                             [](Now, const Result<Imported, ImportError>& result) {
                                 if (!result) throw std::runtime_error{message(result.error())};
                             },
                             {.senders = chain.senders[b]});
            }
        });
        reached.wait();
    }
    /// Seconds from the dial to the last block.
    double fetch_from(const SyncNode& other) {
        const auto reached = when_whole();
        const double start = seconds_now();
        host_.dial(other.host_.target());
        reached.wait();
        return seconds_now() - start;
    }

private:
    std::future<void> when_whole() {
        auto promise = std::make_shared<std::promise<void>>();
        auto out = promise->get_future();
        host_.post([this, promise](Now) {
            sync_.on_imported([this, promise](Now, const Imported&) {
                const auto& last = transfer_chain().blocks.back().header;
                if (sync_.ledger().head().header == last) promise->set_value();
            });
        });
        return out;
    }

    TempFolder folder_;
    std::shared_ptr<runtime::LmdbStore> store_ =
        runtime::LmdbStore::open(folder_.file("store"), runtime::LmdbStore::Create::yes).value();
    std::shared_ptr<runtime::FileLog> log_ = runtime::FileLog::open(folder_.file("blocks")).value();
    BlockSync sync_{{},
                    [this](JobQueue& jobs, Log&) {
                        return Result<std::unique_ptr<Ledger>, LedgerError>{open_transfer_ledger(
                            *store_, *log_, jobs, transfer_chain().genesis_block)};
                    },
                    [](const auto&) {},
                    Rng{1}};
    runtime::ModuleHost host_{{&sync_}};
};

}  // namespace

double ledger_sync() {
    SyncNode source;
    source.fill();
    SyncNode behind;
    return static_cast<double>(transfer_chain().transfers()) / behind.fetch_from(source);
}

}  // namespace parley::bench
