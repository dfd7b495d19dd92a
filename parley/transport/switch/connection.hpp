// Connection and TopicLane: what the Switch keeps of one link. Internal to transport.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/switch/slots.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::transport {

class SwitchCore;
struct Connection;

enum class Phase : std::uint8_t {
    dialing,      ///< outbound; nothing is proven, our dial is not committed
    handshaking,  ///< inbound; its ID is unknown
    parked,       ///< inbound and authenticated; waits for what becomes of another link to its ID
    committed,    ///< outbound; M3 goes out, Ready was not yet read
    up,
    closing,  ///< Refuse or Abandon was sent; only Closed matters now
};

/// One topic on one link: its module's handler and the account of what waits to be sent.
class TopicLane final : public Context {
public:
    TopicLane(SwitchCore& core, Connection& connection, LaneId lane, std::size_t module,
              std::uint64_t budget, std::size_t message_bytes_max)
        : core_(core),
          connection_(connection),
          budget_(budget),
          message_bytes_max_(message_bytes_max),
          module_(module),
          lane_(lane) {}

    // Context
    const NodeId& id() const override;
    const Hello& hello() const override;
    const Endpoint& endpoint() const override;
    Direction direction() const override;
    Now now() const override;
    SendResult send(Code code, SharedBytes message) override;
    std::size_t message_bytes_max() const override;
    void mark_useful() override;
    void penalise(Offence offence) override;
    void disconnect() override;

    /// As send.
    SendResult queue(Code code, SharedBytes message);
    LinkId link() const;
    LaneId lane() const { return lane_; }
    std::size_t module() const { return module_; }
    /// Messages left the queue. True if the module must be told that there is room again.
    bool drained(std::uint64_t cost);
    std::uint64_t queued_bytes() const { return queued_; }
    bool wants_room() const { return wants_room_; }

    std::unique_ptr<TopicHandler> handler;
    std::uint64_t consumed = 0;  ///< credit given back and not yet passed on
    /// So much of it may wait for more: the sender has room for its largest message without it.
    std::uint64_t credit_held_max = 0;
    bool credited = false;  ///< scratch of drain_credit
    bool disabled = false;  ///< its module threw an exception

private:
    SwitchCore& core_;
    Connection& connection_;
    std::uint64_t budget_;
    std::uint64_t queued_ = 0;  ///< credit_cost of what the link has not yet sent
    std::size_t message_bytes_max_;
    std::size_t module_;
    LaneId lane_;
    bool wants_room_ = false;  ///< a send was answered with `full`
};

struct Connection {
    LinkId link;
    Endpoint endpoint;
    Direction direction;
    SlotClass slot_class = SlotClass::ordinary;
    Phase phase;
    CloseReason close_reason = CloseReason::requested;  ///< in phase closing
    bool was_up = false;
    bool authenticated = false;
    SlotToken token;
    std::optional<Target> target;  ///< of a dial, as it was asked for
    bool explicit_target = false;  ///< DialOptions, or by its class
    std::string refusal;           ///< both sides' values, where this side turned the other away
    std::optional<NodeId> id;      ///< of a dial from the start, of a caller once proven
    std::optional<Hello> hello;
    std::vector<std::unique_ptr<TopicLane>> lanes;  ///< lane - 1
    std::vector<TopicLane*> lane_of_module;         ///< null where the topic is not common
    std::uint64_t receive_bytes_reserved = 0;
    std::uint64_t growth_bytes = 0;  ///< of it, beyond the windows that it began with
    Instant since{};
    std::optional<Duration> round_trip;
    std::optional<Duration> handshake_time;  ///< Authenticated::round_trip: cannot be made shorter
    std::uint64_t messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
    std::optional<Instant> useful_at;  ///< when a module last said so
    std::uint32_t offences = 0;        ///< on this link
};

}  // namespace parley::transport
