// The one list of settings: their names, meaning, parsing and printing. The parser and the
// template of `parley init` both walk it, so that neither can know a setting the other does not.
#pragma once

#include <parley/node/config/config.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::node {

/// A TOML value as far as settings need it.
using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::int64_t>,
                                  std::vector<std::string>>;

struct Setting {
    std::string_view table;
    std::string_view key;
    std::string_view comment;  ///< what it means, its unit and range; lines end with \n
    /// Nothing if it fits; otherwise what was expected.
    std::function<std::optional<std::string>(NodeConfig&, const SettingValue&)> set;
    /// As TOML.
    std::function<std::string(const NodeConfig&)> print;
};

const std::vector<Setting>& settings();

}  // namespace parley::node
