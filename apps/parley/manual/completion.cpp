#include "command_tree.hpp"
#include "manual/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace parley::app {

namespace {

enum class Paths : std::uint8_t { none, files, folders };

Paths paths_of(const ValueKind& kind, const std::string& name) {
    for (const std::string_view word : {std::string_view{kind.name}, std::string_view{name}}) {
        if (word.starts_with("FILE") || word == "PROGRAM") return Paths::files;
        if (word == "DIR" || word == "FOLDER") return Paths::folders;
    }
    return Paths::none;
}

/// An option that takes a value, or all arguments of a command, which shells do not tell apart.
struct Place {
    std::vector<std::string> names;  ///< of an option: "-o", "--option"
    std::string value;               ///< "FILE"
    std::string about;               ///< on one line
    std::vector<std::string> choices;
    Paths paths = Paths::none;
};

std::string on_one_line(std::string text) {
    for (auto& c : text) {
        if (c == '\n') c = ' ';
    }
    return text;
}

Place place_of(const CLI::Option& option) {
    Place out;
    for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
    auto kind = value_kind(option);
    out.paths = paths_of(kind, "");
    out.value = std::move(kind.name);
    out.choices = std::move(kind.choices);
    out.about = on_one_line(option_text(option));
    return out;
}

struct Word {
    std::string text;
    std::string about;
};

/// One command, as a shell has to know it.
struct Spot {
    std::string path;  ///< "parley peers ban"
    std::vector<Word> commands;
    std::vector<Place> options;
    Place arguments;
};

std::vector<Word> commands_at(const CLI::App& command) {
    std::vector<Word> out;
    for (const auto* below : commands_of(command)) {
        out.push_back({below->get_name(), brief_of(*below)});
    }
    if (command.get_parent() == nullptr) out.push_back({"help", "describe a command"});
    return out;
}

std::vector<Spot> spots_of(const CLI::App& program) {
    std::vector<Spot> out;
    for (const auto* command : with_all_below(program)) {
        Spot spot{path_of(*command), commands_at(*command), {}, {}};
        for (const auto* option : options_of(*command)) spot.options.push_back(place_of(*option));
        for (const auto* argument : arguments_of(*command)) {
            const auto kind = value_kind(*argument);
            auto& all = spot.arguments;
            all.choices.insert(all.choices.end(), kind.choices.begin(), kind.choices.end());
            const auto paths = paths_of(kind, argument->get_name(true));
            if (all.paths == Paths::none || paths == Paths::files) all.paths = paths;
        }
        out.push_back(std::move(spot));
    }
    return out;
}

/// 'text', for any of the shells' case patterns and words.
std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += R"('\'')";
        } else {
            out += c;
        }
    }
    return out + "'";
}

/// In fish a backslash counts between quotes too.
std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

/// The commands below the program, by their paths, joined.
std::string paths_below(const std::vector<Spot>& spots, std::string_view separator) {
    std::vector<std::string> out;
    for (const auto& spot : spots) {
        if (&spot != &spots.front()) out.push_back(in_quotes(spot.path));
    }
    return fmt::format("{}", fmt::join(out, separator));
}

std::vector<std::string> option_words(const Spot& spot) {
    std::vector<std::string> out;
    for (const auto& option : spot.options) {
        out.insert(out.end(), option.names.begin(), option.names.end());
    }
    return out;
}

std::string pattern_of(const Spot& spot, const Place& option) {
    std::vector<std::string> out;
    for (const auto& name : option.names) out.push_back(in_quotes(spot.path + ' ' + name));
    return fmt::format("{}", fmt::join(out, " | "));
}

// --- bash --------------------------------------------------------------------------------------

constexpr auto bash_begin = R"sh(# Completion for bash, printed by `{0} completion bash`.
_{0}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    local at={0} words='' options='' paths='' i
    COMPREPLY=()
    # --option=value comes as three words.
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case "$at ${{COMP_WORDS[i]}}" in
            {1}) at+=" ${{COMP_WORDS[i]}}" ;;
        esac
    done
    case "$at $before" in
)sh";

constexpr auto bash_end = R"sh(            esac
            ;;
    esac
    [[ $word != -* ]] || words=$options paths=''
    if [[ $paths ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen "$paths" -- "$word")
    fi
    mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -W "$words" -- "$word")
    ((${{#COMPREPLY[@]}})) || [[ $word ]] ||
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}}
complete -F _{0} {0}
)sh";

std::string bash_takes(const Place& place) {
    std::string out;
    if (!place.choices.empty()) {
        out +=
            fmt::format(" words={}", in_quotes(fmt::format("{}", fmt::join(place.choices, " "))));
    }
    if (place.paths != Paths::none) out += place.paths == Paths::files ? " paths=-f" : " paths=-d";
    return out;
}

// --- zsh ---------------------------------------------------------------------------------------

constexpr auto zsh_begin = R"sh(#compdef {0}
# Completion for zsh, printed by `{0} completion zsh`.
_{0}() {{
    local word=$words[CURRENT] before=$words[CURRENT-1] at={0} i
    local -a commands options
    if [[ $word == --*=* ]]; then
        before=${{word%%=*}}
        compset -P '*='
    fi
    for ((i = 2; i < CURRENT; ++i)); do
        case "$at $words[i]" in
            ({1}) at+=" $words[i]" ;;
        esac
    done
    case "$at $before" in
)sh";

std::string zsh_takes(const Place& place) {
    if (!place.choices.empty()) return fmt::format("compadd -- {}", fmt::join(place.choices, " "));
    if (place.paths == Paths::files) return "_files";
    if (place.paths == Paths::folders) return "_files -/";
    return fmt::format("_message {}", in_quotes(place.value));
}

/// A word and what it means, of _describe: 'run:run a node'.
std::string zsh_word(std::string_view word, std::string_view about) {
    std::string text;
    for (const char c : about) {
        if (c == ':' || c == '\\') text += '\\';
        text += c;
    }
    return in_quotes(fmt::format("{}:{}", word, text));
}

std::string zsh_lines_of(const Spot& spot) {
    auto out = fmt::format("        ({})\n", in_quotes(spot.path));
    if (!spot.commands.empty()) {
        out += "            commands=(\n";
        for (const auto& word : spot.commands) {
            out += "                " + zsh_word(word.text, word.about) + '\n';
        }
        out += "            )\n";
    }
    out += "            options=(\n";
    for (const auto& option : spot.options) {
        for (const auto& name : option.names) {
            out += "                " + zsh_word(name, option.about) + '\n';
        }
    }
    out += "            )\n";
    const auto& arguments = spot.arguments;
    if (!arguments.choices.empty() || arguments.paths != Paths::none) {
        out += "            [[ $word == -* ]] || " + zsh_takes(arguments) + '\n';
    }
    return out + "            ;;\n";
}

constexpr auto zsh_end = R"sh(    esac
    (( ! $#commands )) || _describe -t commands command commands
    _describe -o -t options option options
}}
_{0} "$@"
)sh";

// --- fish --------------------------------------------------------------------------------------

constexpr auto fish_begin = R"sh(# Completion for fish, printed by `{0} completion fish`.
function __{0}_at
    set -l at {0}
    for word in (commandline -opc)
        if contains -- "$at $word" {1}
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c {0} -f
)sh";

std::string fish_takes(const Place& place) {
    if (!place.choices.empty()) {
        return fmt::format(" -x -a {}",
                           fish_quoted(fmt::format("{}", fmt::join(place.choices, " "))));
    }
    if (place.paths == Paths::files) return " -r -F";
    if (place.paths == Paths::folders) return " -x -a '(__fish_complete_directories)'";
    return place.value.empty() ? "" : " -x";
}

}  // namespace

std::string bash_completion(const CLI::App& program) {
    const auto spots = spots_of(program);
    const auto& name = program.get_name();
    auto out = fmt::format(bash_begin, name, paths_below(spots, " | "));
    for (const auto& spot : spots) {
        for (const auto& option : spot.options) {
            if (option.value.empty()) continue;
            const auto takes = bash_takes(option);
            out += fmt::format("        {}){} ;;\n", pattern_of(spot, option),
                               takes.empty() ? " return" : takes);
        }
    }
    out += "        *)\n            case $at in\n";
    for (const auto& spot : spots) {
        auto arguments = spot.arguments;
        for (const auto& word : spot.commands) arguments.choices.push_back(word.text);
        out += fmt::format("                {}){} options='{}' ;;\n", in_quotes(spot.path),
                           bash_takes(arguments), fmt::join(option_words(spot), " "));
    }
    return out + fmt::format(bash_end, name);
}

std::string zsh_completion(const CLI::App& program) {
    const auto spots = spots_of(program);
    const auto& name = program.get_name();
    auto out = fmt::format(zsh_begin, name, paths_below(spots, "|"));
    for (const auto& spot : spots) {
        for (const auto& option : spot.options) {
            if (option.value.empty()) continue;
            out += fmt::format("        ({}) {}; return ;;\n", pattern_of(spot, option),
                               zsh_takes(option));
        }
    }
    out += "    esac\n    case $at in\n";
    for (const auto& spot : spots) out += zsh_lines_of(spot);
    return out + fmt::format(zsh_end, name);
}

std::string fish_completion(const CLI::App& program) {
    const auto spots = spots_of(program);
    const auto& name = program.get_name();
    auto out = fmt::format(fish_begin, name, paths_below(spots, " "));
    for (const auto& spot : spots) {
        const auto here = fmt::format("complete -c {} -n \"__{}_at '{}'\"", name, name, spot.path);
        for (const auto& word : spot.commands) {
            out += fmt::format("{} -a {} -d {}\n", here, word.text, fish_quoted(word.about));
        }
        for (const auto& option : spot.options) {
            out += here;
            for (const auto& text : option.names) {
                const bool is_long = text.starts_with("--");
                out += fmt::format(" {} {}", is_long ? "-l" : "-s", text.substr(is_long ? 2 : 1));
            }
            out += fmt::format("{} -d {}\n", fish_takes(option), fish_quoted(option.about));
        }
        const auto& arguments = spot.arguments;
        if (!arguments.choices.empty()) {
            out += fmt::format("{} -a '{}'\n", here, fmt::join(arguments.choices, " "));
        } else if (arguments.paths == Paths::files) {
            out += here + " -F\n";
        } else if (arguments.paths == Paths::folders) {
            out += here + " -a '(__fish_complete_directories)'\n";
        }
    }
    return out;
}

}  // namespace parley::app
