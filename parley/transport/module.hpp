// The module interface: how a chain's modules plug into the network, and nowhere else.
// Threading: every call happens on the node's thread; none may block.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/message.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

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

enum class SendResult : std::uint8_t { queued, full };

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
    /// Queues on this topic's lane. `full`: nothing was queued; on_writable tells when to retry.
    /// A message larger than the peer takes is `full` for ever; see message_bytes_max().
    virtual SendResult send(Code code, SharedBytes message) = 0;
    /// The largest message that the peer takes on this topic.
    virtual std::size_t message_bytes_max() const = 0;
    /// The peer was the first to bring something that is good and not free to make (a transaction,
    /// a block): it is kept when others must make room.
    virtual void mark_useful() = 0;
    virtual void penalise(Offence offence) = 0;
    virtual void disconnect() = 0;
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

/// One per module.
class PeerHandler {
public:
    virtual ~PeerHandler() = default;
    virtual TopicSpec topic() const = 0;
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

/// Sends to many. Implemented by the Switch.
class Network {
public:
    virtual ~Network() = default;
    /// Queues on every link that has the topic, but where `except` says true. The bytes are
    /// shared, not copied. Links whose lane is full miss it. Returns how many were queued.
    virtual std::size_t broadcast(std::string_view topic, Code code, const SharedBytes& message,
                                  const PeerPredicate& except = {}) = 0;
};

}  // namespace parley::transport
