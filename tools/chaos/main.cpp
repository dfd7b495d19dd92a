// parley-chaos: real faults on real `parley` processes, in network namespaces of their own.
// ./dev chaos builds and runs it.
#include "faults.hpp"
#include <parley/base/test_may_skip.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

namespace {

using namespace parley::chaos;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t node_count = 5;
constexpr int skipped_status = 77;  // nothing was done: ctest knows it as skipped

struct Row {
    const Fault* fault;
    std::string result;
    double seconds;
    bool failed;
    bool skipped;
};

int usage(std::FILE* to) {
    fmt::print(to,
               "usage: parley-chaos [--parley FILE] [--kills N] [--stopped SECONDS] [NAME...]\n\n"
               "Does faults to {} nodes on this machine, all or those named:\n\n",
               node_count);
    for (const auto& fault : faults()) fmt::print(to, "  {:8} {}\n", fault.name, fault.what);
    fmt::print(to, "\nNeeds root and /dev/net/tun. All traffic is inside namespaces of its own.\n");
    return to == stdout ? 0 : 2;
}

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

struct Arguments {
    std::string binary = "build/release/bin/parley";
    FaultOptions options;
    std::vector<std::string> names;
    bool help = false;
    bool wrong = false;
};

Arguments read(const std::vector<std::string>& words) {
    Arguments out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (word == "--help" || word == "-h") {
            out.help = true;
        } else if (!word.starts_with('-')) {
            const auto known = std::ranges::find(faults(), word, &Fault::name) != faults().end();
            if (!known) fmt::print(stderr, "parley-chaos: no fault \"{}\"\n\n", word);
            out.wrong |= !known;
            out.names.push_back(word);
        } else if (word == "--parley" && i + 1 < words.size()) {
            out.binary = words[++i];
        } else {
            const auto value = i + 1 < words.size() ? number(words[i + 1]).value_or(0) : 0;
            ++i;
            out.wrong |= value == 0 || (word != "--kills" && word != "--stopped");
            if (word == "--kills") out.options.kills = value;
            if (word == "--stopped") out.options.stopped = std::chrono::seconds{value};
        }
    }
    return out;
}

Row run(const Fault& fault, Swarm& swarm, const FaultOptions& options) {
    fmt::print("{}: {}\n", fault.name, fault.what);
    std::fflush(stdout);
    const auto began = Clock::now();
    Row row{&fault, {}, 0, false, false};
    try {
        swarm.forget();
        row.result = "ok: " + fault.run(swarm, options);
    } catch (const Skipped& error) {
        row.failed = !parley::testing::may_skip(error.thing());
        row.result =
            std::string{row.failed ? "FAILED: CI=true, and it " : "skipped: "} + error.what();
        row.skipped = true;
    } catch (const std::exception& error) {
        row.result = std::string{"FAILED: not so: "} + error.what();
        row.failed = true;
    }
    row.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    fmt::print("    {} ({:.0f} s)\n", row.result, row.seconds);
    std::fflush(stdout);
    return row;
}

void print_table(const std::vector<Row>& rows) {
    fmt::print("\n  {:8}  {:32}  {:>6}  {}\n", "fault", "what was done", "time", "result");
    for (const auto& row : rows) {
        fmt::print("  {:8}  {:32}  {:4.0f} s  {}\n", row.fault->name, row.fault->what, row.seconds,
                   row.result);
    }
}

/// The exit status.
int run_all(const Arguments& arguments, const std::string& folder) {
    std::vector<Row> rows;
    std::unique_ptr<Swarm> swarm;
    for (const auto& fault : faults()) {
        if (!arguments.names.empty() &&
            std::ranges::find(arguments.names, fault.name) == arguments.names.end()) {
            continue;
        }
        // A fault that failed may leave anything behind: the next one begins anew.
        if (swarm && swarm->pools_are_large()) swarm.reset();
        if (!swarm) {
            const auto own = folder + "/" + std::string{fault.name};
            std::filesystem::create_directory(own);
            fmt::print("{} nodes start in {}\n", node_count, own);
            swarm = std::make_unique<Swarm>(arguments.binary, own, node_count);
            swarm->settle();
        }
        rows.push_back(run(fault, *swarm, arguments.options));
        if (rows.back().failed) swarm.reset();
    }
    swarm.reset();
    print_table(rows);
    if (std::ranges::any_of(rows, &Row::failed)) return 1;
    return std::ranges::all_of(rows, &Row::skipped) ? skipped_status : 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = read({argv + 1, argv + argc});
    if (arguments.help) return usage(stdout);
    if (arguments.wrong) return usage(stderr);
    std::string folder = (std::filesystem::temp_directory_path() / "parley-chaos-XXXXXX").string();
    try {
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error{"cannot make a folder"};
        const int status = run_all(arguments, folder);
        if (status == 1) {
            fmt::print("\n  what the nodes wrote and logged is in {}\n", folder);
        } else {
            std::filesystem::remove_all(folder);
        }
        return status;
    } catch (const parley::wan::NotHere& error) {
        std::filesystem::remove_all(folder);
        fmt::print("skipped: {}\n", error.what());
        if (parley::testing::may_skip("namespaces")) return skipped_status;
        fmt::print(stderr, "parley-chaos: CI=true, and there are no namespaces\n");
        return 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "parley-chaos: {} (see {})\n", error.what(), folder);
        return 1;
    }
}
