// How a person names a node: by its ID or the first digits of it, by a name of the owner's own
// (names.toml), by the name that the node gives itself, by a target, or by an address. Pure
// functions; known_nodes.hpp says who is known.
#pragma once

#include "command.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// Names of the owner's own, and the IDs that they mean: names.toml.
using Names = std::map<std::string, std::string, std::less<>>;

/// Of a file `alice = "02c6..."`, one name a line. The failure names line and fault.
Result<Names, Failure> parse_names(std::string_view toml, std::string_view file_name);
/// One that can be told from an ID, an address and a target: 1 to 32 of a-z, A-Z, 0-9, '-', '_',
/// and '.', and not hex digits alone.
bool is_name(std::string_view text);

/// A node that the owner may speak of.
struct KnownNode {
    std::string id;    ///< or a banned address
    std::string said;  ///< what it calls itself; empty: nothing
};

/// A whole ID, a target that says one, an address, a name, or the first digits (at least 4) of an
/// ID that is among `known`: the ID or address that is meant. A name of the owner's own comes
/// before what a node calls itself, which any node may. A failure says what is wrong.
Result<std::string, Failure> resolve_node(std::string_view text, const Names& names,
                                          const std::vector<KnownNode>& known);

/// An ID as people see it, its first digits, which logs have and commands take; an address as it
/// is.
std::string shown_who(std::string_view id_or_address);

/// How a table shows a node's name: the owner's own as it is, what it says of itself in quotes;
/// empty if it has none. At most `length` characters.
std::string shown_name(const Names& names, std::string_view id, std::string_view said,
                       std::size_t length);

}  // namespace parley::app
