// The module interface: how a chain's modules plug into the network, and nowhere else. Its names
// are those of the design document's module interface, which other stacks use as well: a
// PeerHandler is one per module, a TopicHandler one per module and peer, a Context what a
// TopicHandler has of its peer.
//
//     struct Chat final : PeerHandler {
//         TopicSpec topic() const override { return {.name = "chat"}; }
//         std::unique_ptr<TopicHandler> new_peer(Context& peer) override {
//             return std::make_unique<ChatPeer>(peer);   // its handle() gets the messages
//         }
//     };
//
// Bounded: what a peer may send and a module may keep by the topic's window, what waits to be sent
// by its budget.
// Exceptions: topic() and attached() may throw, and the node is not built. What any other call
// throws is caught, and the module disabled (OnModuleException); destructors must not throw.
// Threading: every call, in both directions, happens on the node's thread; none may block. Debug
// builds report a call of Context or Network from another thread in the log.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/jobs.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/handshake/goodbye.hpp>
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

/// Which lane goes first when several want to send: lower values first. None starves.
enum class Priority : std::uint8_t { control, consensus, blocks, transactions, bulk };

/// A module's topic: its lane on each link. Checked when the node is built (check_topics).
struct TopicSpec {
    std::string name;           ///< 1 to 32 characters of a-z, 0-9, '/', '-', '_'; one module each
    std::uint32_t version = 1;  ///< the topic is common to two nodes if both say the same
    Priority priority = Priority::transactions;
    std::uint32_t message_bytes_max = 1U << 20;  ///< largest message accepted; above 0
    /// What a peer may have sent that the module holds, with 64 bytes of overhead each message: at
    /// least message_bytes_max. It may grow on long paths.
    std::uint32_t window_bytes = 2U << 20;
    std::uint32_t send_budget_bytes = 2U << 20;  ///< bytes queued to a peer before send says full
};

/// What a peer did wrong. Each has its price (OffenceConfig); prices add up to a ban.
enum class Offence : std::uint8_t {
    useless,       ///< answers without use; cheap
    unasked,       ///< data that was not asked for
    too_often,     ///< over a rate limit
    invalid_data,  ///< well-formed but wrong content (bad signature in a transaction)
    malformed,     ///< cannot be decoded
    protocol,      ///< broke a rule of the link
    withheld,      ///< announced and did not deliver
};
/// "malformed".
std::string_view name(Offence offence);

/// What became of a message that a module sent.
enum class SendResult : std::uint8_t {
    queued,
    full,       ///< no room in the lane now: on_writable() will come, or on_closed()
    too_large,  ///< more than the peer takes, now and for ever: message_bytes_max()
    closed,     ///< the link is no longer up
};

/// A link to one peer, as one module sees it. Valid until on_closed() of its TopicHandler returns.
class Context {
public:
    virtual ~Context() = default;
    /// The peer's ID, proven by the handshake.
    virtual const NodeId& id() const = 0;
    /// What the peer said of itself at the link's start.
    virtual const Hello& hello() const = 0;
    /// The other end of the connection; of an inbound one the port is not the one that it listens
    /// on.
    virtual const Endpoint& endpoint() const = 0;
    /// Outbound: this node dialed.
    virtual Direction direction() const = 0;
    /// The time of the input that is being handled.
    virtual Now now() const = 0;
    /// Queues on this topic's lane, in order, unless the answer says why not. The bytes are shared,
    /// not copied.
    virtual SendResult send(Code code, SharedBytes message) = 0;
    /// The same of bytes that stay the caller's. A small message (512 bytes) is copied straight to
    /// where it will be sealed, without memory of its own.
    virtual SendResult send_copy(Code code, Bytes message) {
        return send(code, SharedBytes::copy(message));
    }
    /// The largest message that the peer takes on this topic, in bytes.
    virtual std::size_t message_bytes_max() const = 0;
    /// The peer was the first to bring something that is good and not free to make (a transaction,
    /// a block): it is kept when others must make room.
    virtual void mark_useful() = 0;
    /// Charges the peer, as an error of handle() does. If that bans it, the link ends: this call
    /// returns first, on_closed() comes later.
    virtual void penalise(Offence offence) = 0;
    /// What the peer sent cost about so much processor time, and was of no use: a copy, a question
    /// that need not be asked. No offence: a peer that wastes much for long is slowed down.
    virtual void note_waste(Duration) {}
    /// Ends the link, for all modules, with a Goodbye{requested}. on_closed() comes later; until
    /// then nothing more is heard of the peer.
    virtual void disconnect() = 0;
    /// As disconnect, with this Goodbye: where the peer turns out not to fit after all
    /// (wrong_chain), which is no offence.
    virtual void part(const Goodbye& goodbye) {
        (void)goodbye;
        disconnect();
    }
    /// For adapters that tell a module on another thread: after on_closed() the link's slot returns
    /// only when the result is let go of, on any thread, or after HeldSlots::hold_max. Null: the
    /// slot returns at once.
    virtual std::shared_ptr<void> hold_slot() { return nullptr; }
};

/// A module's side of one link: one per module and peer, made by PeerHandler::new_peer.
class TopicHandler {
public:
    virtual ~TopicHandler() = default;
    /// A message came, in the order in which the peer sent it. An error is misbehaviour, with its
    /// price. The message holds its share of the window until it is destroyed or taken.
    virtual Result<void, Offence> handle(Code code, Message message) = 0;
    /// Half of the send budget is free again after `full`, once for each time.
    virtual void on_writable() {}
    /// What the peer's module added to its last heartbeat. Valid during the call.
    virtual void on_status(Bytes) {}
    /// The link has ended, or (module_failed) this module has. Told before the slot returns; the
    /// Context ends with this call, and the handler is destroyed after it.
    virtual void on_closed(CloseReason) {}
};

class Network;

/// A dial of this node's that came to nothing.
struct FailedAttempt {
    Target target;  ///< as it was asked for
    SlotClass slot_class;
    CloseReason reason;
    std::string detail;  ///< what was expected and what came; for people
    bool alive;          ///< the node proved its ID, and one of the two turned the other away
};

/// A module: one object per module and node, whatever the number of peers. It is not owned, and
/// outlives the node.
class PeerHandler {
public:
    virtual ~PeerHandler() = default;
    /// Asked once, when the node is built.
    virtual TopicSpec topic() const = 0;
    /// The node is built: once, after topic() and before any other call. `network` may be used
    /// until the node is destroyed.
    virtual void attached(Network&) {}
    /// A dial came to nothing, for whatever purpose it was made. Also where another link to the
    /// same node stays (tie_lost, duplicate); not a feeler that did what it was for.
    virtual void on_attempt_failed(const FailedAttempt&) {}
    /// A link with this topic came up. Never null. `context` may be sent to at once, and outlives
    /// what is returned.
    virtual std::unique_ptr<TopicHandler> new_peer(Context& context) = 0;
    /// What to add to the next heartbeats, at most 128 bytes (more are left out, with an error in
    /// the log). Called about twice an interval of heartbeats and when a link comes up.
    virtual Buffer status() { return {}; }
    /// When on_timer() is wanted. Asked after every turn of the node: timers are state, and a
    /// wake-up that comes early or twice must be harmless.
    virtual Instant next_wakeup() const { return never; }
    /// next_wakeup() has come.
    virtual void on_timer(Now) {}
};

/// A peer, as predicates over peers see it.
struct PeerView {
    const NodeId& id;
    const Hello& hello;
    Direction direction;
};
/// True: this peer is meant.
using PeerPredicate = std::function<bool(const PeerView&)>;

/// How many peers a broadcast reached, and which not.
struct BroadcastResult {
    std::size_t queued = 0;      ///< links that took it
    std::vector<NodeId> missed;  ///< peers whose lane was full, or is for smaller messages
};

/// The network that a module is in. Implemented by the Switch.
class Network {
public:
    virtual ~Network() = default;
    /// Queues on every link that has the topic, but where `except` says true. The bytes are
    /// shared, not copied. There is no second try for a peer whose lane was full; on_writable() of
    /// its handler tells when there is room. A topic of no module: nothing.
    virtual BroadcastResult broadcast(std::string_view topic, Code code, const SharedBytes& message,
                                      const PeerPredicate& except = {}) = 0;
    /// Runs slow work off the node's thread and brings its result back to it. Bounded: a module
    /// must be ready for submit() to say no.
    virtual JobQueue& jobs() = 0;
    /// Events of the node (PeerUp, PeerDown, ...) and of modules, delivered at the end of a turn.
    /// What a subscription throws is not caught.
    virtual Hub& hub() = 0;
    /// The node's log.
    virtual Log& log() = 0;
    /// The time of the input that is being handled, or was last. Before the first one: Now{}.
    virtual Now now() const = 0;
    /// This node's own ID.
    virtual const NodeId& id() const = 0;
    /// How other threads reach the node's; what else is here is for the node's thread alone. Null
    /// where nobody else can: in a network without threads.
    virtual std::shared_ptr<NodeThread> node_thread() { return nullptr; }
};

}  // namespace parley::transport
