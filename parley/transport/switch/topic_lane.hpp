// TopicLane: one topic on one link: the Context that its module sees, the module's handler, and
// the account of what waits to be sent. Internal to transport. Threading: the node's thread.
#pragma once

#include <parley/transport/module.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace parley::transport {

class Lanes;
struct Connection;

class TopicLane final : public Context {
public:
    /// `module` is an index into Modules; `budget_bytes` what may wait, with each message's
    /// overhead; `message_bytes_max` what the peer takes.
    TopicLane(Lanes& lanes, Connection& connection, LaneId lane, std::size_t module,
              std::uint64_t budget_bytes, std::size_t message_bytes_max)
        : lanes_(lanes),
          connection_(connection),
          budget_(budget_bytes),
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
    SendResult send_copy(Code code, Bytes message) override;
    std::size_t message_bytes_max() const override;
    void mark_useful() override;
    void penalise(Offence offence) override;
    void note_waste(Duration work) override;
    void disconnect() override;
    void part(const Goodbye& goodbye) override;
    std::shared_ptr<void> hold_slot() override;

    /// As send, from inside the switch.
    SendResult queue(Code code, SharedBytes message);
    /// Messages of this cost left the queue. True if the module must be told that there is room.
    bool drained(std::uint64_t cost);

    LinkId link() const;
    const std::string& topic() const;
    LaneId lane() const { return lane_; }
    std::size_t module() const { return module_; }
    std::uint64_t queued_bytes() const { return queued_; }
    bool wants_room() const { return wants_room_; }
    std::weak_ptr<void> hold() const { return hold_; }

    std::unique_ptr<TopicHandler> handler;  ///< null: not yet made, closed, or the module threw
    std::uint64_t consumed = 0;             ///< credit given back and not yet passed on
    /// So much of it may wait for more: the sender has room for its largest message without it.
    std::uint64_t credit_held_max = 0;
    /// Until then its credit waits, for what the peer wasted (Waste).
    Instant credit_waits_until{};
    bool credited = false;  ///< scratch of Lanes::drain_credit

private:
    void check_thread(std::string_view call) const;
    SendResult take_room(std::size_t size);

    Lanes& lanes_;
    Connection& connection_;
    std::uint64_t budget_;
    std::uint64_t queued_ = 0;  ///< credit_cost of what the link has not yet said to be sent
    std::size_t message_bytes_max_;
    std::size_t module_;
    LaneId lane_;
    std::weak_ptr<void> hold_;
    bool wants_room_ = false;  ///< a send was answered with `full`
    bool told_ = false;        ///< by the link, at once, of all that leaves the queue
};

}  // namespace parley::transport
