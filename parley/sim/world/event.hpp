// Event: everything that can happen in a world at a planned time. For World and Connections alone.
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
// `life` is that of the host when the event was planned: events of an earlier life have no effect.
/// The next wake-up of a host's node.
struct WakeHost {
    HostId host;
    std::uint64_t life;
};
/// The next wake-up of a link.
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
/// A dial fails, unless it is connected by then.
struct ConnectFailed {
    HostId host;
    std::uint64_t life;
    transport::LinkId link;
    std::string_view why;
};
/// A sender learns that its socket has room again.
struct Writable {
    ConnectionRef connection;
    std::uint8_t side;
};
/// A reader that waited may read on.
struct ReadOn {
    ConnectionRef connection;
    std::uint8_t side;
};
/// A worker finished a Job.
struct JobDone {
    HostId host;
    std::uint64_t life;
    Job job;
};
/// A datagram arrives, `to` as its sender sees the receiver.
struct Datagram {
    HostId sender, receiver;
    Endpoint from, to;
    Buffer bytes;
};

using Event = std::variant<Act, WakeHost, WakeLink, Knock, Connected, ConnectFailed, Segment,
                           Writable, ReadOn, JobDone, Datagram>;

}  // namespace parley::sim
