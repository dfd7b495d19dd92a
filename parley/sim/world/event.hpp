// Everything that can happen in a world at a planned time. Internal to sim/world*.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/sim/world/world_link.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <variant>

namespace parley::sim {

/// A step of a scenario.
struct Act {
    std::move_only_function<void()> action;
};
// `life` is that of the host when the event was planned: what an earlier life planned is void.
struct WakeHost {
    HostId host;
    std::uint64_t life;
};
struct WakeLink {
    ConnectionRef connection;
    std::uint8_t side;
};
/// A caller's first packet arrives.
struct Knock {
    HostId from, to;
    transport::LinkId link;
    std::uint64_t life;
    NodeId target;
};
/// The answer arrives back at the caller.
struct Connected {
    ConnectionRef connection;
    transport::LinkId link;
    std::uint64_t life;
    NodeId target;
};
struct ConnectFailed {
    HostId host;
    std::uint64_t life;
    transport::LinkId link;
    std::string_view why;
};
/// The sender hears that there is room again.
struct Writable {
    ConnectionRef connection;
    std::uint8_t side;
};
struct JobDone {
    HostId host;
    std::uint64_t life;
    Job job;
};
struct Datagram {
    HostId sender, receiver;
    Endpoint from, to;
    Buffer bytes;
};

using Event = std::variant<Act, WakeHost, WakeLink, Knock, Connected, ConnectFailed, Segment,
                           Writable, JobDone, Datagram>;

}  // namespace parley::sim
