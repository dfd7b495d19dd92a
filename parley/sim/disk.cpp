#include <parley/sim/disk.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace parley::sim {

Result<std::optional<Buffer>, StoreError> Disk::get(std::string_view table, Bytes key) {
    const auto found = tables_.find(table);
    if (found == tables_.end()) return std::nullopt;
    const auto row = found->second.find(to_buffer(key));
    if (row == found->second.end()) return std::nullopt;
    return row->second;
}

Result<void, StoreError> Disk::scan(std::string_view table,
                                    const std::function<bool(Bytes, Bytes)>& visit) {
    const auto found = tables_.find(table);
    if (found == tables_.end()) return {};
    for (const auto& [key, value] : found->second) {
        if (!visit(key, value)) break;
    }
    return {};
}

Result<void, StoreError> Disk::write(const StoreBatch& batch) {
    if (fail_writes_) return fail(StoreErrc::full);
    if (batch.empty() || forgets_) return {};
    UndoBatch undo;
    undo.reserve(batch.changes.size());
    for (const auto& change : batch.changes) {
        undo.push_back({change.table, change.key, replace(change.table, change.key, change.value)});
    }
    unsynced_.push_back(std::move(undo));
    if (unsynced_.size() > unsynced_max) unsynced_.pop_front();
    return {};
}

/// Sets or erases a value; returns the one before.
std::optional<Buffer> Disk::replace(const std::string& table, const Buffer& key,
                                    std::optional<Buffer> value) {
    auto& rows = tables_[table];
    std::optional<Buffer> before;
    const auto row = rows.find(key);
    if (row != rows.end()) before = std::move(row->second);
    if (value) {
        rows.insert_or_assign(key, *std::move(value));
    } else if (row != rows.end()) {
        rows.erase(row);
    }
    return before;
}

void Disk::undo_down_to(UndoBatch& batch, std::size_t changes) {
    while (batch.size() > changes) {
        auto& last = batch.back();
        replace(last.table, last.key, std::move(last.before));
        batch.pop_back();
    }
}

void Disk::crash(Rng& rng, DiskFaults faults) {
    if (!faults.any() || unsynced_.empty()) return;
    const std::size_t left = rng.below(unsynced_.size() + 1);
    while (unsynced_.size() > left) {
        undo_down_to(unsynced_.back(), 0);
        unsynced_.pop_back();
    }
    if (faults.tear && left > 0) {
        // At least one change: a batch of which nothing is left is a lost one.
        undo_down_to(unsynced_.back(), 1 + rng.below(unsynced_.back().size()));
    }
    if (faults.corrupt) corrupt_one(rng);
    sync_all();
}

/// Damages the value that one of the unsynced changes left in its place, if any left one.
void Disk::corrupt_one(Rng& rng) {
    std::set<std::pair<std::string_view, Buffer>> touched;
    for (const auto& batch : unsynced_) {
        for (const auto& change : batch) touched.emplace(change.table, change.key);
    }
    std::vector<Buffer*> values;
    for (const auto& [table, key] : touched) {
        auto& rows = tables_.find(table)->second;
        const auto row = rows.find(key);
        if (row != rows.end() && !row->second.empty()) values.push_back(&row->second);
    }
    if (values.empty()) return;
    auto& value = *values[rng.below(values.size())];
    // A run of neighbours, each changed for sure.
    constexpr std::uint64_t run_bytes_max = 8;
    const std::size_t first = rng.below(value.size());
    const std::size_t end = std::min(value.size(), first + 1 + rng.below(run_bytes_max));
    for (std::size_t i = first; i < end; ++i)
        value[i] ^= static_cast<std::byte>(1 + rng.below(255));
}

}  // namespace parley::sim
