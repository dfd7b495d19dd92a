// FileLog: an AppendLog in one file.
//
// After a sync that failed the system may have thrown away what it could not write, and says so
// once only. So a log whose sync failed stays failed until it is opened again.
// Threading: as AppendLog.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace parley::runtime {

class FileLog final : public AppendLog {
public:
    /// Opens the file, or makes it with mode 0600. Errors: io, with errno.
    static Result<std::shared_ptr<FileLog>, StoreError> open(const std::string& path);

    std::uint64_t size_bytes() const override { return size_bytes_; }
    Result<void, StoreError> append(Bytes bytes) override;
    Result<void, StoreError> sync() override;
    Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size_bytes) const override;
    Result<void, StoreError> truncate(std::uint64_t size_bytes) override;

private:
    FileLog(UniqueFd file, std::uint64_t size_bytes)
        : file_(std::move(file)), size_bytes_(size_bytes) {}

    UniqueFd file_;
    std::atomic<std::uint64_t> size_bytes_;
    std::atomic<int> sync_errno_ = 0;
};

}  // namespace parley::runtime
