// Disk: a host's Store. It survives restarts; a power cut may take batches that were not yet
// synced. A write goes to the system's cache, where reads see it at once; it is durable when the
// world syncs the disk. Unlike a Store's, a write is therefore not on disk when it returns: the
// world syncs before it tells the node that its job is done. Bounds: unsynced_max batches can be
// taken back. Threading: one thread, the simulator's.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>

namespace parley::sim {

/// The effect of a crash on batches that are not synced. With none set only the process dies, as by
/// SIGKILL: the system keeps its cache, and nothing is lost. Each of them is a power cut.
struct DiskFaults {
    bool power_cut = false;  ///< batches are lost from some point on; so with `tear` and `corrupt`
    bool tear = false;       ///< the last batch that is left may have only its first changes
    bool corrupt = false;    ///< one value that is left has wrong bytes
    bool any() const { return power_cut || tear || corrupt; }
};

class Disk : public Store {
public:
    /// Beyond it the oldest batch becomes durable by itself, as a system writes back its cache.
    static constexpr std::size_t unsynced_max = 64;

    Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) override {
        return rows_.get(table, key);
    }
    Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                       const Visitor& visit) override {
        return rows_.scan_from(table, first, visit);
    }
    /// StoreErrc::full while writes fail; nothing is changed then.
    Result<void, StoreError> write(const StoreBatch& batch) override;

    /// Makes all that was written durable.
    void sync_all() { unsynced_.clear(); }
    /// The process was killed, or the power failed. `rng` draws how many of the unsynced batches
    /// are left, from none to all, the first ones written. After a power cut those are durable;
    /// without one they stay unsynced, for a later power cut to take.
    void crash(Rng& rng, DiskFaults faults);
    /// Drops all later writes: for runs of thousands of hosts in which none restarts.
    void forget_all() { forgets_ = true; }
    /// While true the disk is full: write() fails.
    void fail_writes(bool fail) { fail_writes_ = fail; }

    /// Batches that a power cut could take.
    std::size_t unsynced() const { return unsynced_.size(); }

private:
    void apply(const StoreBatch::Change& change);
    std::optional<Buffer> value_of(const StoreBatch::Change& change);
    void undo_down_to(StoreBatch& undo, std::size_t changes);
    void corrupt_one(Rng& rng);

    MemoryStore rows_;  // as reads see them
    /// How to take back what is not durable: what was there before, in the order of the changes.
    std::deque<StoreBatch> unsynced_;
    bool fail_writes_ = false;
    bool forgets_ = false;
};

}  // namespace parley::sim
