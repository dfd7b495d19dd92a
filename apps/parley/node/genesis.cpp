// parley genesis: the genesis file of a new chain, on standard output.
#include "command.hpp"
#include "node/chain_files.hpp"
#include "node/new_genesis.hpp"
#include <parley/base/uint256.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/runtime/folder/key_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Prints the genesis of a new chain, in the form that Geth reads: one signer makes its
blocks, or validators by votes, by the rules of Cancun from the first block on; or
miners by work, by those of London. All nodes of the chain need the same file: give it
to `parley init --chain`.)text";

constexpr auto footer = R"text(EXAMPLES
  A chain whose blocks the node alice makes, and an account that has money on it:

    parley key new alice
    parley genesis --signer-key alice/node.key --chain-id 4711 \
                   --fund 0x71562b71999873db5b286df957af199ec94617f7:1000ether > genesis.json
    parley init alice --keep-key --chain genesis.json --signer-key node.key
    parley init bob --chain genesis.json --boot ...

  A chain of validators, each of whom needs a key of its own:

    parley genesis --validator-key a/validator.key --validator-key b/validator.key \
                   --validator 0x71562b71999873db5b286df957af199ec94617f7 > genesis.json
    parley init a --chain genesis.json --engine qbft --signer-key validator.key

  A chain whose blocks anyone makes by work, one in 15 seconds:

    parley genesis --work --period 15 --reward 2ether > genesis.json
    parley init a --chain genesis.json --miner 0x71562b71999873db5b286df957af199ec94617f7

  A fork at a block of a chain that runs: the file replaces DIR/genesis.json of every
  node before that block, and each is started again:

    parley genesis --from genesis.json --fork london=1000000 > next.json

EXIT STATUS
  0 printed, 1 not printed, 2 wrong command line)text";

struct Options {
    std::string from;
    std::string rules = "cancun";
    std::vector<std::string> forks;
    std::string signer;
    std::string signer_key;
    std::vector<std::string> validators;
    std::vector<std::string> validator_keys;
    bool by_work = false;
    std::uint64_t difficulty = 1'000'000;
    std::uint64_t half_life_s = chain::PowGenesis{}.half_life_s;
    std::string reward = "0";
    std::optional<std::uint64_t> period_s;
    std::vector<std::string> funds;
    std::uint64_t chain_id = node::ChainConfig{}.id;
    std::uint64_t gas_limit = node::ChainConfig{}.gas_limit;
};

/// Decimal digits, then nothing, "gwei" or "ether". Wei.
std::optional<Uint256> parse_amount(std::string_view text) {
    std::size_t zeros = 0;
    for (const auto& [unit, its_zeros] :
         {std::pair{"gwei", std::size_t{9}}, std::pair{"ether", std::size_t{18}}}) {
        if (!text.ends_with(unit)) continue;
        text.remove_suffix(std::string_view{unit}.size());
        zeros = its_zeros;
        break;
    }
    if (text.empty()) return std::nullopt;
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    return from_decimal(text.empty() ? "" : std::string{text} + std::string(zeros, '0'));
}

Result<chain::Address, Failure> address_in(std::string_view option, const std::string& text) {
    if (const auto address = chain::Address::parse(text)) return *address;
    return failed(fmt::format("{}: expected an address, 40 hex digits, got \"{}\"", option, text));
}

Result<chain::Address, Failure> address_of_key(std::string_view option, const std::string& path) {
    const auto stored = runtime::read_key(path);
    if (!stored) return std::unexpected{stored.error()};
    if (const auto* key = std::get_if<NodeKey>(&*stored)) {
        return chain::address_of_secret(key->secret());
    }
    return failed(fmt::format("{} is encrypted: give its address to {}", path, option));
}

Outcome set_work_of(const Options& options, chain::Genesis& genesis) {
    chain::PowGenesis pow{.half_life_s = options.half_life_s};
    pow.period_s = options.period_s.value_or(pow.period_s);
    if (pow.half_life_s < pow.period_s) {
        return failed(fmt::format("--half-life: expected at least the {} of --period, got {}",
                                  pow.period_s, pow.half_life_s));
    }
    const auto reward = parse_amount(options.reward);
    if (!reward) {
        return failed(
            fmt::format("--reward: expected an amount such as 2ether, got \"{}\"", options.reward));
    }
    pow.reward = *reward;
    set_work(genesis, to_uint256(options.difficulty), pow);
    return {};
}

/// What names who makes the blocks.
Result<Buffer, Failure> extra_data_of(const Options& options) {
    if (options.by_work) return Buffer{};
    if (!options.signer.empty() || !options.signer_key.empty()) {
        const auto signer = options.signer.empty() ? address_of_key("--signer", options.signer_key)
                                                   : address_in("--signer", options.signer);
        if (!signer) return std::unexpected{signer.error()};
        return to_buffer(*signer);
    }
    std::vector<chain::Address> addresses;
    for (const auto& text : options.validators) {
        const auto address = address_in("--validator", text);
        if (!address) return std::unexpected{address.error()};
        addresses.push_back(*address);
    }
    for (const auto& path : options.validator_keys) {
        const auto address = address_of_key("--validator", path);
        if (!address) return std::unexpected{address.error()};
        addresses.push_back(*address);
    }
    return validator_extra_data(std::move(addresses));
}

chain::Fork fork_named(std::string_view name) {
    using enum chain::Fork;
    for (const auto fork : {berlin, london, paris, shanghai}) {
        if (chain::name(fork) == name) return fork;
    }
    return cancun;
}

Result<chain::Genesis, Failure> make_genesis(const Options& options) {
    if (!options.from.empty()) return read_genesis(options.from);
    auto extra_data = extra_data_of(options);
    if (!extra_data) return std::unexpected{extra_data.error()};
    auto genesis = new_genesis(options.chain_id, options.gas_limit, std::move(*extra_data));
    set_rules(genesis, fork_named(options.rules));
    if (!options.validators.empty() || !options.validator_keys.empty()) {
        set_votes(genesis, options.period_s.value_or(chain::QbftGenesis{}.period_s));
    }
    if (options.by_work) {
        if (auto ok = set_work_of(options, genesis); !ok) return std::unexpected{ok.error()};
    }
    for (const auto& fund : options.funds) {
        const auto colon = fund.find(':');
        const auto address = chain::Address::parse(fund.substr(0, colon));
        const auto amount = colon == fund.npos
                                ? std::nullopt
                                : parse_amount(std::string_view{fund}.substr(colon + 1));
        if (!address || !amount) {
            return failed(fmt::format(
                "--fund: expected ADDRESS:AMOUNT such as 0x71...f7:1000ether, got \"{}\"", fund));
        }
        genesis.alloc[*address].balance = *amount;
    }
    return genesis;
}

Outcome print_genesis(const Options& options) {
    auto genesis = make_genesis(options);
    if (!genesis) return std::unexpected{genesis.error()};
    for (const auto& fork : options.forks) {
        if (auto ok = add_fork(*genesis, fork); !ok) return ok;
    }
    fmt::print("{}", chain::to_json(*genesis));
    return {};
}

}  // namespace

void add_genesis(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "genesis", "print the genesis of a new chain", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    auto* signers = command->add_option_group("signer");
    signers->add_option("--signer", options->signer, "The account that signs blocks")
        ->type_name("ADDRESS");
    signers->add_option("--signer-key", options->signer_key, "The same, by its key file")
        ->type_name("FILE");
    auto* validators = signers->add_option_group("validators");
    validators
        ->add_option("--validator", options->validators,
                     "An account that makes blocks by votes with others. Repeatable")
        ->type_name("ADDRESS");
    validators
        ->add_option("--validator-key", options->validator_keys,
                     "The same, by its key file. Repeatable")
        ->type_name("FILE");
    auto* work = signers->add_flag("--work", options->by_work, "Anyone makes blocks, by work");
    auto* from = signers
                     ->add_option("--from", options->from,
                                  "The genesis of a chain that runs, to which --fork adds")
                     ->type_name("FILE");
    signers->require_option(1);
    command
        ->add_option("--fork", options->forks,
                     "A fork to come: london=BLOCK, or shanghai or cancun=TIME, in Unix seconds.\n"
                     "Repeatable")
        ->type_name("NAME=POINT");
    command->add_option("--rules", options->rules, "The rules of the first block, not by work")
        ->type_name("FORK")
        ->check(CLI::IsMember({"berlin", "london", "paris", "shanghai", "cancun"}))
        ->excludes(work)
        ->excludes(from)
        ->capture_default_str();
    command
        ->add_option("--period", options->period_s,
                     "Seconds between two blocks, of validators or by work\n[1 or 15]")
        ->type_name("N")
        ->check(CLI::Range(1, 3600));
    command
        ->add_option("--difficulty", options->difficulty,
                     "By work: hashes for the first block, on the average")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{INT64_MAX}))
        ->needs(work)
        ->capture_default_str();
    command
        ->add_option("--half-life", options->half_life_s,
                     "By work: by so many seconds blocks are late when the difficulty\nhas halved")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, chain::PowGenesis::half_life_max_s))
        ->needs(work)
        ->capture_default_str();
    command->add_option("--reward", options->reward, "By work: for each block, beside the fees")
        ->type_name("AMOUNT")
        ->needs(work)
        ->capture_default_str();
    command
        ->add_option("--fund", options->funds,
                     "An account that has money from the first block on: wei, or with\ngwei or "
                     "ether. Repeatable")
        ->type_name("ADDRESS:AMOUNT");
    command->add_option("--chain-id", options->chain_id, "For which transactions are signed")
        ->type_name("N")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--gas-limit", options->gas_limit, "Gas that the first block may use")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{5'000}, std::uint64_t{INT64_MAX}))
        ->capture_default_str();
    for (const auto* other : {"--period", "--fund", "--chain-id", "--gas-limit"}) {
        command->get_option(other)->excludes(from);  // the file says it
    }
    command->callback(
        [options, &chosen] { chosen = [options] { return print_genesis(*options); }; });
}

}  // namespace parley::app
