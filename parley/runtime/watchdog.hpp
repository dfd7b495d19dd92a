// Watchdog: logs a warning with the topic of a module whose call kept the node's thread longer than
// a limit. It speaks when the call returns: a call that never does is not reported.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/switch/switch.hpp>

#include <cstdint>
#include <string>

namespace parley::runtime {

class Watchdog final : public transport::CallWatch {
public:
    /// `patience`: the longest call that is not reported. `log` outlives this.
    Watchdog(Duration patience, Log& log) : patience_(patience), log_(log) {}

    // Around each call of a module:
    void enter(std::string_view topic) override;
    void leave() override;

private:
    Duration patience_;
    Log& log_;
    std::string topic_;
    Instant since_{};
    unsigned depth_ = 0;  // a call inside a call counts as part of the outer one
};

}  // namespace parley::runtime
