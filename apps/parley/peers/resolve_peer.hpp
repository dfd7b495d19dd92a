// How a person names a peer.
#pragma once

#include "command.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// A whole ID, a target that says one, an address, or the first digits (at least 4) of an ID that
/// is among `known`: what the node is to be asked for. A failure says what is wrong.
Result<std::string, Failure> resolve_peer(std::string_view text,
                                          const std::vector<std::string>& known);

/// Texts under `member` of each element of a reply.
std::vector<std::string> texts_of(const boost::json::value& list, std::string_view member);

}  // namespace parley::app
