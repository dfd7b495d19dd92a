// SwitchState: what all parts of a Switch share. Internal to transport. Threading: the node's.
#pragma once

#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/switch/connections.hpp>
#include <parley/transport/switch/own_hello.hpp>
#include <parley/transport/switch/switch_config.hpp>
#include <parley/transport/switch/switch_info.hpp>

namespace parley::transport {

struct SwitchState {
    SwitchConfig config;
    OwnHello own;
    Hub& hub;
    Log& log;
    Waste waste;
    Connections connections{};
    SwitchStats stats{};
    Now now{};  ///< of the input that is being handled
    bool stopping = false;
};

}  // namespace parley::transport
