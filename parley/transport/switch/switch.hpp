// Switch: the node's side of all links: one table of slots, the rule for two that dial each
// other, dispatch of topics to modules, offences and one release path. It drives Links through
// commands and hears of them through events; it owns no socket and reads no clock.
// Threading: the node's thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/switch/offences.hpp>
#include <parley/transport/switch/slots.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::transport {

// --- Effects: Switch to its driver ---------------------------------------------------------

/// Connect, then make a Link::dial to `target.id`. Of a target with a name only the driver learns
/// the address; of one with two endpoints it tries the other one if the first does not answer.
struct OpenLink {
    LinkId link;
    Target target;
};
struct CommandLink {
    LinkId link;
    LinkCommand command;
};
using SwitchEffect = std::variant<OpenLink, CommandLink>;

// --- Events on the hub ---------------------------------------------------------------------

struct PeerUp {
    LinkId link;
    NodeId id;
    Endpoint endpoint;
    Direction direction;
    SlotClass slot_class;
    Hello hello;
};
/// A peer that we dialed told from where it saw us call.
struct OwnAddressObserved {
    LinkId link;
    NodeId by;
    Endpoint by_endpoint;
    Endpoint seen;
};
struct PeerDown {
    LinkId link;
    NodeId id;
    Endpoint endpoint;
    Direction direction;
    CloseReason reason;
    Duration age;
    std::uint64_t bytes_in = 0, bytes_out = 0;  ///< of messages, as PeerInfo has them
};
/// A dial ended before its link was up. `others`: records from a Goodbye.
struct DialFailed {
    Target target;
    SlotClass slot_class;
    CloseReason reason;
    bool alive;  ///< the node proved its ID and turned us away
    std::vector<Enr> others;
    std::string detail = {};  ///< what was expected and what came, with both sides' values
};

/// What becomes of a module that threw an exception. Either way it is logged at error, with the
/// topic and what(); the module gets no more calls until the node is built anew, its handlers are
/// told on_closed(module_failed), it can send nothing, and what comes for it is dropped and its
/// credit given back. The Hello stays as it was: peers go on to offer the topic.
enum class OnModuleException : std::uint8_t {
    disable,  ///< the node goes on without the module
    end,      ///< the node shuts down: Switch::wants_to_end()
};

struct SwitchConfig {
    SlotLimits slots;
    OffenceConfig offences;
    LinkConfig link;
    ForkRules forks;
    std::uint64_t receive_bytes_max = 512ULL << 20;  ///< cap over all links' windows
    /// No inbound link makes room for a newcomer oftener: each that leaves leaves a gap in the
    /// paths of gossip.
    Duration eviction_interval = std::chrono::minutes{5};
    /// Nor for two of one network group within this: who calls and leaves again and again would
    /// empty the node.
    Duration eviction_group_interval = std::chrono::hours{4};
    Duration probe_patience = 2s;  ///< before a returning peer is told "duplicate"
    Duration watchdog = 100ms;     ///< a module's call that takes longer is named in the log
    OnModuleException on_module_exception = OnModuleException::disable;
};

/// One row of `admin_peers`.
struct PeerInfo {
    LinkId link;
    NodeId id;
    Endpoint endpoint;
    Direction direction;
    SlotClass slot_class;
    Hello hello;
    Instant since;
    std::optional<Duration> round_trip;
    std::uint64_t messages_in, messages_out, bytes_in, bytes_out;
    std::optional<Instant> useful_at;  ///< when a module last said so (Context::mark_useful)
    std::uint32_t offences;            ///< on this link
    double score;                      ///< of its ID: what all its offences cost, decayed
};

/// Counts since the start, for metrics.
struct SwitchStats {
    std::map<CloseReason, std::uint64_t> closed;       ///< links that ended, by reason
    std::map<CloseReason, std::uint64_t> disconnects;  ///< those of them that were up
    /// Those that were not: why their handshakes, or dials, came to nothing.
    std::map<std::pair<Direction, CloseReason>, std::uint64_t> handshakes_failed;
    std::map<SlotError, std::uint64_t> accepts_without_slot;  ///< callers at the door
    std::uint64_t accepts = 0;         ///< callers that got a handshake token
    std::uint64_t accepts_banned = 0;  ///< refused at the door for their address
    std::uint64_t evictions = 0;       ///< inbound links that made room for a newcomer
    std::uint64_t dials = 0;
    std::uint64_t ups = 0;
    std::uint64_t ups_outbound = 0;            ///< those that we dialed
    std::uint64_t receive_bytes_reserved = 0;  ///< now: windows of all links
};

/// All lanes of one topic.
struct TopicLoad {
    std::string_view topic;          ///< valid as long as the switch
    std::size_t lanes = 0;           ///< links that have it
    std::size_t stalled = 0;         ///< lanes whose module waits for room
    std::uint64_t queued_bytes = 0;  ///< not yet sent, with each message's overhead
    std::uint64_t stalls = 0;        ///< times that a lane became full, since the start
};

/// Told around every call into a module, so that a driver with a clock can name the one that
/// takes too long. One enter may cover several messages in a row for the same module.
class CallWatch {
public:
    virtual ~CallWatch() = default;
    virtual void enter(std::string_view topic) = 0;
    virtual void leave() = 0;
};

enum class DialError : std::uint8_t {
    self,         ///< our own ID
    already,      ///< a link to that ID is dialing, handshaking, up or closing
    no_slot,      ///< no handshake or no outbound token
    group_taken,  ///< an outbound link into that network group exists
    banned,
};

struct DialOptions {
    SlotClass slot_class = SlotClass::ordinary;
    /// The owner named the target, so that the log says why it is not linked; static and trusted
    /// peers are explicit without it.
    bool explicit_target = false;
};

class Switch final : public Network {
public:
    /// `modules`, `key` and all references outlive the switch. Throws std::invalid_argument that
    /// says which topic, or what of the Hello, no peer could take (topic_check.hpp); also what a
    /// module throws from topic() or attached().
    Switch(SwitchConfig config, const NodeKey& key, Hello hello, std::vector<PeerHandler*> modules,
           Hub& hub, JobQueue& jobs, Log& log, Rng rng);
    ~Switch() override;

    /// A caller is at the door: takes a handshake token. The driver makes a Link::accept with
    /// identity(), or closes the connection at once when nothing came back.
    std::optional<LinkId> on_accept(Now now, const Endpoint& remote);
    /// Takes a token and emits OpenLink.
    Result<LinkId, DialError> dial(Now now, const Target& target, DialOptions options);
    Result<LinkId, DialError> dial(Now now, const Target& target, SlotClass slot_class) {
        return dial(now, target, DialOptions{.slot_class = slot_class});
    }
    /// The connection of an OpenLink was made, but to this endpoint: the target has a name, or
    /// more than one address. Before any event of the link.
    void on_connected(Now now, LinkId link, const Endpoint& endpoint);
    /// The connection of an OpenLink could not be made.
    /// Also ends a link that was abandoned before it was connected (Closed does as well).
    void on_connect_failed(Now now, LinkId link, std::string_view why);
    /// Events of a link that has ended are ignored.
    void on_event(Now now, LinkId link, LinkEvent event);
    /// Runs the modules' timers as well as its own.
    void on_timer(Now now);
    Instant next_wakeup() const;
    /// Closes all links with a Goodbye{shutting_down}; accepts and dials nothing more.
    void shut_down(Now now);
    /// No connection is left.
    bool idle() const;
    /// The topic of the first module that threw an exception, if one did.
    std::optional<std::string> failed_module() const;
    /// A module threw and SwitchConfig says `end`: whoever drives the node shuts it down.
    bool wants_to_end() const;

    /// What new links say of us. Changes apply to new links.
    std::shared_ptr<const LinkIdentity> identity() const;
    void set_record(const Enr& record);
    /// Bits of role:: and service::.
    void set_roles(std::uint64_t roles, std::uint64_t services);
    /// Callers with this ID take a token of this class (static_peer, trusted); ordinary forgets.
    void set_class(const NodeId& id, SlotClass slot_class);
    /// Others than these are refused as banned (a permissioned network). Empty: all may come.
    void set_allowed(std::function<bool(const NodeId&)> allowed);
    /// `probe` outlives the switch; null: none.
    void set_call_watch(CallWatch* call_watch);
    using Alternatives = std::function<std::vector<Enr>(const Endpoint& caller, const Enr& record,
                                                        std::size_t count)>;
    void set_alternatives(Alternatives alternatives);
    /// A fork activated or the head moved: links that do not fit any more are closed.
    void set_forks(Now now, const ForkRules& forks);
    void disconnect(Now now, const NodeId& id, CloseReason reason);
    void ban(Now now, const NodeId& id, const std::optional<IpAddress>& address,
             std::string_view why);
    /// The owner's ban (see Offences::impose); links that are there end. False: no room for it.
    bool impose_ban(Now now, const Ban& ban);

    // Network
    BroadcastResult broadcast(std::string_view topic, Code code, const SharedBytes& message,
                              const PeerPredicate& except = {}) override;
    JobQueue& jobs() override;
    Hub& hub() override;
    Log& log() override;
    Now now() const override;
    const NodeId& id() const override;

    const Slots& slots() const;
    /// In any phase; each holds one token of slots().
    std::size_t connections() const;
    const Offences& offences() const;
    /// For load, unban and take_changes.
    Offences& offences();
    const SwitchStats& stats() const;
    std::vector<PeerInfo> peers() const;
    /// In the order of modules.
    std::vector<TopicLoad> topic_loads() const;

    /// In order. Credit that modules gave back, at whatever time, is among them: take effects
    /// after every turn of the node, not only after inputs to the switch.
    std::vector<SwitchEffect> take_effects();
    /// The same into a vector that keeps its memory: `out` is cleared first.
    void take_effects(std::vector<SwitchEffect>& out);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::transport
