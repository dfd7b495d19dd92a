// Switch: the node's side of all links: one table of slots, the rule for two that dial each
// other, dispatch of topics to modules, offences and one release path. It drives Links through
// commands and hears of them through events; it owns no socket and reads no clock.
//
//     Switch links{config, key, hello, {&chat}, hub, jobs, log, rng};
//     const auto link = links.dial(now, target, SlotClass::ordinary);  // or a DialError
//     for (auto& effect : links.take_effects()) carry_out(effect);  // OpenLink, CommandLink
//     links.on_event(now, *link, std::move(event));  // what the Link says
//
// Bounded by SlotLimits (connections), the windows under SwitchConfig::receive_bytes_max (what
// peers may send) and the topics' budgets (what waits to be sent).
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
#include <parley/transport/switch/failed_dials.hpp>
#include <parley/transport/switch/offences.hpp>
#include <parley/transport/switch/slots.hpp>
#include <parley/transport/switch/switch_config.hpp>
#include <parley/transport/switch/switch_events.hpp>
#include <parley/transport/switch/switch_info.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::transport {

struct Connection;

class Switch final : public Network {
public:
    /// `modules`, `key` and all references outlive the switch. Throws std::invalid_argument that
    /// says which topic, or what of the Hello, no peer could take (topic_check.hpp); also what a
    /// module throws from topic() or attached().
    Switch(SwitchConfig config, const NodeKey& key, Hello hello, std::vector<PeerHandler*> modules,
           Hub& hub, JobQueue& jobs, Log& log, Rng rng);
    /// Modules are told on_closed(shutting_down) of the links that are left.
    ~Switch() override;

    // --- Inputs ----------------------------------------------------------------------------

    /// A caller is at the door: takes a handshake token. The driver makes a Link::accept with
    /// identity(), or closes the connection at once when nothing came back.
    std::optional<LinkId> on_accept(Now now, const Endpoint& remote);
    /// Takes a token and emits OpenLink. Failures that come later are DialFailed on the hub.
    Result<LinkId, DialError> dial(Now now, const Target& target, DialOptions options);
    /// The same with no options but a class.
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

    // --- What the owner decides ------------------------------------------------------------

    /// The own record in the Hello of new links.
    void set_record(const Enr& record);
    /// Bits of role:: and service::.
    void set_roles(std::uint64_t roles, std::uint64_t services);
    /// Callers with this ID take a token of this class (static_peer, trusted); ordinary forgets.
    void set_class(const NodeId& id, SlotClass slot_class);
    /// Others than these are refused as banned (a permissioned network), and their links end.
    /// Empty: all may come.
    void set_allowed(Now now, std::function<bool(const NodeId&)> allowed);
    /// IDs that are let in where an address is refused for what others behind it did
    /// (AddressRefusals), besides those with a class and those that are being dialed.
    void set_known(std::function<bool(const NodeId&)> known);
    /// `call_watch` outlives the switch; null: none.
    void set_call_watch(CallWatch* call_watch);
    using Alternatives = std::function<std::vector<Enr>(const Endpoint& caller, const Enr& record,
                                                        std::size_t count)>;
    /// Gives a caller that finds no slot the records of other nodes, at most `count`.
    void set_alternatives(Alternatives alternatives);
    /// A fork activated or the head moved: links that do not fit any more are closed.
    void set_forks(Now now, const ForkRules& forks);
    /// Ends all connections of that ID. A local reason is said as `requested`.
    void disconnect(Now now, const NodeId& id, CloseReason reason);
    /// For misbehaviour; links that are there end.
    void ban(Now now, const NodeId& id, std::string_view why);
    /// The owner's ban (see Offences::impose); links that are there end. False: no room for it.
    bool impose_ban(Now now, const Ban& ban);

    // --- Network: what modules see ---------------------------------------------------------

    BroadcastResult broadcast(std::string_view topic, Code code, const SharedBytes& message,
                              const PeerPredicate& except = {}) override;
    JobQueue& jobs() override;
    Hub& hub() override;
    Log& log() override;
    Now now() const override;
    const NodeId& id() const override;
    std::shared_ptr<NodeThread> node_thread() override;

    // --- What there is ---------------------------------------------------------------------

    /// What new links say of this node.
    std::shared_ptr<const LinkIdentity> identity() const;
    /// No connection is left.
    bool idle() const;
    /// The topic of the first module that threw an exception, if one did.
    std::optional<std::string> failed_module() const;
    /// A module threw and SwitchConfig says `end`: the driver of the node shuts it down.
    bool wants_to_end() const;
    const Slots& slots() const;
    /// In any phase; each holds one token of slots().
    std::size_t connections() const;
    const Offences& offences() const;
    /// For load, unban and take_changes.
    Offences& offences();
    const SwitchStats& stats() const;
    /// Links that are up, in the order in which they began.
    std::vector<PeerInfo> peers() const;
    /// Explicit targets that have no link, and why (failed_dials.hpp).
    std::vector<FailedDials::Failure> failed_dials() const;
    /// In the order of modules.
    std::vector<TopicLoad> topic_loads() const;

    /// In order. Credit that modules gave back, at whatever time, is among them: take effects
    /// after every turn of the node, not only after inputs to the switch.
    std::vector<SwitchEffect> take_effects();
    /// The same into a vector that keeps its memory: `out` is cleared first.
    void take_effects(std::vector<SwitchEffect>& out);

private:
    struct Parts;

    void begin_input(Now now);
    void bring_up(Connection& connection);
    void on_closed(Connection& connection, Closed closed);
    void release(Connection& connection, CloseReason reason, std::string_view detail,
                 std::vector<Enr> others);
    void fail_dial(const Connection& connection, CloseReason reason, std::string_view detail,
                   std::vector<Enr> others);

    std::shared_ptr<NodeThread> node_thread_ = std::make_shared<NodeThread>();
    std::unique_ptr<Parts> parts_;
};

}  // namespace parley::transport
