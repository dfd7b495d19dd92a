// parley man, parley completion: what --help says, as pages of the manual and for shells.
#include "command.hpp"
#include "command_tree.hpp"
#include "folder.hpp"
#include "manual/completion.hpp"
#include "manual/man_page.hpp"
#include "text.hpp"
#include <parley/base/time.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/version.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace parley::app {

namespace {

constexpr auto man_description =
    R"text(Prints the page of a command in the language of man(7), on standard output: the same
that --help prints. Without a command it is the page of parley itself.)text";

constexpr auto man_footer = R"text(EXAMPLES
  parley man peers ban | man -l -
  parley man --into /usr/local/share/man/man1

ENVIRONMENT
  SOURCE_DATE_EPOCH   the date of the pages in seconds of Unix time, instead of today

EXIT STATUS
  0 printed, 1 there is no such command or DIR cannot be written, 2 wrong command line)text";

constexpr auto completion_description =
    R"text(Prints what lets a shell complete the commands of parley, their options and those of their
values that are one of a list. The packages of Parley bring it along.)text";

constexpr auto completion_footer = R"text(EXAMPLES
  . <(parley completion bash)
  parley completion zsh > /usr/local/share/zsh/site-functions/_parley
  parley completion fish > ~/.config/fish/completions/parley.fish

EXIT STATUS
  0 printed, 2 wrong command line)text";

/// As packages are made: so that the same sources give the same bytes.
std::string date_of_pages() {
    std::int64_t seconds = unix_milliseconds(runtime::now().unix_time) / 1000;
    if (const char* given = std::getenv("SOURCE_DATE_EPOCH")) {
        const std::string_view text{given};
        std::from_chars(text.data(), text.data() + text.size(), seconds);
    }
    return time_text(seconds).substr(0, std::string_view{"2026-11-30"}.size());
}

std::string page_of(const CLI::App& command) {
    return man_page(command, "parley " PARLEY_VERSION, date_of_pages());
}

/// The command that the words name, below `from`.
Result<const CLI::App*, Failure> find_command(const CLI::App& from,
                                              const std::vector<std::string>& words) {
    const auto* at = &from;
    for (const auto& word : words) {
        const auto below = commands_of(*at);
        const auto found = std::ranges::find(
            below, word, [](const CLI::App* command) { return command->get_name(); });
        if (found == below.end()) {
            return failed(fmt::format("there is no command {} {}", path_of(*at), word));
        }
        at = *found;
    }
    return at;
}

Outcome write_pages(const CLI::App& program, const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return failed(fmt::format("cannot make {}: {}", folder, error.message()));
    for (const auto* command : with_all_below(program)) {
        const auto path = Folder{folder}.file(page_name(*command) + ".1");
        std::ofstream file{path, std::ios::binary};
        file << page_of(*command);
        file.close();
        if (!file) return failed("cannot write " + path);
    }
    return {};
}

struct Options {
    std::vector<std::string> words;
    std::string folder;
};

Outcome print_page(const CLI::App& program, const Options& options) {
    if (!options.folder.empty()) return write_pages(program, options.folder);
    const auto command = find_command(program, options.words);
    if (!command) return std::unexpected{command.error()};
    fmt::print("{}", page_of(**command));
    return {};
}

}  // namespace

void add_man(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "man", "print the manual", man_description);
    command->footer(man_footer);
    auto options = std::make_shared<Options>();
    auto* words = command->add_option("COMMAND", options->words, "Such as: peers ban");
    command
        ->add_option("--into", options->folder,
                     "Write all pages into this folder instead, a file each")
        ->type_name("DIR")
        ->excludes(words);
    command->callback([&app, options, &chosen] {
        chosen = [&app, options] { return print_page(app, *options); };
    });
}

void add_completion(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "completion", "let a shell complete the commands", completion_description);
    command->footer(completion_footer);
    auto shell = std::make_shared<std::string>();
    command->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->callback([&app, shell, &chosen] {
        chosen = [&app, shell]() -> Outcome {
            fmt::print("{}", *shell == "bash"  ? bash_completion(app)
                             : *shell == "zsh" ? zsh_completion(app)
                                               : fish_completion(app));
            return {};
        };
    });
}

}  // namespace parley::app
