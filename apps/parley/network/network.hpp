// parley network: a whole network of a chain by votes on one machine, for trials.
#pragma once

#include "command.hpp"

#include <string>
#include <vector>

namespace parley::app {

/// The folders of its nodes, validators first, in the order of their numbers. Fails where there are
/// none.
Result<std::vector<std::string>, Failure> nodes_of_network(const std::string& folder);

void add_network_new(CLI::App& network, Chosen& chosen);
void add_network_up(CLI::App& network, Chosen& chosen);

}  // namespace parley::app
