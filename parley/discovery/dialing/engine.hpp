// Engine: discovery's driver. It subscribes to links and dials on the hub, keeps the address book
// and the dial scheduler informed, dials through an injected Dialer, and forgets old entries.
// Events on the hub carry no time: they are queued here, next_wakeup() is then due at once, and
// on_timer(now) handles them. Call it after the hub has delivered.
// Threading: the node's thread.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/dialing/dial_scheduler.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/switch/switch.hpp>

#include <functional>
#include <variant>
#include <vector>

namespace parley::discovery {

/// What makes links: the Switch, behind an adapter; a fake in tests.
class Dialer {
public:
    virtual ~Dialer() = default;
    /// Begins to dial: PeerUp or DialFailed on the hub is the outcome. An error: nothing was begun.
    virtual Result<transport::LinkId, transport::DialError> dial(
        Now now, const Target& target, transport::SlotClass slot_class) = 0;
    /// Ends the link to a node, to make room for another one.
    virtual void hang_up(Now now, const NodeId& id) = 0;
};

/// Settings of an Engine.
struct EngineConfig {
    DialConfig dials;                                    ///< of its scheduler
    Duration expire_interval = std::chrono::minutes{1};  ///< between two AddressBook::expire()
    /// Nobody is forgotten before there was contact for so long, without an outage: who is there is
    /// heard of in that time.
    Duration expire_after_contact = std::chrono::hours{1};
};

/// Drives discovery for one node; see the head of this file.
class Engine {
public:
    /// `book`, `dialer`, `hub` and `log` outlive it.
    Engine(EngineConfig config, AddressBook& book, Dialer& dialer, Hub& hub, Log& log, Rng rng);

    /// A way into the network: used while the book is hungry, an ordinary entry otherwise.
    AddResult add_boot(Now now, const Target& target);
    /// Dialed for ever, with waits of some seconds. `kind`: static_peer, or user if the owner
    /// added it at run time.
    AddResult add_static(Now now, const Target& target, SourceKind kind = SourceKind::static_peer);
    /// It becomes an ordinary entry; a link that is up stays. False if it was not static.
    bool remove_static(const NodeId& id);
    /// Limits dials to the nodes for which it is true: a permissioned network. Empty: all may be
    /// dialed.
    void set_allowed(std::function<bool(const NodeId&)> allowed);
    /// Somebody answered in another way than by a link: this node is not cut off.
    void on_contact(Now now) { scheduler_.on_contact(now); }
    /// No dials from now on.
    void stop() {
        stopped_ = true;
        scheduler_.stop();
    }

    /// Handles the events that were queued, forgets old entries, dials. Early calls are harmless.
    void on_timer(Now now);
    /// When to call on_timer() next; the past if events wait.
    Instant next_wakeup() const;

    const DialScheduler& scheduler() const { return scheduler_; }  ///< for metrics and status

private:
    using Event = std::variant<transport::PeerUp, transport::PeerDown, transport::DialFailed>;
    void on_up(Now now, const transport::PeerUp& up);
    void on_dial_failed(Now now, const transport::DialFailed& failed);
    void dial_all(Now now);
    void note_outage(Now now);

    EngineConfig config_;
    AddressBook& book_;
    Dialer& dialer_;
    Log& log_;
    DialScheduler scheduler_;
    std::vector<Event> events_;  // between two turns; bounded by transport's slots
    bool look_again_ = true;
    bool stopped_ = false;
    Instant last_{};
    Instant expire_at_{};
    bool was_offline_ = false;
    Instant contact_since_ = never;  // without an outage
    std::vector<Hub::Subscription> subscriptions_;
};

}  // namespace parley::discovery
