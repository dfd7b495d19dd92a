// parley allow list, add, remove: the allow-list of a permissioned network.
#include "client/client.hpp"
#include "command.hpp"
#include "peers/known_nodes.hpp"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <vector>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto footer = R"text(FILES
  DIR/parley.sock   the node is asked here
  DIR/store         what differs from permissions.allow in the settings

EXIT STATUS
  0 done, 1 no node runs there or it refused, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::vector<std::string> ids;
    bool json = false;
};

Outcome list(const Options& options) {
    const auto reply = call(options.folder, "parley_allowed");
    if (!reply) return std::unexpected{reply.error()};
    if (options.json) {
        fmt::print("{}\n", json::serialize(*reply));
        return {};
    }
    const auto* members = reply->if_object();
    const auto* enabled = members != nullptr ? members->if_contains("enabled") : nullptr;
    const auto* allowed = members != nullptr ? members->if_contains("allowed") : nullptr;
    if (enabled == nullptr || allowed == nullptr || !allowed->is_array()) {
        return failed("the reply is not an allow-list");
    }
    if (*enabled == false) fmt::print(stderr, "parley: the network is open to everybody\n");
    for (const auto& id : allowed->get_array()) {
        if (id.is_string()) fmt::print("{}\n", std::string_view{id.get_string()});
    }
    return {};
}

/// One request for each ID; the first that is refused ends it.
Outcome change(const Options& options, std::string_view method, std::string_view done,
               std::string_view nothing) {
    NodeResolver nodes{options.folder};
    for (const auto& id : options.ids) {
        const auto who = nodes.resolve(id);
        if (!who) return std::unexpected{who.error()};
        const auto reply = call(options.folder, method, {json::value(*who)});
        if (!reply) return failed(fmt::format("{}: {}", id, reply.error().what));
        fmt::print("{} {}\n", shown_who(*who), *reply == true ? done : nothing);
    }
    return {};
}

Outcome add(const Options& options) {
    return change(options, "parley_allow", "is allowed", "was allowed already");
}

Outcome remove(const Options& options) {
    return change(options, "parley_disallow", "is no longer allowed", "was not allowed");
}

void add_one(CLI::App& allow, Chosen& chosen, const std::string& name, const std::string& brief,
             std::string_view description, Outcome (*action)(const Options&)) {
    auto* command = add_command(allow, name, brief, std::string{description});
    const bool takes_ids = action != &list;
    command->footer(fmt::format("EXAMPLES\n  parley allow {} alice{}\n\n{}", name,
                                takes_ids ? " 02c6047f...09ee5" : "", footer));
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    if (takes_ids) {
        command
            ->add_option("ID", options->ids,
                         "A node's ID, its first digits if it is known here, a name, or a "
                         "target.\nRepeatable")
            ->required();
    } else {
        command->add_flag("--json", options->json, "Print {\"enabled\", \"allowed\"}");
    }
    command->callback([=, &chosen] { chosen = [=] { return action(*options); }; });
}

}  // namespace

void add_allow(CLI::App& app, Chosen& chosen) {
    auto* allow = add_command(app, "allow", "say who may join a permissioned network",
                              "Its commands are list, add and remove.");
    allow->require_subcommand(1);
    add_one(*allow, chosen, "list", "print the IDs that a running node allows",
            "Prints the IDs that the node in the folder DIR allows, one a line.", &list);
    add_one(*allow, chosen, "add", "allow nodes to be linked with a running one",
            "From now on the node in the folder DIR dials each ID and lets it in, also after a\n"
            "restart. Its network has to be permissioned: permissions.enabled in the settings.",
            &add);
    add_one(*allow, chosen, "remove", "end the links of nodes, and allow them no more",
            "The node in the folder DIR closes its links with each ID at once and refuses it from\n"
            "now on, also after a restart, and also if the settings allow it.",
            &remove);
}

}  // namespace parley::app
