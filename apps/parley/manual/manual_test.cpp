#include "command_tree.hpp"
#include "manual/completion.hpp"
#include "manual/man_page.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

using namespace parley::app;

namespace {

/// A program with what those of Parley have: groups, arguments, options of each kind.
struct Program {
    CLI::App app{"a node\n\nIt says `hello`\nand goes.\n\n.hidden starts with a dot", "node"};
    std::string text;
    int number = 7;
    bool flag = false;

    Program() {
        app.footer("FILES\n  DIR/a-file   what's in it\n\n  .b\nAnd then:\n  x\\y");
        auto* run = app.add_subcommand("run", "run it\n\nRuns the node.");
        run->footer("");
        run->add_option("DIR", text, "The folder");
        run->add_option("-l,--level", text, "How much\nis said")
            ->check(CLI::IsMember({"low", "high"}))
            ->type_name("LEVEL");
        run->add_option("--threads", number, "Threads")
            ->check(CLI::Range(1, 64))
            ->type_name("N")
            ->capture_default_str();
        run->add_option("--boot", text, "Where to begin")->type_name("HOST:PORT");
        run->add_option("--key", text, "The key's file: kept")->type_name("FILE");
        run->add_flag("--long", flag, "All of it");
        auto* either = run->add_option_group("either");
        either->add_option_group("inner")->add_flag("--this", flag, "One way");
        auto* peers = app.add_subcommand("peers", "look at peers");
        peers->footer("");
        peers->add_option("DIR", text, "The folder");
        peers->add_subcommand("ban", "refuse some\n\nRefuses them.")->footer("");
    }
    const CLI::App& at(const std::string& name) { return *app.get_subcommand(name); }
};

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("command tree: paths, briefs and what options take") {
    Program program;
    const auto& peers = program.at("peers");
    CHECK(path_of(*peers.get_subcommand("ban")) == "node peers ban");
    CHECK(brief_of(program.app) == "a node");
    CHECK(details_of(program.app).starts_with("It says"));
    CHECK(details_of(peers) == "");
    CHECK(works_alone(peers));
    CHECK_FALSE(works_alone(program.app));
    CHECK(with_all_below(program.app).size() == 4);  // groups of options are no commands
    CHECK(options_of(program.at("run")).back()->get_name() == "--this");

    const auto& run = program.at("run");
    const auto kind = [&](const std::string& name) { return value_kind(*run.get_option(name)); };
    CHECK(kind("--level").name == "LEVEL");
    CHECK(kind("--level").choices.size() == 2);
    CHECK(kind("--threads").name == "N");
    CHECK(kind("--threads").range == "1 to 64");
    CHECK(kind("--boot").name == "HOST:PORT");
    CHECK(kind("--long").name == "");
    CHECK(option_names(*run.get_option("--level")) == "-l, --level");
    CHECK(option_text(*run.get_option("--threads")) == "Threads (1 to 64) [7]");
    CHECK(suggests({"a", "b"}).get_description() == "{a,b}");
}

TEST_CASE("pages of the manual: sections, and nothing that roff would take for its own") {
    Program program;
    const auto page = man_page(program.app, "node 1.0", "2026-11-30");
    CHECK(
        page.starts_with(".TH NODE 1 \"2026-11-30\" \"node 1.0\" \"Manual of Parley\"\n"
                         ".SH NAME\nnode \\- a node\n"));
    CHECK(has(page, ".SH SYNOPSIS\n\\fBnode\\fR \\fICOMMAND\\fR ...\n"));
    CHECK(has(page, "It says \\fBhello\\fR\nand goes.\n.PP\n\\&.hidden starts"));
    CHECK(has(page, ".SH COMMANDS\n.TP\n\\fBrun\\fR\nrun it\n.TP\n\\fBpeers\\fR\n"));
    CHECK(has(page,
              ".SH FILES\n.EX\nDIR/a\\-file   what\\(aqs in it\n\n\\&.b\n.EE\n.PP\n"
              "And then:\n.EX\nx\\ey\n.EE\n.SH SEE ALSO\n"));
    CHECK(page.ends_with(".BR node\\-run (1),\n.BR node\\-peers (1)\n"));

    const auto run = man_page(program.at("run"), "node 1.0", "2026-11-30");
    CHECK(run.starts_with(".TH NODE\\-RUN 1 "));
    CHECK(has(run, "\\fBnode run\\fR [\\fIOPTIONS\\fR] \\fIDIR\\fR\n"));
    CHECK(has(run, ".TP\n\\fB\\-l, \\-\\-level\\fR \\fILEVEL\\fR\nHow much\nis said\n"));
    CHECK(has(run, ".TP\n\\fB\\-\\-long\\fR\nAll of it\n"));
    CHECK(page_name(*program.at("peers").get_subcommand("ban")) == "node-peers-ban");
}

TEST_CASE("completions: commands, options, values, files and folders of each command") {
    Program program;
    const auto bash = bash_completion(program.app);
    CHECK(has(bash, "'node run' | 'node peers' | 'node peers ban') at+="));
    CHECK(has(bash, "'node run -l' | 'node run --level') words='low high' ;;"));
    CHECK(has(bash, "'node run --key') paths=-f ;;"));
    CHECK(has(bash, "'node run --boot') return ;;"));
    CHECK(has(bash, "'node') words='run peers help' options='-h --help' ;;"));
    CHECK(has(bash, "'node peers') words='ban' paths=-d options="));
    CHECK(bash.ends_with("complete -F _node node\n"));

    const auto zsh = zsh_completion(program.app);
    CHECK(zsh.starts_with("#compdef node\n"));
    CHECK(has(zsh, "('node run -l' | 'node run --level') compadd -- low high; return ;;"));
    CHECK(has(zsh, "'--key:The key'\\''s file\\: kept'\n"));
    CHECK(has(zsh, "'ban:refuse some'\n"));

    const auto fish = fish_completion(program.app);
    CHECK(has(fish,
              "complete -c node -n \"__node_at 'node run'\" -s l -l level -x -a 'low high' "
              "-d 'How much is said'\n"));
    CHECK(has(fish, "-l key -r -F -d 'The key\\'s file: kept'\n"));
    CHECK(has(fish, "\"__node_at 'node peers'\" -a ban -d 'refuse some'\n"));
}
