// Saver: writes what changed to the store, in a Job, one batch at a time, at most about once a
// second; ten times where it must not be lost, or at once for an owner who waits for it. What could
// not be written is tried again.
//
// Parts of the node take part by three functions; the Saver knows nothing of what they keep.
// Threading: the node's thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::p2p {

class Saver {
public:
    /// Something that keeps rows in the store.
    struct Part {
        std::function<bool()> has_changes;
        /// Appends the rows that changed since it was last called.
        std::function<void(StoreBatch&)> take_changes;
        /// The batch, which has rows of all parts, could not be written.
        std::function<void(const StoreBatch&)> write_again;
        /// Its changes must not be lost: a node that was killed within the second would act
        /// otherwise than it said.
        bool soon = false;
    };
    using Done = std::move_only_function<void(const std::optional<StoreError>&)>;

    /// All outlive it.
    Saver(Store& store, JobQueue& jobs, Log& log) : store_(store), jobs_(jobs), log_(log) {}

    /// From the next write on. What the functions refer to outlives this.
    void add(Part part) { parts_.push_back(std::move(part)); }

    /// The first write is an interval from here.
    void start(Now now);
    /// Begins a write if one is due and none is under way.
    void on_timer(Now now);
    Instant next_wakeup() const;
    /// Calls `done` when all that changed so far is on disk, or with why it is not. A node that
    /// ends first may never call it. The caller bounds how many wait.
    void when_saved(Now now, Done done);

    /// From here on only finish() writes, and what fails is not tried again by itself.
    void stop() { stopping_ = true; }
    /// After stop(), when nothing changes any more: writes the rest. Call until done().
    void finish(Now now);
    bool done() const { return finished_ && !saving_; }

private:
    bool changed(bool soon_alone) const;
    void save(Now now);
    void saved(Now now, const StoreBatch& batch, const std::optional<StoreError>& failure);

    Store& store_;
    JobQueue& jobs_;
    Log& log_;
    std::vector<Part> parts_;
    Instant save_at_ = never;
    Instant save_soon_at_ = never;
    bool saving_ = false;
    bool stopping_ = false;
    bool finished_ = false;      // what was to be written at the end is under way or written
    std::vector<Done> waiting_;  // for what changed since the last batch
};

}  // namespace parley::p2p
