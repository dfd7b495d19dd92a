// What `parley doctor` finds out about the machine and a node's folder.
#pragma once

#include "doctor/doctor_checks.hpp"
#include "folder.hpp"

#include <string>
#include <vector>

namespace parley::app {

KeyFacts key_facts(const Folder& folder);
ClockFacts clock_facts();
/// Listens there for a moment.
PortFacts port_facts(std::string setting, const Endpoint& endpoint, bool node_runs);
/// Binds UDP there for a moment.
PortFacts udp_port_facts(std::string setting, const Endpoint& endpoint, bool node_runs);
DescriptorFacts descriptor_facts(const node::NodeConfig& config);
DiskFacts disk_facts(const Folder& folder);
StoreFacts store_facts(const Folder& folder, bool node_runs);
AddressFacts address_facts(const node::NodeConfig& config);
/// What the running node says of a target (the reply of parley_failedDials); else resolves and
/// connects, for at most 3 seconds an address.
BootFacts boot_facts(const std::string& kind, const Target& target,
                     const Result<boost::json::value, Failure>& failed_dials);

}  // namespace parley::app
