// parley run: the node, until SIGTERM or SIGINT.
#include "command.hpp"
#include "doctor/findings.hpp"
#include "folder.hpp"
#include "key/passphrase.hpp"
#include "mine/nonce_threads.hpp"
#include "node/chain_files.hpp"
#include "node/first_folder.hpp"
#include <parley/node/chain.hpp>
#include <parley/node/light_chain.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/node_host.hpp>
#include <parley/version.hpp>

#include <fmt/format.h>
#include <web/page.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Runs the node of the folder DIR in the foreground, until SIGTERM or SIGINT (Ctrl-C)
ends it within 2 seconds, with everything on disk. A second signal ends it at once.
Log lines go to standard error, or to the file that the settings name.)text";

constexpr auto footer = R"text(EXAMPLES
  parley run alice
  parley run alice --log-level debug 2> alice.log
  parley run alice --passphrase-file alice.pass
  parley run alice --light
  parley run /var/lib/parley --new --settings /etc/parley/parley.toml

FILES
  DIR/node.key      must be readable by you alone; if it is encrypted, its passphrase
                    is asked for on the terminal or read from --passphrase-file
  DIR/parley.toml   the settings
  DIR/store         address book and bans; see --new-store
  DIR/chain         the ledger, if parley.toml names a genesis; of a light node the headers
  DIR/lock          keeps a second process out
  DIR/parley.sock   JSON-RPC for `parley status`, `peers`, `tx`

EXIT STATUS
  0 ended by a signal, 1 could not begin, 2 wrong command line or settings)text";

struct Options {
    std::string folder;
    std::string log_level;
    std::string passphrase_file;
    std::string settings_file;
    bool new_store = false;
    bool is_light = false;
    bool make_new = false;
};

/// What looks for this node's nonces, if anything does.
std::shared_ptr<NonceThreads> start_search(std::optional<node::ChainData>& data,
                                           const node::ChainConfig& config) {
    if (!data || !is_by_work(*data) || !config.miner || config.mining_threads == 0) return {};
    auto out = std::make_shared<NonceThreads>(config.mining_threads, runtime::random_seed());
    data->search = out;
    return out;
}

/// Ends it before the host, which it calls.
struct SearchEnd {
    explicit SearchEnd(std::shared_ptr<NonceThreads> its_search) : search(std::move(its_search)) {}
    SearchEnd(const SearchEnd&) = delete;
    SearchEnd& operator=(const SearchEnd&) = delete;
    ~SearchEnd() {
        if (search) search->end();
    }
    std::shared_ptr<NonceThreads> search;
};

/// What Chain and LightChain have in common.
template <class AnyChain>
void plug_into(runtime::NodeHost& host, AnyChain& chain) {
    host.plug(chain.modules());
    host.add_methods(chain.rpc_methods());
    host.add_metrics([&](p2p::Metrics& metrics, Now) { chain.collect_metrics(metrics); });
    host.add_status([&](auto& out) { chain.add_status(out); },
                    [&](auto& out) { chain.add_node_info(out); });
}

Outcome prepare_light(runtime::NodeHost& host, const node::ChainConfig& config,
                      std::optional<node::LightChain>& chain) {
    auto data = open_light_chain(host.folder(), config);
    if (!data) return std::unexpected{data.error()};
    host.set_chain(facts_of(*data));
    chain.emplace(config, std::move(*data), Rng{runtime::random_seed()});
    plug_into(host, *chain);
    host.post([&](Now at) {
        const auto tell = [&host](Now now, const chain::light::LightNode::Known& head) {
            host.network().set_head(now, head.header.number, head.header.timestamp);
        };
        tell(at, chain->light().head());
        chain->light().on_head(tell);
    });
    return {};
}

Outcome run(const Options& options) {
    if (options.make_new) {
        if (auto ok = make_first_folder(Folder{options.folder}, options.settings_file); !ok) {
            return ok;
        }
    }
    node::ChainConfig chain_config;
    runtime::NodeHostOptions host_options;
    host_options.folder = options.folder;
    host_options.make_folder = false;
    host_options.new_store = options.new_store;
    host_options.config.client = fmt::format("parley/{}/linux", PARLEY_VERSION);
    host_options.version = PARLEY_VERSION;
    host_options.page = web::page();
    host_options.settings = settings_of(chain_config);
    if (!options.log_level.empty()) host_options.log_level = parse_log_level(options.log_level);
    const runtime::AskPassphrase ask = [&](const std::string& key_path) {
        return passphrase_of(key_path, options.passphrase_file);
    };
    host_options.passphrase = ask;
    std::optional<node::Chain> chain;  // outlive the host
    std::optional<node::LightChain> light_chain;
    runtime::NodeHost host{std::move(host_options)};
    if (!chain_config.genesis.empty() && chain_config.engine == "unsealed") {
        return failed(
            fmt::format("{}: chain.engine: by \"unsealed\" anyone can rewrite the chain; "
                        "it is for `parley chain import` alone",
                        host.folder().config()));
    }
    if (!host.key_is_encrypted() && !options.passphrase_file.empty()) {
        host.log().write(LogLevel::warn, "parley",
                         "the key is not encrypted: --passphrase-file is not used", {});
    }
    host.add_methods({findings_method(host)});
    chain_config.is_light = chain_config.is_light || options.is_light;
    if (chain_config.is_light) {
        const auto prepared = prepare_light(host, chain_config, light_chain);
        if (!prepared) return prepared;
        host.run();
        return {};
    }
    auto data = open_chain(host.folder(), chain_config, ask);
    if (!data) return std::unexpected{data.error()};
    host.set_chain(facts_of(chain_config, *data));
    const SearchEnd mining{start_search(*data, chain_config)};
    chain.emplace(chain_config, Rng{runtime::random_seed()}, std::move(*data));
    plug_into(host, *chain);
    if (mining.search) {
        mining.search->on_found([&] {
            host.post([&](Now at) {
                if (auto* miner = chain->blocks()->miner()) miner->on_timer(at);
            });
        });
    }
    host.post([&](Now at) {
        chain->follow(host.network().hub());
        if (auto* blocks = chain->blocks()) {
            blocks->follow_head(at, [&](Now now, const chain::ChainHeader& head) {
                host.network().set_head(now, head.header.number, head.header.timestamp);
            });
        }
    });
    host.run();
    return {};
}

/// Whether the settings are why it did not work, which another try does not change.
bool settings_are_wrong(const Folder& folder) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(folder.config(), ignored)) return false;
    const auto text = runtime::read_config_text(folder);
    return text && !node::parse_config(*text, folder.config());
}

Outcome run_or_blame_settings(const Options& options) {
    try {
        return run(options);
    } catch (const std::runtime_error& error) {
        if (settings_are_wrong(Folder{options.folder})) throw WrongSettings{error.what()};
        throw;
    }
}

}  // namespace

void add_run(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "run", "run a node until it is told to end", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command
        ->add_option("--log-level", options->log_level,
                     "trace, debug, info, warn, error or off, instead of the settings'")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
        ->type_name("LEVEL");
    add_passphrase_file(*command, options->passphrase_file);
    command->add_flag(
        "--light", options->is_light,
        "Keep headers alone, and ask full nodes for proofs, whatever the settings say");
    command->add_flag("--new-store", options->new_store, "Make an empty store if there is none");
    auto* make_new = command->add_flag(
        "--new", options->make_new,
        "Make the folder first, with a new key, unless there is a key in it:\nfor services");
    command
        ->add_option("--settings", options->settings_file,
                     "With --new: the settings of the new folder, which gets a link to them")
        ->type_name("FILE")
        ->needs(make_new);
    command->callback(
        [options, &chosen] { chosen = [options] { return run_or_blame_settings(*options); }; });
}

}  // namespace parley::app
