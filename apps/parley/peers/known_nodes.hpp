// The nodes that the owner of a folder may speak of: those that the running node has links with,
// bans or allows, those in the address book, and those with names of the owner's own.
#pragma once

#include "folder.hpp"
#include "peers/naming.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// DIR/names.toml; none if the file is not there.
Result<Names, Failure> read_names(const std::string& folder);

/// Who is known, whether the node runs or not.
std::vector<KnownNode> known_nodes(const std::string& folder);

/// resolve_node() with all that is known in this folder, which is read only if need be.
Result<std::string, Failure> resolve_in(const std::string& folder, std::string_view text);

/// What can be dialed: a target as it is; a node that the address book has, with its address.
Result<std::string, Failure> target_in(const std::string& folder, std::string_view text);

/// An enr, a place in the key space of the DHT (64 hex digits) as they are; else resolve_in().
Result<std::string, Failure> resolve_key_in(const std::string& folder, std::string_view text);

}  // namespace parley::app
