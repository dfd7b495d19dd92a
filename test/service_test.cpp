// What the packages bring along, as far as it needs no packages: the first start of a service, the
// manual, and what bash completes.
#include "cli.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace parley::testing;
namespace fs = std::filesystem;

namespace {

const std::string source = PARLEY_SOURCE_DIR;

std::vector<std::string> words_of(std::string_view text, std::string_view separators) {
    std::vector<std::string> out;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
        if (text.empty()) return out;
        const auto end = std::min(text.find_first_of(separators), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

/// The rest of the line that begins so.
std::string line_after(const std::string& text, const std::string& begin) {
    const auto at = ("\n" + text).find("\n" + begin);
    REQUIRE_MESSAGE(at != text.npos, begin);
    return text.substr(at + begin.size(), text.find('\n', at) - at - begin.size());
}

/// What bash offers for the last word.
std::vector<std::string> completed(Cli& cli, const std::vector<std::string>& words) {
    write_file(cli.dir.file("complete"), cli.ok({"completion", "bash"}));
    std::string line = fmt::format(". {}; COMP_WORDS=(parley", cli.dir.file("complete"));
    for (const auto& word : words) line += " '" + word + "'";
    line += fmt::format(
        "); COMP_CWORD={}; _parley; [[ -z ${{COMPREPLY[*]}} ]] || printf \"%s\\n\" "
        "\"${{COMPREPLY[@]}}\"",
        words.size());
    write_file(cli.dir.file("script"), line);
    const auto result = cli.run_shell("bash " + cli.dir.file("script"));
    CHECK(result.exit_code == 0);
    CHECK(result.err == "");
    return words_of(result.out, "\n");
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("service: its first start makes the folder, later ones leave it") {
    Cli cli;
    cli.init("other");
    const auto settings = cli.folder("other") + "/parley.toml";
    const auto folder = cli.folder("alice");
    const Words options{"--new", "--settings", settings};
    std::string id;
    {
        auto node = cli.start("alice", options);
        id = cli.status("alice", *node).at("id").as_string().c_str();
        end(*node);
    }
    CHECK(fs::read_symlink(folder + "/parley.toml") == settings);
    CHECK(cli.ok({"key", "show", folder}).find(id) != std::string::npos);
    const auto key = read_file(folder + "/node.key");
    {
        auto node = cli.start("alice", options);
        CHECK(cli.status("alice", *node).at("id").as_string() == id);
        end(*node);
    }
    CHECK(read_file(folder + "/node.key") == key);

    // As a crash may leave it: the key is made last.
    fs::remove(folder + "/node.key");
    {
        auto node = cli.start("alice", options);
        CHECK(cli.status("alice", *node).at("id").as_string() != id);
        end(*node);
    }

    const auto lost = cli.run({"run", cli.folder("bob"), "--new", "--settings", "/nowhere"});
    CHECK(lost.exit_code == 1);
    CHECK(lost.err == "parley: --settings: there is no file /nowhere\n");
    CHECK(cli.run({"run", folder, "--settings", settings}).exit_code == 2);  // without --new
}

TEST_CASE("service: settings that are wrong have an exit status of their own") {
    Cli cli;
    cli.init("alice");
    write_file(cli.folder("alice") + "/parley.toml", "[p2p]\nlisten = 7\n");
    const auto result = cli.run({"run", cli.folder("alice")});
    CHECK(result.exit_code == 2);
    CHECK(result.err.starts_with("parley: " + cli.folder("alice") + "/parley.toml:2: p2p.listen"));
    const auto unit = read_file(source + "/tools/package/parley.service");
    CHECK(line_after(unit, "RestartPreventExitStatus=") == "2");
}

TEST_CASE("service: the unit and the container run the same command") {
    const auto unit = read_file(source + "/tools/package/parley.service");
    const auto image = read_file(source + "/Dockerfile");
    auto of_unit = words_of(line_after(unit, "ExecStart="), " ");
    REQUIRE(of_unit.size() > 2);
    CHECK(of_unit.front() == "/usr/bin/parley");
    of_unit.erase(of_unit.begin());
    CHECK(words_of(line_after(image, "CMD "), "[], \"") == of_unit);
    CHECK(of_unit[1] == "/var/lib/" + line_after(unit, "StateDirectory="));
    CHECK(line_after(unit, "User=") == line_after(image, "USER "));
}

TEST_CASE("manual: a page for each command, with its date") {
    Cli cli;
    CHECK(cli.ok({"man"}).starts_with(".TH PARLEY 1 "));
    CHECK(cli.ok({"man", "peers", "ban"}).starts_with(".TH PARLEY\\-PEERS\\-BAN 1 "));
    CHECK(cli.run({"man", "peers", "fly"}).err == "parley: there is no command parley peers fly\n");
    const auto pages = cli.dir.file("man1");
    const auto made =
        cli.run_shell(fmt::format("SOURCE_DATE_EPOCH=86400 {} man --into {}", binary, pages));
    CHECK(made.exit_code == 0);
    std::size_t count = 0;
    for (const auto& page : fs::directory_iterator(pages)) {
        ++count;
        const auto text = read_file(page.path().string());
        CAPTURE(page.path().string());
        CHECK(text.find(" 1 \"1970-01-02\" \"parley 0.") != std::string::npos);
        CHECK(text.find("\n.SH SEE ALSO\n") != std::string::npos);
    }
    CHECK(count > 50);
}

TEST_CASE("completion: what bash offers") {
    Cli cli;
    CHECK(completed(cli, {"stat"}) == Words{"status"});
    CHECK(completed(cli, {"peers", "un"}) == Words{"untrust", "unban"});
    CHECK(completed(cli, {"help", "doc"}) == Words{"doctor"});
    CHECK(completed(cli, {"run", "--log"}) == Words{"--log-level"});
    CHECK(completed(cli, {"run", "x", "--log-level", "d"}) == Words{"debug"});
    CHECK(completed(cli, {"run", "x", "--log-level", "=", "d"}) == Words{"debug"});
    CHECK(completed(cli, {"run", "x", "--log-level", "="}).size() == 6);
    CHECK(completed(cli, {"init", "--listen", ""}) == Words{});
    CHECK(completed(cli, {"completion", "z"}) == Words{"zsh"});
    CHECK(completed(cli, {"sim", "--scenario", "part"}) == Words{"partition"});
    const auto folder = cli.folder("alice-and-more");
    fs::create_directory(folder);
    CHECK(completed(cli, {"status", cli.folder("alice-")}) == Words{folder});
}
