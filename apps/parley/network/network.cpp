#include "folder.hpp"
#include "network/network.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace parley::app {

Result<std::vector<std::string>, Failure> nodes_of_network(const std::string& folder) {
    std::vector<std::string> out;
    for (const auto* kind : {"validator", "node"}) {
        for (int number = 1;; ++number) {
            const Folder node{fmt::format("{}/{}-{}", folder, kind, number)};
            std::error_code ignored;
            if (!std::filesystem::exists(node.config(), ignored)) break;
            out.push_back(node.path);
        }
    }
    if (!out.empty()) return out;
    return failed(fmt::format("{0} holds no network; `parley network new {0}` makes one", folder));
}

void add_network(CLI::App& app, Chosen& chosen) {
    auto* network = add_command(app, "network", "make and run a whole network on this machine",
                                "Its commands are new and up.");
    network->require_subcommand(1);
    add_network_new(*network, chosen);
    add_network_up(*network, chosen);
}

}  // namespace parley::app
