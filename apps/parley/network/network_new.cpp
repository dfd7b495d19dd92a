// parley network new: the files of a network of validators and other nodes.
#include "folder.hpp"
#include "key/key_file.hpp"
#include "network/network.hpp"
#include "network/network_files.hpp"
#include "node/chain_files.hpp"
#include "node/new_genesis.hpp"
#include "text.hpp"
#include <parley/base/uint256.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/runtime/entropy.hpp>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace parley::app {

namespace {

constexpr auto description =
    R"(Makes the folder DIR with all that a network of a chain by votes needs: a genesis,
validators, nodes that follow, and accounts that have money and whose keys are in a
file: for trials, not for a network that guards anything.)";

constexpr auto footer = R"text(EXAMPLES
  parley network new trial
  parley network up trial
  parley network new large --validators 7 --nodes 5 --accounts 100

FILES
  DIR/genesis.json       the chain's first block, which each node has a copy of
  DIR/accounts.json      accounts with 1,000,000 ether each, and their secret keys
  DIR/validator-N        the folder of a node that makes blocks, with validator.key
  DIR/node-N             the folder of a node that follows
  DIR/start              a script that runs all of them until Ctrl-C
  DIR/compose.yaml       the same for `docker compose up`, where an image has parley;
                         with `--profile watch` Prometheus and Grafana as well
  DIR/systemd            the same for systemd: copy both units to /etc/systemd/system
  DIR/watch              a script that runs Prometheus and Grafana until Ctrl-C
  DIR/prometheus.yml     where Prometheus asks the nodes
  DIR/grafana            Grafana's settings, with the board

EXIT STATUS
  0 made, 1 not made, 2 wrong command line)text";

/// A node links with so many validators, and finds the others by itself.
constexpr std::size_t static_peers_max = 4;
constexpr std::int64_t ether_each = 1'000'000;

struct Options {
    std::string folder;
    std::size_t validators = 4;
    std::size_t nodes = 3;
    std::size_t accounts = 10;
    std::uint64_t period_s = 1;
    std::uint64_t chain_id = node::ChainConfig{}.id;
    std::string address = "127.0.0.1";
    std::uint16_t port = 30'800;
    std::uint16_t http_port = 8'600;
    std::uint16_t metrics_port = 9'600;
    std::uint16_t watch_port = 9'590;
};

struct Member {
    std::string name;
    NodeKey key;
    std::optional<NodeKey> validator_key;
    std::uint16_t number = 0;  // from 0
};

std::vector<Member> make_members(const Options& options) {
    runtime::OsEntropy entropy;
    std::vector<Member> out;
    const auto add = [&](std::string name, bool is_validator) {
        Member member{.name = std::move(name),
                      .key = NodeKey::generate(entropy),
                      .validator_key = {},
                      .number = static_cast<std::uint16_t>(out.size())};
        if (is_validator) member.validator_key.emplace(NodeKey::generate(entropy));
        out.push_back(std::move(member));
    };
    for (std::size_t i = 1; i <= options.validators; ++i) add(fmt::format("validator-{}", i), true);
    for (std::size_t i = 1; i <= options.nodes; ++i) add(fmt::format("node-{}", i), false);
    return out;
}

Endpoint endpoint_of(const Options& options, const Member& member, std::uint16_t base) {
    return {*IpAddress::parse(options.address), static_cast<std::uint16_t>(base + member.number)};
}

/// The next validators after it, in a circle.
std::vector<Target> peers_of(const Options& options, const std::vector<Member>& members,
                             const Member& member) {
    std::vector<Target> out;
    for (std::size_t i = 1; i <= options.validators && out.size() < static_peers_max; ++i) {
        const auto& other = members[(member.number + i) % options.validators];
        if (other.number == member.number) continue;
        out.push_back({other.key.id(), endpoint_of(options, other, options.port)});
    }
    return out;
}

Outcome write_member(const Options& options, const std::vector<Member>& members,
                     const Member& member, const chain::Genesis& genesis,
                     const std::string& genesis_text) {
    node::NodeConfig config;
    config.p2p.allow_private = true;
    config.p2p.name = member.name;
    config.p2p.listen = {endpoint_of(options, member, options.port)};
    config.p2p.static_peers = peers_of(options, members, member);
    config.rpc.http = endpoint_of(options, member, options.http_port);
    config.metrics.listen = endpoint_of(options, member, options.metrics_port);
    if (auto ok = use_genesis(genesis, genesis_name, "", config); !ok) return ok;
    if (member.validator_key) config.chain.signer_key = "validator.key";
    const Folder folder{options.folder + "/" + member.name};
    if (auto ok = runtime::make_folder(folder, settings_template(settings_of(config)),
                                       key_file_text(member.key, std::nullopt).text());
        !ok) {
        return ok;
    }
    if (auto ok = write_new_file(folder.file(genesis_name), genesis_text, 0644); !ok) return ok;
    if (!member.validator_key) return {};
    return write_new_file(folder.file("validator.key"),
                          key_file_text(*member.validator_key, std::nullopt).text(), 0600);
}

/// Who has these files.
std::string own_user() {
    const auto* entry = ::getpwuid(::geteuid());
    return entry == nullptr ? fmt::to_string(::geteuid()) : entry->pw_name;
}

NetworkPlan plan_of(const Options& options, const std::vector<Member>& members) {
    std::error_code ignored;
    auto folder = std::filesystem::weakly_canonical(options.folder, ignored);
    if (!folder.has_filename()) folder = folder.parent_path();
    const auto address = *IpAddress::parse(options.address);
    NetworkPlan out{.folder = folder.string(),
                    .program = std::filesystem::read_symlink("/proc/self/exe", ignored).string(),
                    .user = own_user(),
                    .nodes = {},
                    .prometheus = {address, options.watch_port},
                    .grafana = {address, static_cast<std::uint16_t>(options.watch_port + 1)}};
    for (const auto& member : members) {
        out.nodes.push_back({member.name, endpoint_of(options, member, options.metrics_port)});
    }
    return out;
}

/// What runs the network and what shows it.
Outcome write_around(const Options& options, const std::vector<Member>& members) {
    const auto plan = plan_of(options, members);
    auto files = systemd_files(plan);
    std::ranges::move(watch_files(plan), std::back_inserter(files));
    files.push_back(start_script(plan));
    files.push_back(compose_file(plan));
    const Folder folder{options.folder};
    for (const auto& file : files) {
        const auto path = folder.file(file.name);
        std::error_code error;
        std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), error);
        if (error) return failed(fmt::format("cannot make {}: {}", path, error.message()));
        if (auto ok = write_new_file(path, file.text, file.mode); !ok) return ok;
    }
    return {};
}

/// Adds them to the genesis; what to write of them.
std::string make_accounts(std::size_t count, chain::Genesis& genesis) {
    runtime::OsEntropy entropy;
    const auto balance =
        checked_multiply(to_uint256(1'000'000'000'000'000'000U), std::uint64_t{ether_each}).value();
    std::string out = "[\n";
    for (std::size_t i = 0; i < count; ++i) {
        const auto key = NodeKey::generate(entropy);
        const auto address = chain::address_of_secret(key.secret());
        genesis.alloc[address].balance = balance;
        out += fmt::format("  {{\"address\": \"{}\", \"secretKey\": \"0x{}\"}}{}\n",
                           address.to_string(), to_hex(key.secret()), i + 1 < count ? "," : "");
    }
    return out + "]\n";
}

Outcome write_network(const Options& options) {
    const auto members = make_members(options);
    std::vector<chain::Address> validators;
    for (const auto& member : members) {
        if (!member.validator_key) continue;
        validators.push_back(chain::address_of_secret(member.validator_key->secret()));
    }
    auto extra_data = validator_extra_data(std::move(validators));
    if (!extra_data) return std::unexpected{extra_data.error()};
    auto genesis =
        new_genesis(options.chain_id, node::ChainConfig{}.gas_limit, std::move(*extra_data));
    set_votes(genesis, options.period_s);
    const auto accounts = make_accounts(options.accounts, genesis);
    const auto genesis_text = chain::to_json(genesis);
    for (const auto& member : members) {
        if (auto ok = write_member(options, members, member, genesis, genesis_text); !ok) return ok;
    }
    const Folder folder{options.folder};
    if (auto ok = write_new_file(folder.file("accounts.json"), accounts, 0600); !ok) return ok;
    if (auto ok = write_around(options, members); !ok) return ok;
    return write_new_file(folder.file(genesis_name), genesis_text, 0644);
}

/// Each kind of port has room, and none is that of another.
Outcome check_ports(const Options& options) {
    struct Range {
        const char* option;
        std::size_t first;
        std::size_t count;
    };
    const auto nodes = options.validators + options.nodes;
    const std::array ranges{Range{"--port", options.port, nodes},
                            Range{"--http-port", options.http_port, nodes},
                            Range{"--metrics-port", options.metrics_port, nodes},
                            Range{"--watch-port", options.watch_port, 2}};
    for (const auto& range : ranges) {
        if (range.first == 0 || range.first + range.count > 65'536) {
            return failed(fmt::format("{}: expected room for {} ports from it on, got {}",
                                      range.option, range.count, range.first));
        }
        for (const auto& other : ranges) {
            if (&other == &range) break;
            if (range.first < other.first + other.count &&
                other.first < range.first + range.count) {
                return failed(
                    fmt::format("{}: expected ports that are not the {} from {} of {}, got {}",
                                range.option, other.count, other.first, other.option, range.first));
            }
        }
    }
    return {};
}

Outcome make_network(const Options& options) {
    if (const auto address = IpAddress::parse(options.address);
        !address || !address->is_loopback()) {
        return failed(
            fmt::format("--address: expected a loopback address, got \"{}\"", options.address));
    }
    if (auto ok = check_ports(options); !ok) return ok;
    std::error_code error;
    if (std::filesystem::exists(options.folder, error) &&
        !std::filesystem::is_empty(options.folder, error)) {
        return failed(fmt::format("{} is there already and is left as it is", options.folder));
    }
    if (auto ok = write_network(options); !ok) return ok;
    fmt::print("{} validators and {} other nodes are in {}; a block each {} s.\n",
               options.validators, options.nodes, options.folder, options.period_s);
    fmt::print("{} accounts have {} ether each; their keys are in {}/accounts.json.\n",
               count_text(static_cast<std::int64_t>(options.accounts)), count_text(ether_each),
               options.folder);
    fmt::print("JSON-RPC will be at http://{}:{} and the ports after it.\n", options.address,
               options.http_port);
    fmt::print("Prometheus and Grafana: {0}/watch; services for systemd: {0}/systemd.\n",
               options.folder);
    fmt::print("\nNext: parley network up {}\n", options.folder);
    return {};
}

}  // namespace

void add_network_new(CLI::App& network, Chosen& chosen) {
    auto* command = add_command(network, "new", "make the files of a network", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    command->add_option("DIR", options->folder, "The network's folder, new or empty")->required();
    command->add_option("--validators", options->validators, "Nodes that make blocks")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{chain::qbft::validators_max}))
        ->capture_default_str();
    command->add_option("--nodes", options->nodes, "Nodes that follow")
        ->type_name("N")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    command->add_option("--accounts", options->accounts, "Accounts that have money")
        ->type_name("N")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    command->add_option("--period", options->period_s, "Seconds between two blocks")
        ->type_name("N")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    command->add_option("--chain-id", options->chain_id, "For which transactions are signed")
        ->type_name("N")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--address", options->address, "Where all of it listens; loopback only")
        ->type_name("ADDRESS")
        ->capture_default_str();
    command->add_option("--port", options->port, "Of the first node; the others have the next ones")
        ->type_name("N")
        ->capture_default_str();
    command->add_option("--http-port", options->http_port, "The same for JSON-RPC")
        ->type_name("N")
        ->capture_default_str();
    command->add_option("--metrics-port", options->metrics_port, "The same for metrics")
        ->type_name("N")
        ->capture_default_str();
    command
        ->add_option("--watch-port", options->watch_port,
                     "Of Prometheus, where it runs; Grafana has the next one")
        ->type_name("N")
        ->capture_default_str();
    command->callback(
        [options, &chosen] { chosen = [options] { return make_network(*options); }; });
}

}  // namespace parley::app
