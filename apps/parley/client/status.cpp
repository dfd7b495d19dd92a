// parley status: what a running node does, on one screen.
#include "client/client.hpp"
#include "client/watch.hpp"
#include "command.hpp"
#include "peers/links_view.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <memory>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto description =
    R"(Shows what the node that runs in the folder DIR does: its links and their limits,
how many addresses it knows, its transactions and its traffic; below it its links by
direction and class.)";

constexpr auto footer = R"text(EXAMPLES
  parley status alice
  parley status alice --watch
  parley status alice --json | jq .links
  parley init bob --boot "$(parley status alice --target)"

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 shown, 1 no node runs there or it does not answer, 2 wrong command line)text";

struct Options {
    std::string folder;
    bool json = false;
    bool target = false;
    bool watch = false;
};

std::string links_text(const json::value& status) {
    auto out =
        fmt::format("{} inbound of {}, {} outbound of {}", number_at(status, "/links/inbound"),
                    number_at(status, "/slots/inbound"), number_at(status, "/links/outbound"),
                    number_at(status, "/slots/outbound"));
    for (const std::string kind : {"static", "trusted", "feeler", "light"}) {
        const auto count = number_at(status, "/links/byClass/" + kind);
        if (count > 0) out += fmt::format("; {} {}", count, kind);
    }
    return out;
}

/// What the router maps, of IPv4 or IPv6. `remark` belongs to what it maps.
std::string mapping_text(const json::value& status, const std::string& member,
                         std::string_view remark) {
    const auto text = [&](std::string_view name) {
        return text_at(status, fmt::format("/{}/{}", member, name));
    };
    const auto outside = text("outside");
    const auto error = text("error");
    std::string out = outside.empty() ? std::string{error.empty() ? "asking the router" : "none"}
                                      : outside + " by " + text("by");
    if (!outside.empty()) out += remark;
    if (const auto why = text("udpError"); !why.empty()) out += ", for TCP alone: " + why;
    return error.empty() ? out : out + "; " + error;
}

/// Nothing while nobody asks the router.
std::string port_mapping_text(const json::value& status) {
    const auto mode = text_at(status, "/portMapping/mode");
    if (mode.empty() || mode == "off") return {};
    const bool reachable = flag_at(status, "/portMapping/reachable");
    return mapping_text(status, "portMapping",
                        reachable ? "" : ", behind another router: not to be reached from outside");
}

std::string pinhole_text(const json::value& status) {
    const auto* pinhole = value_at(status, "/pinhole");
    if (pinhole == nullptr || pinhole->is_null()) return {};
    return mapping_text(status, "pinhole", "");
}

std::string status_text(const json::value& status, const std::string& folder) {
    std::string out;
    const auto line = [&](std::string_view title, const std::string& text) {
        out += fmt::format("{:<14}{}\n", title, text);
    };
    const auto count = [&](std::string_view pointer) {
        return count_text(number_at(status, pointer));
    };
    const auto bytes = [&](std::string_view pointer) {
        return bytes_text(number_at(status, pointer));
    };
    const auto endpoint = text_at(status, "/endpoint");
    const auto http = text_at(status, "/http");
    line("Node", text_at(status, "/id"));
    line("Folder", folder);
    line("Reached at", endpoint.empty() ? "address unknown: set p2p.advertise" : endpoint);
    if (const auto mapping = port_mapping_text(status); !mapping.empty()) {
        line("Mapped port", mapping);
    }
    if (const auto pinhole = pinhole_text(status); !pinhole.empty()) line("IPv6 pinhole", pinhole);
    line("JSON-RPC", http.empty() ? "on the Unix socket alone" : "http://" + http);
    line("Running for", duration_text(number_at(status, "/uptime")));
    // A program without a chain has no chain ID, no pool and no transactions.
    const bool has_chain = value_at(status, "/chainId") != nullptr;
    const auto network = fmt::to_string(number_at(status, "/networkId"));
    line("Network", has_chain
                        ? fmt::format("{}, chain id {}", network, number_at(status, "/chainId"))
                        : network);
    line("Links", links_text(status));
    if (const auto* offline = value_at(status, "/offline"); offline && *offline == true) {
        line("Offline", "nobody answers: it tries a few of the best, and forgets nobody");
    }
    line("Known", count("/knownAddresses") + " addresses");
    if (value_at(status, "/dht/nodes") != nullptr) {
        line("DHT", fmt::format("{} nodes in the table, {} of them checked", count("/dht/nodes"),
                                count("/dht/checked")));
    }
    if (value_at(status, "/head/number") != nullptr) {
        line("Head", fmt::format("block {}, {}; {} missing", count("/head/number"),
                                 text_at(status, "/head/hash"), count("/head/missing")));
    }
    if (has_chain) {
        line("Pool",
             fmt::format("{} transactions, {}", count("/pool/count"), bytes("/pool/bytes")));
        line("Transactions",
             fmt::format("{} added; {} received from peers, {} of them known",
                         count("/transactions/added"), count("/transactions/received"),
                         count("/transactions/duplicates")));
    }
    line("Traffic", fmt::format("{} in, {} out", bytes("/bytesIn"), bytes("/bytesOut")));
    line("Record", text_at(status, "/enr"));
    const auto* links = value_at(status, "/links");
    if (links != nullptr) out += '\n' + links_summary(*links);
    return out;
}

Result<std::string, Failure> draw(const Options& options) {
    const auto reply = call(options.folder, "parley_status");
    if (!reply) return std::unexpected{reply.error()};
    if (options.json) return json::serialize(*reply) + '\n';
    if (!options.target) return status_text(*reply, options.folder);
    const auto endpoint = text_at(*reply, "/endpoint");
    if (endpoint.empty()) return failed("its address is unknown: set p2p.advertise");
    return fmt::format("{}@{}\n", text_at(*reply, "/id"), endpoint);
}

}  // namespace

void add_status(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "status", "show what a running node does", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    auto* json = command->add_flag("--json", options->json, "All of it as one JSON object");
    command->add_flag("--target", options->target, "Only ID@address:port, as --boot takes it")
        ->excludes(json);
    command->add_flag("--watch", options->watch, "Again every second, until Ctrl-C");
    command->callback([options, &chosen] {
        chosen = [options] { return show(options->watch, [options] { return draw(*options); }); };
    });
}

}  // namespace parley::app
