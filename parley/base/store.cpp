#include <parley/base/store.hpp>

#include <fmt/format.h>

#include <cstring>

namespace parley {

std::string message(const StoreError& error) {
    switch (error.code) {
        case StoreErrc::missing:
            return "the store is missing";
        case StoreErrc::corrupt:
            return "the store is corrupt, or no store at all";
        case StoreErrc::newer_version:
            return fmt::format("the store is of a newer version: expected at most {}, got {}",
                               error.expected, error.actual);
        case StoreErrc::full:
            return "the store is full";
        case StoreErrc::io:
            return fmt::format("the system refused: {}",
                               std::strerror(static_cast<int>(error.actual)));
    }
    return "unknown";
}

Result<std::optional<Buffer>, StoreError> MemoryStore::get(std::string_view table, Bytes key) {
    const std::scoped_lock lock{mutex_};
    const auto found = tables_.find(table);
    if (found == tables_.end()) return std::nullopt;
    const auto row = found->second.find(to_buffer(key));
    if (row == found->second.end()) return std::nullopt;
    return row->second;
}

Result<void, StoreError> MemoryStore::scan_from(std::string_view table, Bytes first,
                                                const Visitor& visit) {
    const std::scoped_lock lock{mutex_};
    const auto found = tables_.find(table);
    if (found == tables_.end()) return {};
    const auto& rows = found->second;
    for (auto row = rows.lower_bound(to_buffer(first)); row != rows.end(); ++row) {
        if (!visit(row->first, row->second)) break;
    }
    return {};
}

Result<void, StoreError> MemoryStore::write(const StoreBatch& batch) {
    const std::scoped_lock lock{mutex_};
    for (const auto& change : batch.changes) {
        auto& table = tables_[change.table];
        if (change.value) {
            table[change.key] = *change.value;
        } else {
            table.erase(change.key);
        }
    }
    return {};
}

}  // namespace parley
