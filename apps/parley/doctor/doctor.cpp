// parley doctor: checks a node's settings and the machine, and says what to do.
#include "client/client.hpp"
#include "doctor/examination.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Checks the settings of the folder DIR and what the node needs of this machine: its key,
the clock, ports, file descriptors, disk, store, address and boot nodes; if the node
runs, its links and its part in the DHT. One line each: ok, warn or fail, what was
found, and what to do.
It connects to the boot nodes, and changes nothing.)text";

constexpr auto footer = R"text(EXAMPLES
  parley doctor alice
  parley doctor alice --json | jq '.[] | select(.grade != "ok")'

FILES
  DIR/parley.toml, DIR/node.key, DIR/store   are read
  DIR/parley.sock   a running node is asked here

EXIT STATUS
  0 nothing failed, 1 something did, 2 wrong command line)text";

struct Options {
    std::string folder;
    bool json = false;
};

/// All three fail alike where nobody answers.
NodeSays ask_node(const Folder& folder) {
    NodeSays says{
        .status = call(folder.path, "parley_status"), .failed_dials = {}, .dht_table = {}};
    says.failed_dials = call(folder.path, "parley_failedDials");
    says.dht_table = call(folder.path, "parley_dhtTable");
    return says;
}

Outcome doctor(const Options& options) {
    const Folder folder{options.folder};
    const auto checks = examine(folder, ask_node(folder), Reach::others);
    if (options.json) {
        fmt::print("{}\n", boost::json::serialize(to_json(checks)));
    } else {
        const bool coloured = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
        fmt::print("{}", to_text(checks, coloured));
    }
    if (!any_failed(checks)) return {};
    std::fflush(stdout);
    return failed("something failed: see above");
}

}  // namespace

void add_doctor(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "doctor", "check a node's settings and this machine", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_flag("--json", options->json, "A JSON array of {check, grade, what, hint}");
    command->callback([options, &chosen] { chosen = [options] { return doctor(*options); }; });
}

}  // namespace parley::app
