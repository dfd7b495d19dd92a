// Watchdog: logs a warning with the topic of a module whose call kept the node's thread longer than
// a limit, when the call returns. One that does not is named by stuck(), which any thread may ask.
// Threading: the node's thread, but for stuck().
#pragma once

#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/switch/switch.hpp>

#include <cstdint>
#include <mutex>
#include <string>

namespace parley::runtime {

class Watchdog final : public transport::CallWatch {
public:
    /// `patience`: the longest call that is not reported. `log` outlives this.
    Watchdog(Duration patience, Log& log) : patience_(patience), log_(log) {}

    // Around each call of a module:
    void enter(std::string_view topic) override;
    void leave() override;

    /// The topic of the module that is being called now; empty if none is.
    std::string current() const;

private:
    Duration patience_;
    Log& log_;
    mutable std::mutex mutex_;
    std::string topic_;  // under mutex_
    Instant since_{};
    unsigned depth_ = 0;  // a call inside a call counts as part of the outer one
};

}  // namespace parley::runtime
