// One bulk lane over a long path: a wide-area network inside this machine (tools/wan), against
// iperf3 on the same path.
#pragma once

#include <cstdint>
#include <string>

namespace parley::bench {

/// Why it cannot be measured here; empty if it can.
std::string wan_obstacle();
/// Bytes a second, of a link's start and growth too: so many bytes in 1 MiB messages.
double link_wan(std::uint64_t bytes);
double iperf_wan(std::uint64_t bytes);

}  // namespace parley::bench
