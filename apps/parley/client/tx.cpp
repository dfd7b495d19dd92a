// parley tx send: hands signed transactions to a running node.
#include "client/client.hpp"
#include "command.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto description =
    R"text(Hands a signed transaction to the node that runs in the folder DIR, which checks it
and carries it to its peers, and prints its hash. With - instead of RAW, standard
input is read: one transaction a line.)text";

constexpr auto footer = R"text(EXAMPLES
  parley tx send alice 0x02f8...
  sign-somehow | parley tx send alice -

FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 all were taken, 1 at least one was refused or the node does not answer,
  2 wrong command line)text";

struct Options {
    std::string folder;
    std::string raw;
};

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

json::array params_of(std::string_view raw) {
    return {raw.starts_with("0x") ? std::string{raw} : "0x" + std::string{raw}};
}

std::vector<json::array> read_lines(std::istream& in) {
    std::vector<json::array> out;
    for (std::string line; std::getline(in, line);) {
        if (const auto raw = trimmed(line); !raw.empty()) out.push_back(params_of(raw));
    }
    return out;
}

Outcome send(const Options& options) {
    const auto many = options.raw == "-";
    const auto params = many ? read_lines(std::cin) : std::vector{params_of(trimmed(options.raw))};
    if (params.empty()) return failed("standard input holds no transaction");
    const auto results = call_each(options.folder, "eth_sendRawTransaction", params);
    if (!results) return std::unexpected{results.error()};
    std::size_t refused = 0;
    for (std::size_t i = 0; i < results->size(); ++i) {
        const auto& result = (*results)[i];
        if (result && result->is_string()) {
            fmt::print("{}\n",
                       std::string_view{result->get_string().data(), result->get_string().size()});
            continue;
        }
        ++refused;
        const auto why = result ? "the reply is not a hash" : result.error().what;
        if (!many) return failed("refused: " + why);
        fmt::print(stderr, "parley: transaction {}: refused: {}\n", i + 1, why);
    }
    if (refused == 0) return {};
    return failed(fmt::format("{} of {} transactions were refused", refused, results->size()));
}

}  // namespace

void add_tx(CLI::App& app, Chosen& chosen) {
    auto* tx =
        add_command(app, "tx", "hand transactions to a running node", "Its one command is send.");
    tx->require_subcommand(1);
    auto* command =
        add_command(*tx, "send", "hand a signed transaction to a running node", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option("RAW", options->raw, "The signed transaction in hex, or -")->required();
    command->callback([options, &chosen] { chosen = [options] { return send(*options); }; });
}

}  // namespace parley::app
