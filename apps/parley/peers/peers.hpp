// The commands below `parley peers`.
#pragma once

#include "command.hpp"

namespace parley::app {

/// add, remove, trust, untrust.
void add_peers_changes(CLI::App& peers, Chosen& chosen);
/// ban, unban, bans.
void add_peers_bans(CLI::App& peers, Chosen& chosen);

}  // namespace parley::app
