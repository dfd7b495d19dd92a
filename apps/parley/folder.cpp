#include "folder.hpp"

#include <utility>

namespace parley::app {

Result<node::NodeConfig, Failure> read_config(const Folder& folder) {
    const auto text = runtime::read_config_text(folder);
    if (!text) return std::unexpected{text.error()};
    auto settings = node::parse_config(*text, folder.config(), p2p::OtherTables::pass);
    if (!settings) return failed(settings.error().message);
    return std::move(*settings);
}

std::string socket_of(const Folder& folder, const node::NodeConfig& config) {
    return folder.file(config.rpc.socket);
}

}  // namespace parley::app
