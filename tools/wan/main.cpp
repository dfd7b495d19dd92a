// wan-path: a wide-area network between network namespaces of this machine, to try programs on.
// Prints how to enter each end and reads changes from its input, until that ends.
#include "wan.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace parley::wan;

constexpr const char* usage =
    "usage: wan-path [--ends N] [--mtu BYTES] [--tcp-buffer BYTES] [CHANGE...]\n"
    "\n"
    "Joins N network namespaces (2 by default); end 1 has the address 10.77.0.1, and so on.\n"
    "Each is at the end of a line of its own, which CHANGEs, and lines of the input, change:\n"
    "\n"
    "  \"1 delay 30ms\"    end 1's line, each way; \"all delay 30ms\": of every end\n"
    "  \"1 rate 1mbit\"    with a queue of 100 ms, or as \"1 queue 64k\" says\n"
    "  \"1 loss 5%\"       \"1 reorder 2%\"\n"
    "  \"1 down\"          \"1 up\", \"1 clear\" (a perfect line again), \"stats\"\n"
    "\n"
    "Needs root and /dev/net/tun. It ends with its input or on Ctrl-C, and nothing stays behind.\n";

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void print_stats(const Wan& wan) {
    for (std::size_t end = 1; end <= wan.ends(); ++end) {
        for (const auto& [way, c] : {std::pair{"from", wan.sent(end)}, {"to", wan.received(end)}}) {
            fmt::print("end {} {:4}: {} passed, {} reordered, {} lost, {} overflown, {} cut\n", end,
                       way, c.passed, c.reordered, c.lost, c.overflown, c.cut);
        }
    }
}

/// "END WORDS", "all WORDS" or "stats". False, and a message: it makes no sense.
bool obey(Wan& wan, const std::string& line) {
    if (line == "stats") {
        print_stats(wan);
        return true;
    }
    const auto space = line.find(' ');
    const auto who = line.substr(0, space);
    const auto words = space == line.npos ? std::string{} : line.substr(space + 1);
    const auto end = number(who);
    if (!end && who != "all") {
        fmt::print(stderr,
                   "wan-path: expected \"END CHANGE\", \"all CHANGE\" or \"stats\", got \"{}\"\n",
                   line);
        return false;
    }
    for (std::size_t i = end.value_or(1); i <= (end ? *end : wan.ends()); ++i) {
        if (const auto done = wan.change(i, words); !done) {
            fmt::print(stderr, "wan-path: {}\n", done.error());
            return false;
        }
    }
    return true;
}

int run(const WanOptions& options, const std::vector<std::string>& changes) {
    Wan wan{options};
    for (const auto& change : changes) {
        if (!obey(wan, change)) return 2;
    }
    for (std::size_t end = 1; end <= wan.ends(); ++end) {
        fmt::print("end {} is {}: nsenter --net={} COMMAND\n", end, Wan::address(end),
                   wan.space_path(end));
    }
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        if (!line.empty()) obey(wan, line);
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    WanOptions options;
    std::vector<std::string> changes;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (!words[i].starts_with('-')) {
            changes.push_back(words[i]);
            continue;
        }
        const unsigned value = i + 1 < words.size() ? number(words[i + 1]).value_or(0) : 0;
        if (words[i] == "--ends" && value >= 1 && value <= 200) {
            options.ends = value;
        } else if (words[i] == "--mtu" && value >= 576 && value <= 65535) {
            options.mtu = value;
        } else if (words[i] == "--tcp-buffer" && value > 0) {
            options.tcp_buffer_bytes_max = value;
        } else {
            const bool help = words[i] == "--help" || words[i] == "-h";
            std::fputs(usage, help ? stdout : stderr);
            return help ? 0 : 2;
        }
        ++i;
    }
    try {
        return run(options, changes);
    } catch (const std::exception& error) {
        fmt::print(stderr, "wan-path: {}\n", error.what());
        return 1;
    }
}
