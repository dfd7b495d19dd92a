#include "node/ledger_format.hpp"
#include "upgrade/first_log.hpp"
#include <parley/runtime/store/lmdb_store.hpp>

#include <fmt/format.h>

#include <filesystem>

namespace parley::app {

Result<std::uint32_t, Failure> ledger_format_of(const std::string& data) {
    std::error_code ignored;
    const auto state = data + "/state";
    const auto size = std::filesystem::file_size(state, ignored);
    if (ignored || size == 0) return ledger_format;
    const auto version = runtime::LmdbStore::version_of(state);
    if (!version) return failed(fmt::format("cannot open {}: {}", state, message(version.error())));
    if (*version > ledger_format) {
        return failed(
            fmt::format("cannot open {}: {}", state,
                        message(StoreError{StoreErrc::newer_version, ledger_format, *version})));
    }
    return *version == 1 && !is_first_log(data + "/blocks") ? 2 : *version;
}

std::string older_format_text(std::string_view folder, std::string_view data,
                              std::uint32_t format) {
    return fmt::format(
        "{} has the format {}, and this program's is {}: `parley upgrade {}` moves it, and keeps "
        "the old one",
        data, format, ledger_format, folder);
}

}  // namespace parley::app
