// Soak: 10,000 inbound links to one node that is otherwise the real one, for an hour of dials,
// goodbyes, crashes and messages. Its memory has to stay flat.
#pragma once

#include <string>
#include <vector>

namespace parley::bench {

/// `[MINUTES]`, 60 without. Says how it goes every minute on standard error, and one line at the
/// end. The exit code: 1 if links were lost or the memory grew by a tenth from its first sixth on.
int run_soak(const std::vector<std::string>& arguments);
/// The node, in a process of its own.
int soak_node(const std::vector<std::string>& arguments);

}  // namespace parley::bench
