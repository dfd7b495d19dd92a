// What is shown of the commands, their arguments and options, wherever it is shown: by --help, in
// the manual, and in what shells complete. Threading: pure functions.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

std::vector<const CLI::App*> commands_of(const CLI::App& command);
std::vector<const CLI::Option*> arguments_of(const CLI::App& command);
/// Without arguments.
std::vector<const CLI::Option*> options_of(const CLI::App& command);
/// A command and all below it, in the order of their pages.
std::vector<const CLI::App*> with_all_below(const CLI::App& command);

/// The words by which a command is called: "parley peers ban".
std::string path_of(const CLI::App& command);
/// The first line of a command's description, and what follows it.
std::string brief_of(const CLI::App& command);
std::string details_of(const CLI::App& command);
/// Whether it does something without one of its commands.
bool works_alone(const CLI::App& command);

/// What an option or argument takes.
struct ValueKind {
    std::string name;                  ///< "FILE"; empty: a flag
    std::string range;                 ///< "1 to 3600"; empty: any
    std::vector<std::string> choices;  ///< empty: not one of a list
};
ValueKind value_kind(const CLI::Option& option);
/// "PEER..." where several may be given.
std::string argument_name(const CLI::Option& argument);
/// "-h, --help".
std::string option_names(const CLI::Option& option);
/// Its description, range and default.
std::string option_text(const CLI::Option& option);

/// A check that takes every value, and names those that a shell may complete.
CLI::Validator suggests(const std::vector<std::string>& values);

}  // namespace parley::app
