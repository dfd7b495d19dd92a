// EntropyPool: entropy in small pieces from a source that costs a system call each time.
#pragma once

#include <parley/base/rng.hpp>

#include <cstddef>

namespace parley {

/// Asks `source` for a piece of 512 bytes at a time. What was given out is wiped here.
class EntropyPool final : public EntropySource {
public:
    /// `source` outlives it.
    explicit EntropyPool(EntropySource& source) : source_(source) {}
    EntropyPool(const EntropyPool&) = delete;
    EntropyPool& operator=(const EntropyPool&) = delete;
    ~EntropyPool() override { wipe(bytes_); }
    void fill(MutableBytes out) override;

private:
    EntropySource& source_;
    ByteArray<512> bytes_{};
    std::size_t used_ = sizeof(bytes_);
};

}  // namespace parley
