// What shells complete of the command line: commands, options, values of a list, files and folders.
// Made of the tree of commands, as scripts that need no program to run.
// Threading: pure functions.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace parley::app {

std::string bash_completion(const CLI::App& program);
/// For a folder of zsh's fpath, as a file "_parley".
std::string zsh_completion(const CLI::App& program);
std::string fish_completion(const CLI::App& program);

}  // namespace parley::app
