#include "help.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

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
    auto left = option.get_name(false, true);
    if (const auto comma = left.find(','); comma != std::string::npos) left.insert(comma + 1, " ");
    // Checks add {their, values}, which the description names anyway.
    auto type = option.get_type_name();
    type = type.substr(0, type.find(":{"));
    if (option.get_type_size() != 0) left += " " + type;
    auto right = option.get_description();
    if (!option.get_default_str().empty()) {
        auto value = option.get_default_str();
        if (value.starts_with('[')) value = value.substr(1, value.size() - 2);
        right += fmt::format(" [{}]", value);
    }
    return row(left, right);
}

std::string argument_name(const CLI::Option& argument) {
    return argument.get_name(true) + (argument.get_items_expected_max() > 1 ? "..." : "");
}

std::string path_of(const CLI::App& app) {
    const auto* parent = app.get_parent();
    return parent == nullptr ? app.get_name() : path_of(*parent) + " " + app.get_name();
}

}  // namespace

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& brief,
                      const std::string& description) {
    auto* command = app.add_subcommand(name, fmt::format("{}\n\n{}", brief, description));
    command->footer("");  // not its parent's
    return command;
}

std::string HelpPages::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
    const auto commands = app->get_subcommands([](const CLI::App*) { return true; });
    const auto options = app->get_options([](const CLI::Option* o) { return o->nonpositional(); });
    const auto arguments =
        app->get_options([](const CLI::Option* o) { return !o->nonpositional(); });

    const auto path = path_of(*app);
    auto out = fmt::format("{} - {}\n\nUSAGE\n  {} ", path, app->get_description(), path);
    const bool alone = commands.empty() || !arguments.empty();  // also without one of the commands
    if (alone) {
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
    for (const auto* command : commands) {
        const auto text = command->get_description();
        out += row(command->get_name(), text.substr(0, text.find('\n')));
    }
    out += "\nOPTIONS\n";
    for (const auto* option : options) out += option_row(*option);
    if (const auto footer = app->get_footer(); !footer.empty()) out += "\n" + footer + "\n";
    return out;
}

}  // namespace parley::app
