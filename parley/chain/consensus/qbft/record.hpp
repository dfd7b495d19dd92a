// Record: what a validator must remember of what it said, and RecordLog: where it is written down
// before it is said, so that a validator that was killed, or lost its power, contradicts nothing.
//
// Two files take turns: records are appended to one of them until it is large, then the other one
// begins anew; the latest whole record of both counts. A block that was prepared is written once,
// with the record that first has it.
//
//     auto log = RecordLog::open(first_file, second_file);
//     if (!log->write(record)) return;  // on disk when it returns: for a Job
//
// Bounded: each file has at most file_bytes_max and one height's records.
// Threading: one thread at a time.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>

#include <array>
#include <cstddef>
#include <optional>

namespace parley::chain::qbft {

struct Record {
    View view;
    std::optional<Hash256> proposed = {};   ///< in this round
    std::optional<Hash256> prepared = {};   ///< it says Prepare in this round for no other block
    std::optional<Hash256> committed = {};  ///< it said Commit in this round
    std::optional<Certificate> certificate = {};
};

class RecordLog {
public:
    static constexpr std::size_t file_bytes_max = std::size_t{4} << 20;

    /// Reads what is there; a torn end is dropped. Both files must outlive this. Errors: those of
    /// the files.
    static Result<RecordLog, StoreError> open(AppendLog& first, AppendLog& second);

    /// The last one that was written; none: nothing was ever said.
    const std::optional<Record>& latest() const { return latest_; }
    /// After an error nothing may be said that the record allows.
    Result<void, StoreError> write(const Record& record);

private:
    RecordLog(AppendLog& first, AppendLog& second) : files_{&first, &second} {}
    Result<std::optional<Record>, StoreError> read(AppendLog& file) const;

    std::array<AppendLog*, 2> files_;
    std::size_t current_ = 0;
    std::optional<Record> latest_;
    bool has_block_ = false;  // of the latest's certificate, in the current file
};

}  // namespace parley::chain::qbft
