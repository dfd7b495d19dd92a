#include "command_tree.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <functional>

namespace parley::app {

namespace {

std::vector<std::string> split(std::string_view text, std::string_view separator) {
    std::vector<std::string> out;
    while (true) {
        const auto end = text.find(separator);
        out.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + separator.size());
    }
}

/// "1 to 3600" of the check "INT in [1 - 3600]".
std::string range_in(std::string_view check) {
    constexpr std::size_t digits_of_no_bound = 16;
    const auto open = check.find('[') + 1;
    const auto bounds = split(check.substr(open, check.size() - open - 1), " - ");
    if (bounds.size() != 2) return {};
    return bounds[1].size() < digits_of_no_bound ? fmt::format("{} to {}", bounds[0], bounds[1])
                                                 : fmt::format("{} or more", bounds[0]);
}

/// Options of which one excludes another are to CLI11 a command without a name.
bool is_group(const CLI::App& command) {
    return command.get_name().empty();
}

std::vector<const CLI::Option*> options_where(const CLI::App& command,
                                              const std::function<bool(const CLI::Option*)>& fits) {
    auto out = command.get_options(fits);
    for (const auto* group :
         command.get_subcommands([](const CLI::App* below) { return is_group(*below); })) {
        const auto more = options_where(*group, [&](const CLI::Option* option) {
            return option != group->get_help_ptr() && fits(option);  // it has its own
        });
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

}  // namespace

std::vector<const CLI::App*> commands_of(const CLI::App& command) {
    return command.get_subcommands([](const CLI::App* below) { return !is_group(*below); });
}

std::vector<const CLI::Option*> arguments_of(const CLI::App& command) {
    return options_where(command, [](const CLI::Option* o) { return !o->nonpositional(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
    return options_where(command, [](const CLI::Option* o) { return o->nonpositional(); });
}

std::vector<const CLI::App*> with_all_below(const CLI::App& command) {
    std::vector<const CLI::App*> out{&command};
    for (const auto* child : commands_of(command)) {
        const auto below = with_all_below(*child);
        out.insert(out.end(), below.begin(), below.end());
    }
    return out;
}

std::string path_of(const CLI::App& command) {
    const auto* parent = command.get_parent();
    return parent == nullptr ? command.get_name() : path_of(*parent) + " " + command.get_name();
}

std::string brief_of(const CLI::App& command) {
    const auto text = command.get_description();
    return text.substr(0, text.find('\n'));
}

std::string details_of(const CLI::App& command) {
    const auto text = command.get_description();
    const auto begin = text.find_first_not_of('\n', std::min(text.find('\n'), text.size()));
    return begin == std::string::npos ? "" : text.substr(begin);
}

bool works_alone(const CLI::App& command) {
    return commands_of(command).empty() || !arguments_of(command).empty();
}

ValueKind value_kind(const CLI::Option& option) {
    ValueKind out;
    if (option.get_type_size() == 0) return out;
    // CLI11 has one text for the name and all checks: "N:INT in [1 - 3600]", "NAME:{solo,qbft}".
    // A name may have a colon too: "ADDRESS:PORT".
    for (const auto& part : split(option.get_type_name(), ":")) {
        if (part.starts_with('{')) {
            out.choices = split(std::string_view{part}.substr(1, part.size() - 2), ",");
        } else if (part.find(" in [") != std::string::npos) {
            out.range = range_in(part);
        } else if (part != "POSITIVE") {
            out.name += out.name.empty() ? part : ":" + part;
        }
    }
    return out;
}

std::string argument_name(const CLI::Option& argument) {
    return argument.get_name(true) + (argument.get_items_expected_max() > 1 ? "..." : "");
}

std::string option_names(const CLI::Option& option) {
    auto out = option.get_name(false, true);
    if (const auto comma = out.find(','); comma != std::string::npos) out.insert(comma + 1, " ");
    return out;
}

std::string option_text(const CLI::Option& option) {
    auto out = option.get_description();
    if (const auto range = value_kind(option).range; !range.empty()) {
        out += fmt::format(" ({})", range);
    }
    if (auto value = option.get_default_str(); !value.empty()) {
        if (value.starts_with('[')) value = value.substr(1, value.size() - 2);
        out += fmt::format(" [{}]", value);
    }
    return out;
}

CLI::Validator suggests(const std::vector<std::string>& values) {
    return {[](const std::string&) { return std::string{}; },
            fmt::format("{{{}}}", fmt::join(values, ","))};
}

}  // namespace parley::app
