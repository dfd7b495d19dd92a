// Setting: one line of parley.toml. A SettingList is a table of them, each bound to the value that
// it reads and prints, so that the parser and the template of `parley init` cannot know different
// settings. The network has a list, the chain another, an embedder its own; they are joined.
//
//     SettingList list;
//     list.table("pool").number("bytes_max", "Bytes of memory.", 1 << 16, any, pool.bytes_max);
//
// Threading: one thread; the values outlive the list.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::p2p {

/// A TOML value as far as settings need it.
using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::int64_t>,
                                  std::vector<std::string>>;

struct Setting {
    std::string table;
    std::string key;
    std::string comment;  ///< meaning, unit and range; further lines begin with "# "
    /// Takes a value. Nothing if it fits; otherwise what was expected.
    std::function<std::optional<std::string>(const SettingValue&)> set;
    /// The value as TOML.
    std::function<std::string()> print;
};

/// A table of settings, in the order in which they are printed. Methods that add return the list
/// itself.
class SettingList {
public:
    static constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
    using Expected = std::optional<std::string>;
    /// Takes a text, or says false.
    using Read = std::function<bool(const std::string&)>;
    using Print = std::function<std::string()>;

    /// The table that the settings from here on belong to.
    SettingList& table(std::string name);

    /// A whole number, `least` to `most`.
    template <std::integral T>
    SettingList& number(std::string key, std::string comment, std::int64_t least, std::int64_t most,
                        T& value) {
        return add_number(
            std::move(key), std::move(comment), least, most,
            [&value](std::int64_t n) { value = static_cast<T>(n); },
            [&value] { return std::to_string(value); });
    }
    /// `true` or `false`.
    SettingList& flag(std::string key, std::string comment, bool& value);
    /// Whole seconds, `least` to `most`; `why` says why no others, in the error.
    SettingList& seconds(std::string key, std::string comment, std::int64_t least,
                         std::int64_t most, Duration& value, std::string why = "");
    /// KiB a second, 16 to 100,000,000, or 0 for no limit: less than 16 would stop a link for
    /// seconds with each read.
    SettingList& bandwidth(std::string key, std::string comment, std::uint32_t& value);
    /// Text that `read` understands; `expected` says what that is.
    SettingList& text(std::string key, std::string comment, std::string expected, Read read,
                      Print print);
    /// "address:port", or "" for none. `fits` may refuse some.
    SettingList& endpoint(std::string key, std::string comment, std::string expected,
                          std::optional<Endpoint>& value,
                          std::function<bool(const Endpoint&)> fits = {});
    /// A list of texts, each of which `read` makes an item of, or nothing.
    template <class Item>
    SettingList& list(std::string key, std::string comment, std::string expected,
                      std::vector<Item>& items,
                      std::function<std::optional<Item>(const std::string&)> read,
                      std::function<std::string(const Item&)> print) {
        return add_list(
            std::move(key), std::move(comment), std::move(expected), [&items] { items.clear(); },
            [&items, read = std::move(read)](const std::string& text) -> Expected {
                auto item = read(text);
                if (!item) return std::string{};
                items.push_back(std::move(*item));
                return std::nullopt;
            },
            [&items, print = std::move(print)] {
                std::vector<std::string> out;
                for (const auto& item : items) out.push_back(print(item));
                return out;
            });
    }
    /// A list of node IDs, 66 hex digits each.
    SettingList& ids(std::string key, std::string comment, std::vector<NodeId>& items);
    /// Nodes to dial; the error says what is wrong with one that does not fit.
    SettingList& targets(std::string key, std::string comment, std::vector<Target>& items);
    /// For forms that are none of the above.
    SettingList& add(std::string key, std::string comment, decltype(Setting::set) set, Print print);

    /// The settings of `more` follow. Those of one table need not follow one another.
    SettingList& join(SettingList more);

    const std::vector<Setting>& all() const { return settings_; }

private:
    SettingList& add_number(std::string key, std::string comment, std::int64_t least,
                            std::int64_t most, std::function<void(std::int64_t)> set, Print print);
    SettingList& add_list(std::string key, std::string comment, std::string expected,
                          std::function<void()> clear,
                          std::function<Expected(const std::string&)> append,
                          std::function<std::vector<std::string>()> print);

    std::string table_;
    std::vector<Setting> settings_;
};

/// As a TOML string.
std::string quoted(std::string_view text);

/// Where a configuration is wrong: "parley.toml:12: p2p.outbound_max: expected 0 to 1000, got -1".
struct ConfigError {
    std::string message;
};
/// One at that place. Without a line the file alone is named, without a file neither.
ConfigError config_error(std::string_view file_name, std::optional<std::uint32_t> line,
                         std::string_view what);

/// What to do about a table of which no setting is in the list.
enum class OtherTables : std::uint8_t {
    refuse,
    pass,  ///< for tools that read the folder of a program with settings of its own
};

/// On which line of a file each setting is that it has, by its full name: "p2p.listen".
using SettingLines = std::map<std::string, std::uint32_t, std::less<>>;

/// Reads TOML into the values of the list. An unknown key is an error, a missing one leaves its
/// value as it is. `file_name` is for messages; empty: they name no file and no line.
Result<SettingLines, ConfigError> read_settings(const SettingList& list, std::string_view toml,
                                                std::string_view file_name,
                                                OtherTables other = OtherTables::refuse);

/// The text of parley.toml with every setting and its comment, table by table.
std::string settings_template(const SettingList& list);

}  // namespace parley::p2p
