// parley rpc: any JSON-RPC method of a running node.
#include "client/client.hpp"
#include "command.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto description =
    R"text(Asks the node that runs in the folder DIR by JSON-RPC, over its socket, and prints
the result as JSON. A PARAM that is JSON is taken as such, any other as a string:
5 is a number, "5" in its quotes, 0x5 and latest are strings.)text";

constexpr auto footer = R"text(EXAMPLES
  parley rpc alice net_peerCount
  parley rpc alice eth_getTransactionCount 0x7e5f4552091a69125d5dfcb7b8c2659029395bdf pending
  parley rpc alice eth_getProof 0x7e5f4552091a69125d5dfcb7b8c2659029395bdf '["0x0"]' latest
  parley rpc alice admin_peers | jq '.[].id'

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 it answered, 1 it refused (why is on standard error) or does not answer,
  2 wrong command line)text";

struct Options {
    std::string folder;
    std::string method;
    std::vector<std::string> params;
};

json::value param_of(const std::string& text) {
    boost::system::error_code no_json;
    auto value = json::parse(text, no_json);
    return no_json ? json::value(text) : value;
}

Outcome ask(const Options& options) {
    json::array params;
    for (const auto& text : options.params) params.push_back(param_of(text));
    const auto result = call(options.folder, options.method, std::move(params));
    if (!result) return std::unexpected{result.error()};
    fmt::print("{}\n", json::serialize(*result));
    return {};
}

}  // namespace

void add_rpc(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "rpc", "ask a running node by JSON-RPC", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option("METHOD", options->method, "Such as eth_chainId; docs/RPC.md has them all")
        ->required();
    command->add_option("PARAM", options->params, "Its parameters, in order");
    command->callback([options, &chosen] { chosen = [options] { return ask(*options); }; });
}

}  // namespace parley::app
