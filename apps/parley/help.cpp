#include "command_tree.hpp"
#include "help.hpp"

#include <fmt/format.h>

#include <string_view>

namespace parley::app {

namespace {

constexpr std::size_t column = 28;

/// "  left       right", the further lines of `right` below its first.
std::string row(std::string left, std::string_view right) {
    left = "  " + left;
    const bool fits = left.size() + 2 <= column;
    std::string out = fits ? left : left + "\n";
    bool first = fits;
    while (!right.empty()) {
        const auto end = right.find('\n');
        out += std::string(first ? column - left.size() : column, ' ');
        out += right.substr(0, end);
        out += '\n';
        first = false;
        right = end == std::string_view::npos ? std::string_view{} : right.substr(end + 1);
    }
    return out;
}

std::string option_row(const CLI::Option& option) {
    auto left = option_names(option);
    if (const auto value = value_kind(option).name; !value.empty()) left += " " + value;
    return row(left, option_text(option));
}

}  // namespace

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& brief,
                      const std::string& description) {
    auto* command = app.add_subcommand(name, fmt::format("{}\n\n{}", brief, description));
    command->footer("");  // not its parent's
    return command;
}

std::string HelpPages::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
    const auto commands = commands_of(*app);
    const auto arguments = arguments_of(*app);
    const auto path = path_of(*app);
    auto out = fmt::format("{} - {}\n\nUSAGE\n  {} ", path, app->get_description(), path);
    if (works_alone(*app)) {
        out += "[OPTIONS]";
        for (const auto* argument : arguments) out += " " + argument_name(*argument);
        out += '\n';
        if (!commands.empty()) out += "  " + path + " ";
    }
    if (!commands.empty()) out += "COMMAND ...\n";
    if (!arguments.empty()) out += "\nARGUMENTS\n";
    for (const auto* argument : arguments) {
        out += row(argument_name(*argument), argument->get_description());
    }
    if (!commands.empty()) out += "\nCOMMANDS\n";
    for (const auto* command : commands) out += row(command->get_name(), brief_of(*command));
    out += "\nOPTIONS\n";
    for (const auto* option : options_of(*app)) out += option_row(*option);
    if (const auto footer = app->get_footer(); !footer.empty()) out += "\n" + footer + "\n";
    return out;
}

}  // namespace parley::app
