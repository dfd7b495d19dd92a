// parley peers: the links of a running node, as a table.
#include "client/client.hpp"
#include "client/watch.hpp"
#include "command.hpp"
#include "peers/known_nodes.hpp"
#include "peers/links_view.hpp"
#include "peers/peers.hpp"

#include <fmt/format.h>

#include <memory>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto description =
    R"text(Shows the links of the node that runs in the folder DIR: inbound ones first, in each
direction the oldest first; below them how many there are by direction and class. Its
commands change who is linked.)text";

constexpr auto footer = R"text(COLUMNS
  ID       the first digits of the peer's ID, which every command takes
  NAME     as names.toml has it; in quotes: what the peer calls itself, unproven
  LINK     in: it dialed us; out: we dialed it. static: dialed for ever; trusted: let
           in when all slots are taken; feeler: only tries an address; light: a
           light node that this one serves
  RTT      round-trip time in milliseconds: of the last heartbeat, or of the handshake
           where the other side pays for heartbeats
  AGE      since the link came up
  ADDRESS  where it is connected from or to; cut at a ~ where the screen is too narrow
With --long also
  GROUP    the network group, of which ordinary outbound links have one each
  IN, OUT  bytes of messages received and sent on this link
  USEFUL   since it was the first to bring something good
  SCORE    what the peer's offences cost by now, halved every 10 minutes; at 100
           it is banned
  CLIENT   the program that it runs

EXAMPLES
  parley peers alice
  parley peers alice --watch
  parley peers alice --json | jq '.[].network.remoteAddress'

FILES
  DIR/parley.sock   the node is asked here
  DIR/names.toml    names of your own, one a line: alice = "02c6047f9441..."

EXIT STATUS
  0 shown, 1 no node runs there or it does not answer, 2 wrong command line)text";

struct Options {
    std::string folder;
    bool json = false;
    bool all = false;
    bool watch = false;
};

Result<std::string, Failure> draw(const Options& options) {
    const auto reply = call(options.folder, "admin_peers");
    if (!reply) return std::unexpected{reply.error()};
    const auto* list = reply->if_array();
    if (list == nullptr) return failed("the reply is not a list of peers");
    if (options.json) return json::serialize(*list) + '\n';
    if (list->empty()) return "no peers\n";
    const auto names = read_names(options.folder);
    if (!names) return std::unexpected{names.error()};
    return links_table(*list, *names, options.all, screen_columns()) + '\n' +
           links_summary(count_links(*list));
}

}  // namespace

void add_peers(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "peers", "show the links of a running node", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder)->required(false);
    command->add_flag("--long", options->all, "All columns, and whole IDs");
    command->add_flag("--json", options->json, "A JSON array, as admin_peers gives it");
    command->add_flag("--watch", options->watch, "Again every second, until Ctrl-C");
    add_peers_changes(*command, chosen);
    add_peers_bans(*command, chosen);
    command->callback([options, command, &chosen] {
        if (!command->get_subcommands().empty()) return;  // theirs is chosen
        if (options->folder.empty()) throw CLI::RequiredError{"DIR"};
        chosen = [options] { return show(options->watch, [options] { return draw(*options); }); };
    });
}

}  // namespace parley::app
