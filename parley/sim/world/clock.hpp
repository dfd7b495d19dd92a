// HostClock: a host's clock, which runs apart from the world's. It maps the world's time line to
// the host's two: the monotonic one, that starts at 0 and only drifts, and the unix one, that is
// off from the start and may step. Integers only: every compiler gives the same times.
#pragma once

#include <parley/base/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace parley::sim {

/// Valid for the world's first hundred years.
class HostClock {
public:
    /// `start`: the unix time of the world's beginning; `offset`: how far the host's is ahead of
    /// it. `drift_ppm`: by how many millionths the host's clock is fast, both lines alike;
    /// from -500,000 to 500,000, of usual quartz from -500 to 500.
    explicit HostClock(UnixTime start, std::chrono::milliseconds offset = {},
                       std::int32_t drift_ppm = 0)
        : start_(start + offset), rate_(rate(drift_ppm)) {}

    /// The host's present. Before the last change of the drift: as at that change.
    Now at(Instant world) const {
        const Instant local = local_at(world);
        const auto unix_elapsed = local.time_since_epoch() + stepped_;
        return {local, start_ + std::chrono::floor<std::chrono::milliseconds>(unix_elapsed)};
    }

    /// The first instant of the world at which the host's monotonic line has reached `local`, so
    /// that a timer set for it never fires early: at(world_time_of(t)).instant >= t. Not before
    /// the last change of the drift. `never`, also for what the world's line cannot hold.
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

    /// Somebody or NTP sets the unix time, forwards or back; the monotonic line does not notice.
    void step(Duration by) { stepped_ += by; }

    /// Another drift from here on. Times from world_time_of() are void then: ask again.
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
