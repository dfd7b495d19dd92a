// Connection: what the parts of a Switch keep of one link, from accept or dial to its end.
// Internal to transport. Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/switch/slots.hpp>
#include <parley/transport/switch/topic_lane.hpp>
#include <parley/transport/switch/waste.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::transport {

enum class Phase : std::uint8_t {
    dialing,      ///< outbound; nothing is proven, our dial is not committed
    handshaking,  ///< inbound; its ID is unknown
    parked,       ///< inbound and authenticated; waits for what becomes of another link to its ID
    committed,    ///< outbound; M3 goes out, Ready was not yet read
    up,
    closing,  ///< Refuse or Abandon was sent; only Closed matters now
};

struct Connection {
    LinkId link;
    Endpoint endpoint;  ///< of a dial by name unspecified until it is connected
    Direction direction;
    SlotClass slot_class = SlotClass::ordinary;
    Phase phase;
    CloseReason close_reason = CloseReason::requested;  ///< in phase closing
    bool was_up = false;
    bool authenticated = false;
    SlotToken token;
    std::optional<Target> target;  ///< of a dial, as it was asked for
    bool explicit_target = false;  ///< by DialOptions or by its class
    std::string refusal;           ///< both sides' values, where this side turned the other away
    std::optional<NodeId> id;      ///< of a dial from the start, of a caller once proven
    std::optional<Hello> hello;
    std::vector<std::unique_ptr<TopicLane>> lanes;  ///< lane - 1
    std::vector<TopicLane*> lane_of_module;         ///< null where the topic is not common
    std::uint64_t receive_bytes_reserved = 0;
    std::uint64_t growth_bytes = 0;  ///< of it, beyond the windows that it began with
    Instant since{};                 ///< accepted or dialed; once it was up, since it is up
    std::optional<Duration> round_trip;
    std::optional<Duration> handshake_time;  ///< Authenticated::round_trip: cannot be made shorter
    std::uint64_t messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
    std::optional<Instant> useful_at;  ///< when a module last said so
    std::uint32_t offences = 0;        ///< on this link
    WasteDebt waste;                   ///< of this link
};

}  // namespace parley::transport
