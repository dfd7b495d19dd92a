#include <parley/node/config/config.hpp>

#include <parley/node/config/settings.hpp>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace parley::node {

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

class Parser {
public:
    explicit Parser(std::string_view file_name) : file_name_(file_name) {}

    Result<NodeConfig, ConfigError> parse(const toml::table& root) {
        NodeConfig config;
        for (const auto& [table_name, node] : root) {
            const auto* table = node.as_table();
            if (table == nullptr || !known_table(table_name.str())) {
                return bad(node,
                           fmt::format("unknown {} \"{}\"", table == nullptr ? "setting" : "table",
                                       table_name.str()));
            }
            for (const auto& [key, value] : *table) {
                if (auto error = set(config, table_name.str(), key.str(), value)) {
                    return bad(value, *error);
                }
            }
        }
        return check(config);
    }

private:
    /// What one setting alone cannot tell.
    Result<NodeConfig, ConfigError> check(const NodeConfig& config) const {
        const auto& p2p = config.p2p;
        if (p2p.proxy.user.empty() && !p2p.proxy.password.empty()) {
            return std::unexpected{ConfigError{fmt::format(
                "{}: p2p.proxy_password is of no use without p2p.proxy_user", file_name_)}};
        }
        if (!p2p.uses_proxy() && !p2p.proxy.user.empty()) {
            return std::unexpected{ConfigError{
                fmt::format("{}: p2p.proxy_user is of no use without p2p.proxy", file_name_)}};
        }
        if (p2p.uses_proxy() && p2p.port_mapping != nat::MappingMode::off) {
            return std::unexpected{ConfigError{fmt::format(
                "{}: p2p.port_mapping tells where this node is, which p2p.proxy hides: only one "
                "of them",
                file_name_)}};
        }
        return config;
    }

    static bool known_table(std::string_view name) {
        return std::ranges::any_of(settings(), [&](const auto& s) { return s.table == name; });
    }

    static std::optional<std::string> set(NodeConfig& config, std::string_view table,
                                          std::string_view key, const toml::node& node) {
        const auto setting = std::ranges::find_if(
            settings(), [&](const auto& s) { return s.table == table && s.key == key; });
        if (setting == settings().end()) {
            return fmt::format("unknown setting \"{}.{}\"", table, key);
        }
        const auto value = value_of(node);
        // An empty list fits lists of numbers as well as lists of texts.
        auto expected =
            value ? setting->set(config, *value) : std::optional{std::string{"another type"}};
        if (expected && value && std::holds_alternative<std::vector<std::string>>(*value) &&
            std::get<std::vector<std::string>>(*value).empty()) {
            expected = setting->set(config, SettingValue{std::vector<std::int64_t>{}});
        }
        if (!expected) return std::nullopt;
        return fmt::format("{}.{}: expected {}, got {}", table, key, *expected, shown(node));
    }

    std::unexpected<ConfigError> bad(const toml::node& node, const std::string& what) const {
        return std::unexpected{
            ConfigError{fmt::format("{}:{}: {}", file_name_, node.source().begin.line, what)}};
    }

    std::string_view file_name_;
};

}  // namespace

Result<NodeConfig, ConfigError> parse_config(std::string_view text, std::string_view file_name) {
    try {
        return Parser{file_name}.parse(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return std::unexpected{ConfigError{
            fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description())}};
    }
}

std::string config_template(const NodeConfig& config) {
    std::string out = "# Settings of a Parley node. Every setting is here with its value.\n";
    std::string_view table;
    for (const auto& setting : settings()) {
        if (setting.table != table) {
            table = setting.table;
            out += fmt::format("\n[{}]\n", table);
        }
        out += fmt::format("# {}\n{} = {}\n", setting.comment, setting.key, setting.print(config));
    }
    return out;
}

transport::LinkConfig NodeConfig::link() const {
    const auto bytes = [](std::uint32_t kib) { return std::uint64_t{kib} * 1024; };
    const auto shared = [&](std::uint32_t kib) {
        return kib == 0 ? nullptr : std::make_shared<transport::Pacer>(bytes(kib));
    };
    transport::LinkConfig out;
    out.heartbeat = {p2p.heartbeat_interval, p2p.heartbeat_timeout};
    out.bandwidth = {bytes(p2p.upload_per_peer_max), bytes(p2p.download_per_peer_max),
                     shared(p2p.upload_max), shared(p2p.download_max)};
    return out;
}

}  // namespace parley::node
