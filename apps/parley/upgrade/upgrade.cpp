#include "chain/import_blocks.hpp"
#include "folder.hpp"
#include "node/chain_files.hpp"
#include "node/ledger_format.hpp"
#include "text.hpp"
#include "upgrade/first_log.hpp"
#include "upgrade/upgrade.hpp"
#include <parley/chain/ledger/saved.hpp>
#include <parley/runtime/io/sync_folder.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace parley::app {

namespace {

namespace fs = std::filesystem;

constexpr auto description =
    R"text(Moves the chain of the folder DIR, which an older program wrote, to the format of this
one: all blocks of the old one are checked and executed into a new one. The old one is
kept beside it. The node must not run; if this is interrupted, either the old or the new
one is there, whole, and the next try goes on. Other files need no upgrade.)text";

constexpr auto footer = R"text(EXAMPLES
  parley upgrade alice
  rm -r alice/chain-format-1    # once the node runs well

FILES
  DIR/chain             replaced at once, when all is on disk
  DIR/chain-format-N    what was there before; without what a validator said, which must
                        not be put back
  DIR/chain.new         while it works

EXIT STATUS
  0 moved, or nothing to do; 1 left as it was, 2 wrong command line)text";

/// The folders of one upgrade.
struct Places {
    std::string now;   // what nodes open
    std::string next;  // what is made
    std::string kept(std::uint32_t format) const { return now + fmt::format("-format-{}", format); }
};

Outcome refused(const std::string& what, int error) {
    return failed(fmt::format("{}: {}", what, system_message(error)));
}

Outcome sync_folder(const std::string& path) {
    if (const int error = runtime::sync_folder(path)) {
        return refused("cannot write " + path, error);
    }
    return {};
}

std::uint64_t bytes_of_files(const std::string& folder) {
    std::uint64_t out = 0;
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(folder, ignored)) {
        const auto size = file.file_size(ignored);
        if (!ignored) out += size;
    }
    return out;
}

/// The new files are about as large as the old ones.
Outcome check_room(const Places& places) {
    struct statvfs info{};
    if (::statvfs(places.now.c_str(), &info) != 0) return refused(places.now, errno);
    const auto needed = bytes_of_files(places.now);
    const auto room = std::uint64_t{info.f_bavail} * info.f_frsize;
    if (room >= needed) return {};
    return failed(
        fmt::format("{}: expected {} free on the disk for the new chain beside the old "
                    "one, got {}",
                    places.now, bytes_text(static_cast<std::int64_t>(needed)),
                    bytes_text(static_cast<std::int64_t>(room))));
}

/// The head that the old store names; nothing if all of the chain is in the log alone.
Result<std::optional<chain::Saved>, Failure> saved_in(const std::string& state) {
    auto store = runtime::LmdbStore::open(
        state, runtime::LmdbStore::Create::no,
        {.map_bytes_max = ledger_bytes_max, .version = ledger_format, .shared = true});
    if (!store) return failed(fmt::format("{}: {}", state, message(store.error())));
    const auto saved = chain::read_saved(**store);
    if (!saved) return failed(fmt::format("{}: {}", state, message(saved.error())));
    return *saved;
}

/// The blocks of the old log, in the new files.
Outcome make_next(const Folder& folder, const node::ChainConfig& config, const Places& places) {
    const auto saved = saved_in(places.now + "/state");
    if (!saved) return std::unexpected{saved.error()};
    auto log = FirstLog::open(places.now + "/blocks");
    if (!log) return std::unexpected{log.error()};
    auto offline = OfflineLedger::open_in(folder, config, places.next);
    if (!offline) return std::unexpected{offline.error()};
    auto& ledger = (*offline)->ledger();
    ledger.set_syncing(true);
    ImportProgress progress;
    import_blocks(**offline, [&] { return log->next(ledger.limits()); }, progress);
    (*offline)->save();
    if (progress.failure) {
        return failed(fmt::format(
            "{}; {} is as it was. A chain that cannot be moved, such as one that began with a "
            "fetched state, comes anew from peers where there is no {}",
            progress.failure->what, places.now, places.now));
    }
    if (*saved) {
        const auto head = ledger.blocks().find((*saved)->head);
        if (!head) return failed(message(head.error()));
        if (!*head) {
            return failed(
                fmt::format("{}/blocks ends at byte {}, before block 0x{}, the head: it "
                            "is damaged, and left as it is",
                            places.now, log->offset(), to_hex((*saved)->head)));
        }
    }
    fmt::print("{} blocks with {} transactions up to block {}\n",
               count_text(static_cast<std::int64_t>(progress.imported)),
               count_text(static_cast<std::int64_t>(progress.transactions)),
               count_text(static_cast<std::int64_t>(ledger.head().header.number)));
    return {};
}

/// What a validator said goes along.
Outcome copy_votes(const Places& places) {
    for (const auto* name : votes_names) {
        const auto from = places.now + '/' + name;
        std::error_code ignored;
        if (!fs::exists(from, ignored)) continue;
        const auto text = read_small_file(from, std::size_t{64} << 20);
        if (!text) return std::unexpected{text.error()};
        if (auto ok = replace_file(places.next + '/' + name, *text, 0600); !ok) return ok;
    }
    return {};
}

/// The old files, which are in `next` since the exchange, get their name.
Outcome keep_old(const Folder& folder, const Places& places, std::uint32_t format) {
    for (const auto* name : votes_names) ::unlink((places.next + '/' + name).c_str());
    const auto kept = places.kept(format);
    if (::renameat2(AT_FDCWD, places.next.c_str(), AT_FDCWD, kept.c_str(), RENAME_NOREPLACE) != 0) {
        return refused(fmt::format("cannot rename {} to {}", places.next, kept), errno);
    }
    if (auto ok = sync_folder(folder.path); !ok) return ok;
    fmt::print(
        "{} has the present format, {}. What was there is in {}, and of no more use once "
        "the node runs well.\n",
        places.now, ledger_format, kept);
    return {};
}

/// What an upgrade left behind that was interrupted: the old files, if they were exchanged.
Result<bool, Failure> finish_last(const Folder& folder, const Places& places) {
    std::error_code error;
    if (!fs::exists(places.next, error)) return false;
    const auto format = ledger_format_of(places.next);
    if (format && *format < ledger_format) {
        if (auto ok = keep_old(folder, places, *format); !ok) return std::unexpected{ok.error()};
        return true;
    }
    fs::remove_all(places.next, error);
    if (error) return failed(fmt::format("cannot remove {}: {}", places.next, error.message()));
    return false;
}

Outcome upgrade(const std::string& path) {
    const Folder folder{path};
    const auto config = read_config(folder);
    if (!config) return std::unexpected{config.error()};
    const auto lock = lock_folder(folder);
    if (!lock) return std::unexpected{lock.error()};
    const auto data = folder.file(chain_folder);
    const Places places{.now = data, .next = data + ".new"};
    const auto finished = finish_last(folder, places);
    if (!finished) return std::unexpected{finished.error()};
    if (*finished) return {};
    const auto format = ledger_format_of(data);
    if (!format) return std::unexpected{format.error()};
    if (*format == ledger_format) {
        fmt::print("{}: nothing to do; the format is {}, the present one\n", path, ledger_format);
        return {};
    }
    if (std::error_code ignored; fs::exists(places.kept(*format), ignored)) {
        return failed(fmt::format("{} is there already: move it away first", places.kept(*format)));
    }
    if (auto ok = check_room(places); !ok) return ok;
    if (auto ok = make_next(folder, config->chain, places); !ok) {
        std::error_code ignored;
        fs::remove_all(places.next, ignored);
        return ok;
    }
    if (auto ok = copy_votes(places); !ok) return ok;
    if (auto ok = sync_folder(places.next); !ok) return ok;
    if (::renameat2(AT_FDCWD, places.next.c_str(), AT_FDCWD, places.now.c_str(), RENAME_EXCHANGE) !=
        0) {
        return refused(fmt::format("cannot exchange {} and {}", places.next, places.now), errno);
    }
    if (auto ok = sync_folder(path); !ok) return ok;
    return keep_old(folder, places, *format);
}

}  // namespace

void add_upgrade(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "upgrade", "a chain of an older format to the present one", description);
    command->footer(footer);
    auto folder = std::make_shared<std::string>();
    add_folder(*command, *folder);
    command->callback([folder, &chosen] { chosen = [folder] { return upgrade(*folder); }; });
}

}  // namespace parley::app
