// Journal: the own user's transactions that wait, in a table of a Store, so that a node that was
// started again has them. Written in Jobs, some time after they were taken: a crash loses what came
// in the second before.
//
// Bounded: rows_max; what comes beyond is not kept. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/jobs.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace parley::chain {

class Journal {
public:
    static constexpr std::string_view table = "own_transactions";
    static constexpr std::size_t rows_max = 16'384;

    /// All outlive it, the store also its Jobs: see Store.
    Journal(Store& store, JobQueue& jobs, Log& log);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// What is kept, by hash, as raw transactions. At the start: reads the disk. Nothing, and an
    /// error in the log, if that cannot be read.
    std::vector<SharedBytes> load();
    void add(Now now, const Hash256& hash, const SharedBytes& raw);
    /// One that is not there is no error.
    void remove(Now now, const Hash256& hash);

    /// Tries again what the disk or the queue of Jobs refused.
    void on_timer(Now now);
    Instant next_wakeup() const { return retry_at_; }
    std::size_t size() const { return kept_.size(); }

private:
    void write(Now now);

    Store& store_;
    JobQueue& jobs_;
    Log& log_;
    std::set<Hash256> kept_;
    std::map<Hash256, std::optional<SharedBytes>> changes_;  // not yet being written
    bool is_writing_ = false;
    Instant retry_at_ = never;
    std::shared_ptr<Journal*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
