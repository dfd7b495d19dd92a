// parley upgrade: a ledger of an older format, moved to the present one.
#pragma once

#include "command.hpp"

namespace parley::app {

void add_upgrade(CLI::App& app, Chosen& chosen);

}  // namespace parley::app
