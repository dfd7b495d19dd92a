#include <parley/sim/world/disk.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {

Result<void, StoreError> Disk::write(const StoreBatch& batch) {
    if (fail_writes_) return fail(StoreErrc::full);
    if (batch.empty() || forgets_) return {};
    StoreBatch undo;
    for (const auto& change : batch.changes) {
        undo.changes.push_back({change.table, change.key, value_of(change)});
        apply(change);
    }
    unsynced_.push_back(std::move(undo));
    if (unsynced_.size() > unsynced_max) unsynced_.pop_front();
    return {};
}

// The store in memory refuses nothing.
void Disk::apply(const StoreBatch::Change& change) {
    (void)rows_.write({{change}});
}

std::optional<Buffer> Disk::value_of(const StoreBatch::Change& change) {
    return rows_.get(change.table, change.key).value();
}

void Disk::undo_down_to(StoreBatch& undo, std::size_t changes) {
    while (undo.changes.size() > changes) {
        apply(undo.changes.back());
        undo.changes.pop_back();
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
        undo_down_to(unsynced_.back(), 1 + rng.below(unsynced_.back().changes.size()));
    }
    if (faults.corrupt) corrupt_one(rng);
    sync_all();
}

/// Damages the value that one of the unsynced changes left in its place, if any left one.
void Disk::corrupt_one(Rng& rng) {
    std::set<std::pair<std::string, Buffer>> touched;
    for (const auto& batch : unsynced_) {
        for (const auto& change : batch.changes) touched.emplace(change.table, change.key);
    }
    std::vector<StoreBatch::Change> rows;
    for (const auto& [table, key] : touched) {
        StoreBatch::Change row{table, key, {}};
        row.value = value_of(row);
        if (row.value && !row.value->empty()) rows.push_back(std::move(row));
    }
    if (rows.empty()) return;
    auto& row = rows[rng.below(rows.size())];
    auto& value = *row.value;
    // A run of neighbours, each changed for sure.
    constexpr std::uint64_t run_bytes_max = 8;
    const std::size_t first = rng.below(value.size());
    const std::size_t end = std::min(value.size(), first + 1 + rng.below(run_bytes_max));
    for (std::size_t i = first; i < end; ++i) {
        value[i] ^= static_cast<std::byte>(1 + rng.below(255));
    }
    apply(row);
}

}  // namespace parley::sim
