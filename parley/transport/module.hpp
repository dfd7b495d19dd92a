// The module interface: how a chain's modules plug into the network, and nowhere else.
// Threading: every call happens on the node's thread; none may block.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/jobs.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/message.hpp>
#include <parley/transport/node_thread.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace parley::transport {

/// Which lane goes first when several want to send. Lower values first; none starves.
enum class Priority : std::uint8_t { control, consensus, blocks, transactions, bulk };

struct TopicSpec {
    std::string name;
    std::uint32_t version = 1;
    Priority priority = Priority::transactions;
    std::uint32_t message_bytes_max = 1U << 20;  ///< largest message accepted
    std::uint32_t window_bytes = 2U << 20;       ///< receive credit a peer; >= largest message
    std::uint32_t send_budget_bytes = 2U << 20;  ///< bytes queued to a peer before send says full
};

/// What a peer did wrong; prices are in offences.hpp.
enum class Offence : std::uint8_t {
    useless,       ///< answers that help nobody; cheap
    unasked,       ///< data that was not asked for
    too_often,     ///< over a rate limit
    invalid_data,  ///< well-formed but wrong content (bad signature in a transaction)
    malformed,     ///< cannot be decoded
    protocol,      ///< broke a rule of the link
    withheld,      ///< announced and did not deliver
};
std::string_view name(Offence offence);

/// What became of a message that a module sent.
enum class SendResult : std::uint8_t {
    queued,
    full,       ///< no room in the lane now: on_writable() will come, or on_closed()
    too_large,  ///< more than the peer takes, now and for ever: message_bytes_max()
    closed,     ///< the link is no longer up
};

/// A link to one peer, as one module sees it. Valid until closed() of its TopicHandler returns.
class Context {
public:
    virtual ~Context() = default;
    virtual const NodeId& id() const = 0;
    virtual const Hello& hello() const = 0;
    virtual const Endpoint& endpoint() const = 0;
    virtual Direction direction() const = 0;
    /// The time of the input that is being handled.
    virtual Now now() const = 0;
    /// Queues on this topic's lane, unless the answer says why not.
    virtual SendResult send(Code code, SharedBytes message) = 0;
    /// The largest message that the peer takes on this topic.
    virtual std::size_t message_bytes_max() const = 0;
    /// The peer was the first to bring something that is good and not free to make (a transaction,
    /// a block): it is kept when others must make room.
    virtual void mark_useful() = 0;
    virtual void penalise(Offence offence) = 0;
    virtual void disconnect() = 0;
    /// For adapters that tell a module on another thread: after on_closed() the link's slot returns
    /// only when the result is let go of, on any thread, or after HeldSlots::hold_max. Null: the
    /// slot returns at once.
    virtual std::shared_ptr<void> hold_slot() { return nullptr; }
};

/// One per module and peer.
class TopicHandler {
public:
    virtual ~TopicHandler() = default;
    /// An error is misbehaviour, with its price.
    virtual Result<void, Offence> handle(Code code, Message message) = 0;
    /// The lane has room again after `full`.
    virtual void on_writable() {}
    /// What the peer's module added to its last heartbeat.
    virtual void on_status(Bytes) {}
    /// Told before the slot returns; the Context ends with this call.
    virtual void on_closed(CloseReason) {}
};

class Network;

/// A dial of this node's that came to nothing.
struct FailedAttempt {
    Target target;
    SlotClass slot_class;
    CloseReason reason;
    std::string detail;  ///< what was expected and what came; for people
    bool alive;          ///< the node proved its ID, and one of the two turned the other away
};

/// One per module.
class PeerHandler {
public:
    virtual ~PeerHandler() = default;
    /// Asked once, when the node is built.
    virtual TopicSpec topic() const = 0;
    /// The node is built: once, after topic() and before any other call. `network` may be used
    /// until the node is destroyed.
    virtual void attached(Network&) {}
    /// A dial came to nothing, whoever wanted it. Also where another link to the same node stays
    /// (tie_lost, duplicate); not a feeler that did what it was for.
    virtual void on_attempt_failed(const FailedAttempt&) {}
    /// A link with this topic came up. Never null.
    virtual std::unique_ptr<TopicHandler> new_peer(Context& context) = 0;
    /// What to add to the next heartbeat, at most 128 bytes. Called about once an interval.
    virtual Buffer status() { return {}; }
    /// Timers are state: waking early is harmless.
    virtual Instant next_wakeup() const { return never; }
    virtual void on_timer(Now) {}
};

/// A peer, as predicates over peers see it.
struct PeerView {
    const NodeId& id;
    const Hello& hello;
    Direction direction;
};
using PeerPredicate = std::function<bool(const PeerView&)>;

/// Whom a broadcast reached.
struct BroadcastResult {
    std::size_t queued = 0;      ///< links that took it
    std::vector<NodeId> missed;  ///< peers whose lane was full, or is for smaller messages
};

/// The network that a module is in. Implemented by the Switch.
class Network {
public:
    virtual ~Network() = default;
    /// Queues on every link that has the topic, but where `except` says true. The bytes are
    /// shared, not copied. A peer whose lane was full gets no second try: its on_writable() tells
    /// when there is room.
    virtual BroadcastResult broadcast(std::string_view topic, Code code, const SharedBytes& message,
                                      const PeerPredicate& except = {}) = 0;
    /// Slow work runs there, off the node's thread.
    virtual JobQueue& jobs() = 0;
    /// Events of the node (PeerUp, PeerDown, ...) and of modules.
    virtual Hub& hub() = 0;
    virtual Log& log() = 0;
    /// The time of the input that is being handled, or was last. Before the first one: Now{}.
    virtual Now now() const = 0;
    /// This node's own.
    virtual const NodeId& id() const = 0;
    /// How other threads reach the node's; what else is here is for the node's thread alone. Null
    /// where nobody else can: in a network without threads.
    virtual std::shared_ptr<NodeThread> node_thread() { return nullptr; }
};

}  // namespace parley::transport
