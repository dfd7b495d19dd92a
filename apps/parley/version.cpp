// parley version: which one this is.
#include <parley/version.hpp>

#include "command.hpp"
#include <parley/crypto/aead.hpp>
#include <parley/transport/handshake/handshake.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Prints the version of the program, that of the protocol of its links, and which library
seals messages on this machine; with --json as an object, in which "protocol" has the lowest
and the highest version.)text";

Outcome print_version(bool as_json) {
    using transport::VersionRange;
    const VersionRange spoken;
    if (as_json) {
        fmt::print("{}\n", boost::json::serialize(
                               boost::json::object{{"version", PARLEY_VERSION},
                                                   {"protocol", {spoken.min, spoken.max}},
                                                   {"cipher", crypto::aead_library()}}));
        return {};
    }
    fmt::print("parley {}\nprotocol {}\ncipher {}\n", PARLEY_VERSION,
               spoken.min == spoken.max ? fmt::format("{}", spoken.max)
                                        : fmt::format("{} to {}", spoken.min, spoken.max),
               crypto::aead_library());
    return {};
}

}  // namespace

void add_version(CLI::App& app, Chosen& chosen) {
    auto* command = add_command(app, "version", "print which version this is", description);
    auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "As JSON, for programs");
    command->callback(
        [as_json, &chosen] { chosen = [as_json] { return print_version(*as_json); }; });
}

}  // namespace parley::app
