// The benchmarks of Node Discovery v5.1. Rates are those of one core: the work is divided by the
// processor time of the thread that does it, so that what else runs on the machine counts little.
#pragma once

#include <string>
#include <vector>

namespace parley::bench {

/// Requests a second, half PING and half FINDNODE, that a Service answers through a DatagramSocket
/// on the loopback, in sessions. A FINDNODE is answered with 16 records.
double dht_requests();
/// The same packets received, opened, sealed and sent, with no protocol between.
double bare_dht_requests();
/// Who asks: `dht-load PORT KEY ours|bare`.
int dht_load(const std::vector<std::string>& arguments);

/// Handshakes a second, completed by their recipient: from the first packet of a stranger to the
/// answer to its PING.
double dht_handshakes();
/// The cryptography of the same packets.
double bare_dht_handshakes();

inline constexpr const char* dht_memory_name = "dht.memory";
/// Memory of a full Table, for each node in it. Prints one line.
void run_dht_memory();
/// The role of a run's process.
int dht_memory(const std::vector<std::string>& arguments);

}  // namespace parley::bench
