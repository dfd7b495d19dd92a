// EntropyPool: entropy in small pieces from a source that costs a system call each time.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>

#include <cstddef>
#include <cstdint>

namespace parley {

/// Asks `source` for a piece of 512 bytes at a time. What was given out is wiped here. A machine
/// that is cloned goes on twice with the same piece: stir() makes the two differ.
class EntropyPool final : public EntropySource {
public:
    /// `source` outlives it.
    explicit EntropyPool(EntropySource& source) : source_(source) {}
    EntropyPool(const EntropyPool&) = delete;
    EntropyPool& operator=(const EntropyPool&) = delete;
    ~EntropyPool() override { wipe(bytes_); }
    void fill(MutableBytes out) override;
    /// From here on what is given out depends on the time as well, to the nanosecond. It is as
    /// random as before, whatever the time is.
    void stir(Now now) {
        stirred_ = static_cast<std::uint64_t>(now.instant.time_since_epoch().count()) +
                   (static_cast<std::uint64_t>(unix_milliseconds(now.unix_time)) << 24U);
    }

private:
    EntropySource& source_;
    ByteArray<512> bytes_{};
    std::size_t used_ = sizeof(bytes_);
    std::uint64_t stirred_ = 0;
    std::uint64_t given_ = 0;  // pieces
};

}  // namespace parley
