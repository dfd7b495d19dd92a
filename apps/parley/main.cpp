#include "backup/backup.hpp"
#include "command.hpp"
#include "command_tree.hpp"
#include "folder.hpp"
#include "help.hpp"
#include "spelling.hpp"
#include "upgrade/upgrade.hpp"
#include <parley/runtime/descriptors.hpp>
#include <parley/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

/// PARLEY_DIR, else ~/.parley; empty if neither is known.
std::string usual_folder() {
    if (const char* named = std::getenv("PARLEY_DIR"); named != nullptr && *named != '\0') {
        return named;
    }
    const char* home = std::getenv("HOME");
    return home == nullptr || *home == '\0' ? "" : std::string{home} + "/.parley";
}

bool is_nodes_folder(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::exists(Folder{path}.config(), ignored);
}

}  // namespace

CLI::Option* add_folder(CLI::App& command, std::string& folder) {
    auto* option = command.add_option("DIR", folder, "The node's folder");
    const auto usual = usual_folder();
    if (usual.empty() || !is_nodes_folder(usual)) return option->required();
    folder = usual;
    command.validate_positionals();
    return option->check(
        [](const std::string& path) {
            return is_nodes_folder(path) ? std::string{} : path + " is no node's folder";
        },
        "");
}

CLI::Option* add_new_folder(CLI::App& command, std::string& folder) {
    folder = usual_folder();
    auto* option = command.add_option("DIR", folder, "The node's folder");
    return folder.empty() ? option->required() : option;
}

namespace {

constexpr auto description = R"text(a node of a peer-to-peer network for blockchains

It finds other nodes, keeps authenticated and encrypted links to a bounded number
of them, and carries transactions to everyone. Everything of a node is in one
folder: its key, its settings, its store and, while it runs, its socket.)text";

constexpr auto footer = R"text(EXAMPLES
  A node of its own, and a second one on the same machine that joins it:

    parley init alice --private --listen 127.0.0.1:30770
    parley run alice &
    parley init bob --private --listen 127.0.0.1:30771 --http 127.0.0.1:8571 \
                    --boot "$(parley status alice --target)"
    parley run bob &
    parley peers bob

  A transaction, signed elsewhere:

    parley tx send alice 0x02f8...

  In every command DIR may be left out if PARLEY_DIR names it, or it is ~/.parley.

FILES
  DIR/node.key      the secret behind the node's ID, mode 0600; see `parley key`
  DIR/parley.toml   settings, each with its meaning
  DIR/names.toml    names of your own for nodes: alice = "02c6047f9441..."
  DIR/store         address book and bans
  DIR/chain         the blocks and the state of the chain, if it has any
  DIR/parley.sock   JSON-RPC for this machine's user, while the node runs

EXIT STATUS
  0  it worked
  1  it did not: standard error says why
  2  the command line is wrong, or the settings of a node that is to run

`parley help COMMAND` describes a command. JSON-RPC: docs/RPC.md.)text";

std::vector<std::string> names_of_commands(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* command : commands_of(app)) names.push_back(command->get_name());
    return names;
}

/// Says that there is no such command, and which may have been meant.
int no_such_command(const std::vector<std::string>& commands, const std::string& typed) {
    const auto near = meant(typed, commands);
    fmt::print(stderr, "parley: no such command: {}{}\n", typed,
               near ? fmt::format("; did you mean {}?", *near) : "; parley --help lists them");
    return 2;
}

int main_of(int argc, char** argv) {
    runtime::open_standard_descriptors();
    CLI::App app{description, "parley"};
    app.formatter(std::make_shared<HelpPages>());
    app.footer(footer);
    app.require_subcommand(1);
    app.set_version_flag("--version", PARLEY_VERSION);
    Chosen chosen;
    add_init(app, chosen);
    add_genesis(app, chosen);
    add_network(app, chosen);
    add_chain(app, chosen);
    add_backup(app, chosen);
    add_upgrade(app, chosen);
    add_run(app, chosen);
    add_key(app, chosen);
    add_status(app, chosen);
    add_peers(app, chosen);
    add_book(app, chosen);
    add_dht(app, chosen);
    add_allow(app, chosen);
    add_invite(app, chosen);
    add_tx(app, chosen);
    add_consensus(app, chosen);
    add_validators(app, chosen);
    add_signer(app, chosen);
    add_mine(app, chosen);
    add_rpc(app, chosen);
    add_doctor(app, chosen);
    add_sim(app, chosen);
    add_version(app, chosen);
    add_man(app, chosen);
    add_completion(app, chosen);
    // From the last to the first, as CLI11 takes them.
    std::vector<std::string> words(std::reverse_iterator{argv + argc},
                                   std::reverse_iterator{argv + std::min(argc, 1)});
    if (!words.empty() && words.back() == "help") {
        words.pop_back();
        words.insert(words.begin(), "--help");
    }
    // CLI11 would take a list in brackets apart; to JSON the space is nothing.
    if (!words.empty() && words.back() == "rpc") {
        for (auto& word : words) word.insert(0, word.starts_with('[') ? " " : "");
    }
    const auto commands = names_of_commands(app);
    const bool named = !words.empty() && !words.back().starts_with('-');
    if (named && std::ranges::find(commands, words.back()) == commands.end()) {
        return no_such_command(commands, words.back());
    }
    try {
        app.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto outcome = chosen();
    if (outcome) return 0;
    fmt::print(stderr, "parley: {}\n", outcome.error().what);
    return 1;
}

}  // namespace

}  // namespace parley::app

int main(int argc, char** argv) {
    try {
        return parley::app::main_of(argc, argv);
    } catch (const parley::app::WrongSettings& error) {
        fmt::print(stderr, "parley: {}\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "parley: {}\n", error.what());
        return 1;
    }
}
