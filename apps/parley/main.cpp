#include "command.hpp"
#include "help.hpp"
#include <parley/runtime/descriptors.hpp>
#include <parley/version.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <memory>

namespace parley::app {

CLI::Option* add_folder(CLI::App& command, std::string& folder) {
    return command.add_option("DIR", folder, "The node's folder")->required();
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

FILES
  DIR/node.key      the secret behind the node's ID, mode 0600; see `parley key`
  DIR/parley.toml   settings, each with its meaning
  DIR/store         address book and bans
  DIR/parley.sock   JSON-RPC for this machine's user, while the node runs

EXIT STATUS
  0  it worked
  1  it did not: standard error says why
  2  the command line is wrong

`parley COMMAND --help` describes a command. JSON-RPC: docs/RPC.md.)text";

int main_of(int argc, char** argv) {
    runtime::open_standard_descriptors();
    CLI::App app{description, "parley"};
    app.formatter(std::make_shared<HelpPages>());
    app.footer(footer);
    app.require_subcommand(1);
    app.set_version_flag("--version", PARLEY_VERSION);
    Chosen chosen;
    add_init(app, chosen);
    add_run(app, chosen);
    add_key(app, chosen);
    add_status(app, chosen);
    add_peers(app, chosen);
    add_book(app, chosen);
    add_dht(app, chosen);
    add_allow(app, chosen);
    add_invite(app, chosen);
    add_tx(app, chosen);
    add_doctor(app, chosen);
    add_sim(app, chosen);
    add_version(app, chosen);
    try {
        app.parse(argc, argv);
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
    } catch (const std::exception& error) {
        fmt::print(stderr, "parley: {}\n", error.what());
        return 1;
    }
}
