#include "backup/backup.hpp"
#include "backup/chain_copy.hpp"
#include "backup/tar_file.hpp"
#include "folder.hpp"
#include "node/chain_files.hpp"
#include "text.hpp"
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/identity/as_map.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

constexpr auto description =
    R"text(Writes all that a node needs to go on elsewhere to FILE, an archive for `tar`: settings,
genesis, names, address book and bans, and the chain, as they are at one moment. The
node may run, and is not held up. Keys are left out, unless --keys asks for them. What
a validator said (DIR/chain/votes.*) is never in it: an old record would let it
contradict itself. One that is put back without it waits until it is safe.)text";

constexpr auto footer = R"text(EXAMPLES
  parley backup alice alice.tar
  mkdir alice2 && tar xf alice.tar -C alice2 && cp alice.key alice2/node.key
  parley run alice2
  parley backup alice /mnt/safe/alice-$(date +%F).tar --keys

FILES
  FILE        made, mode 0600; one that is there is left as it is. Until it is whole
              and on disk it is FILE.part
  DIR         read alone. The node's store grows a little more while it is copied

EXIT STATUS
  0 written, 1 not written, 2 wrong command line)text";

constexpr auto small_file_bytes_max = std::size_t{1} << 20;

struct Options {
    std::string folder;
    std::string file;
    bool with_keys = false;
};

/// What is put into the archive, and what is told of it.
struct Backup {
    Folder folder;
    node::NodeConfig config;
    TarFile tar;
    std::vector<std::string> parts = {};     // that are in it
    std::vector<std::string> keys = {};      // that are in it
    std::vector<std::string> left_out = {};  // that are not
};

/// A file of the folder; whether it is there. Passes over what lies elsewhere.
Result<bool, Failure> add_file(Backup& backup, const std::string& name, std::size_t bytes_max) {
    const auto path = std::filesystem::path{name}.lexically_normal();
    std::error_code ignored;
    if (name.empty() || path.is_absolute() || *path.begin() == "..") return false;
    if (!std::filesystem::exists(backup.folder.file(name), ignored)) return false;
    const auto text = read_small_file(backup.folder.file(name), bytes_max);
    if (!text) return std::unexpected{text.error()};
    if (auto ok = backup.tar.add(path.string(), *text, 0600); !ok) {
        return std::unexpected{ok.error()};
    }
    return true;
}

Outcome add_settings(Backup& backup) {
    struct Kind {
        std::string name;
        const char* part;
        std::size_t bytes_max = small_file_bytes_max;
    };
    const std::array kinds{
        Kind{"parley.toml", "settings"},
        Kind{"names.toml", "names"},
        Kind{backup.config.p2p.as_map, "AS map", AsMap::text_bytes_max},
        Kind{backup.config.chain.genesis, "genesis", chain::genesis_text_bytes_max},
    };
    for (const auto& kind : kinds) {
        const auto added = add_file(backup, kind.name, kind.bytes_max);
        if (!added) return std::unexpected{added.error()};
        if (*added) backup.parts.emplace_back(kind.part);
    }
    return {};
}

Outcome add_keys(Backup& backup, bool wanted) {
    for (const auto& name : {std::string{"node.key"}, backup.config.chain.signer_key}) {
        if (name.empty() || std::ranges::find(backup.keys, name) != backup.keys.end()) continue;
        if (wanted) {
            const auto added = add_file(backup, name, small_file_bytes_max);
            if (!added) return std::unexpected{added.error()};
            if (*added) backup.keys.push_back(name);
            if (*added) continue;
        }
        if (std::ranges::find(backup.left_out, name) == backup.left_out.end()) {
            backup.left_out.push_back(name);
        }
    }
    return {};
}

Outcome add_store(Backup& backup) {
    auto store = runtime::LmdbStore::open(backup.folder.store(), runtime::LmdbStore::Create::no,
                                          {.shared = true});
    if (!store && store.error().code == StoreErrc::missing) return {};
    if (!store) {
        return failed(
            fmt::format("cannot open {}: {}", backup.folder.store(), message(store.error())));
    }
    backup.parts.emplace_back("address book");
    return add_copy(backup.tar, "store", **store, backup.folder.store());
}

void tell(const Backup& backup, const Options& options) {
    fmt::print("{}: {}; {}\n", options.file, fmt::join(backup.parts, ", "),
               bytes_text(static_cast<std::int64_t>(backup.tar.size_bytes())));
    if (!backup.keys.empty()) {
        fmt::print(stderr,
                   "parley: {} HOLDS SECRET KEYS ({}): whoever reads it can pose as this node{}. "
                   "Keep it as you keep them.\n",
                   options.file, fmt::join(backup.keys, ", "),
                   backup.config.chain.signer_key.empty() ? "" : " and sign its blocks");
    }
    if (!backup.left_out.empty()) {
        fmt::print("Not in it, and to be kept elsewhere: {}\n", fmt::join(backup.left_out, ", "));
    }
}

Outcome back_up(const Options& options) {
    const Folder folder{options.folder};
    auto config = read_config(folder);
    if (!config) return std::unexpected{config.error()};
    struct stat info{};
    if (::stat(folder.path.c_str(), &info) != 0) {
        return failed(fmt::format("{}: {}", folder.path, system_message(errno)));
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(runtime::now().unix_time);
    auto tar = TarFile::create(options.file, {.user = info.st_uid,
                                              .group = info.st_gid,
                                              .unix_seconds = now.time_since_epoch().count()});
    if (!tar) return std::unexpected{tar.error()};
    Backup backup{.folder = folder, .config = std::move(*config), .tar = std::move(*tar)};
    if (auto ok = add_settings(backup); !ok) return ok;
    if (auto ok = add_keys(backup, options.with_keys); !ok) return ok;
    if (auto ok = add_store(backup); !ok) return ok;
    const auto chain = add_chain_files(backup.tar, folder);
    if (!chain) return std::unexpected{chain.error()};
    if (!chain->empty()) backup.parts.push_back(*chain);
    if (auto ok = backup.tar.finish(); !ok) return ok;
    tell(backup, options);
    return {};
}

}  // namespace

void add_backup(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "backup", "a node's folder as one file, while it runs", description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option("FILE", options->file, "The archive to write")->required();
    command->add_flag("--keys", options->with_keys,
                      "Also the secret keys of the folder: guard FILE as you guard them");
    command->callback([options, &chosen] { chosen = [options] { return back_up(*options); }; });
}

}  // namespace parley::app
