// Consensus by votes: four validators as processes of this machine, beside the bare cost of what
// they say to each other; and what they carry for ten minutes.
#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace parley::bench {

inline constexpr std::size_t bench_validators = 4;

/// Microseconds from a proposal until it is final, where it was made: the median of some heights.
double consensus_final();
/// The same, of three exchanges with the same signatures and recoveries on plain sockets.
double bare_consensus();

inline constexpr auto consensus_sustained_name = "consensus.sustained";
/// Transfers a second that become final, for ten minutes, or `minutes`; prints its line.
void run_consensus_sustained(double minutes);

int consensus_validator(const std::vector<std::string>& arguments);
int bare_consensus_validator(const std::vector<std::string>& arguments);

}  // namespace parley::bench
