// HostClock: a host's clock, which deviates from the world's. It maps the world's time to the
// host's two clocks: the monotonic one, which starts at 0 and only drifts, and Unix time, which is
// off from the start and may step. Integers only: every compiler gives the same times. Threading:
// one thread, the simulator's.
#pragma once

#include <parley/base/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace parley::sim {

/// Valid for the world's first hundred years.
class HostClock {
public:
    /// `start`: Unix time when the world begins; `offset`: how far the host's is ahead of it.
    /// `drift_ppm`: by how many millionths both clocks are fast, from -500,000 to 500,000; usual
    /// quartz has -500 to 500.
    explicit HostClock(UnixTime start, std::chrono::milliseconds offset = {},
                       std::int32_t drift_ppm = 0)
        : start_(start + offset), rate_(rate(drift_ppm)) {}

    /// The host's time at an instant of the world. For one before the last change of the drift, the
    /// time of that change.
    Now at(Instant world) const {
        const Instant local = local_at(world);
        const auto unix_elapsed = local.time_since_epoch() + stepped_;
        return {local, start_ + std::chrono::floor<std::chrono::milliseconds>(unix_elapsed)};
    }

    /// The first instant of the world at which the host's monotonic clock has reached `local`, so
    /// that a timer set for it never fires early: at(world_time_of(t)).instant >= t. Not before
    /// the last change of the drift. `never` for never, and for times beyond the world's range.
    Instant world_time_of(Instant local) const {
        if (local == never) return never;
        if (local <= local_anchor_) return world_anchor_;
        // The least n with n * rate / 1e6 >= elapsed, in two steps that cannot overflow.
        const std::int64_t elapsed = (local - local_anchor_).count();
        const std::int64_t whole = elapsed / rate_;
        const std::int64_t rest = (elapsed % rate_ * unit + rate_ - 1) / rate_;  // at most `unit`
        const std::int64_t room = (never - world_anchor_).count();
        if (whole >= room / unit) return never;
        return world_anchor_ + Duration{whole * unit + rest};
    }

    /// Sets Unix time forwards or back, as NTP does; the monotonic clock is not affected.
    void step(Duration by) { stepped_ += by; }

    /// Changes the drift from here on. Earlier results of world_time_of() become invalid.
    /// `world` is not before the last change.
    void set_drift(Instant world, std::int32_t drift_ppm) {
        local_anchor_ = local_at(world);
        world_anchor_ = std::max(world_anchor_, world);
        rate_ = rate(drift_ppm);
    }

private:
    static constexpr std::int64_t unit = 1'000'000;
    static std::int64_t rate(std::int32_t drift_ppm) {
        return unit + std::clamp(drift_ppm, -500'000, 500'000);
    }

    /// Rounded down, hence it never runs ahead of itself when the drift changes.
    Instant local_at(Instant world) const {
        if (world <= world_anchor_) return local_anchor_;
        const std::int64_t elapsed = (world - world_anchor_).count();
        // elapsed * rate / 1e6, without overflow.
        return local_anchor_ + Duration{elapsed / unit * rate_ + elapsed % unit * rate_ / unit};
    }

    UnixTime start_;      // with the offset
    Duration stepped_{};  // of the unix line, by all steps
    std::int64_t rate_;   // the host's nanoseconds in `unit` of the world's
    // Where the present drift began, on both lines.
    Instant world_anchor_{};
    Instant local_anchor_{};
};

}  // namespace parley::sim
