// The `parley` program as a user has it, for tests: real processes, real sockets, ports that the
// system chooses.
#pragma once

#include "program.hpp"
#include <parley/runtime/test_dir.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace parley::testing {

inline const std::string binary = std::string{PARLEY_BINARY_DIR} + "/bin/parley";
/// For everything that should take a moment; machines may be busy.
constexpr std::chrono::seconds patience{30};

inline std::int64_t at(const boost::json::value& value, std::string_view pointer) {
    return value.at_pointer(pointer).to_number<std::int64_t>();
}

struct Cli {
    runtime::TestDir dir;
    int runs = 0;

    std::string folder(const std::string& name) const { return dir.file(name); }

    Output run(std::vector<std::string> args, const std::string& input = "") {
        const auto prefix = dir.file("output-" + std::to_string(++runs));
        write_file(prefix + ".in", input);
        args.insert(args.begin(), binary);
        Program program{args, prefix + ".out", prefix + ".err", prefix + ".in"};
        const auto code = program.wait(patience);
        REQUIRE_MESSAGE(code, "it does not end: " << args[1]);
        return {*code, read_file(prefix + ".out"), read_file(prefix + ".err")};
    }

    /// A line of the shell.
    Output run_shell(const std::string& line) {
        const auto prefix = dir.file("output-" + std::to_string(++runs));
        Program program{{"/bin/sh", "-c", line}, prefix + ".out", prefix + ".err"};
        const auto code = program.wait(patience);
        REQUIRE_MESSAGE(code, "it does not end: " << line);
        return {*code, read_file(prefix + ".out"), read_file(prefix + ".err")};
    }

    /// A folder of a node on loopback ports; returns its ID.
    std::string init(const std::string& name, std::vector<std::string> more = {}) {
        std::vector<std::string> args{
            "init",        folder(name), "--json",      "--private",  "--listen",
            "127.0.0.1:0", "--http",     "127.0.0.1:0", "--chain-id", "1"};
        args.insert(args.end(), more.begin(), more.end());
        const auto made = run(args);
        REQUIRE_MESSAGE(made.exit_code == 0, made.err);
        const auto value = boost::json::parse(made.out);
        CHECK(value.at("folder") == boost::json::value(folder(name)));
        return value.at("id").as_string().c_str();
    }

    std::unique_ptr<Program> start(const std::string& name, std::vector<std::string> more = {}) {
        std::vector<std::string> args{binary, "run", folder(name)};
        args.insert(args.end(), more.begin(), more.end());
        return std::make_unique<Program>(args, log_of(name) + ".out", log_of(name));
    }
    std::string log_of(const std::string& name) const { return dir.file(name + ".log"); }

    /// Asks until `fits` says yes of the status; the node must not end meanwhile.
    boost::json::value status_when(const std::string& name, Program& node,
                                   const std::function<bool(const boost::json::value&)>& fits) {
        const auto end = std::chrono::steady_clock::now() + patience;
        std::string last;
        while (std::chrono::steady_clock::now() < end) {
            const auto asked = run({"status", folder(name), "--json"});
            if (asked.exit_code == 0) {
                auto value = boost::json::parse(asked.out);
                if (fits(value)) return value;
            }
            last = asked.out + asked.err;
            const auto ended = node.wait(std::chrono::milliseconds{20});
            REQUIRE_MESSAGE(!ended, "it ended: " << read_file(log_of(name)));
        }
        FAIL("out of time: " << last << read_file(log_of(name)));
        return {};
    }
    boost::json::value status(const std::string& name, Program& node) {
        return status_when(name, node, [](const boost::json::value&) { return true; });
    }

    /// The same of a chain that has come so far.
    boost::json::value head_when(const std::string& name, Program& node, std::int64_t number) {
        return status_when(name, node, [&](const boost::json::value& status) {
            return status.as_object().contains("head") && at(status, "/head/number") >= number;
        });
    }
    /// The same of so many links, whoever dialed.
    boost::json::value links_when(const std::string& name, Program& node, std::int64_t links) {
        return status_when(name, node, [&](const boost::json::value& status) {
            return at(status, "/links/inbound") + at(status, "/links/outbound") == links;
        });
    }

    /// The output of a command that works.
    std::string ok(std::vector<std::string> args) {
        const auto result = run(std::move(args));
        CHECK_MESSAGE(result.exit_code == 0, result.err);
        return result.out;
    }
    /// The result of a method of JSON-RPC that works.
    boost::json::value ask(const std::string& name, std::vector<std::string> words) {
        words.insert(words.begin(), {"rpc", folder(name)});
        return boost::json::parse(ok(words));
    }
    /// How others dial a running node.
    std::string target(const std::string& name) {
        auto out = ok({"status", folder(name), "--target"});
        REQUIRE_FALSE(out.empty());
        out.pop_back();
        return out;
    }

    /// What `parley run` says when it cannot begin.
    std::string cannot_run(const std::string& name) {
        const auto result = run({"run", folder(name)});
        CHECK(result.exit_code == 1);
        CHECK(result.out.empty());
        const auto line = result.err.rfind("parley: ");
        REQUIRE_MESSAGE(line != std::string::npos, result.err);
        return result.err.substr(line);
    }
};

/// SIGTERM, and no more than 2 seconds.
inline void end(Program& node) {
    const auto begin = std::chrono::steady_clock::now();
    node.signal(SIGTERM);
    CHECK(node.wait(patience) == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{2});
}

inline unsigned mode_of(const std::string& path) {
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777U;
}

}  // namespace parley::testing
