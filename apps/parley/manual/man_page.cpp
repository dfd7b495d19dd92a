#include "command_tree.hpp"
#include "manual/man_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace parley::app {

namespace {

/// Text that roff prints as it stands; it would make typographic ones of hyphens and quotes.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += "\\-";
                break;
            case '\'':
                out += "\\(aq";
                break;
            case '`':
                out += "\\(ga";
                break;
            case '^':
                out += "\\(ha";
                break;
            case '~':
                out += "\\(ti";
                break;
            case '"':
                out += "\\(dq";
                break;
            default:
                out += c;
        }
    }
    // A request, otherwise.
    return out.starts_with('.') ? "\\&" + out : out;
}

std::string bold(std::string_view text) {
    return fmt::format("\\fB{}\\fR", escaped(text));
}

std::string italic(std::string_view text) {
    return fmt::format("\\fI{}\\fR", escaped(text));
}

/// A line of prose: what stands in backquotes is bold.
std::string prose_line(std::string_view line) {
    std::string out;
    while (true) {
        const auto open = line.find('`');
        const auto close = open == line.npos ? line.npos : line.find('`', open + 1);
        if (close == line.npos) return out + escaped(line);
        out += escaped(line.substr(0, open)) + bold(line.substr(open + 1, close - open - 1));
        line.remove_prefix(close + 1);
    }
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// Paragraphs, filled anew; an empty line parts them.
std::string prose(std::string_view text) {
    std::string out;
    bool parted = false;
    for (const auto line : lines_of(text)) {
        if (line.empty()) {
            parted = !out.empty();
            continue;
        }
        if (parted) out += ".PP\n";
        parted = false;
        out += prose_line(line) + '\n';
    }
    return out;
}

/// "EXIT STATUS", and "FAULTS, joined by commas": a first word of capitals alone.
bool is_heading(std::string_view line) {
    std::size_t capitals = 0;
    for (const char c : line) {
        if (std::isupper(static_cast<unsigned char>(c)) == 0) break;
        ++capitals;
    }
    return capitals > 1 &&
           (capitals == line.size() || line[capitals] == ' ' || line[capitals] == ',');
}

/// A footer: headings, sentences, and lines that are indented and stay as they are laid out.
class FooterPage {
public:
    std::string take(std::string_view footer) {
        for (const auto line : lines_of(footer)) {
            if (line.empty()) {
                gap_ = !fresh_;
                continue;
            }
            const bool as_it_is = line.starts_with(' ');
            lay_out(as_it_is);
            if (is_heading(line)) {
                out_ += ".SH " + escaped(line) + '\n';
                fresh_ = true;
                gap_ = false;
                continue;
            }
            if (gap_) out_ += as_it_is ? "\n" : ".PP\n";
            fresh_ = gap_ = false;
            out_ += (as_it_is ? escaped(line.substr(2)) : prose_line(line)) + '\n';
        }
        lay_out(false);
        return out_;
    }

private:
    void lay_out(bool as_it_is) {
        if (as_it_is == laid_out_) return;
        if (as_it_is && gap_) {
            out_ += ".PP\n";
            gap_ = false;
        }
        out_ += as_it_is ? ".EX\n" : ".EE\n";
        laid_out_ = as_it_is;
        // What follows begins a paragraph.
        if (!as_it_is) gap_ = true;
    }

    std::string out_;
    bool laid_out_ = false;
    bool fresh_ = true;  ///< nothing is below the last heading yet
    bool gap_ = false;   ///< an empty line came last
};

std::string synopsis(const CLI::App& command) {
    const auto path = path_of(command);
    std::string out;
    if (works_alone(command)) {
        out += bold(path) + " [" + italic("OPTIONS") + "]";
        for (const auto* argument : arguments_of(command)) {
            out += " " + italic(argument_name(*argument));
        }
        out += '\n';
        if (!commands_of(command).empty()) out += ".br\n";
    }
    if (!commands_of(command).empty()) {
        out += bold(path) + " " + italic("COMMAND") + " ...\n";
    }
    return out;
}

std::string see_also(const CLI::App& command) {
    std::vector<const CLI::App*> pages;
    for (const auto* above = command.get_parent(); above != nullptr; above = above->get_parent()) {
        pages.insert(pages.begin(), above);
    }
    const auto below = commands_of(command);
    pages.insert(pages.end(), below.begin(), below.end());
    std::string out;
    for (const auto* page : pages) {
        out += fmt::format(".BR {} (1){}\n", escaped(page_name(*page)),
                           page == pages.back() ? "" : ",");
    }
    return out;
}

}  // namespace

std::string page_name(const CLI::App& command) {
    auto out = path_of(command);
    std::ranges::replace(out, ' ', '-');
    return out;
}

std::string man_page(const CLI::App& command, std::string_view source, std::string_view date) {
    const auto name = page_name(command);
    auto title = name;
    std::ranges::transform(title, title.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    auto out =
        fmt::format(".TH {} 1 \"{}\" \"{}\" \"Manual of Parley\"\n", escaped(title), date, source);
    out += fmt::format(".SH NAME\n{} \\- {}\n", escaped(name), escaped(brief_of(command)));
    out += ".SH SYNOPSIS\n" + synopsis(command);
    if (const auto details = details_of(command); !details.empty()) {
        out += ".SH DESCRIPTION\n" + prose(details);
    }
    const auto arguments = arguments_of(command);
    if (!arguments.empty()) out += ".SH ARGUMENTS\n";
    for (const auto* argument : arguments) {
        out += fmt::format(".TP\n{}\n{}", italic(argument_name(*argument)),
                           prose(argument->get_description()));
    }
    const auto commands = commands_of(command);
    if (!commands.empty()) out += ".SH COMMANDS\n";
    for (const auto* below : commands) {
        out += fmt::format(".TP\n{}\n{}", bold(below->get_name()), prose(brief_of(*below)));
    }
    out += ".SH OPTIONS\n";
    for (const auto* option : options_of(command)) {
        const auto value = value_kind(*option).name;
        out += fmt::format(".TP\n{}{}\n{}", bold(option_names(*option)),
                           value.empty() ? "" : " " + italic(value), prose(option_text(*option)));
    }
    out += FooterPage{}.take(command.get_footer());
    return out + ".SH SEE ALSO\n" + see_also(command);
}

}  // namespace parley::app
