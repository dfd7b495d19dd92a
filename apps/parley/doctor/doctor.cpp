// parley doctor: checks a node's settings and the machine, and says what to do.
#include "client/client.hpp"
#include "doctor/doctor_checks.hpp"
#include "doctor/doctor_facts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace parley::app {

namespace {

namespace json = boost::json;

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

/// A node may run without an answer: then its lock tells.
LinkFacts link_facts(const Folder& folder, const Result<json::value, Failure>& status) {
    LinkFacts facts;
    if (status) {
        facts.locked = true;
        facts.uptime = number_at(*status, "/uptime");
        facts.inbound = number_at(*status, "/links/inbound");
        facts.outbound = number_at(*status, "/links/outbound");
        return facts;
    }
    facts.locked = !lock_folder_to_read(folder);
    facts.error = status.error().what;
    return facts;
}

DhtFacts dht_facts(const Folder& folder, const node::NodeConfig& config, const LinkFacts& links,
                   const json::value& status) {
    DhtFacts facts{.enabled = config.uses_dht(),
                   .node_runs = links.locked,
                   .error = {},
                   .uptime = links.uptime};
    if (!facts.enabled || !facts.node_runs) return facts;
    facts.port = config.p2p.listen.front().port;
    facts.sent = number_at(status, "/datagrams/sent");
    facts.unsent =
        number_at(status, "/datagrams/noSocket") + number_at(status, "/datagrams/refused");
    facts.last_refusal = text_at(status, "/datagrams/lastRefusal");
    const auto table = call(folder.path, "parley_dhtTable");
    if (!table) {
        facts.error = table.error().what;
        return facts;
    }
    for (const auto& entry : table->as_array()) {
        ++facts.known;
        if (flag_at(entry, "/checked") && number_at(entry, "/failures") == 0) ++facts.answering;
    }
    return facts;
}

Check check_as_map(const Folder& folder, const std::string& name) {
    const auto map = runtime::read_as_map(folder, name);
    if (!map) {
        return {"p2p.as_map", Grade::fail, map.error().what, "correct the file or the setting"};
    }
    return {"p2p.as_map", Grade::ok, fmt::format("{} prefixes", map->prefixes())};
}

std::vector<Check> examine(const Folder& folder) {
    const auto config = read_config(folder);
    if (!config) {
        return {{"settings", Grade::fail, config.error().what,
                 "correct that; nothing else can be checked before"}};
    }
    std::vector<Check> out{{"settings", Grade::ok, folder.config()}};
    if (!config->p2p.as_map.empty()) out.push_back(check_as_map(folder, config->p2p.as_map));
    const auto status = call(folder.path, "parley_status");
    const auto links = link_facts(folder, status);
    const bool runs = links.locked;
    out.push_back(check_key(key_facts(folder)));
    out.push_back(check_clock(clock_facts()));
    for (const auto& endpoint : config->p2p.listen) {
        out.push_back(check_port(port_facts("p2p.listen", endpoint, runs)));
        if (!config->uses_dht()) continue;
        out.push_back(check_port(udp_port_facts("p2p.listen", endpoint, runs)));
    }
    if (config->rpc.http) {
        out.push_back(check_port(port_facts("rpc.http", *config->rpc.http, runs)));
    }
    if (config->metrics.listen) {
        out.push_back(check_port(port_facts("metrics.listen", *config->metrics.listen, runs)));
    }
    out.push_back(check_descriptors(descriptor_facts(*config)));
    out.push_back(check_disk(disk_facts(folder)));
    out.push_back(check_store(store_facts(folder, runs)));
    out.push_back(check_address(address_facts(*config)));
    const auto failures = runs ? call(folder.path, "parley_failedDials") : json::array{};
    for (const auto& target : config->p2p.boot) {
        out.push_back(check_boot(boot_facts("boot node", target, failures)));
    }
    for (const auto& target : config->p2p.static_peers) {
        out.push_back(check_boot(boot_facts("static peer", target, failures)));
    }
    if (config->p2p.boot.empty()) {
        const auto known = status ? number_at(*status, "/knownAddresses") : 0;
        out.push_back(check_no_boot(*config, static_cast<std::size_t>(known)));
    }
    out.push_back(check_links(links));
    if (status || !runs) {
        const auto& said = status ? *status : json::value{};
        out.push_back(check_dht(dht_facts(folder, *config, links, said)));
    }
    return out;
}

Outcome doctor(const Options& options) {
    const auto checks = examine({options.folder});
    if (options.json) {
        json::array out;
        for (const auto& check : checks) {
            out.push_back({{"check", check.name},
                           {"grade", name(check.grade)},
                           {"what", check.what},
                           {"hint", check.hint}});
        }
        fmt::print("{}\n", json::serialize(out));
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
