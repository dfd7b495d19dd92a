// Question and answer: 100 bytes through two modules and back, on an idle link and beside a
// saturated lane, against an echo on bare sockets.
#pragma once

#include "harness.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace parley::bench {

inline constexpr auto rtt_loaded_name = "transport.rtt_loaded";

/// Microseconds, the median. 0 I/O threads: sockets are served on the node's thread.
double link_rtt(std::size_t io_threads);
/// The same as link_rtt(0) with the asking module on a thread of its own.
double own_thread_rtt();
double bare_rtt();
/// The same on one processor, which does not fall asleep.
double link_rtt_awake(std::size_t io_threads);
double bare_rtt_awake();
/// The same as link_rtt(0) on all processors, with threads that look for more before they sleep.
double link_rtt_spin();
/// Members of JSON, in microseconds, of what ran since the last call: 99th percentiles, and the
/// processor time of the asking process for a question.
std::string rtt_beside();
/// Prints one line: the same on a lane of higher priority beside a saturated bulk lane, and what
/// the bulk lane carries meanwhile, as a ratio to its bare limit.
void run_rtt_loaded();

int bare_echo(const std::vector<std::string>& arguments);
/// `TARGET IO_THREADS bulk|spin|sleep`: answers questions, and streams, or looks for more before it
/// sleeps.
int link_echo(const std::vector<std::string>& arguments);

}  // namespace parley::bench
