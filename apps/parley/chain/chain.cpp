// parley chain: the blocks of a node that does not run.
#include "chain/chain.hpp"
#include "folder.hpp"
#include "node/chain_files.hpp"
#include "node/ledger_format.hpp"
#include <parley/chain/execution/transfers.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>

#include <fmt/format.h>

#include <thread>
#include <utility>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Brings blocks into the ledger of a node, or out of it, as files of Geth's form: RLP, one
block after the other. The node must not run.)text";

constexpr auto footer = R"text(EXAMPLES
  parley chain import alice blocks.rlp
  parley chain export alice blocks.rlp
  parley export alice - | parley import bob -

EXIT STATUS
  0 it worked, 1 it did not, 2 wrong command line)text";

}  // namespace

OfflineLedger::OfflineLedger(node::ChainData data)
    : data_(std::move(data)), runner_(std::thread::hardware_concurrency(), no_log()) {}

Result<std::unique_ptr<OfflineLedger>, Failure> OfflineLedger::open(const std::string& path) {
    const Folder folder{path};
    const auto config = read_config(folder);
    if (!config) return std::unexpected{config.error()};
    auto lock = lock_folder(folder);
    if (!lock) return std::unexpected{lock.error()};
    if (config->chain.genesis.empty()) {
        return failed(fmt::format("{} names no chain.genesis", folder.config()));
    }
    const auto data = folder.file(chain_folder);
    const auto format = ledger_format_of(data);
    if (!format) return std::unexpected{format.error()};
    if (*format < ledger_format) return failed(older_format_text(path, data, *format));
    auto out = open_in(folder, config->chain, data);
    if (out) (*out)->lock_ = std::move(*lock);
    return out;
}

Result<std::unique_ptr<OfflineLedger>, Failure> OfflineLedger::open_in(
    const Folder& folder, const node::ChainConfig& config, const std::string& data) {
    auto chain = read_chain(folder, config);
    if (!chain) return std::unexpected{chain.error()};
    if (auto ok = open_ledger_files(data, *chain); !ok) return std::unexpected{ok.error()};
    std::unique_ptr<OfflineLedger> out{new OfflineLedger{std::move(*chain)}};
    const auto& its = out->data_;
    auto ledger =
        node::open_ledger(its, std::make_shared<chain::Transfers>(its.genesis.chain_id),
                          out->runner_.jobs(), no_log(), Rng{runtime::random_seed()}.next());
    if (!ledger) return failed(fmt::format("{}: {}", folder.path, message(ledger.error())));
    out->ledger_ = std::move(*ledger);
    return out;
}

void OfflineLedger::save() {
    ledger_->save(runtime::now());
    runner_.run_until([&] { return ledger_->is_saved(); });
}

void add_chain(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(
        app, "chain", "import and export blocks of a node that does not run", description);
    command->footer(footer);
    command->require_subcommand(1);
    add_chain_import(*command, chosen);
    add_chain_export(*command, chosen);
    // By shorter names, too.
    add_chain_import(app, chosen);
    add_chain_export(app, chosen);
}

}  // namespace parley::app
