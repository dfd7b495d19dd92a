#include "backup/chain_copy.hpp"
#include "node/chain_files.hpp"
#include "node/ledger_format.hpp"
#include "text.hpp"
#include "upgrade/first_log.hpp"
#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/ledger/log_record.hpp>
#include <parley/chain/ledger/saved.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/runtime/store/file_log.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

namespace parley::app {

namespace {

using runtime::FileLog;
using runtime::LmdbStore;

/// Of blocks that are in the log: whoever wrote them knew what the engine allows.
constexpr chain::BlockLimits any_engine{.extra_data_bytes_max = chain::BlockLimits{}.bytes_max};

std::unexpected<Failure> store_failed(const std::string& path, const StoreError& error) {
    return failed(fmt::format("{}: {}", path, message(error)));
}

/// Whose contents a name has: another file is there after `parley upgrade`.
std::uint64_t file_number(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

/// The whole records of a log, which has so many bytes at least; the number of the block in the
/// last one.
Result<std::uint64_t, Failure> add_log(TarFile& tar, FileLog& file, const std::string& path,
                                       std::uint64_t bytes_min) {
    if (auto ok = tar.begin("chain/blocks", 0600); !ok) return std::unexpected{ok.error()};
    Buffer last;
    for (std::uint64_t offset = 0; offset < file.size_bytes();) {
        auto record = chain::read_record(file, offset);
        // One that is being written.
        if (!record && record.error().code == StoreErrc::corrupt && offset >= bytes_min) break;
        if (!record) return store_failed(path, record.error());
        if (auto ok = tar.write(*record); !ok) return std::unexpected{ok.error()};
        offset += record->size();
        last = std::move(*record);
    }
    if (auto ok = tar.end(); !ok) return std::unexpected{ok.error()};
    if (last.empty()) return 0;
    const auto logged = chain::decode_logged(chain::payload_of(last), any_engine);
    if (!logged) return store_failed(path, logged.error());
    return logged->block.header.number;
}

Result<std::string, Failure> add_ledger(TarFile& tar, const std::string& data, LmdbStore& state) {
    const auto blocks = data + "/blocks";
    const auto before = file_number(data + "/state");
    const auto saved = chain::read_saved(state);
    if (!saved) return store_failed(data + "/state", saved.error());
    std::optional<Result<std::shared_ptr<FileLog>, StoreError>> log;
    const auto open_log = [&] { log.emplace(FileLog::open(blocks)); };
    if (auto ok = add_copy(tar, "chain/state", state, data + "/state", open_log); !ok) {
        return std::unexpected{ok.error()};
    }
    if (!*log) return store_failed(blocks, log->error());
    const auto number = add_log(tar, ***log, blocks, *saved ? (*saved)->log_end : 0);
    if (!number) return std::unexpected{number.error()};
    if (file_number(data + "/state") != before) {
        return failed(fmt::format("{} was replaced meanwhile: try again", data));
    }
    return fmt::format("chain up to block {}", count_text(static_cast<std::int64_t>(*number)));
}

}  // namespace

Outcome add_copy(TarFile& tar, std::string_view name, LmdbStore& store, const std::string& path,
                 const std::function<void()>& on_begun) {
    if (auto ok = tar.begin(name, 0600); !ok) return ok;
    Outcome written;
    bool has_begun = false;
    const auto copied = store.copy([&](Bytes bytes) -> Result<void, StoreError> {
        if (!has_begun && on_begun) on_begun();
        has_begun = true;
        written = tar.write(bytes);
        return written ? Result<void, StoreError>{} : fail(StoreErrc::io);
    });
    if (!written) return written;
    if (!copied) return store_failed(path, copied.error());
    return tar.end();
}

Result<std::string, Failure> add_chain_files(TarFile& tar, const Folder& folder) {
    const auto data = folder.file(chain_folder);
    const auto open = [&](const std::string& name, std::uint32_t version) {
        return LmdbStore::open(
            data + name, LmdbStore::Create::no,
            {.map_bytes_max = ledger_bytes_max, .version = version, .shared = true});
    };
    std::error_code ignored;
    if (!std::filesystem::is_directory(data, ignored)) return std::string{};
    if (is_first_log(data + "/blocks")) {
        return failed(older_format_text(folder.path, data, 1));
    }
    if (auto ok = tar.add_folder("chain/", 0700); !ok) return std::unexpected{ok.error()};
    auto state = open("/state", ledger_format);
    if (state) return add_ledger(tar, data, **state);
    if (state.error().code != StoreErrc::missing)
        return store_failed(data + "/state", state.error());
    auto headers = open("/headers", 1);
    if (!headers && headers.error().code == StoreErrc::missing) return std::string{};
    if (!headers) return store_failed(data + "/headers", headers.error());
    if (auto ok = add_copy(tar, "chain/headers", **headers, data + "/headers"); !ok) {
        return std::unexpected{ok.error()};
    }
    return std::string{"headers"};
}

}  // namespace parley::app
