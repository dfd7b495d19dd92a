// AppendLog: one sequential file, injected as Store is: a file in the runtime, memory in tests and
// the simulator. What was appended is lost by a power cut, whole or from some byte on, until it is
// synced.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace parley {

/// Jobs hold on to a log that a shared_ptr owns; any other one must outlast them.
/// Threading: every member may be called from any thread; appends come from one at a time.
class AppendLog : public std::enable_shared_from_this<AppendLog> {
public:
    virtual ~AppendLog() = default;
    /// Bytes that were appended, synced or not.
    virtual std::uint64_t size_bytes() const = 0;
    /// At the end. An error leaves the log as it was, or with part of `bytes` at its end.
    virtual Result<void, StoreError> append(Bytes bytes) = 0;
    /// All that was appended is on disk when it returns. Slow: call it in a Job.
    virtual Result<void, StoreError> sync() = 0;
    /// Exactly so many bytes; corrupt beyond the end.
    virtual Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size_bytes) const = 0;
    /// Drops all from there on. Precondition: at most size_bytes().
    virtual Result<void, StoreError> truncate(std::uint64_t size_bytes) = 0;
};

/// A log in memory.
class MemoryLog final : public AppendLog {
public:
    std::uint64_t size_bytes() const override;
    Result<void, StoreError> append(Bytes bytes) override;
    Result<void, StoreError> sync() override { return {}; }
    Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size_bytes) const override;
    Result<void, StoreError> truncate(std::uint64_t size_bytes) override;

private:
    mutable std::mutex mutex_;
    Buffer bytes_;
};

}  // namespace parley
