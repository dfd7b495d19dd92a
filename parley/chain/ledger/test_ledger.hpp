// For tests: runs a ledger's Jobs at once.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/chain/ledger/ledger.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <utility>
#include <vector>

namespace parley::chain::testing {

inline void run_all(JobQueue& jobs, Now now = {}) {
    for (auto taken = jobs.take(); !taken.empty(); taken = jobs.take()) {
        for (auto& job : taken) {
            job.run();
            jobs.finish(job, now);
        }
    }
}

/// Imports a block and does all the work that this makes.
inline Result<Imported, ImportError> import_now(Ledger& ledger, JobQueue& jobs, const Block& block,
                                                std::vector<Address> senders = {}) {
    std::optional<Result<Imported, ImportError>> out;
    const auto done = [&](Now, Result<Imported, ImportError> result) {
        REQUIRE_FALSE(out);
        out = std::move(result);
    };
    ledger.import({}, block, done, {.senders = std::move(senders)});
    run_all(jobs);
    REQUIRE(out);
    return std::move(*out);
}

}  // namespace parley::chain::testing
