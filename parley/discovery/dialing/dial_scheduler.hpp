// DialScheduler: which node to dial next, and when. It keeps a number of ordinary outbound links
// and every static peer up, never with two dials to one node, never with more dials at once than
// allowed. After a restart the anchors of the last run come first. While all links that are wanted
// are up, a feeler tests an address now and then, and now and then one link makes room for another.
// It reads waits from the address book and writes outcomes to it.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/dialing/outage.hpp>
#include <parley/transport/switch/switch.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace parley::discovery {

/// How many links are wanted, and how fast they are sought.
struct DialConfig {
    std::size_t outbound_target = 8;   ///< ordinary links that we dialed
    std::size_t dials_max = 8;         ///< ordinary dials at once
    std::size_t static_dials_max = 8;  ///< dials to static peers at once, counted apart
    double dials_per_second = 10.0;    ///< of all kinds, on average
    double dials_burst = 16.0;         ///< the same, at once
    Duration dial_timeout = 30s;       ///< a dial without an outcome is over; above transport's
    /// With fewer entries than this that could be dialed at once, boot nodes come first.
    std::size_t hungry_below = 4;
    Duration no_slot_wait = 1s;                       ///< after transport had no slot
    Duration already_wait = 5s;                       ///< after transport had a link to it
    Duration group_taken_wait = 60s;                  ///< after its network group had its link
    Duration banned_wait = std::chrono::minutes{10};  ///< after transport refused a banned node
    /// Seven of eight outbound links are sought among tried entries first: an attacker's addresses
    /// are mostly untried.
    bool tried_first = true;
    Duration feeler_interval = std::chrono::minutes{2};  ///< on average
    Duration churn_interval = std::chrono::minutes{30};  ///< on average
    Duration churn_age = std::chrono::minutes{10};       ///< younger links are left alone
    OutageConfig outage;
};

/// Picks what to dial for one node; see the head of this file.
class DialScheduler {
public:
    /// One dial to make.
    struct Dial {
        Target target;                    ///< the node and where it is
        transport::SlotClass slot_class;  ///< static_peer, ordinary or feeler
        bool tried = false;               ///< a dial of ours was answered before
    };

    /// `book` outlives it.
    DialScheduler(DialConfig config, AddressBook& book, Rng rng);

    /// A node to be dialed for ever. Precondition: its entry is in the book, pinned.
    void add_static(const NodeId& id) { static_.insert(id); }
    /// From now on it is dialed as any other.
    void remove_static(const NodeId& id) { static_.erase(id); }
    /// All links are about to end: the anchors stay as they are.
    void stop() { stopped_ = true; }
    /// The DNS name by which a node is dialed, as long as no record says where it is. Empty: none.
    void set_host(const NodeId& id, std::string host);
    bool is_static(const NodeId& id) const { return static_.contains(id); }  ///< see add_static()
    std::size_t statics() const { return static_.size(); }
    /// Limits dials to the nodes for which it is true. Empty: all may be dialed.
    void set_allowed(std::function<bool(const NodeId&)> allowed) { allowed_ = std::move(allowed); }

    /// A link came up, whichever side dialed.
    void on_up(Now now, const transport::PeerUp& up);
    /// A link ended. One that on_up() was not called for is ignored.
    void on_down(Now now, const transport::PeerDown& down);
    /// A dial of ours ended without a link.
    void on_dial_failed(Now now, const transport::DialFailed& failed);

    /// Somebody answered in another way than by a link: a datagram.
    void on_contact(Now now) { outage_.on_contact(now.instant); }

    /// A node to dial now, or nothing; then next_wakeup() is new. Each one returned must be
    /// answered by on_dialing or on_refused before the next call.
    std::optional<Dial> next(Now now);
    /// Transport took it.
    void on_dialing(Now now, const Dial& dial);
    /// Transport did not take it.
    void on_refused(Now now, const Dial& dial, transport::DialError error);
    /// A link to end for another one, now and then. Never an anchor.
    std::optional<NodeId> churn(Now now);
    /// When to call next() again, unless something happens before.
    Instant next_wakeup() const { return wakeup_; }

    std::size_t outbound_up() const { return outbound_up_; }  ///< ordinary links that we dialed
    std::size_t dialing() const { return dials_.size(); }     ///< dials under way, of all kinds
    /// Whether nobody answers, so that it is this node that seems to be cut off.
    bool offline() const { return up_.empty() && outage_.offline(); }
    const Outage& outage() const { return outage_; }
    /// Whether there is a link to it, whichever side dialed.
    bool is_up(const NodeId& id) const { return links_per_id_.contains(id); }

private:
    struct Up {
        NodeId id;
        Endpoint endpoint;
        bool ordinary_outbound;
        bool tried;
        Instant since;
    };
    struct UnderWay {
        Endpoint endpoint;
        transport::SlotClass slot_class;
        bool tried;
        Instant until;
    };
    Target target_of(const Entry& entry) const;
    bool excluded(const Entry& entry) const;
    bool blocked(const NodeId& id) const;
    bool wants_ordinary(Now now) const;
    std::size_t under_way(transport::SlotClass slot_class) const;
    void give_up_stale(Now now);
    const Entry* pick_static(Now now) const;
    bool lacks_tried() const;
    const Entry* pick_anchor(Now now);
    const Entry* pick_ordinary(Now now);
    const Entry* pick_feeler(Now now);
    bool feeler_due(Now now) const;
    void note_anchors();
    void plan_wakeup(Now now, bool rate_limited);
    void hold_group(const Endpoint& endpoint);
    void free_group(const Endpoint& endpoint);
    void end_dial(const NodeId& id);

    DialConfig config_;
    AddressBook& book_;
    Rng rng_;
    TokenBucket rate_;
    std::function<bool(const NodeId&)> allowed_;
    std::set<NodeId> static_;
    std::map<NodeId, std::string> hosts_;  // of those that the configuration or the owner names
    std::map<transport::LinkId, Up> up_;   // bounded by transport's slots, as the next two
    std::map<NodeId, std::size_t> links_per_id_;
    std::map<NodeId, UnderWay> dials_;
    std::map<OwnerGroup, std::size_t> groups_;  // of ordinary outbound links and dials
    std::size_t outbound_up_ = 0;
    std::vector<NodeId> anchors_left_;  // of the last run, not yet asked
    bool stopped_ = false;
    Instant feeler_at_ = never;
    Instant churn_at_ = never;
    Instant paused_until_ = Instant::min();
    Outage outage_;
    Instant wakeup_{};
};

}  // namespace parley::discovery
