// What the commands of `parley` share. Each command is one file that adds its subcommand.
// Exit codes: 0 it worked, 1 it did not (why is on standard error), 2 a wrong command line, or
// settings of a node that is to run.
#pragma once

#include <parley/base/result.hpp>
#include <parley/runtime/start_error.hpp>

#include <CLI/CLI.hpp>

#include <functional>
#include <stdexcept>
#include <string>

namespace parley::app {

/// Why a command did not work, in words for the user.
using Failure = runtime::StartError;
using runtime::failed;
using Outcome = Result<void, Failure>;

/// Settings that are wrong, in words for the user. Whoever restarts a node that ended must not try
/// again: exit status 2.
struct WrongSettings : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A value of CLI11's callbacks: what is run after the command line was read.
using Chosen = std::function<Outcome()>;

void add_init(CLI::App& app, Chosen& chosen);
void add_run(CLI::App& app, Chosen& chosen);
void add_key(CLI::App& app, Chosen& chosen);
void add_status(CLI::App& app, Chosen& chosen);
void add_peers(CLI::App& app, Chosen& chosen);
void add_book(CLI::App& app, Chosen& chosen);
void add_dht(CLI::App& app, Chosen& chosen);
void add_allow(CLI::App& app, Chosen& chosen);
void add_invite(CLI::App& app, Chosen& chosen);
void add_tx(CLI::App& app, Chosen& chosen);
void add_rpc(CLI::App& app, Chosen& chosen);
void add_doctor(CLI::App& app, Chosen& chosen);
void add_sim(CLI::App& app, Chosen& chosen);
void add_chain(CLI::App& app, Chosen& chosen);
void add_network(CLI::App& app, Chosen& chosen);
void add_consensus(CLI::App& app, Chosen& chosen);
void add_validators(CLI::App& app, Chosen& chosen);
void add_signer(CLI::App& app, Chosen& chosen);
void add_mine(CLI::App& app, Chosen& chosen);
void add_genesis(CLI::App& app, Chosen& chosen);
void add_version(CLI::App& app, Chosen& chosen);
void add_man(CLI::App& app, Chosen& chosen);
void add_completion(CLI::App& app, Chosen& chosen);

/// A subcommand: `brief` for the list of commands, `description` for its own page.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& brief,
                      const std::string& description);

/// The first argument of most commands. Where PARLEY_DIR or ~/.parley is a node's folder, it may be
/// left out: what is no node's folder then is the next argument.
CLI::Option* add_folder(CLI::App& command, std::string& folder);
/// The same for a folder that is to be made: PARLEY_DIR, else ~/.parley.
CLI::Option* add_new_folder(CLI::App& command, std::string& folder);

}  // namespace parley::app
