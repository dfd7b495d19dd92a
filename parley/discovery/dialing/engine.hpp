// Engine: discovery's driver. It hears of links and dials on the hub, keeps the address book and
// the dial scheduler informed, dials through an injected Dialer, and forgets old entries.
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

/// Who makes links: the Switch, behind an adapter; a fake in tests.
class Dialer {
public:
    virtual ~Dialer() = default;
    virtual Result<transport::LinkId, transport::DialError> dial(
        Now now, const Target& target, transport::SlotClass slot_class) = 0;
    /// Ends a link, for another one.
    virtual void hang_up(Now now, const NodeId& id) = 0;
};

struct EngineConfig {
    DialConfig dials;
    Duration expire_interval = std::chrono::minutes{1};
};

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
    /// Nobody else is dialed: a permissioned network. Empty: all may be.
    void set_allowed(std::function<bool(const NodeId&)> allowed);
    /// Dials nobody from now on.
    void stop() {
        stopped_ = true;
        scheduler_.stop();
    }

    void on_timer(Now now);
    Instant next_wakeup() const;

    const DialScheduler& scheduler() const { return scheduler_; }

private:
    using Event = std::variant<transport::PeerUp, transport::PeerDown, transport::DialFailed>;
    void on_up(Now now, const transport::PeerUp& up);
    void on_dial_failed(Now now, const transport::DialFailed& failed);
    void dial_all(Now now);

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
    std::vector<Hub::Subscription> subscriptions_;
};

}  // namespace parley::discovery
