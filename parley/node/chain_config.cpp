// The one list of the chain's settings: names, meaning, unit, range.
#include <parley/node/chain_config.hpp>

#include <parley/chain/types/fees.hpp>
#include <parley/p2p/config/config.hpp>

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <system_error>

namespace parley::node {
namespace {

std::optional<ChainConfig::Checkpoint> read_checkpoint(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !text.substr(colon + 1).starts_with("0x")) return {};
    ChainConfig::Checkpoint out;
    const auto digits = text.substr(0, colon);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out.number);
    const auto hash = from_hex(text.substr(colon + 3));
    const bool is_good = read.ec == std::errc{} && read.ptr == digits.data() + digits.size() &&
                         out.number > 0 && hash && hash->size() == out.hash.size();
    if (!is_good) return {};
    out.hash = array_of<32>(*hash);
    return out;
}

std::string text_of(const std::optional<ChainConfig::Checkpoint>& checkpoint) {
    if (!checkpoint) return {};
    return fmt::format("{}:0x{}", checkpoint->number, to_hex(checkpoint->hash));
}

}  // namespace

p2p::SettingList settings_of(ChainConfig& config) {
    constexpr auto any = p2p::SettingList::any;
    const auto file = [](std::string& value) {
        return [&value](const std::string& s) {
            value = s;
            return !p2p::is_taken_in_folder(s);
        };
    };
    p2p::SettingList list;
    list.table("network").number(
        "chain_id", "The chain id that transactions are signed for (EIP-155).", 1, any, config.id);
    list.table("pool").number("bytes_max", "Bytes of memory for waiting transactions.", 1 << 16,
                              any, config.pool_bytes_max);
    list.table("chain")
        .text("genesis",
              "A file with the genesis in Geth's form, relative to this folder: what the chain\n"
              "# begins with, the same for all nodes. \"\": a network without blocks.",
              "a file of its own, or \"\"", file(config.genesis), [&] { return config.genesis; })
        .text(
            "engine",
            "Who makes blocks. \"solo\": the one signer whose address is the genesis's extraData.\n"
            "# \"qbft\": validators by votes, the first of whom are in the genesis's extraData.\n"
            "# \"pow\": miners by work, as the genesis's difficulty and config.pow say.\n"
            "# \"unsealed\": anyone, as before Ethereum's consensus; for `parley chain` alone.",
            "\"solo\", \"qbft\", \"pow\" or \"unsealed\"",
            [&](const std::string& s) {
                config.engine = s;
                return s == "solo" || s == "qbft" || s == "pow" || s == "unsealed";
            },
            [&] { return config.engine; })
        .text(
            "signer_key",
            "The key file of who makes blocks, relative to this folder. \"\": others make them.",
            "a file of its own, node.key, or \"\"",
            [&](const std::string& s) {
                config.signer_key = s;
                return s == "node.key" || !p2p::is_taken_in_folder(s);
            },
            [&] { return config.signer_key; })
        .text("signer_socket",
              "The Unix socket of a `parley signer` that has the validator's key, instead of\n"
              "# signer_key, relative to this folder. \"\": none.",
              "the path of a socket, or \"\"", file(config.signer_socket),
              [&] { return config.signer_socket; })
        .text(
            "miner",
            "Of a chain by work: the account that gets reward and fees of the blocks that this "
            "node\n"
            "# makes. \"\": it makes none.",
            "an address, 0x and 40 hex digits, or \"\"",
            [&](const std::string& s) {
                config.miner = chain::Address::parse(s);
                return s.empty() || config.miner;
            },
            [&] { return config.miner ? config.miner->to_string() : std::string{}; })
        .number("mining_threads",
                "Threads that look for nonces. 0: outside miners do (eth_getWork, `parley mine`).",
                0, 1024, config.mining_threads)
        .text(
            "sync",
            "How a node without blocks catches up. \"blocks\": it executes all of them.\n"
            "# \"snapshot\": it fetches the state after a recent one, checked against its header;\n"
            "# it does not have the older blocks then.",
            "\"blocks\" or \"snapshot\"",
            [&](const std::string& s) {
                config.fetches_state = s == "snapshot";
                return s == "snapshot" || s == "blocks";
            },
            [&] { return config.fetches_state ? "snapshot" : "blocks"; })
        .text(
            "minimum_work",
            "Of a chain by work: the total difficulty that a chain must have before its headers\n"
            "# are kept, decimal. \"0\": that of the own chain less its last blocks.",
            "a number, without zeros in front",
            [&](const std::string& s) {
                // Whose text of zero is empty.
                const auto work = from_decimal(s == "0" ? "" : s);
                config.minimum_work = work.value_or(Uint256{});
                return work.has_value() && !s.empty();
            },
            [&] { return to_decimal(config.minimum_work); })
        .seconds("block_interval", "Seconds between two blocks that this node makes.", 1, 3600,
                 config.block_interval)
        .flag("empty_blocks", "Make a block also when no transaction waits.", config.empty_blocks)
        .number("gas_limit", "Gas that a block may use: those made here move towards it.",
                chain::gas_limit_min, any, config.gas_limit)
        .number("light_nodes_max",
                "Light nodes that this node serves at a time. 0: it serves none, and says so.", 0,
                1024, config.light_nodes_max)
        .flag("light",
              "This node is a light one: it keeps headers alone, and asks full nodes for proofs\n"
              "# (`parley run --light`). Of a chain by votes or by work.",
              config.is_light)
        .text(
            "light_checkpoint",
            "Of a light node by votes: a block that its owner knows to be right, to start from,\n"
            "# as NUMBER:HASH. \"\": it starts from the genesis.",
            "NUMBER:0xHASH, or \"\"",
            [&](const std::string& s) {
                config.checkpoint = read_checkpoint(s);
                return s.empty() || config.checkpoint;
            },
            [&] { return text_of(config.checkpoint); })
        .flag("light_checks_all",
              "Of a light node: check the seals of every header and tally the votes on\n"
              "# validators, not those of the newest and of changes alone. Slower.",
              config.checks_all_seals);
    return list;
}

}  // namespace parley::node
