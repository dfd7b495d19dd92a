// parley peers add, remove, trust, untrust: what the owner says of single peers while the node
// runs.
#include "client/client.hpp"
#include "peers/known_nodes.hpp"
#include "peers/peers.hpp"

#include <fmt/format.h>

#include <memory>
#include <string_view>

namespace parley::app {

namespace {

constexpr auto footer = R"text(FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 done for each, 1 no node runs there or it refused one, 2 wrong command line)text";

struct Change {
    std::string_view name, brief, description, example;
    std::string_view peers;   ///< what it takes
    std::string_view method;  ///< answered by whether there was something to do
    std::string_view done;    ///< "{}": the peer
    std::string_view nothing;
    bool by_id = true;
};

constexpr Change changes[]{
    {.name = "add",
     .brief = "dial a node, and stay connected to it",
     .description =
         "Dials each TARGET and stays connected to it until the node ends. p2p.static_peers\n"
         "in the settings does so for ever.",
     .example = "parley peers add alice 02c604…@203.0.113.7:30770",
     .peers = "ID@address:port, enr:..., or a node of the address book by its first digits or name",
     .method = "admin_addPeer",
     .done = "{} is dialed from now on",
     .nothing = "{} is dialed already",
     .by_id = false},
    {.name = "remove",
     .brief = "end the link to a node, and dial it no more",
     .description =
         "Ends the link to each PEER, and no longer stays connected to it. It may come back\n"
         "as an ordinary peer; `parley peers ban` keeps it out.",
     .example = "parley peers remove alice 02c6047f9441",
     .peers = "ID, its first digits, a name, or ID@address:port",
     .method = "admin_removePeer",
     .done = "{} is removed",
     .nothing = "{} has no link and is no static peer"},
    {.name = "trust",
     .brief = "let a node in even when all slots are taken",
     .description =
         "Lets each PEER in, from its next link on and until the node ends, even when all\n"
         "inbound slots are taken. p2p.trusted in the settings does so for ever.",
     .example = "parley peers trust alice 02c6047f9441",
     .peers = "ID, its first digits, a name, or ID@address:port",
     .method = "admin_addTrustedPeer",
     .done = "{} is trusted from its next link on",
     .nothing = "{} is trusted already"},
    {.name = "untrust",
     .brief = "end what trust began",
     .description = "From its next link on each PEER is one among the others, until the node ends.",
     .example = "parley peers untrust alice 02c6047f9441",
     .peers = "ID, its first digits, a name, or ID@address:port",
     .method = "admin_removeTrustedPeer",
     .done = "{} is not trusted any more",
     .nothing = "{} was not trusted"},
};

struct Options {
    std::string folder;
    std::vector<std::string> peers;
};

Outcome apply(const Change& change, const Options& options) {
    NodeResolver nodes{options.folder};
    std::vector<boost::json::array> params;
    for (const auto& peer : options.peers) {
        const auto who = change.by_id ? nodes.resolve(peer) : nodes.target(peer);
        if (!who) return std::unexpected{who.error()};
        params.push_back({boost::json::value(*who)});
    }
    return change_each(options.folder, change.method, options.peers, params,
                       [&](std::size_t i, const boost::json::value& result) {
                           const auto text = flag_at(result, "") ? change.done : change.nothing;
                           fmt::print("{}\n", fmt::format(fmt::runtime(text),
                                                          shown_who(text_at(params[i], "/0"))));
                       });
}

void add_change(CLI::App& peers, Chosen& chosen, const Change& change) {
    auto* command = add_command(peers, std::string{change.name}, std::string{change.brief},
                                std::string{change.description});
    command->footer(fmt::format("EXAMPLES\n  {}\n\n{}", change.example, footer));
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option(change.by_id ? "PEER" : "TARGET", options->peers, std::string{change.peers})
        ->required();
    command->callback([options, &chosen, &change] {
        chosen = [options, &change] { return apply(change, *options); };
    });
}

}  // namespace

void add_peers_changes(CLI::App& peers, Chosen& chosen) {
    for (const auto& change : changes) add_change(peers, chosen, change);
}

}  // namespace parley::app
