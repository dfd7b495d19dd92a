// Pages of the manual, in the language of man(7), made of the tree of commands.
// Threading: pure functions.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace parley::app {

/// The name of a command's page: "parley-peers-ban".
std::string page_name(const CLI::App& command);

/// The page of a command. `source` is what it documents, "parley 0.1.0"; `date` is "2026-11-30".
std::string man_page(const CLI::App& command, std::string_view source, std::string_view date);

}  // namespace parley::app
