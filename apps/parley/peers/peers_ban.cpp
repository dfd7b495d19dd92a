// parley peers ban, unban, bans: whom a running node refuses.
#include "client/client.hpp"
#include "peers/known_nodes.hpp"
#include "peers/peers.hpp"
#include "text.hpp"
#include <parley/transport/switch/offences.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto ban_description =
    R"text(Refuses each PEER, an ID or an IP address (of IPv6 its /64), for some time. Links that
are there end at once. Bans are kept in the node's store. To keep out a node that may
change its address, ban its ID; one that may change its ID, its address.)text";

constexpr auto ban_footer = R"text(EXAMPLES
  parley peers ban alice 02c6047f9441 --for 2h --reason "floods the pool"
  parley peers ban alice 203.0.113.7 2001:db8::7

FILES
  DIR/parley.sock   the node is asked here
  DIR/store         bans, with their end and reason

EXIT STATUS
  0 all are banned, 1 no node runs there or it refused one, 2 wrong command line)text";

constexpr auto unban_footer = R"text(EXAMPLES
  parley peers unban alice 02c6047f9441 203.0.113.7

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 none of them is banned now, 1 no node runs there or it refused one, 2 wrong command
  line)text";

constexpr auto bans_footer = R"text(COLUMNS
  WHO     the first digits of an ID, an IPv4 address or a /64 of IPv6
  LEFT    how long it still lasts
  UNTIL   its end, UTC
  BY      owner: `parley peers ban`; offences: the peer's
  REASON  the owner's words, or the offence

EXAMPLES
  parley peers bans alice
  parley peers bans alice --json | jq -r '.[].who'

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 shown, 1 no node runs there or it does not answer, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::vector<std::string> peers;
    std::string length = "24h";
    std::string reason;
    bool json = false;
};

/// The method once for each peer.
template <class Say>
Outcome tell(const Options& options, std::string_view method, const json::array& more, Say say) {
    NodeResolver nodes{options.folder};
    std::vector<json::array> params;
    for (const auto& peer : options.peers) {
        const auto who = nodes.resolve(peer);
        if (!who) return std::unexpected{who.error()};
        params.push_back({json::value(*who)});
        params.back().insert(params.back().end(), more.begin(), more.end());
    }
    return change_each(
        options.folder, method, options.peers, params,
        [&](std::size_t i, const json::value& result) { say(text_at(params[i], "/0"), result); });
}

Outcome ban(const Options& options) {
    const auto seconds = parse_duration(options.length);
    if (!seconds || *seconds == 0) {
        return failed(fmt::format("--for: expected a duration such as 30m, 2h or 7d, got \"{}\"",
                                  options.length));
    }
    if (!transport::Ban::is_reason(options.reason)) {
        return failed(fmt::format("--reason: expected at most {} bytes on one line",
                                  transport::Ban::why_bytes_max));
    }
    return tell(options, "admin_ban", {*seconds, options.reason},
                [](const std::string&, const json::value& made) {
                    fmt::print("{} is banned until {} UTC\n", shown_who(text_at(made, "/who")),
                               time_text(number_at(made, "/until")));
                });
}

Outcome unban(const Options& options) {
    return tell(options, "admin_unban", {}, [](const std::string& who, const json::value& was) {
        fmt::print("{} {}\n", shown_who(who),
                   flag_at(was, "") ? "is banned no more" : "was not banned");
    });
}

Outcome bans(const Options& options) {
    using enum Table::Align;
    const auto reply = call(options.folder, "admin_bans");
    if (!reply) return std::unexpected{reply.error()};
    const auto* list = reply->if_array();
    if (list == nullptr) return failed("the reply is not a list of bans");
    if (options.json) {
        fmt::print("{}\n", json::serialize(*list));
        return {};
    }
    if (list->empty()) {
        fmt::print("no bans\n");
        return {};
    }
    std::vector<const json::value*> sorted;
    for (const auto& one : *list) sorted.push_back(&one);
    std::ranges::stable_sort(sorted, {}, [](const auto* one) { return number_at(*one, "/until"); });
    Table table{.columns = {left, right, left, left, left},
                .rows = {{"WHO", "LEFT", "UNTIL", "BY", "REASON"}}};
    for (const auto* one : sorted) {
        table.rows.push_back(
            {shown_who(text_at(*one, "/who")), duration_text(number_at(*one, "/left")),
             time_text(number_at(*one, "/until")), flag_at(*one, "/byOwner") ? "owner" : "offences",
             text_at(*one, "/reason")});
    }
    fmt::print("{}", table.to_string());
    return {};
}

}  // namespace

void add_peers_bans(CLI::App& peers, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* one =
        add_command(peers, "ban", "refuse a node or an address for some time", ban_description);
    one->footer(ban_footer);
    add_folder(*one, options->folder);
    one->add_option("PEER", options->peers, "ID, its first digits, a name, or IP address")
        ->required();
    one->add_option("--for", options->length, "How long: 30m, 2h, 7d, 1d12h")
        ->type_name("TIME")
        ->capture_default_str();
    one->add_option("--reason", options->reason, "Why, for `parley peers bans`")->type_name("TEXT");
    one->callback([options, &chosen] { chosen = [options] { return ban(*options); }; });

    one = add_command(peers, "unban", "end a ban", "Lets each PEER come again.");
    one->footer(unban_footer);
    add_folder(*one, options->folder);
    one->add_option("PEER", options->peers, "ID, its first digits, a name, or IP address")
        ->required();
    one->callback([options, &chosen] { chosen = [options] { return unban(*options); }; });

    one = add_command(peers, "bans", "list the bans in force",
                      "Shows whom the node refuses, the first to end first.");
    one->footer(bans_footer);
    add_folder(*one, options->folder);
    one->add_flag("--json", options->json, "A JSON array, as admin_bans gives it");
    one->callback([options, &chosen] { chosen = [options] { return bans(*options); }; });
}

}  // namespace parley::app
