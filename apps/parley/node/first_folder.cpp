#include "node/first_folder.hpp"
#include <parley/node/node.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/folder/key_file.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace parley::app {

namespace {

Outcome make_settings(const Folder& folder, const std::string& settings) {
    std::error_code error;
    // A link that leads nowhere is there too.
    if (std::filesystem::symlink_status(folder.config(), error).type() !=
        std::filesystem::file_type::not_found) {
        return {};
    }
    if (settings.empty()) {
        node::NodeConfig config;
        return runtime::write_new_file(folder.config(), settings_template(settings_of(config)),
                                       0600);
    }
    const auto target = std::filesystem::absolute(settings, error);
    if (!std::filesystem::exists(target, error)) {
        return failed(fmt::format("--settings: there is no file {}", settings));
    }
    std::filesystem::create_symlink(target, folder.config(), error);
    if (error) {
        return failed(fmt::format("cannot link {} to {}: {}", folder.config(), target.string(),
                                  error.message()));
    }
    return {};
}

}  // namespace

Outcome make_first_folder(const Folder& folder, const std::string& settings) {
    std::error_code error;
    if (std::filesystem::exists(folder.key(), error)) return {};
    std::filesystem::create_directories(folder.path, error);
    if (error) return failed(fmt::format("cannot make {}: {}", folder.path, error.message()));
    if (auto ok = make_settings(folder, settings); !ok) return ok;
    const auto store =
        runtime::LmdbStore::open(folder.store(), runtime::LmdbStore::Create::yes, {});
    if (!store) return failed(fmt::format("{}: {}", folder.store(), message(store.error())));
    // Last: a folder with a key is whole.
    runtime::OsEntropy entropy;
    const auto text = runtime::key_file_text(NodeKey::generate(entropy), {}, entropy);
    return runtime::write_new_file(folder.key(), text.text(), 0600);
}

}  // namespace parley::app
