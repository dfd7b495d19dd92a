#include <parley/p2p/config/setting.hpp>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace parley::p2p {

namespace {

std::string joined(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? ", " : "") + p2p::quoted(item);
    return out + "]";
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

SettingList& SettingList::table(std::string name) {
    table_ = std::move(name);
    return *this;
}

SettingList& SettingList::add(std::string key, std::string comment, decltype(Setting::set) set,
                              Print print) {
    settings_.push_back(
        {table_, std::move(key), std::move(comment), std::move(set), std::move(print)});
    return *this;
}

SettingList& SettingList::add_number(std::string key, std::string comment, std::int64_t least,
                                     std::int64_t most, std::function<void(std::int64_t)> set,
                                     Print print) {
    return add(
        std::move(key), std::move(comment),
        [=, set = std::move(set)](const SettingValue& value) -> Expected {
            const auto* n = std::get_if<std::int64_t>(&value);
            if (n == nullptr) return "a whole number";
            if (*n < least || *n > most) return fmt::format("{} to {}", least, most);
            set(*n);
            return {};
        },
        std::move(print));
}

SettingList& SettingList::flag(std::string key, std::string comment, bool& value) {
    return add(
        std::move(key), std::move(comment),
        [&value](const SettingValue& given) -> Expected {
            const auto* b = std::get_if<bool>(&given);
            if (b == nullptr) return "true or false";
            value = *b;
            return {};
        },
        [&value] { return value ? "true" : "false"; });
}

SettingList& SettingList::seconds(std::string key, std::string comment, std::int64_t least,
                                  std::int64_t most, Duration& value, std::string why) {
    return add(
        std::move(key), std::move(comment),
        [=, &value, why = std::move(why)](const SettingValue& given) -> Expected {
            const auto* n = std::get_if<std::int64_t>(&given);
            if (n == nullptr || *n < least || *n > most) {
                return fmt::format("{} to {} seconds{}{}{}", least, most, why.empty() ? "" : " (",
                                   why, why.empty() ? "" : ")");
            }
            value = std::chrono::seconds{*n};
            return {};
        },
        [&value] {
            return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(value).count());
        });
}

SettingList& SettingList::bandwidth(std::string key, std::string comment, std::uint32_t& value) {
    constexpr std::int64_t least = 16;
    constexpr std::int64_t most = 100'000'000;
    return add(
        std::move(key), std::move(comment),
        [=, &value](const SettingValue& given) -> Expected {
            const auto* n = std::get_if<std::int64_t>(&given);
            if (n == nullptr || (*n != 0 && (*n < least || *n > most))) {
                return fmt::format("0 (no limit), or {} to {} KiB a second", least, most);
            }
            value = static_cast<std::uint32_t>(*n);
            return {};
        },
        [&value] { return std::to_string(value); });
}

SettingList& SettingList::text(std::string key, std::string comment, std::string expected,
                               Read read, Print print) {
    return add(
        std::move(key), std::move(comment),
        [expected = std::move(expected),
         read = std::move(read)](const SettingValue& value) -> Expected {
            const auto* s = std::get_if<std::string>(&value);
            if (s == nullptr || !read(*s)) return expected;
            return {};
        },
        [print = std::move(print)] { return p2p::quoted(print()); });
}

SettingList& SettingList::endpoint(std::string key, std::string comment, std::string expected,
                                   std::optional<Endpoint>& value,
                                   std::function<bool(const Endpoint&)> fits) {
    return text(
        std::move(key), std::move(comment), std::move(expected),
        [&value, fits = std::move(fits)](const std::string& s) {
            value = s.empty() ? std::nullopt : Endpoint::parse(s);
            return s.empty() || (value && (!fits || fits(*value)));
        },
        [&value] { return value ? value->to_string() : std::string{}; });
}

namespace {

/// A text alone is a list of one, and an empty one is none.
std::optional<std::vector<std::string>> texts_of(const SettingValue& value) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return *texts;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::nullopt;
    if (text->empty()) return std::vector<std::string>{};
    return std::vector{*text};
}

}  // namespace

SettingList& SettingList::add_list(std::string key, std::string comment, std::string expected,
                                   std::function<void()> clear,
                                   std::function<Expected(const std::string&)> append,
                                   std::function<std::vector<std::string>()> print) {
    return add(
        std::move(key), std::move(comment),
        [expected = std::move(expected), clear = std::move(clear),
         append = std::move(append)](const SettingValue& value) -> Expected {
            const auto items = texts_of(value);
            if (!items) return fmt::format("a list of {}", expected);
            clear();
            for (const auto& item : *items) {
                const auto why = append(item);
                if (!why) continue;
                return fmt::format("{} (not \"{}\"{}{})", expected, item, why->empty() ? "" : ": ",
                                   *why);
            }
            return {};
        },
        [print = std::move(print)] { return joined(print()); });
}

SettingList& SettingList::ids(std::string key, std::string comment, std::vector<NodeId>& items) {
    return list<NodeId>(
        std::move(key), std::move(comment), "node IDs of 66 hex digits", items,
        [](const std::string& text) { return NodeId::parse(text); },
        [](const NodeId& id) { return id.to_string(); });
}

SettingList& SettingList::targets(std::string key, std::string comment,
                                  std::vector<Target>& items) {
    return add_list(
        std::move(key), std::move(comment),
        R"("ID@address:port", "ID@host.example:port" or "enr:...")", [&items] { items.clear(); },
        [&items](const std::string& text) -> Expected {
            auto target = Target::read(text);
            if (!target) return std::string{target.error()};
            items.push_back(std::move(*target));
            return std::nullopt;
        },
        [&items] {
            std::vector<std::string> out;
            for (const auto& target : items) out.push_back(target.to_string());
            return out;
        });
}

SettingList& SettingList::join(SettingList more) {
    std::ranges::move(more.settings_, std::back_inserter(settings_));
    return *this;
}

// --- Text ----------------------------------------------------------------------------------

namespace {

/// The value as settings know it; nothing for what no setting takes (dates, tables, mixed lists).
std::optional<SettingValue> value_of(const toml::node& node) {
    if (const auto b = node.value_exact<bool>()) return *b;
    if (const auto n = node.value_exact<std::int64_t>()) return *n;
    if (const auto s = node.value_exact<std::string>()) return *s;
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<std::int64_t> numbers;
    std::vector<std::string> texts;
    for (const auto& item : *array) {
        if (const auto n = item.value_exact<std::int64_t>()) numbers.push_back(*n);
        if (const auto s = item.value_exact<std::string>()) texts.push_back(*s);
    }
    if (numbers.size() + texts.size() != array->size()) return std::nullopt;
    if (numbers.empty()) return texts;
    if (texts.empty()) return numbers;
    return std::nullopt;
}

std::string shown(const toml::node& node) {
    std::ostringstream out;
    out << toml::node_view<const toml::node>{&node};
    return out.str();
}

class Reader {
public:
    Reader(const std::vector<Setting>& settings, std::string_view file_name, OtherTables other)
        : settings_(settings), file_name_(file_name), other_(other) {}

    Result<SettingLines, ConfigError> read(const toml::table& root) const {
        SettingLines lines;
        for (const auto& [table_name, node] : root) {
            const auto* table = node.as_table();
            if (table != nullptr && !is_known(table_name.str()) && other_ == OtherTables::pass) {
                continue;
            }
            if (table == nullptr || !is_known(table_name.str())) {
                return bad(node,
                           fmt::format("unknown {} \"{}\"", table == nullptr ? "setting" : "table",
                                       table_name.str()));
            }
            for (const auto& [key, value] : *table) {
                if (const auto why = set(table_name.str(), key.str(), value)) {
                    return bad(value, *why);
                }
                lines.emplace(fmt::format("{}.{}", table_name.str(), key.str()),
                              value.source().begin.line);
            }
        }
        return lines;
    }

private:
    bool is_known(std::string_view table) const {
        return std::ranges::find(settings_, table, &Setting::table) != settings_.end();
    }

    std::optional<std::string> set(std::string_view table, std::string_view key,
                                   const toml::node& node) const {
        const auto setting = std::ranges::find_if(
            settings_, [&](const auto& s) { return s.table == table && s.key == key; });
        if (setting == settings_.end()) {
            return fmt::format("unknown setting \"{}.{}\"", table, key);
        }
        const auto value = value_of(node);
        auto expected = value ? setting->set(*value) : std::optional{std::string{"another type"}};
        // An empty list fits lists of numbers as well as lists of texts.
        if (expected && value && std::holds_alternative<std::vector<std::string>>(*value) &&
            std::get<std::vector<std::string>>(*value).empty()) {
            expected = setting->set(SettingValue{std::vector<std::int64_t>{}});
        }
        if (!expected) return std::nullopt;
        return fmt::format("{}.{}: expected {}, got {}", table, key, *expected, shown(node));
    }

    std::unexpected<ConfigError> bad(const toml::node& node, const std::string& what) const {
        return std::unexpected{config_error(file_name_, node.source().begin.line, what)};
    }

    const std::vector<Setting>& settings_;
    std::string_view file_name_;
    OtherTables other_;
};

}  // namespace

ConfigError config_error(std::string_view file_name, std::optional<std::uint32_t> line,
                         std::string_view what) {
    if (file_name.empty()) return {std::string{what}};
    if (!line) return {fmt::format("{}: {}", file_name, what)};
    return {fmt::format("{}:{}: {}", file_name, *line, what)};
}

Result<SettingLines, ConfigError> read_settings(const SettingList& list, std::string_view text,
                                                std::string_view file_name, OtherTables other) {
    try {
        return Reader{list.all(), file_name, other}.read(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return std::unexpected{
            config_error(file_name, error.source().begin.line, error.description())};
    }
}

std::string settings_template(const SettingList& list) {
    std::string out = "# Settings of a Parley node. Every setting is here with its value.\n";
    std::vector<std::string_view> tables;
    for (const auto& setting : list.all()) {
        if (std::ranges::find(tables, setting.table) == tables.end()) {
            tables.push_back(setting.table);
        }
    }
    for (const auto table : tables) {
        out += fmt::format("\n[{}]\n", table);
        for (const auto& setting : list.all()) {
            if (setting.table != table) continue;
            out += fmt::format("# {}\n{} = {}\n", setting.comment, setting.key, setting.print());
        }
    }
    return out;
}

}  // namespace parley::p2p
