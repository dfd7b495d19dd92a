// parley chain: the blocks of a node that does not run.
#include "chain/chain.hpp"
#include "folder.hpp"
#include "node/chain_files.hpp"
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

EXIT STATUS
  0 it worked, 1 it did not, 2 wrong command line)text";

}  // namespace

OfflineLedger::OfflineLedger(runtime::UniqueFd lock, node::ChainData data)
    : lock_(std::move(lock)),
      data_(std::move(data)),
      runner_(std::thread::hardware_concurrency(), no_log()) {}

Result<std::unique_ptr<OfflineLedger>, Failure> OfflineLedger::open(const std::string& path) {
    const Folder folder{path};
    const auto config = read_config(folder);
    if (!config) return std::unexpected{config.error()};
    auto lock = lock_folder(folder);
    if (!lock) return std::unexpected{lock.error()};
    auto chain_config = config->chain;
    chain_config.signer_key.clear();  // nothing is made here
    chain_config.signer_socket.clear();
    auto data = open_chain(folder, chain_config, {});
    if (!data) return std::unexpected{data.error()};
    if (!*data) return failed(fmt::format("{} names no chain.genesis", folder.config()));
    std::unique_ptr<OfflineLedger> out{new OfflineLedger{std::move(*lock), std::move(**data)}};
    const auto& its = out->data_;
    auto ledger =
        node::open_ledger(its, std::make_shared<chain::Transfers>(its.genesis.chain_id),
                          out->runner_.jobs(), no_log(), Rng{runtime::random_seed()}.next());
    if (!ledger) return failed(fmt::format("{}: {}", path, message(ledger.error())));
    out->ledger_ = std::move(*ledger);
    return out;
}

void OfflineLedger::save() {
    ledger_->save(runtime::now());
    runner_.run_until([&] { return ledger_->unsaved_blocks() == 0; });
}

void add_chain(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(
        app, "chain", "import and export blocks of a node that does not run", description);
    command->footer(footer);
    command->require_subcommand(1);
    add_chain_import(*command, chosen);
    add_chain_export(*command, chosen);
}

}  // namespace parley::app
