// Watchdog: names the module that keeps the node's thread too long.
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
    Watchdog(Duration patience, Log& log) : patience_(patience), log_(log) {}

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
