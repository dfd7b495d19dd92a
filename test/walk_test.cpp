// The walk through a consortium in docs/OPERATING.md, executed as it is written there: its blocks
// of shell, one after the other in one bash, on an address of this process alone.
#include "cli.hpp"
#include "document.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace parley::testing;

constexpr std::string_view heading = "## A consortium of four organisations";
constexpr std::string_view needs_mount = "<!-- needs a mount -->";
constexpr std::chrono::minutes walk_patience{4};

struct Step {
    std::string heading;  ///< of its part
    std::string text;
    bool needs_mount = false;
};

/// The blocks of shell below the heading, up to the next one of its level.
std::vector<Step> steps_of_walk() {
    std::vector<Step> out;
    bool is_in_walk = false;
    bool is_in_block = false;
    std::string part;
    std::string above;
    for (const auto& line : lines_of(read_file(root / "docs/OPERATING.md"))) {
        if (line.starts_with("## ")) is_in_walk = line == heading;
        if (!is_in_walk) continue;
        if (line.starts_with("### ")) part = line.substr(4);
        if (line == "```") {
            is_in_block = false;
        } else if (line == "```sh") {
            is_in_block = true;
            out.push_back({part, "", above == needs_mount});
        } else if (is_in_block) {
            out.back().text += line + '\n';
        }
        above = line;
    }
    return out;
}

/// An address of this process alone, so that the ports of the walk are free.
std::string own_address() {
    const auto pid = ::getpid();
    return fmt::format("127.{}.{}.{}", 200 + pid / 65'025 % 50, pid / 255 % 255, 1 + pid % 254);
}

std::string with(std::string text, std::string_view from, const std::string& to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

}  // namespace

TEST_CASE("walk: a consortium of four organisations, as OPERATING.md says it") {
    Cli cli;
    const auto steps = steps_of_walk();
    REQUIRE(steps.size() > 15);
    // A namespace of its own for processes and mounts: nothing outlives the walk. As root, or where
    // users may have them. With a /proc that shows its processes, if it may be mounted.
    std::string space;
    for (const std::string way :
         {"unshare -mp --fork --kill-child --mount-proc",
          "unshare -rmp --fork --kill-child --mount-proc", "unshare -mp --fork --kill-child",
          "unshare -rmp --fork --kill-child"}) {
        if (space.empty() &&
            cli.run_shell(way + " mount -t tmpfs none " + cli.dir.file("")).exit_code == 0) {
            space = way;
        }
    }
    const auto folder = cli.folder("walk");
    std::filesystem::create_directory(folder);
    auto script = fmt::format(
        "set -euo pipefail\nPATH={}:$PATH\nunset PARLEY_DIR\ncd {}\n"
        "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n",
        std::filesystem::path{binary}.parent_path().string(), folder);
    for (const auto& step : steps) {
        if (step.needs_mount && space.empty()) continue;
        script += fmt::format("echo '== {}'\n{}", step.heading,
                              with(step.text, "127.0.0.1", own_address()));
    }
    script += "echo '== the end'\n";
    write_file(cli.dir.file("walk.sh"), script);
    const auto out = cli.dir.file("walk.out");
    Program walk{
        {"/bin/sh", "-c", "exec " + space + " bash -x " + cli.dir.file("walk.sh") + " 2>&1"},
        out,
        cli.dir.file("walk.err")};
    const auto code = walk.wait(walk_patience);
    CHECK(code == 0);
    CHECK_MESSAGE(read_file(out).find("\n== the end\n") != std::string::npos, read_file(out));
    if (space.empty()) MESSAGE("without the full disk: nobody may mount here");
}
