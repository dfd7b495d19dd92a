// Heartbeat: when to send a Beat and when a link counts as dead. The side that dialed pays: it
// sends Beats at a steady interval and the listener answers. Any frame proves life.
// docs/formats/link.md. Threading: one thread at a time.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/transport/link/link_error.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <optional>

namespace parley::transport {

/// The times of the heartbeat; each side has its own.
struct HeartbeatConfig {
    Duration interval = 15s;  ///< between two Beats of the dialing side
    Duration timeout = 20s;   ///< dialer: a Beat unanswered; listener: added to the interval
};

/// State of one link's heartbeat, from the moment that it is up.
class Heartbeat {
public:
    /// The link came up at `now`.
    Heartbeat(HeartbeatConfig config, Direction direction, Now now);

    /// A frame came, and with it a sign of life. True if that answers a probe.
    bool on_frame(Now now);
    /// The round trip, if `seq` is that of the last Beat. Errors: unasked_answer.
    Result<std::optional<Duration>, LinkError> on_answer(Now now, std::uint32_t seq);
    /// Modules have something new to say: the dialer's first Beat need not wait any longer.
    void on_status(Now now);
    /// Asks for a sign of life within `patience`.
    void probe(Now now, Duration patience);
    /// Nothing is read before `until`, so that silence until then is no sign of death.
    void paused(Instant until);
    /// Plans a Beat if its time has come. To be called at next_wakeup().
    void on_timer(Now now);
    Instant next_wakeup() const;

    /// True when a Beat is to be sent.
    bool beat_wanted() const { return beat_wanted_; }
    /// The Beat is sent now. Returns its number.
    std::uint32_t take_beat(Now now);
    /// True when there was no sign of life for too long.
    bool silent(Now now) const { return now.instant >= silent_at(); }
    /// For how long, at `now`, no frame has come.
    Duration silence(Now now) const { return now.instant - last_frame_; }

private:
    void want_beat(Now now);
    Instant silent_at() const;

    HeartbeatConfig config_;
    Direction direction_;
    Instant last_frame_;
    Instant next_beat_ = never;          // dialer
    std::optional<Instant> unanswered_;  // dialer: since when a Beat waits for its answer
    std::optional<Instant> probe_until_;
    Instant paused_until_{};
    Instant sent_at_{};           // of Beat `seq_`
    std::uint32_t seq_ = 0;       // of the last Beat sent
    std::uint32_t answered_ = 0;  // the last one answered
    bool beat_wanted_ = false;
    bool beaten_ = false;
};

}  // namespace parley::transport
