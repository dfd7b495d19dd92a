// Outage: whether this node itself seems to be cut off. While nothing succeeds (no link, no dial
// that is answered, no datagram), what fails says nothing about anybody: a cable, a proxy or a
// machine that slept is as likely. The scheduler then learns nothing from failures and dials
// slowly. Threading: values only.
#pragma once

#include <parley/base/time.hpp>

#include <algorithm>
#include <cstdint>

namespace parley::discovery {

struct OutageConfig {
    /// A contact speaks for the other side's fault for so long, once no link is up.
    Duration contact_counts = 30s;
    std::uint32_t failures = 5;    ///< so many dials in vain since the last contact: offline
    Duration pause_first = 250ms;  ///< between two dials while offline, doubled with each
    Duration pause_max = 5s;
};

class Outage {
public:
    explicit Outage(const OutageConfig& config) : config_(config) {}

    /// A link came up, or somebody answered a dial or a datagram.
    void on_contact(Instant now) {
        last_ = now;
        failures_ = 0;
        pause_ = config_.pause_first;
        next_dial_ = now;
    }
    /// A dial was not answered, and no link is up.
    void on_failure(Instant now) {
        if (failures_ == 0) began_ = now;
        ++failures_;
        if (offline()) pause_ = std::min(2 * pause_, config_.pause_max);
    }
    /// A dial began.
    void on_dialing(Instant now) { next_dial_ = now + pause_; }
    /// Whether a failure now says something about the node that was dialed. Without a link.
    bool recent_contact(Instant now) const {
        return last_ != never && now - last_ <= config_.contact_counts;
    }
    bool offline() const { return failures_ >= config_.failures; }
    std::uint32_t failures() const { return failures_; }  ///< since the last contact
    Instant began() const { return began_; }              ///< the first of them
    /// Not before; while offline.
    Instant next_dial() const { return next_dial_; }

private:
    OutageConfig config_;
    Instant last_ = never;
    Instant began_{};
    Instant next_dial_{};
    std::uint32_t failures_ = 0;
    Duration pause_ = config_.pause_first;
};

}  // namespace parley::discovery
