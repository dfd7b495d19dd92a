// parley init: a new folder with a key, settings and an empty store.
#include "command.hpp"
#include "folder.hpp"
#include "key/key_file.hpp"
#include "key/passphrase.hpp"
#include "node/chain_files.hpp"
#include "node/invitation_file.hpp"
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/node/node.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Makes the folder DIR of a new node: its key, its settings with every one of them
explained, and an empty store. A folder that holds a key or settings already is
left as it is. With --encrypt or --passphrase-file the key is encrypted, and
`parley run` will need the passphrase.)text";

constexpr auto footer = R"text(EXAMPLES
  parley init ~/.parley
  parley init alice --private --listen 127.0.0.1:30770
  parley init ~/.parley --encrypt
  parley init bob --invitation bob.invitation --keep-key
  parley init bob --private --listen 127.0.0.1:0 --http off --boot 02ab...@127.0.0.1:30770
  parley init alice --keep-key --chain genesis.json --signer-key node.key
  parley init carol --chain genesis.json --light --boot 02ab...@192.0.2.1:30770

FILES
  DIR/node.key      the secret behind the node's ID, mode 0600: keep a copy
  DIR/parley.toml   the settings; edit them, then restart the node
  DIR/store         address book and bans
  DIR/genesis.json  a copy of the file of --chain

EXIT STATUS
  0 made, 1 not made, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::vector<std::string> listen{"0.0.0.0:30770"};
    std::vector<std::string> advertise;
    std::string http = "127.0.0.1:8570";
    std::vector<std::string> boot, static_peers, trusted, allowed;
    std::string genesis;
    std::string chain_file;
    std::string engine;
    std::string miner;
    std::string log_level = "info";
    std::string passphrase_file;
    std::string invitation_file;
    bool encrypt = false;
    bool keep_key = false;
    bool allow_private = false;
    bool json = false;
    node::NodeConfig config;  // takes numbers as they are
};

/// Parses each text, or names the first one that does not fit.
template <class Item, class Parse>
Outcome parse_all(std::string_view option, const std::vector<std::string>& texts,
                  std::string_view expected, Parse parse, std::vector<Item>& out) {
    out.clear();
    for (const auto& text : texts) {
        auto item = parse(text);
        if (!item) {
            return failed(fmt::format("{}: expected {}, got \"{}\"", option, expected, text));
        }
        out.push_back(*item);
    }
    return {};
}

constexpr auto target_form = "ID@address:port, ID@host.example:port or enr:...";

Outcome parse_p2p(const Options& options, p2p::P2pConfig& p2p) {
    p2p.allow_private = options.allow_private;
    if (auto ok =
            parse_all("--listen", options.listen, "address:port", &Endpoint::parse, p2p.listen);
        !ok) {
        return ok;
    }
    if (auto ok = parse_all("--boot", options.boot, target_form, &Target::parse, p2p.boot); !ok) {
        return ok;
    }
    if (auto ok = parse_all("--static", options.static_peers, target_form, &Target::parse,
                            p2p.static_peers);
        !ok) {
        return ok;
    }
    if (auto ok =
            parse_all("--trusted", options.trusted, "66 hex digits", &NodeId::parse, p2p.trusted);
        !ok) {
        return ok;
    }
    return parse_all("--advertise", options.advertise, "address:port", &Endpoint::parse,
                     p2p.advertise);
}

void take_invitation(const InvitationContent& content, node::NodeConfig& config) {
    config.network.id = content.network_id;
    config.chain.id = content.chain_id;
    config.network.genesis = content.genesis;
    config.network.forks = content.forks;
    for (const auto& target : content.nodes) config.p2p.boot.push_back(target);
}

Result<node::NodeConfig, Failure> parse_options(const Options& options,
                                                const std::optional<Invitation>& invitation) {
    auto config = options.config;
    if (auto ok = parse_p2p(options, config.p2p); !ok) return std::unexpected{ok.error()};
    if (auto ok = parse_all("--allow", options.allowed, "66 hex digits", &NodeId::parse,
                            config.permissions.allow);
        !ok) {
        return std::unexpected{ok.error()};
    }
    config.permissions.enabled = !options.allowed.empty();
    if (invitation) take_invitation(invitation->content(), config);
    if (options.http != "off") {
        config.rpc.http = Endpoint::parse(options.http);
        if (!config.rpc.http || !config.rpc.http->address.is_loopback()) {
            return failed(fmt::format(
                "--http: expected a loopback address and port, or off, got \"{}\"", options.http));
        }
    }
    if (!options.genesis.empty()) {
        const auto genesis = array_from_hex<32>(options.genesis);
        if (!genesis) {
            return failed(
                fmt::format("--genesis: expected 32 bytes in hex, got \"{}\"", options.genesis));
        }
        config.network.genesis = *genesis;
    }
    if (!options.chain_file.empty()) {
        const auto genesis = read_genesis(options.chain_file);
        if (!genesis) return std::unexpected{genesis.error()};
        if (auto ok = use_genesis(*genesis, options.chain_file, options.engine, config); !ok) {
            return std::unexpected{ok.error()};
        }
    }
    if (!options.miner.empty()) {
        config.chain.miner = chain::Address::parse(options.miner);
        if (!config.chain.miner) {
            return failed(fmt::format("--miner: expected an address, 40 hex digits, got \"{}\"",
                                      options.miner));
        }
        if (config.chain.engine != "pow") {
            return failed(
                fmt::format("--miner is of no use with the engine {}", config.chain.engine));
        }
    }
    if (config.chain.is_light && config.chain.engine != "qbft" && config.chain.engine != "pow") {
        return failed(
            fmt::format("--light: a light node follows chains by votes (qbft) or by work (pow), "
                        "and the engine is {}",
                        config.chain.engine));
    }
    config.log.level = parse_log_level(options.log_level).value_or(config.log.level);
    // What parley.toml would refuse is refused now, with the same words.
    if (const auto checked = node::parse_config(settings_template(settings_of(config)), "");
        !checked) {
        return failed(checked.error().message);
    }
    return config;
}

Outcome check_unused(const Folder& folder, bool keep_key) {
    std::error_code ignored;
    for (const auto& path : {folder.key(), folder.config()}) {
        if (keep_key && path == folder.key()) continue;
        if (std::filesystem::exists(path, ignored)) {
            return failed(fmt::format("{} is there already and is left as it is", path));
        }
    }
    return {};
}

struct Identity {
    NodeId id;
    SecretBytes key_text;  ///< what to write; empty: the file is there
    bool encrypted = false;
};

Result<Identity, Failure> kept_identity(const Folder& folder, const Options& options) {
    auto stored = read_key(folder.key());
    if (!stored) return std::unexpected{stored.error()};
    const bool encrypted = std::holds_alternative<Keystore>(*stored);
    const auto id = id_of(folder, std::move(*stored), options.passphrase_file);
    if (!id) return std::unexpected{id.error()};
    return Identity{*id, {}, encrypted};
}

Result<Identity, Failure> new_identity(const Folder& folder, const Options& options) {
    std::optional<SecretBytes> passphrase;
    if (options.encrypt || !options.passphrase_file.empty()) {
        auto chosen = new_passphrase(folder.key(), options.passphrase_file);
        if (!chosen) return std::unexpected{chosen.error()};
        passphrase = std::move(*chosen);
    }
    runtime::OsEntropy entropy;
    const auto key = NodeKey::generate(entropy);
    return Identity{key.id(), key_file_text(key, passphrase), passphrase.has_value()};
}

/// An invitation must be good now, and for this node.
Outcome check_invitation(const Options& options, const Invitation& invitation, const NodeId& id) {
    const auto& invitee = invitation.content().invitee;
    const auto good = invitation.check(runtime::now().unix_time, id);
    if (good) return {};
    auto what = fmt::format("{}: {}", options.invitation_file, message(good.error()));
    if (good.error().code == InvitationErrc::wrong_invitee) {
        what += fmt::format(", {}", invitee->to_string());
        if (!options.keep_key) what += "; --keep-key takes the key that is in the folder";
    }
    return failed(std::move(what));
}

std::string shown(const Endpoint& endpoint) {
    if (endpoint.port != 0) return endpoint.to_string();
    return endpoint.to_string() + " (a port that the system will choose)";
}

void print_text(const Folder& folder, const node::NodeConfig& config, const NodeId& id,
                bool encrypted) {
    fmt::print("The node {} is in {}:\n\n", id.to_string(), folder.path);
    fmt::print("  node.key      the secret behind its ID, for you alone: keep a copy\n");
    fmt::print("  parley.toml   its settings, each with its meaning\n");
    fmt::print("  store         its address book, empty\n\n");
    for (const auto& endpoint : config.p2p.listen) {
        fmt::print("It will listen on {}", shown(endpoint));
        if (endpoint.port != 0 && !endpoint.address.is_unspecified()) {
            fmt::print("; others reach it with --boot {}", Target{id, endpoint}.to_string());
        }
        fmt::print(".\n");
    }
    if (config.rpc.http) {
        fmt::print("JSON-RPC will be at http://{}.\n", shown(*config.rpc.http));
    }
    if (!config.chain.genesis.empty()) {
        fmt::print("Its chain begins with {}", config.chain.genesis);
        if (!config.chain.signer_key.empty()) {
            fmt::print("; it makes blocks with {}", config.chain.signer_key);
        }
        if (!config.chain.signer_socket.empty()) {
            fmt::print("; the signer at {} signs for it", config.chain.signer_socket);
        }
        if (config.chain.miner) {
            fmt::print("; it makes blocks for {}", config.chain.miner->to_string());
        }
        if (config.chain.is_light) fmt::print("; of blocks it will keep the headers alone");
        fmt::print(".\n");
    }
    if (config.p2p.boot.empty() && config.p2p.static_peers.empty()) {
        fmt::print("It knows no other node: it waits to be dialed, or set p2p.boot.\n");
    }
    if (encrypted) fmt::print("Its key is encrypted: without the passphrase it is lost.\n");
}

Outcome copy_genesis(const std::string& path, const Folder& folder) {
    const auto copy = folder.file(genesis_name);
    std::error_code error;
    if (std::filesystem::equivalent(path, copy, error)) return {};
    const auto text = runtime::read_small_file(path, chain::genesis_text_bytes_max);
    if (!text) return std::unexpected{text.error()};
    std::filesystem::create_directories(folder.path, error);
    if (error) return failed(fmt::format("cannot make {}: {}", folder.path, error.message()));
    return runtime::write_new_file(copy, *text, 0644);
}

Outcome init(const Options& options) {
    const Folder folder{options.folder};
    std::optional<Invitation> invitation;
    if (!options.invitation_file.empty()) {
        auto read = read_invitation(options.invitation_file);
        if (!read) return std::unexpected{read.error()};
        invitation = std::move(*read);
    }
    auto config = parse_options(options, invitation);
    if (!config) return std::unexpected{config.error()};
    if (auto ok = check_unused(folder, options.keep_key); !ok) return ok;
    const auto identity =
        options.keep_key ? kept_identity(folder, options) : new_identity(folder, options);
    if (!identity) return std::unexpected{identity.error()};
    if (invitation) {
        if (auto ok = check_invitation(options, *invitation, identity->id); !ok) return ok;
    }
    if (!options.chain_file.empty()) {
        if (auto ok = copy_genesis(options.chain_file, folder); !ok) return ok;
    }
    if (auto ok = runtime::make_folder(folder, settings_template(settings_of(*config)),
                                       identity->key_text.text());
        !ok)
        return ok;
    if (options.json) {
        const boost::json::object out{{"folder", folder.path}, {"id", identity->id.to_string()}};
        fmt::print("{}\n", boost::json::serialize(out));
        return {};
    }
    print_text(folder, *config, identity->id, identity->encrypted);
    if (invitation) fmt::print("Invited by {}.\n", invitation->inviter().to_string());
    fmt::print("\nNext: parley run {}\n", folder.path);
    return {};
}

void add_options(CLI::App& command, Options& options) {
    command
        .add_option("--listen", options.listen,
                    "Where to listen for other nodes, TCP; port 0: any free one.\nRepeatable")
        ->type_name("ADDRESS:PORT")
        ->capture_default_str();
    command
        .add_option("--advertise", options.advertise,
                    "The address that others are told, if not that of --listen:\nof each family "
                    "one. Repeatable")
        ->type_name("ADDRESS:PORT");
    command.add_option("--name", options.config.p2p.name, "What its peers see it called")
        ->type_name("TEXT");
    command.add_option("--http", options.http, "JSON-RPC over HTTP, loopback only; off: none")
        ->type_name("ADDRESS:PORT")
        ->capture_default_str();
    command
        .add_option("--boot", options.boot,
                    "A node to ask for others: ID@address:port, with a name\nfor the address, or "
                    "enr:...\nRepeatable")
        ->type_name("NODE");
    command.add_option("--static", options.static_peers, "A node to stay connected to. Repeatable")
        ->type_name("NODE")
        ->allow_extra_args(false);
    command
        .add_option("--trusted", options.trusted,
                    "An ID to let in even when all slots are taken. Repeatable")
        ->type_name("ID");
    command
        .add_option("--allow", options.allowed,
                    "An ID to have links with, and with no others: a permissioned network.\n"
                    "Repeatable; `parley allow` changes the list later")
        ->type_name("ID");
    command.add_flag("--private", options.allow_private,
                     "Keep and dial private and loopback addresses");
    auto& config = options.config;
    command.add_option("--network-id", config.network.id, "Networks refuse each other's nodes")
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--chain-id", config.chain.id, "For which transactions are signed")
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--genesis", options.genesis, "Hash of the genesis block; without: zeros")
        ->type_name("HASH");
    command
        .add_option("--chain", options.chain_file,
                    "A chain with blocks: its genesis, of `parley genesis` or Geth.\nIts chain id "
                    "is taken, and a copy kept in DIR")
        ->type_name("FILE")
        ->excludes("--genesis")
        ->excludes("--chain-id");
    command
        .add_option("--signer-key", config.chain.signer_key,
                    "The key file of who makes the blocks, relative to DIR")
        ->type_name("FILE")
        ->needs("--chain");
    command
        .add_option("--signer-socket", config.chain.signer_socket,
                    "Instead of a key: the socket of the validator's `parley signer`")
        ->type_name("FILE")
        ->needs("--chain")
        ->excludes("--signer-key");
    command
        .add_flag("--light", config.chain.is_light,
                  "A light node: it keeps headers alone, and asks full nodes for proofs")
        ->needs("--chain")
        ->excludes("--signer-key")
        ->excludes("--signer-socket");
    command
        .add_option("--engine", options.engine,
                    "Who makes the blocks: solo, qbft, pow, or unsealed, for `parley chain`\n"
                    "[qbft if the genesis names validators, pow if it is by work, else solo]")
        ->check(CLI::IsMember({"solo", "qbft", "pow", "unsealed"}))
        ->type_name("NAME");
    command
        .add_option("--miner", options.miner,
                    "Make blocks by work: the account that gets reward and fees")
        ->type_name("ADDRESS")
        ->needs("--chain");
    command
        .add_option("--mining-threads", config.chain.mining_threads,
                    "Threads that look for nonces; 0: outside miners do")
        ->type_name("N")
        ->check(CLI::Range(0, 1'024))
        ->capture_default_str();
    command.add_option("--outbound-max", config.p2p.outbound_max, "Links that this node dials")
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--inbound-max", config.p2p.inbound_max, "Links that it accepts")
        ->type_name("N")
        ->capture_default_str();
    auto* keep = command.add_flag("--keep-key", options.keep_key,
                                  "Take the key that DIR has already (`parley key new`)");
    command
        .add_option("--invitation", options.invitation_file,
                    "A file of `parley invite create`: network, chain and boot nodes")
        ->type_name("FILE")
        ->excludes("--network-id")
        ->excludes("--chain-id")
        ->excludes("--genesis");
    command
        .add_flag("--encrypt", options.encrypt,
                  "Encrypt the key with a passphrase, asked for on the terminal")
        ->excludes(keep);
    add_passphrase_file(command, options.passphrase_file)
        ->description("As --encrypt, with the passphrase in a file, one line");
    command.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
        ->type_name("LEVEL")
        ->capture_default_str();
    command.add_flag("--json", options.json, "Print {\"folder\", \"id\"} instead of text");
}

}  // namespace

void add_init(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "init", "make the folder of a new node", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_new_folder(*command, options->folder);
    add_options(*command, *options);
    command->callback([options, &chosen] { chosen = [options] { return init(*options); }; });
}

}  // namespace parley::app
