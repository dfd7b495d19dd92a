// What a node says of its consensus by votes, as a person reads it.
#pragma once

#include <boost/json.hpp>

#include <string>

namespace parley::app {

/// Of a reply to parley_consensus: lines, each with its end, of at most 80 characters but for what
/// it waits for.
std::string consensus_text(const boost::json::value& reply);

/// Of a reply to parley_validators.
std::string validators_text(const boost::json::value& reply);

}  // namespace parley::app
