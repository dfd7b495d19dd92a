// A Genesis as Geth's JSON.
#include <parley/base/endian.hpp>
#include <parley/chain/genesis/genesis_json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace parley::chain {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::string_view forks_before_berlin[] = {
    "homesteadBlock",      "eip150Block",     "eip155Block",   "eip158Block", "byzantiumBlock",
    "constantinopleBlock", "petersburgBlock", "istanbulBlock", "berlinBlock"};

std::string hex(Bytes bytes) {
    return "0x" + to_hex(bytes);
}

void write_config(Out out, const Genesis& genesis) {
    fmt::format_to(out, "  \"config\": {{\n    \"chainId\": {}", genesis.chain_id);
    for (const auto name : forks_before_berlin) fmt::format_to(out, ",\n    \"{}\": 0", name);
    const auto number = [&](std::string_view name, const std::optional<std::uint64_t>& value) {
        if (value) fmt::format_to(out, ",\n    \"{}\": {}", name, *value);
    };
    const ForkSchedule& forks = genesis.forks;
    number("londonBlock", forks.london_block);
    number("mergeNetsplitBlock", forks.merge_netsplit_block);
    if (forks.terminal_total_difficulty) {
        fmt::format_to(out, ",\n    \"terminalTotalDifficulty\": {}",
                       to_decimal(*forks.terminal_total_difficulty));
    }
    number("shanghaiTime", forks.shanghai_time);
    number("cancunTime", forks.cancun_time);
    if (forks.cancun_time) {
        fmt::format_to(out,
                       ",\n    \"blobSchedule\": {{\"cancun\": {{\"target\": 3, \"max\": 6, "
                       "\"baseFeeUpdateFraction\": 3338477}}}}");
    }
    if (genesis.is_quorum) fmt::format_to(out, ",\n    \"isQuorum\": true");
    if (const auto& qbft = genesis.qbft) {
        fmt::format_to(out,
                       ",\n    \"qbft\": {{\"epochLength\": {}, \"blockPeriodSeconds\": {}, "
                       "\"requestTimeoutSeconds\": {}}}",
                       qbft->epoch_blocks, qbft->period_s, qbft->timeout_s);
    }
    if (const auto& pow = genesis.pow) {
        fmt::format_to(out,
                       ",\n    \"pow\": {{\"blockPeriodSeconds\": {}, \"halfLifeSeconds\": {}, "
                       "\"blockReward\": \"{}\"}}",
                       pow->period_s, pow->half_life_s, to_quantity(pow->reward));
    }
    fmt::format_to(out, "\n  }}");
}

void write_account(Out out, const Address& address, const GenesisAccount& account) {
    fmt::format_to(out, "    \"{}\": {{\"balance\": \"{}\"", address.to_string(),
                   to_quantity(account.balance));
    if (account.nonce != 0) fmt::format_to(out, ", \"nonce\": \"{:#x}\"", account.nonce);
    if (!account.code.empty()) fmt::format_to(out, ", \"code\": \"{}\"", hex(account.code));
    if (!account.storage.empty()) {
        fmt::format_to(out, ", \"storage\": {{");
        const char* separator = "";
        for (const auto& [slot, value] : account.storage) {
            fmt::format_to(out, "{}\n      \"{}\": \"{}\"", separator, hex(slot), hex(value));
            separator = ",";
        }
        fmt::format_to(out, "\n    }}");
    }
    fmt::format_to(out, "}}");
}

}  // namespace

std::string to_json(const Genesis& genesis) {
    std::string text;
    const Out out{text};
    fmt::format_to(out, "{{\n");
    write_config(out, genesis);
    const auto quoted = [&](std::string_view name, const std::string& value) {
        fmt::format_to(out, ",\n  \"{}\": \"{}\"", name, value);
    };
    const auto number = [&](std::string_view name, const std::optional<std::uint64_t>& value) {
        if (value) quoted(name, fmt::format("{:#x}", *value));
    };
    number("nonce", genesis.nonce);
    number("timestamp", genesis.timestamp);
    quoted("extraData", hex(genesis.extra_data));
    number("gasLimit", genesis.gas_limit);
    quoted("difficulty", to_quantity(genesis.difficulty));
    quoted("mixHash", hex(genesis.mix_hash));
    quoted("coinbase", genesis.coinbase.to_string());
    if (genesis.base_fee_per_gas) quoted("baseFeePerGas", to_quantity(*genesis.base_fee_per_gas));
    number("excessBlobGas", genesis.excess_blob_gas);
    number("blobGasUsed", genesis.blob_gas_used);
    fmt::format_to(out, ",\n  \"alloc\": {{");
    const char* separator = "";
    for (const auto& [address, account] : genesis.alloc) {
        fmt::format_to(out, "{}\n", separator);
        write_account(out, address, account);
        separator = ",";
    }
    fmt::format_to(out, "\n  }}\n}}\n");
    return text;
}

}  // namespace parley::chain
