// The nodes that the owner of a folder may speak of: those that the running node has links with,
// bans or allows, those in the address book, and those with names of the owner's own.
#pragma once

#include "folder.hpp"
#include "peers/naming.hpp"
#include <parley/identity/node_id.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::app {

/// DIR/names.toml; none if the file is not there.
Result<Names, Failure> read_names(const std::string& folder);

/// What the arguments of one command mean. All that is known is read once, when it is needed.
class NodeResolver {
public:
    explicit NodeResolver(std::string folder) : folder_(std::move(folder)) {}

    /// resolve_node() with all that is known in this folder.
    Result<std::string, Failure> resolve(std::string_view text);
    /// What can be dialed: a target as it is; a node that the address book has, with its address.
    Result<std::string, Failure> target(std::string_view text);
    /// An enr, a place in the key space of the DHT (64 hex digits) as they are; else resolve().
    Result<std::string, Failure> key(std::string_view text);

private:
    void read_known();
    bool add_reply(std::string_view method, std::string_view list, std::string_view id,
                   std::string_view said = "");

    std::string folder_;
    std::optional<Names> names_;
    std::optional<std::vector<KnownNode>> known_;
    std::vector<Target> book_;
};

}  // namespace parley::app
