// parley backup: a node's folder as one file, while the node runs.
#pragma once

#include "command.hpp"

namespace parley::app {

void add_backup(CLI::App& app, Chosen& chosen);

}  // namespace parley::app
