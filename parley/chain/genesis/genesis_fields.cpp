#include <parley/chain/genesis/genesis_fields.hpp>

#include <parley/base/text.hpp>
#include <parley/chain/genesis/genesis_values.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace parley::chain {
namespace {

using Field = GenesisField;
using Section = GenesisSection;

constexpr std::string_view narrow_text = "a number below 2^64";
constexpr std::string_view positive_text = "a number from 1, below 2^64";
constexpr std::string_view wide_text = "a number below 2^256";
constexpr std::string_view object_text = "an object";
constexpr std::string_view hash_text = "32 bytes in hex after 0x";
constexpr std::string_view since_berlin = "0 or nothing, since the rules begin with Berlin";
constexpr std::string_view up_to_cancun = "no forks but those from Berlin to Cancun";
constexpr std::string_view merkle = "false, since the state is a Merkle Patricia trie";
constexpr std::uint64_t cancun_blob_target = 3, cancun_blobs_max = 6;  // EIP-4844
constexpr std::uint64_t cancun_update_fraction = 3'338'477;

bool read_narrow(const JsonScalar& from, std::optional<std::uint64_t>& to) {
    to = genesis_number(from);
    return to.has_value();
}

bool read_narrow(const JsonScalar& from, std::uint64_t& to) {
    const auto value = genesis_number(from);
    if (value) to = *value;
    return value.has_value();
}

bool read_wide(const JsonScalar& from, std::optional<Uint256>& to) {
    to = genesis_wide_number(from);
    return to.has_value();
}

bool read_wide(const JsonScalar& from, Uint256& to) {
    const auto value = genesis_wide_number(from);
    if (value) to = *value;
    return value.has_value();
}

bool read_positive(const JsonScalar& from, std::uint64_t& to) {
    return read_narrow(from, to) && to > 0;
}

bool read_bytes(const JsonScalar& from, std::size_t size_bytes_max, Buffer& to) {
    auto value = genesis_bytes(from, size_bytes_max);
    if (value) to = std::move(*value);
    return value.has_value();
}

bool read_hash(const JsonScalar& from, Hash256& to) {
    const auto value = genesis_hash(from);
    if (value) to = *value;
    return value.has_value();
}

bool read_address(const JsonScalar& from, Address& to) {
    if (from.kind != JsonScalar::Kind::string) return false;
    const auto value = Address::parse(from.text);
    if (value) to = *value;
    return value.has_value();
}

template <std::uint64_t Value>
bool is_number(GenesisDraft&, const JsonScalar& from) {
    return genesis_number(from) == Value;
}

bool is_zero_hash(GenesisDraft&, const JsonScalar& from) {
    return genesis_hash(from) == Hash256{};
}

bool is_boolean(GenesisDraft&, const JsonScalar& from) {
    return from.kind == JsonScalar::Kind::boolean;
}

bool is_false(GenesisDraft&, const JsonScalar& from) {
    return from.kind == JsonScalar::Kind::boolean && from.text == "false";
}

bool is_narrow(GenesisDraft&, const JsonScalar& from) {
    return genesis_number(from).has_value();
}

bool fits_never(GenesisDraft&, const JsonScalar&) {
    return false;
}

constexpr Field fork_before_berlin(std::string_view name) {
    return {name, since_berlin, is_number<0>, {}, {}, GenesisErrc::unsupported_fork};
}

QbftGenesis& qbft_of(GenesisDraft& draft) {
    auto& qbft = draft.genesis.qbft;
    if (!qbft) qbft.emplace();
    return *qbft;
}

PowGenesis& pow_of(GenesisDraft& draft) {
    auto& pow = draft.genesis.pow;
    if (!pow) pow.emplace();
    return *pow;
}

bool read_up_to(const JsonScalar& from, std::uint64_t max, std::uint64_t& to) {
    return read_positive(from, to) && to <= max;
}

using To = GenesisDraft;
using From = JsonScalar;

constexpr auto root_fields = std::to_array<Field>({
    {"config", object_text, nullptr, Section::config, true},
    {"nonce", narrow_text, [](To& to, const From& f) { return read_narrow(f, to.genesis.nonce); }},
    {"timestamp", narrow_text,
     [](To& to, const From& f) { return read_narrow(f, to.genesis.timestamp); }},
    {"extraData", "hex after 0x, at most 65536 bytes",
     [](To& to, const From& f) {
         return read_bytes(f, genesis_extra_data_bytes_max, to.genesis.extra_data);
     }},
    {"gasLimit",
     positive_text,
     [](To& to, const From& f) { return read_positive(f, to.genesis.gas_limit); },
     {},
     true},
    {"difficulty",
     wide_text,
     [](To& to, const From& f) { return read_wide(f, to.genesis.difficulty); },
     {},
     true},
    {"mixHash", hash_text, [](To& to, const From& f) { return read_hash(f, to.genesis.mix_hash); }},
    {"coinbase", "20 bytes in hex",
     [](To& to, const From& f) { return read_address(f, to.genesis.coinbase); }},
    {"alloc", object_text, nullptr, Section::alloc, true},
    {"number", "0, the number of the first block", is_number<0>},
    {"gasUsed", "0, since block 0 has no transactions", is_number<0>},
    {"parentHash", "32 bytes of 0 in hex after 0x, since block 0 has no parent", is_zero_hash},
    {"baseFeePerGas", wide_text,
     [](To& to, const From& f) { return read_wide(f, to.genesis.base_fee_per_gas); }},
    {"excessBlobGas", narrow_text,
     [](To& to, const From& f) { return read_narrow(f, to.genesis.excess_blob_gas); }},
    {"blobGasUsed", narrow_text,
     [](To& to, const From& f) { return read_narrow(f, to.genesis.blob_gas_used); }},
});

constexpr auto config_fields = std::to_array<Field>({
    {"chainId",
     positive_text,
     [](To& to, const From& f) { return read_positive(f, to.genesis.chain_id); },
     {},
     true},
    fork_before_berlin("homesteadBlock"),
    fork_before_berlin("daoForkBlock"),
    {"daoForkSupport", "true or false", is_boolean},
    fork_before_berlin("eip150Block"),
    fork_before_berlin("eip155Block"),
    fork_before_berlin("eip158Block"),
    fork_before_berlin("byzantiumBlock"),
    fork_before_berlin("constantinopleBlock"),
    fork_before_berlin("petersburgBlock"),
    fork_before_berlin("istanbulBlock"),
    fork_before_berlin("muirGlacierBlock"),
    fork_before_berlin("berlinBlock"),
    {"londonBlock", narrow_text,
     [](To& to, const From& f) { return read_narrow(f, to.genesis.forks.london_block); }},
    // They delay a difficulty that is not reckoned here.
    {"arrowGlacierBlock", narrow_text, is_narrow},
    {"grayGlacierBlock", narrow_text, is_narrow},
    {"mergeNetsplitBlock", narrow_text,
     [](To& to, const From& f) { return read_narrow(f, to.genesis.forks.merge_netsplit_block); }},
    {"terminalTotalDifficulty", wide_text,
     [](To& to, const From& f) {
         return read_wide(f, to.genesis.forks.terminal_total_difficulty);
     }},
    {"terminalTotalDifficultyPassed", "true or false", is_boolean},
    {"shanghaiTime", narrow_text,
     [](To& to, const From& f) { return read_narrow(f, to.genesis.forks.shanghai_time); }},
    {"cancunTime", narrow_text,
     [](To& to, const From& f) { return read_narrow(f, to.genesis.forks.cancun_time); }},
    {"blobSchedule", object_text, nullptr, Section::blob_schedule},
    {"qbft", object_text, nullptr, Section::qbft},
    {"pow", object_text, nullptr, Section::pow},
    {"isQuorum", "true or false",
     [](To& to, const From& f) {
         to.genesis.is_quorum = f.text == "true";
         return f.kind == JsonScalar::Kind::boolean;
     }},
    {"enableVerkleAtGenesis", merkle, is_false, {}, {}, GenesisErrc::unsupported_fork},
    {"enableUBTAtGenesis", merkle, is_false, {}, {}, GenesisErrc::unsupported_fork},
    // GoQuorum's: from this block on gas has a price.
    {"enableGasPriceBlock",
     "0 or nothing, since gas has a price",
     is_number<0>,
     {},
     {},
     GenesisErrc::unsupported_fork},
});
static_assert(config_fields.size() <= 64);

constexpr auto blob_schedule_fields = std::to_array<Field>({
    {"cancun", object_text, nullptr, Section::cancun_blobs},
});

constexpr auto cancun_blob_fields = std::to_array<Field>({
    {"target", "3, as in EIP-4844", is_number<cancun_blob_target>},
    {"max", "6, as in EIP-4844", is_number<cancun_blobs_max>},
    {"baseFeeUpdateFraction", "3338477, as in EIP-4844", is_number<cancun_update_fraction>},
});

/// Named as GoQuorum and Besu have them.
constexpr auto qbft_fields = std::to_array<Field>({
    {"epochLength", positive_text,
     [](To& to, const From& f) { return read_positive(f, qbft_of(to).epoch_blocks); }},
    {"blockPeriodSeconds", positive_text,
     [](To& to, const From& f) { return read_positive(f, qbft_of(to).period_s); }},
    {"requestTimeoutSeconds", positive_text,
     [](To& to, const From& f) { return read_positive(f, qbft_of(to).timeout_s); }},
});

/// Parley's own.
constexpr auto pow_fields = std::to_array<Field>({
    {"blockPeriodSeconds", "a number from 1 to 86400",
     [](To& to, const From& f) {
         return read_up_to(f, PowGenesis::period_max_s, pow_of(to).period_s);
     }},
    {"halfLifeSeconds", "a number from 1 to 31536000",
     [](To& to, const From& f) {
         return read_up_to(f, PowGenesis::half_life_max_s, pow_of(to).half_life_s);
     }},
    {"blockReward", wide_text,
     [](To& to, const From& f) { return read_wide(f, pow_of(to).reward); }},
});

constexpr auto account_fields = std::to_array<Field>({
    {"balance",
     wide_text,
     [](To& to, const From& f) { return read_wide(f, to.account->balance); },
     {},
     true},
    {"nonce", narrow_text, [](To& to, const From& f) { return read_narrow(f, to.account->nonce); }},
    {"code", "hex after 0x, at most 1048576 bytes",
     [](To& to, const From& f) { return read_bytes(f, genesis_code_bytes_max, to.account->code); }},
    {"storage", object_text, nullptr, Section::storage},
});

constexpr Field unknown_fork{"", up_to_cancun, fits_never, {}, {}, GenesisErrc::unsupported_fork};

}  // namespace

std::span<const GenesisField> genesis_fields(GenesisSection section) {
    switch (section) {
        case Section::root:
            return root_fields;
        case Section::config:
            return config_fields;
        case Section::blob_schedule:
            return blob_schedule_fields;
        case Section::cancun_blobs:
            return cancun_blob_fields;
        case Section::qbft:
            return qbft_fields;
        case Section::pow:
            return pow_fields;
        case Section::account:
            return account_fields;
        case Section::none:
        case Section::alloc:
        case Section::storage:
        case Section::ignored:
            return {};
    }
    return {};
}

const GenesisField* find_genesis_field(GenesisSection section, std::string_view name) {
    const auto fields = genesis_fields(section);
    const auto wanted = lower(name);
    const auto found = std::ranges::find_if(
        fields, [&](const Field& field) { return lower(field.name) == wanted; });
    if (found != fields.end()) return &*found;
    const bool is_fork =
        section == Section::config && (wanted.ends_with("block") || wanted.ends_with("time"));
    return is_fork ? &unknown_fork : nullptr;
}

}  // namespace parley::chain
