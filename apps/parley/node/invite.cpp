// parley invite create, show: invitations into a node's network (docs/formats/invitation.md).
#include "client/client.hpp"
#include "command.hpp"
#include "folder.hpp"
#include "key/key_file.hpp"
#include "key/passphrase.hpp"
#include "node/chain_files.hpp"
#include "node/invitation_file.hpp"
#include <parley/runtime/clock.hpp>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto create_description =
    R"text(Prints an invitation into the network of the node in the folder DIR, signed by it: one
line, which `parley init --invitation` takes. It names this node, if its own address
is known, and those of --node. It is no secret, and lets nobody in by itself: in a
permissioned network its nodes have to allow the newcomer, see `parley allow add`.)text";

constexpr auto create_footer = R"text(EXAMPLES
  parley invite create alice --for 02c6047f...09ee5 --expires 7d > bob.invitation
  parley invite create alice --for anyone --expires 12h --node 02ab...@boot.example.org:30770

FILES
  DIR/node.key      signs
  DIR/parley.toml   network id, chain id, genesis, forks, addresses
  DIR/parley.sock   a running node is asked for its address

EXIT STATUS
  0 printed, 1 not, 2 wrong command line)text";

constexpr auto show_description =
    R"text(Verifies the invitation in FILE and prints what it says. Who it is from is proven; that
this is somebody to follow is not.)text";

constexpr auto show_footer = R"text(EXAMPLES
  parley invite show bob.invitation

FILES
  FILE   one line, "parley-invite:..."

EXIT STATUS
  0 it is good and has not expired, 1 it is not, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::string invitee;
    std::string expires = "7d";
    std::vector<std::string> nodes;
    std::string passphrase_file;
    std::string file;
    bool json = false;
};

constexpr std::uint64_t seconds_max = std::uint64_t{10} * 365 * 24 * 3600;

/// "30m", "12h", "7d": seconds, from one minute to ten years.
std::optional<std::uint64_t> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::uint64_t unit = 0;
    if (text.ends_with('m')) unit = 60;
    if (text.ends_with('h')) unit = 3600;
    if (text.ends_with('d')) unit = std::uint64_t{24} * 3600;
    std::uint32_t count = 0;
    const char* const first = text.data();
    const char* const last = first + text.size() - 1;
    const auto read = std::from_chars(first, last, count);
    if (unit == 0 || read.ec != std::errc{} || read.ptr != last) return std::nullopt;
    const auto seconds = count * unit;
    if (seconds == 0 || seconds > seconds_max) return std::nullopt;
    return seconds;
}

/// Where others reach this node: as it says while it runs, else as the settings do.
std::optional<Target> own_target(const Options& options, const node::NodeConfig& config,
                                 const NodeId& id) {
    if (const auto info = call(options.folder, "admin_nodeInfo")) {
        if (const auto* members = info->if_object(); members && members->contains("target")) {
            return Target::parse(json::value_to<std::string>(members->at("target")));
        }
    }
    if (!config.p2p.advertise.empty()) return Target{id, config.p2p.advertise.front()};
    for (const auto& endpoint : config.p2p.listen) {
        if (endpoint.port != 0 && !endpoint.address.is_unspecified()) return Target{id, endpoint};
    }
    return std::nullopt;
}

Result<InvitationContent, Failure> content_of(const Options& options,
                                              const node::NodeConfig& config, const NodeId& id) {
    InvitationContent out;
    out.network_id = config.network.id;
    out.chain_id = config.chain.id;
    out.genesis = config.network.genesis;
    out.forks = config.network.forks;
    if (options.invitee != "anyone") {
        out.invitee = NodeId::parse(options.invitee);
        if (!out.invitee) {
            return failed(fmt::format("--for: expected 66 hex digits or anyone, got \"{}\"",
                                      options.invitee));
        }
    }
    const auto seconds = parse_duration(options.expires);
    if (!seconds) {
        return failed(
            fmt::format("--expires: expected 1m to 3650d, such as 30m, 12h or 7d, got "
                        "\"{}\"",
                        options.expires));
    }
    const auto now = unix_milliseconds(runtime::now().unix_time) / 1000;
    out.expires = static_cast<std::uint64_t>(now) + *seconds;
    if (const auto own = own_target(options, config, id)) out.nodes.push_back(*own);
    for (const auto& text : options.nodes) {
        auto target = Target::read(text);
        if (!target) return failed(fmt::format("--node: {}, got \"{}\"", target.error(), text));
        out.nodes.push_back(std::move(*target));
    }
    if (out.nodes.empty()) {
        return failed("this node's own address is unknown: run it, or name a node with --node");
    }
    return out;
}

Outcome create(const Options& options) {
    const Folder folder{options.folder};
    auto config = read_config(folder);
    if (!config) return std::unexpected{config.error()};
    if (!config->chain.genesis.empty()) {
        const auto genesis = read_genesis(folder.file(config->chain.genesis));
        if (!genesis) return std::unexpected{genesis.error()};
        const auto facts = node::facts_of(*genesis, make_genesis_block(*genesis).header);
        if (const auto differs = p2p::take_chain(config->network, facts)) {
            return failed(fmt::format("{}: {}", folder.config(), *differs));
        }
    }
    auto stored = read_key(folder.key());
    if (!stored) return std::unexpected{stored.error()};
    const auto key = unlock(folder.key(), std::move(*stored), options.passphrase_file);
    if (!key) return std::unexpected{key.error()};
    const auto content = content_of(options, *config, key->id());
    if (!content) return std::unexpected{content.error()};
    const auto invitation = Invitation::sign(*key, *content);
    if (!invitation) return failed(message(invitation.error()));
    fmt::print("{}\n", invitation->to_text());
    return {};
}

std::string time_text(std::uint64_t seconds) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

void print(const Invitation& invitation) {
    const auto& content = invitation.content();
    fmt::print("From      {}\n", invitation.inviter().to_string());
    fmt::print("For       {}\n", content.invitee ? content.invitee->to_string() : "anyone");
    fmt::print("Until     {}\n", time_text(content.expires));
    fmt::print("Network   {}\n", content.network_id);
    fmt::print("Chain     {}\n", content.chain_id);
    fmt::print("Genesis   0x{}\n", to_hex(content.genesis));
    for (const auto fork : content.forks) fmt::print("Fork      {}\n", fork);
    for (const auto& node : content.nodes) fmt::print("Node      {}\n", node.to_string());
}

void print_json(const Invitation& invitation) {
    const auto& content = invitation.content();
    json::array nodes;
    for (const auto& node : content.nodes) nodes.emplace_back(node.to_string());
    const json::object out{
        {"inviter", invitation.inviter().to_string()},
        {"invitee", content.invitee ? json::value(content.invitee->to_string()) : json::value{}},
        {"expires", content.expires},
        {"network",
         {{"id", content.network_id},
          {"chainId", content.chain_id},
          {"genesis", "0x" + to_hex(content.genesis)},
          {"forks", json::value_from(content.forks)}}},
        {"nodes", std::move(nodes)}};
    fmt::print("{}\n", json::serialize(out));
}

Outcome show(const Options& options) {
    const auto invitation = read_invitation(options.file);
    if (!invitation) return std::unexpected{invitation.error()};
    if (options.json) {
        print_json(*invitation);
    } else {
        print(*invitation);
    }
    const auto& invitee = invitation->content().invitee;
    const auto good = invitation->check(runtime::now().unix_time, invitee.value_or(NodeId{}));
    if (!good) return failed(fmt::format("{}: {}", options.file, message(good.error())));
    return {};
}

}  // namespace

void add_invite(CLI::App& app, Chosen& chosen) {
    auto* invite = add_command(app, "invite", "invite a node into the network of another",
                               "Its commands are create and show.");
    invite->require_subcommand(1);
    auto options = std::make_shared<Options>();
    auto* making = add_command(*invite, "create", "print a signed invitation", create_description);
    making->footer(create_footer);
    add_folder(*making, options->folder);
    making
        ->add_option("--for", options->invitee,
                     "The newcomer's ID (`parley key new` prints it), or anyone")
        ->required()
        ->type_name("ID|anyone");
    making->add_option("--expires", options->expires, "How long it is good: 30m, 12h, 7d")
        ->type_name("TIME")
        ->capture_default_str();
    making
        ->add_option("--node", options->nodes,
                     "A node to ask for others: ID@host:port or enr:...\nRepeatable")
        ->type_name("NODE");
    add_passphrase_file(*making, options->passphrase_file);
    making->callback([options, &chosen] { chosen = [options] { return create(*options); }; });

    auto* showing = add_command(*invite, "show", "verify an invitation, and print what it says",
                                show_description);
    showing->footer(show_footer);
    showing->add_option("FILE", options->file, "The invitation")->required();
    showing->add_flag("--json", options->json, "Print it as JSON");
    showing->callback([options, &chosen] { chosen = [options] { return show(*options); }; });
}

}  // namespace parley::app
