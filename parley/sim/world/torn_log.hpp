// TornLog: a log in memory whose disk may fail in the middle of an append, as when the power goes.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/append_log.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::sim {

class TornLog final : public AppendLog {
public:
    /// The next append leaves at most so many bytes, and fails; so do all that follow, and every
    /// sync, until mend().
    void tear(std::size_t bytes_left) { left_ = bytes_left; }
    void mend() { left_.reset(); }

    std::uint64_t size_bytes() const override { return log_.size_bytes(); }
    Result<void, StoreError> append(Bytes bytes) override {
        if (!left_) return log_.append(bytes);
        const auto kept = bytes.first(std::min(*left_, bytes.size()));
        left_ = 0;
        if (!kept.empty()) (void)log_.append(kept);
        return failure();
    }
    Result<void, StoreError> sync() override { return left_ ? failure() : log_.sync(); }
    Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size_bytes) const override {
        return log_.read(offset, size_bytes);
    }
    Result<void, StoreError> truncate(std::uint64_t size_bytes) override {
        return left_ ? failure() : log_.truncate(size_bytes);
    }

private:
    static Result<void, StoreError> failure() { return std::unexpected{StoreError{StoreErrc::io}}; }

    MemoryLog log_;
    std::optional<std::size_t> left_;  // of the next append; none: nothing fails
};

}  // namespace parley::sim
