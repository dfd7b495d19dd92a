// Watchdog: logs a warning with the topic of a module whose call kept the node's thread longer than
// a limit, when the call returns. One that does not is named by current().
// Threading: the node's thread; current() from any.
#pragma once

#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/switch/switch.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace parley::runtime {

class Watchdog final : public transport::CallWatch {
public:
    /// `patience`: the longest call that is not reported. `log` outlives this.
    Watchdog(Duration patience, Log& log) : patience_(patience), log_(log) {}

    // Around each call of a module:
    void enter(std::string_view topic, std::string_view call) override;
    void leave() override;

    struct Call {
        std::string topic;      ///< empty: no module is being called
        std::string_view call;  ///< the name of its function
    };
    /// What is being called now.
    Call current() const;

private:
    Duration patience_;
    Log& log_;
    mutable std::mutex mutex_;
    Call call_;  // under mutex_
    Instant since_{};
    unsigned depth_ = 0;  // a call inside a call counts as part of the outer one
};

}  // namespace parley::runtime
