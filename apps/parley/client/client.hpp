// Asks a running node, over the socket in its folder.
#pragma once

#include "client/json_at.hpp"
#include "command.hpp"
#include <parley/runtime/http/rpc_client.hpp>

#include <boost/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// The result of one JSON-RPC request. An error of the node is a Failure with its message.
Result<boost::json::value, Failure> call(const std::string& folder, std::string_view method,
                                         boost::json::array params = {});

/// The same of a node anywhere, by its endpoint over HTTP or its socket.
Result<boost::json::value, Failure> call_at(const runtime::RpcAddress& node,
                                            std::string_view method,
                                            boost::json::array params = {});
/// The socket of the node in the folder. Fails if it has none.
Result<std::string, Failure> socket_in(const std::string& folder);

/// The same method for many parameters, in as few requests as can be: a result or the node's
/// message for each.
Result<std::vector<Result<boost::json::value, Failure>>, Failure> call_each(
    const std::string& folder, std::string_view method,
    const std::vector<boost::json::array>& params);

/// call_each for things that have names: `done` of each that was not refused, and a failure that
/// says which ones were.
Outcome change_each(const std::string& folder, std::string_view method,
                    const std::vector<std::string>& names,
                    const std::vector<boost::json::array>& params,
                    const std::function<void(std::size_t, const boost::json::value&)>& done);

}  // namespace parley::app
