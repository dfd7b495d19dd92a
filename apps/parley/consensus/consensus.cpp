// parley consensus: why there is a block or none, on one screen.
#include "client/client.hpp"
#include "client/watch.hpp"
#include "command.hpp"
#include "consensus/consensus_view.hpp"

#include <memory>

namespace parley::app {

namespace {

constexpr auto description =
    R"(Shows where the validators of a chain by votes are with the next block, as the node
that runs in the folder DIR sees it: whose turn it is, who said what in this round,
who was not heard, what is waited for, and when the round is given up.

TURN     whose turn it is to propose; skipped: silent in its last turn, gets no time
SAID     the last thing in this round: prepare, commit, or the round that it asks for
HEARD    when anything came from it)";

constexpr auto footer = R"text(EXAMPLES
  parley consensus alice
  parley consensus alice --watch
  parley consensus alice --json | jq .waitsFor

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 shown, 1 no node runs there or it makes no blocks by votes, 2 wrong command line)text";

struct Options {
    std::string folder;
    bool json = false;
    bool watch = false;
};

Result<std::string, Failure> draw(const Options& options) {
    const auto reply = call(options.folder, "parley_consensus");
    if (!reply) return std::unexpected{reply.error()};
    return options.json ? boost::json::serialize(*reply) + '\n' : consensus_text(*reply);
}

}  // namespace

void add_consensus(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "consensus", "show what the next block waits for", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_flag("--json", options->json, "All of it as one JSON object");
    command->add_flag("--watch", options->watch, "Again every second, until Ctrl-C");
    command->callback([options, &chosen] {
        chosen = [options] { return show(options->watch, [options] { return draw(*options); }); };
    });
}

}  // namespace parley::app
