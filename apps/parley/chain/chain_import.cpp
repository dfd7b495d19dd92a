// parley chain import: blocks of files into the ledger.
#include "chain/block_file.hpp"
#include "chain/import_blocks.hpp"
#include <parley/runtime/clock.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Reads blocks from files, parents first, checks and executes each of them and follows the
better chain, as if they had come from peers. Blocks that are there already are passed
over. The first one that is refused ends it; the error names the rule.)text";

struct Options {
    std::string folder;
    std::vector<std::string> files;
    bool json = false;
};

Outcome import_file(OfflineLedger& offline, const std::string& path, ImportProgress& progress) {
    auto file = BlockFile::open(path);
    if (!file) return std::unexpected{file.error()};
    const auto& limits = offline.ledger().limits();
    import_blocks(offline, [&] { return file->next(limits); }, progress);
    return {};
}

void print(const ImportProgress& progress, const chain::ChainHeader& head, double seconds,
           bool json) {
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

Outcome import_files(const Options& options) {
    auto offline = OfflineLedger::open(options.folder);
    if (!offline) return std::unexpected{offline.error()};
    auto& ledger = (*offline)->ledger();
    ledger.set_syncing(true);
    ImportProgress progress;
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
        [options, &chosen] { chosen = [options] { return import_files(*options); }; });
}

}  // namespace parley::app
