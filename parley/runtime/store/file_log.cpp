#include <parley/runtime/store/file_log.hpp>

#include <parley/runtime/io/sync_folder.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace parley::runtime {
namespace {

std::unexpected<StoreError> system_error(int error) {
    const bool is_full = error == ENOSPC || error == EDQUOT;
    return fail(is_full ? StoreErrc::full : StoreErrc::io, 0, static_cast<std::uint64_t>(error));
}

}  // namespace

Result<std::shared_ptr<FileLog>, StoreError> FileLog::open(const std::string& path) {
    UniqueFd file{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    if (!file && errno == ENOENT) {
        file = UniqueFd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
        if (file) {
            // So that the name of a new file is on disk too.
            if (const int error = sync_folder_of(path)) return system_error(error);
        }
    }
    struct stat info{};
    if (!file || ::fstat(file.get(), &info) != 0) return system_error(errno);
    return std::shared_ptr<FileLog>(
        new FileLog{std::move(file), static_cast<std::uint64_t>(info.st_size)});
}

Result<void, StoreError> FileLog::append(Bytes bytes) {
    auto offset = size_bytes_.load();
    while (!bytes.empty()) {
        const auto written =
            ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_error(errno);
        offset += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        size_bytes_ = offset;
    }
    return {};
}

Result<void, StoreError> FileLog::sync() {
    if (const int error = sync_errno_) return system_error(error);
    if (::fdatasync(file_.get()) == 0) return {};
    sync_errno_ = errno;
    return system_error(sync_errno_);
}

Result<Buffer, StoreError> FileLog::read(std::uint64_t offset, std::size_t size_bytes) const {
    const auto end = size_bytes_.load();
    if (offset > end || size_bytes > end - offset) return fail(StoreErrc::corrupt);
    Buffer out(size_bytes);
    for (std::size_t done = 0; done < size_bytes;) {
        const auto got = ::pread(file_.get(), out.data() + done, size_bytes - done,
                                 static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno);
        if (got == 0) return fail(StoreErrc::corrupt);  // somebody cut the file
        done += static_cast<std::size_t>(got);
    }
    return out;
}

Result<void, StoreError> FileLog::truncate(std::uint64_t size_bytes) {
    if (::ftruncate(file_.get(), static_cast<off_t>(size_bytes)) != 0) return system_error(errno);
    size_bytes_ = size_bytes;
    return {};
}

}  // namespace parley::runtime
