// parley version: which one this is.
#include <parley/version.hpp>

#include "command.hpp"

#include <fmt/format.h>

namespace parley::app {

void add_version(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "version", "print which version this is",
                    "Prints the version of the program and of the protocol of its links.");
    command->callback([&chosen] {
        chosen = [] {
            fmt::print("parley {}\nprotocol 1\n", PARLEY_VERSION);
            return Outcome{};
        };
    });
}

}  // namespace parley::app
