#include <parley/chain/genesis/genesis_json.hpp>

#include <parley/chain/genesis/genesis_fields.hpp>
#include <parley/chain/genesis/genesis_values.hpp>
#include <parley/chain/genesis/json_walk.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace parley::chain {
namespace {

using Section = GenesisSection;

constexpr std::size_t json_depth_max = 32;
constexpr std::size_t shown_bytes_max = 72;
constexpr std::string_view an_object = "an object";
constexpr std::string_view an_address = "an address, 20 bytes in hex";
constexpr std::string_view a_slot = "at most 32 bytes in hex, two digits each";

/// For a line of a log: short and printable.
std::string shown(std::string_view text) {
    std::string out{text.substr(0, shown_bytes_max)};
    std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
    if (text.size() > shown_bytes_max) out += "...";
    return out;
}

std::string shown(const JsonScalar& value) {
    const auto text = shown(value.text);
    return value.kind == JsonScalar::Kind::string ? '"' + text + '"' : text;
}

/// Puts a line and a column to an offset.
GenesisError at_offset(GenesisError error, std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    error.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
    error.column = 1 + offset - (before.rfind('\n') + 1);
    return error;
}

/// The key that a schedule's error is about.
std::string_view key_of(const ForkError& error, const ForkSchedule& forks) {
    if (error.code == ForkErrc::out_of_order) {
        const bool is_netsplit = forks.merge_netsplit_block < forks.london_block;
        return forks.merge_netsplit_block && is_netsplit ? "config.mergeNetsplitBlock"
                                                         : "config.cancunTime";
    }
    if (error.actual == static_cast<std::uint64_t>(Fork::cancun)) return "config.cancunTime";
    if (error.actual == static_cast<std::uint64_t>(Fork::shanghai)) return "config.shanghaiTime";
    return forks.terminal_total_difficulty ? "config.terminalTotalDifficulty"
                                           : "config.mergeNetsplitBlock";
}

/// Fills a draft with what is read, and stops at the first error.
class GenesisReader final : public JsonVisitor {
public:
    explicit GenesisReader(std::string_view text) : text_(text) {}

    std::optional<GenesisError>& error() { return error_; }
    Genesis& genesis() { return draft_.genesis; }
    /// What no value alone is wrong in.
    void check_whole();

    bool begin_object() override { return begin(an_object, true); }
    bool begin_array() override { return begin("an array", false); }
    bool end_array() override {
        levels_.pop_back();
        return true;
    }
    bool end_object() override;
    bool key(std::string_view text, std::size_t ordinal) override;
    bool scalar(const JsonScalar& value) override;

private:
    /// An object or array that was begun, under its key.
    struct Level {
        Section section;
        std::string key;
        std::size_t ordinal;
        std::uint64_t seen = 0;     // the fields of the section, a bit each
        std::uint64_t present = 0;  // those that are not null
    };

    bool begin(std::string_view what, bool is_object);
    bool begin_account(std::string_view text);
    bool begin_slot(std::string_view text);
    void enter(Section section) { levels_.push_back({section, key_, ordinal_}); }
    void note_present();
    /// Of the present one; 0 if the section does not list it.
    std::uint64_t bit_of_field() const;
    /// "alloc.0x12.balance" of a key in the innermost object.
    std::string path_of(std::string_view key) const;
    std::size_t offset_of(std::size_t ordinal) const { return json_string_offset(text_, ordinal); }
    bool fail_at(std::size_t offset, GenesisErrc code, std::string key, std::string_view expected,
                 std::string actual);
    /// The value of the present key, or that key.
    bool refuse(GenesisErrc code, std::string_view expected, std::string actual) {
        return fail_at(offset_of(ordinal_), code, path_of(key_), expected, std::move(actual));
    }
    bool refuse_whole(std::string actual) {
        return fail_at(0, GenesisErrc::bad_value, {}, an_object, std::move(actual));
    }
    void conflict(std::string_view key, std::string_view expected, std::string actual);

    std::string_view text_;
    GenesisDraft draft_;
    std::vector<Level> levels_;
    std::string key_;                                 // the present one
    std::size_t ordinal_ = 0;                         // of that key
    const GenesisField* field_ = nullptr;             // that it means; null: none
    Uint256* slot_ = nullptr;                         // that it means
    std::map<std::string_view, std::size_t> places_;  // of fields of root and config: ordinals
    std::optional<GenesisError> error_;
};

std::string GenesisReader::path_of(std::string_view key) const {
    std::string out;
    for (std::size_t i = 1; i < levels_.size(); ++i) out += shown(levels_[i].key) + '.';
    return out + shown(key);
}

std::uint64_t GenesisReader::bit_of_field() const {
    std::uint64_t bit = 1;
    for (const auto& field : genesis_fields(levels_.back().section)) {
        if (&field == field_) return bit;
        bit <<= 1;
    }
    return 0;
}

bool GenesisReader::fail_at(std::size_t offset, GenesisErrc code, std::string key,
                            std::string_view expected, std::string actual) {
    error_ = at_offset({code, 1, 1, std::move(key), std::string{expected}, std::move(actual)},
                       text_, offset);
    return false;
}

bool GenesisReader::begin(std::string_view what, bool is_object) {
    if (levels_.empty()) {
        if (!is_object) return refuse_whole(std::string{what});
        enter(Section::root);
        return true;
    }
    const auto section = levels_.back().section;
    if (section == Section::alloc) {
        if (!is_object) return refuse(GenesisErrc::bad_value, an_object, std::string{what});
        enter(Section::account);
    } else if (section == Section::storage) {
        return refuse(GenesisErrc::bad_value, a_slot, std::string{what});
    } else if (field_ == nullptr) {
        enter(Section::ignored);
    } else if (is_object && field_->opens != Section::none) {
        note_present();
        enter(field_->opens);
    } else {
        return refuse(field_->error, field_->expected, std::string{what});
    }
    field_ = nullptr;
    return true;
}

bool GenesisReader::end_object() {
    const Level& level = levels_.back();
    std::uint64_t bit = 1;
    for (const auto& field : genesis_fields(level.section)) {
        if (field.is_required && (level.present & bit) == 0) {
            const auto offset = levels_.size() == 1 ? 0 : offset_of(level.ordinal);
            return fail_at(offset, GenesisErrc::missing, path_of(field.name), field.expected,
                           "nothing");
        }
        bit <<= 1;
    }
    levels_.pop_back();
    field_ = nullptr;
    return true;
}

bool GenesisReader::key(std::string_view text, std::size_t ordinal) {
    Level& level = levels_.back();
    if (level.section == Section::ignored) return true;
    key_ = text;
    ordinal_ = ordinal;
    if (level.section == Section::alloc) return begin_account(text);
    if (level.section == Section::storage) return begin_slot(text);
    field_ = find_genesis_field(level.section, text);
    if (field_ == nullptr) return true;
    const auto bit = bit_of_field();
    if ((level.seen & bit) != 0) return refuse(GenesisErrc::duplicate, "it once", "it again");
    level.seen |= bit;
    if (level.section == Section::root || level.section == Section::config) {
        places_.emplace(field_->name, ordinal);
    }
    return true;
}

bool GenesisReader::begin_account(std::string_view text) {
    const auto address = Address::parse(text);
    if (!address) return refuse(GenesisErrc::bad_value, an_address, '"' + shown(text) + '"');
    const auto [place, is_new] = draft_.genesis.alloc.try_emplace(*address);
    if (!is_new) return refuse(GenesisErrc::duplicate, "it once", "it again");
    draft_.account = &place->second;
    return true;
}

bool GenesisReader::begin_slot(std::string_view text) {
    const auto slot = genesis_slot(text);
    if (!slot) return refuse(GenesisErrc::bad_value, a_slot, '"' + shown(text) + '"');
    const auto [place, is_new] = draft_.account->storage.try_emplace(*slot);
    if (!is_new) return refuse(GenesisErrc::duplicate, "it once", "it again");
    slot_ = &place->second;
    return true;
}

void GenesisReader::note_present() {
    levels_.back().present |= bit_of_field();
}

bool GenesisReader::scalar(const JsonScalar& value) {
    if (levels_.empty()) return refuse_whole(shown(value));
    const auto section = levels_.back().section;
    if (section == Section::alloc) return refuse(GenesisErrc::bad_value, an_object, shown(value));
    if (section == Section::storage) {
        const bool is_string = value.kind == JsonScalar::Kind::string;
        const auto read = is_string ? genesis_slot(value.text) : std::nullopt;
        if (!read) return refuse(GenesisErrc::bad_value, a_slot, shown(value));
        *slot_ = *read;
        return true;
    }
    // What is null is not there: so Geth writes what it leaves out.
    if (field_ == nullptr || value.kind == JsonScalar::Kind::null) return true;
    if (field_->opens != Section::none || !field_->read(draft_, value)) {
        return refuse(field_->error, field_->expected, shown(value));
    }
    note_present();
    return true;
}

void GenesisReader::conflict(std::string_view key, std::string_view expected, std::string actual) {
    if (error_) return;
    const auto name = key.substr(key.rfind('.') + 1);
    fail_at(offset_of(places_.at(name)), GenesisErrc::conflict, std::string{key}, expected,
            std::move(actual));
}

void GenesisReader::check_whole() {
    const Genesis& genesis = draft_.genesis;
    const ForkSchedule& forks = genesis.forks;
    if (const auto valid = forks.validate(); !valid) {
        conflict(key_of(valid.error(), forks), "the forks before it, none of them later",
                 message(valid.error()));
    }
    if (!genesis.is_merged() && forks.shanghai_time && *forks.shanghai_time <= genesis.timestamp) {
        conflict("config.shanghaiTime", "a time after the timestamp, or terminalTotalDifficulty 0",
                 std::to_string(*forks.shanghai_time));
    }
    if (error_) return;
    const Fork fork = genesis.fork();
    if (genesis.base_fee_per_gas && fork < Fork::london) {
        conflict("baseFeePerGas", "nothing, since block 0 is before London",
                 to_quantity(*genesis.base_fee_per_gas));
    }
    if (genesis.excess_blob_gas && fork < Fork::cancun) {
        conflict("excessBlobGas", "nothing, since block 0 is before Cancun",
                 std::to_string(*genesis.excess_blob_gas));
    }
    if (genesis.blob_gas_used && fork < Fork::cancun) {
        conflict("blobGasUsed", "nothing, since block 0 is before Cancun",
                 std::to_string(*genesis.blob_gas_used));
    }
}

}  // namespace

std::string message(const GenesisError& error) {
    const auto key = error.key.empty() ? "" : error.key + ": ";
    return fmt::format("line {}, column {}: {}expected {}, got {}", error.line, error.column, key,
                       error.expected, error.actual);
}

Result<Genesis, GenesisError> parse_genesis(std::string_view text) {
    if (text.size() > genesis_text_bytes_max) {
        return std::unexpected{GenesisError{GenesisErrc::too_large,
                                            1,
                                            1,
                                            {},
                                            fmt::format("at most {} bytes", genesis_text_bytes_max),
                                            fmt::format("{} bytes", text.size())}};
    }
    GenesisReader reader{text};
    const auto walked = walk_json(text, json_depth_max, reader);
    if (!walked) {
        const auto& [offset, reason] = walked.error();
        return std::unexpected{
            at_offset({GenesisErrc::not_json, 1, 1, {}, "JSON", reason}, text, offset)};
    }
    if (!reader.error()) reader.check_whole();
    if (reader.error()) return std::unexpected{std::move(*reader.error())};
    return std::move(reader.genesis());
}

}  // namespace parley::chain
