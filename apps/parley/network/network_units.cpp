// The units of a network: those of the package's node, for a folder with many.
#include "embedded.hpp"
#include "network/network_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <optional>

namespace parley::app {

namespace {

/// As a unit takes it, without specifiers (systemd.unit(5)).
std::string unit_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c;
        if (c == '%') out += c;
    }
    return out;
}
/// As one word of several.
std::string unit_word(std::string_view text) {
    std::string out = "\"";
    for (const char c : unit_text(text)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

/// Whether a service with a folder for temporary files of its own would not see this one.
bool is_temporary(std::string_view path) {
    return path.starts_with("/tmp/") || path.starts_with("/var/tmp/");
}

/// What becomes of the settings of the package's unit that do not fit: others instead, or nothing.
std::map<std::string, std::vector<std::string>, std::less<>> changes_for(const NetworkPlan& plan) {
    const auto target = unit_name_of(plan.folder) + ".target";
    std::map<std::string, std::vector<std::string>, std::less<>> out{
        {"Description",
         {"Description=Parley, node %i of " + unit_text(plan.folder), "PartOf=" + target}},
        {"User", {"User=" + plan.user}},
        {"Group", {}},
        {"ExecStart",
         {"WorkingDirectory=" + unit_text(plan.folder),
          fmt::format("ExecStart={} run %i", unit_word(plan.program))}},
        {"StateDirectory", {"ReadWritePaths=" + unit_word(plan.folder)}},
        {"StateDirectoryMode", {}},
        {"ProtectHome", {"ProtectHome=read-only"}},
        {"WantedBy", {"WantedBy=" + target}},
    };
    if (is_temporary(plan.folder) || is_temporary(plan.program)) out["PrivateTmp"] = {};
    return out;
}

std::string template_unit(const NetworkPlan& plan) {
    const auto changes = changes_for(plan);
    std::string out;
    for (auto rest = package_unit; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const auto changed = changes.find(line.substr(0, line.find('=')));
        if (changed == changes.end()) {
            out.append(line).append("\n");
            continue;
        }
        for (const auto& other : changed->second) out += other + '\n';
    }
    return out;
}

std::string target_unit(const NetworkPlan& plan, const std::string& name) {
    auto out = fmt::format(
        "[Unit]\n"
        "Description=Parley, all nodes of {}\n",
        unit_text(plan.folder));
    for (const auto& node : plan.nodes)
        out += fmt::format("Wants={}@{}.service\n", name, node.name);
    return out + "\n[Install]\nWantedBy=multi-user.target\n";
}

}  // namespace

std::string unit_name_of(std::string_view folder) {
    auto name = std::filesystem::path{folder}.filename().string();
    std::ranges::replace_if(
        name, [](unsigned char c) { return !std::isalnum(c) && c != '_' && c != '.'; }, '-');
    return "parley-" + name;
}

std::vector<TextFile> systemd_files(const NetworkPlan& plan) {
    const auto name = unit_name_of(plan.folder);
    return {{.name = "systemd/" + name + "@.service", .text = template_unit(plan)},
            {.name = "systemd/" + name + ".target", .text = target_unit(plan, name)}};
}

}  // namespace parley::app
