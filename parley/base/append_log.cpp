#include <parley/base/append_log.hpp>

namespace parley {

std::uint64_t MemoryLog::size_bytes() const {
    const std::scoped_lock lock{mutex_};
    return bytes_.size();
}

Result<void, StoreError> MemoryLog::append(Bytes bytes) {
    const std::scoped_lock lock{mutex_};
    parley::append(bytes_, bytes);
    return {};
}

Result<Buffer, StoreError> MemoryLog::read(std::uint64_t offset, std::size_t size_bytes) const {
    const std::scoped_lock lock{mutex_};
    if (offset > bytes_.size() || size_bytes > bytes_.size() - offset) {
        return fail(StoreErrc::corrupt);
    }
    return to_buffer(Bytes{bytes_}.subspan(offset, size_bytes));
}

Result<void, StoreError> MemoryLog::truncate(std::uint64_t size_bytes) {
    const std::scoped_lock lock{mutex_};
    bytes_.resize(size_bytes);
    return {};
}

}  // namespace parley
