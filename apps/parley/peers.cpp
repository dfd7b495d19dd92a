// parley peers: the links of a running node, as a table.
#include "client.hpp"
#include "command.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto description =
    R"text(Shows the links of the node that runs in the folder DIR, the oldest first.)text";

constexpr auto footer = R"text(COLUMNS
  ID       the first digits of the peer's ID; whole ones with --long or --json
  ADDRESS  where it is connected from or to
  LINK     in: it dialed us; out: we dialed it; static and trusted ones say so
  AGE      since the link came up
  RTT      round-trip time of the last heartbeat, in milliseconds
  IN, OUT  bytes received and sent on this link
  TOPICS   what the two have in common
  CLIENT   what the peer calls itself

EXAMPLES
  parley peers alice
  parley peers alice --json | jq '.[].network.remoteAddress'

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 shown, 1 no node runs there or it does not answer, 2 wrong command line)text";

struct Options {
    std::string folder;
    bool json = false;
    bool whole_ids = false;
};

std::string link_text(const json::value& peer) {
    std::string out = flag_at(peer, "/network/inbound") ? "in" : "out";
    if (flag_at(peer, "/network/static")) out += " static";
    if (flag_at(peer, "/network/trusted")) out += " trusted";
    return out;
}

std::string round_trip_text(const json::value& peer) {
    const auto* value = peer.as_object().if_contains("roundTripMs");
    if (value == nullptr || !value->is_number()) return "-";
    return fmt::format("{:.1f}", value->to_number<double>());
}

std::string topics_text(const json::value& peer) {
    std::string out;
    const auto* topics = peer.as_object().if_contains("topics");
    if (topics == nullptr || !topics->is_array()) return out;
    for (const auto& topic : topics->get_array()) {
        if (!topic.is_string()) continue;
        if (!out.empty()) out += ' ';
        out += std::string_view{topic.get_string().data(), topic.get_string().size()};
    }
    return out;
}

void print_table(const json::array& peers, bool whole_ids) {
    using enum Table::Align;
    Table table{.columns = {left, left, left, right, right, right, right, left, left},
                .rows = {{"ID", "ADDRESS", "LINK", "AGE", "RTT", "IN", "OUT", "TOPICS", "CLIENT"}}};
    std::vector<const json::value*> sorted;
    for (const auto& peer : peers) {
        if (peer.is_object()) sorted.push_back(&peer);
    }
    std::ranges::sort(sorted, {}, [](const json::value* peer) {
        return std::pair{-number_at(*peer, "/age"), text_at(*peer, "/id")};
    });
    for (const auto* peer : sorted) {
        const auto id = text_at(*peer, "/id");
        table.rows.push_back(
            {whole_ids ? id : id.substr(0, 12), text_at(*peer, "/network/remoteAddress"),
             link_text(*peer), duration_text(number_at(*peer, "/age")), round_trip_text(*peer),
             bytes_text(number_at(*peer, "/bytesIn")), bytes_text(number_at(*peer, "/bytesOut")),
             topics_text(*peer), text_at(*peer, "/name")});
    }
    fmt::print("{}", table.to_string());
}

Outcome peers(const Options& options) {
    const auto reply = call(options.folder, "admin_peers");
    if (!reply) return std::unexpected{reply.error()};
    const auto* list = reply->if_array();
    if (list == nullptr) return failed("the reply is not a list of peers");
    if (options.json) {
        fmt::print("{}\n", json::serialize(*list));
    } else if (list->empty()) {
        fmt::print("no peers\n");
    } else {
        print_table(*list, options.whole_ids);
    }
    return {};
}

}  // namespace

void add_peers(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "peers", "show the links of a running node", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_flag("--long", options->whole_ids, "Whole IDs");
    command->add_flag("--json", options->json, "A JSON array, as admin_peers gives it");
    command->callback([options, &chosen] { chosen = [options] { return peers(*options); }; });
}

}  // namespace parley::app
