// Question and answer: 100 bytes through two modules and back, on an idle link and beside a
// saturated lane, against an echo on bare sockets.
#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace parley::bench {

inline constexpr auto rtt_loaded_name = "transport.rtt_loaded";

/// Microseconds, the median.
double link_rtt();
double bare_rtt();
/// Prints one line: the same on a lane of higher priority beside a saturated bulk lane, and what
/// the bulk lane carries meanwhile, as a ratio to its bare limit.
void run_rtt_loaded();

int bare_echo(const std::vector<std::string>& arguments);
/// `TARGET [bulk]`: answers questions, and streams.
int link_echo(const std::vector<std::string>& arguments);

}  // namespace parley::bench
