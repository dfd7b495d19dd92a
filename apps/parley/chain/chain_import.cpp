// parley chain import: blocks of files into the ledger.
#include "chain/block_file.hpp"
#include "chain/chain.hpp"
#include <parley/runtime/clock.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Reads blocks from files, parents first, checks and executes each of them and follows the
better chain, as if they had come from peers. Blocks that are there already are passed
over. The first one that is refused ends it; the error names the rule.)text";

/// Blocks read ahead of the one that is executed: enough for all processors to check signatures.
constexpr std::size_t ahead_max = 32;

struct Options {
    std::string folder;
    std::vector<std::string> files;
    bool json = false;
};

/// What was imported, and what was refused first.
struct Progress {
    std::uint64_t imported = 0;
    std::uint64_t known = 0;
    std::uint64_t transactions = 0;
    std::optional<Failure> failure;
};

void start_import(chain::Ledger& ledger, chain::Block block, Progress& progress) {
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

Outcome import_file(OfflineLedger& offline, const std::string& path, Progress& progress) {
    auto file = BlockFile::open(path);
    if (!file) return std::unexpected{file.error()};
    auto& ledger = offline.ledger();
    while (!progress.failure) {
        auto block = file->next(ledger.limits());
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
    return {};
}

void print(const Progress& progress, const chain::ChainHeader& head, double seconds, bool json) {
    if (json) {
        fmt::print(R"({{"number":{},"hash":"0x{}","stateRoot":"0x{}","imported":{},"known":{},)"
                   R"("transactions":{},"seconds":{:.3f}}})"
                   "\n",
                   head.header.number, to_hex(head.hash), to_hex(head.header.state_root),
                   progress.imported, progress.known, progress.transactions, seconds);
        return;
    }
    fmt::print(
        "{} blocks with {} transactions in {:.1f} s; {} were there. The head is block {}, "
        "0x{}.\n",
        progress.imported, progress.transactions, seconds, progress.known, head.header.number,
        to_hex(head.hash));
}

Outcome import_blocks(const Options& options) {
    auto offline = OfflineLedger::open(options.folder);
    if (!offline) return std::unexpected{offline.error()};
    auto& ledger = (*offline)->ledger();
    ledger.set_syncing(true);
    Progress progress;
    const auto began = runtime::now().instant;
    for (const auto& path : options.files) {
        if (auto ok = import_file(**offline, path, progress); !ok) return ok;
        if (progress.failure) break;
    }
    (*offline)->save();
    const std::chrono::duration<double> took = runtime::now().instant - began;
    print(progress, ledger.head(), took.count(), options.json);
    if (progress.failure) return std::unexpected{*progress.failure};
    return {};
}

}  // namespace

void add_chain_import(CLI::App& chain, Chosen& chosen) {
    auto* command = add_command(chain, "import", "blocks of files into the ledger", description);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option("FILE", options->files, "Files of blocks; -: standard input")->required();
    command->add_flag("--json", options->json, "Print the outcome as JSON");
    command->callback(
        [options, &chosen] { chosen = [options] { return import_blocks(*options); }; });
}

}  // namespace parley::app
