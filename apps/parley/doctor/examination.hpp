// The checks of `parley doctor`, applied to a node's folder, this machine and what the node says of
// itself: by the command, and by a running node for its own page.
#pragma once

#include "command.hpp"
#include "doctor/doctor_checks.hpp"
#include "folder.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <vector>

namespace parley::app {

/// The replies of these methods, or why there is none.
struct NodeSays {
    Result<boost::json::value, Failure> status;
    Result<boost::json::value, Failure> failed_dials;
    Result<boost::json::value, Failure> dht_table;
};

/// How far the checks may go: `machine` sends nothing, and of the nodes that the settings name it
/// tells those alone that the running node gets no link with.
enum class Reach : std::uint8_t { others, machine };

/// Blocks: reads files, and with Reach::others waits for other nodes.
std::vector<Check> examine(const Folder& folder, const NodeSays& says, Reach reach);

/// `[{check, grade, what, hint}]`.
boost::json::array to_json(const std::vector<Check>& checks);

}  // namespace parley::app
