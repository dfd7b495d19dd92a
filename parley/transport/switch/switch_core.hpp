// SwitchCore: what stands behind Switch. Internal to transport.
//
// Every connection is in one Phase and holds one slot token until it is released. Contacts say
// which connections belong to one ID; a contact exists exactly as long as one of them does, and
// as long as it exists the ID is not dialed again.
//
// Modules may call back (send, penalise, disconnect, broadcast, even dial) from inside any of
// their calls: none of that destroys a connection. Only Closed and a failed connect do, and they
// come from the driver.
// Threading: the node's thread.
#pragma once

#include <parley/base/thread_check.hpp>
#include <parley/transport/switch/connection.hpp>
#include <parley/transport/switch/failed_dials.hpp>
#include <parley/transport/switch/switch.hpp>

#include <boost/container/flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::transport {

class SwitchCore {
public:
    SwitchCore(SwitchConfig config, const NodeKey& key, Hello hello,
               std::vector<PeerHandler*> modules, Hub& hub, JobQueue& jobs, Log& log, Rng rng);
    SwitchCore(const SwitchCore&) = delete;
    SwitchCore& operator=(const SwitchCore&) = delete;
    ~SwitchCore();

    // --- Inputs (switch_core.cpp) ---
    std::optional<LinkId> on_accept(Now now, const Endpoint& remote);
    Result<LinkId, DialError> dial(Now now, const Target& target, DialOptions options);
    void on_connected(Now now, LinkId link, const Endpoint& endpoint);
    void on_connect_failed(Now now, LinkId link, std::string_view why);
    void on_event(Now now, LinkId link, LinkEvent event);
    void on_timer(Now now);
    Instant next_wakeup() const;
    void shut_down(Now now);
    void set_forks(Now now, const ForkRules& forks);
    void disconnect(Now now, const NodeId& id, CloseReason reason);
    void ban(Now now, const NodeId& id, const std::optional<IpAddress>& address,
             std::string_view why);
    bool impose_ban(Now now, const Ban& ban);
    void set_record(const Enr& record);
    void set_roles(std::uint64_t roles, std::uint64_t services);
    void set_class(const NodeId& id, SlotClass slot_class);

    // --- Modules (switch_dispatch.cpp) ---
    BroadcastResult broadcast(std::string_view topic, Code code, const SharedBytes& message,
                              const PeerPredicate& except);
    JobQueue& jobs() { return jobs_; }
    Hub& hub() { return hub_; }
    Log& log() { return log_; }
    const NodeId& id() const { return key_.id(); }
    std::vector<PeerInfo> peers() const;
    std::vector<TopicLoad> topic_loads() const;
    void take_effects(std::vector<SwitchEffect>& out);

    // --- For TopicLane ---
    Now now() const { return now_; }
    void command(LinkId link, LinkCommand command) {
        effects_.emplace_back(std::in_place_type<CommandLink>, link, std::move(command));
    }
    void note_stall(std::size_t module) { ++stalls_[module]; }
    /// Reports a call of a module's that comes from another thread than the node's; of each kind
    /// of call the first one only. Debug builds alone.
    void check_thread(std::string_view call, std::size_t module) const {
        if (thread_.is_elsewhere()) report_thread(call, specs_[module].name);
    }
    void check_thread(std::string_view call, std::string_view topic = "") const {
        if (thread_.is_elsewhere()) report_thread(call, topic);
    }
    void penalise(Connection& connection, Offence offence);
    void close(Connection& connection, Goodbye goodbye);

    bool idle() const { return connections_.empty(); }
    std::optional<std::string> failed_module() const { return failed_module_; }
    bool wants_to_end() const {
        return failed_module_ && config_.on_module_exception == OnModuleException::end;
    }
    std::size_t connections() const { return connections_.size(); }
    const Slots& slots() const { return slots_; }
    Offences& offences() { return offences_; }
    const Offences& offences() const { return offences_; }
    const SwitchStats& stats() const { return stats_; }
    std::shared_ptr<const LinkIdentity> identity() const { return identity_; }

    Switch::Alternatives alternatives;
    std::function<bool(const NodeId&)> allowed;
    CallWatch* call_watch = nullptr;

private:
    /// The connections that belong to one ID.
    struct PeerLinks {
        Connection* dial = nullptr;    ///< ours, until it is up
        Connection* live = nullptr;    ///< up, or closing after that
        Connection* parked = nullptr;  ///< at most one waits
        std::size_t refused = 0;       ///< callers on their way out
        bool empty() const { return !dial && !live && !parked && refused == 0; }
    };
    /// One link leaves, and one that is parked has its slot.
    struct Eviction {
        LinkId victim;
        NodeId newcomer;
    };
    /// Around a call into a module.
    class Entered {
    public:
        Entered(SwitchCore& core, std::size_t module) : watch_(core.call_watch) {
            if (watch_) watch_->enter(core.specs_[module].name);
        }
        Entered(const Entered&) = delete;
        Entered& operator=(const Entered&) = delete;
        ~Entered() {
            if (watch_) watch_->leave();
        }

    private:
        CallWatch* watch_;
    };

    /// Every call into a module goes this way. False: it threw, and is disabled now.
    template <class F>
    bool call_module(std::size_t module, std::string_view call, F&& run) {
        try {
            const Entered entered{*this, module};
            run();
            return true;
        } catch (const std::exception& e) {
            disable_module(module, call, e.what());
        } catch (...) {
            disable_module(module, call, "no std::exception");
        }
        return false;
    }
    // switch_modules.cpp
    void disable_module(std::size_t module, std::string_view call, std::string_view what);
    void close_lane(Connection& connection, std::size_t module, CloseReason reason);
    void report_thread(std::string_view call, std::string_view topic) const;
    void begin_input(Now now) {
        now_ = now;
        thread_.here();
    }

    Connection* find(LinkId link);
    Connection& add_connection(const Endpoint& endpoint, Direction direction, SlotToken token);
    void rebuild_identity();
    bool is_banned(const NodeId& id) const;
    bool is_banned(const IpAddress& address, bool chosen) const;
    void close_banned(const Connection* except);

    // Dials by name (switch_connected.cpp).
    Result<SlotToken, SlotError> take_token(const Target& target, SlotClass slot_class);
    bool group_taken_by_others(const Connection& connection) const;

    // The way in (switch_admission.cpp).
    void on_authenticated(Connection& connection, Authenticated authenticated);
    void decide_outbound(Connection& connection);
    void decide_inbound(Connection& connection);
    void park(Connection& connection, PeerLinks& peer_links);
    bool admit(Connection& connection);
    bool evict_for(Connection& connection);  // switch_eviction.cpp
    void end_eviction(LinkId left);
    std::optional<Goodbye> objection(const Connection& connection) const;
    Result<void, SlotError> swap_token(Connection& connection);
    Goodbye too_many_peers(const Connection& connection, SlotError why) const;
    void refuse(Connection& connection, Goodbye goodbye);
    void abandon(Connection& connection, CloseReason reason);
    void on_up(Connection& connection);
    void on_alive(Connection& connection);

    // The way out (switch_release.cpp).
    void on_closed(Connection& connection, Closed closed);
    void release(Connection& connection, CloseReason reason, std::string_view detail,
                 std::vector<Enr> others);
    void tell_modules_closed(Connection& connection, CloseReason reason);
    void publish_end(Connection& connection, CloseReason reason, std::string_view detail,
                     std::vector<Enr> others);
    void fail_dial(Connection& connection, CloseReason reason, std::string_view detail,
                   std::vector<Enr> others);
    void warn_of_failed_dial(const Connection& connection, CloseReason reason,
                             std::string_view detail);
    bool charge(const Connection& connection, Offence offence);
    void charge_address(const Connection& connection, CloseReason reason);
    void leave_peer_links(Connection& connection);
    void reconsider(const NodeId& id);

    // While it is up (switch_dispatch.cpp).
    void bring_up(Connection& connection);
    void make_lanes(Connection& connection);
    void deliver(Connection& connection, Delivered& batch);
    void on_drained(Connection& connection, const Drained& drained);
    void on_growth_wanted(Connection& connection, const GrowthWanted& wanted);
    void on_beat(Connection& connection, const Beat& beat);
    void on_observed_address(const Connection& connection, const ObservedAddress& seen);
    bool collect_statuses();
    void send_statuses(const Connection& connection);
    void drain_credit();

    SwitchConfig config_;
    const NodeKey& key_;
    Hello hello_;
    std::vector<PeerHandler*> modules_;
    std::vector<TopicSpec> specs_;              // by module
    std::vector<std::size_t> modules_by_name_;  // indices, in the order of topics in Hello
    Hub& hub_;
    JobQueue& jobs_;
    Log& log_;
    Slots slots_;
    std::uint64_t eviction_salt_;
    std::optional<Eviction> eviction_;
    Instant next_eviction_{};
    std::map<NetworkGroup, Instant> made_room_for_;  // bounded by the two intervals
    FailedDials failed_dials_;
    Offences offences_;
    SwitchStats stats_;
    std::shared_ptr<const LinkIdentity> identity_;
    std::shared_ptr<CreditLedger> ledger_ = std::make_shared<CreditLedger>();

    std::uint64_t growth_bytes_max_ = 0;  // over all links
    std::uint64_t growth_bytes_ = 0;      // in use

    // All bounded by the limits of slots_.
    boost::container::flat_map<LinkId, std::unique_ptr<Connection>> connections_;
    std::map<NodeId, PeerLinks> by_peer_;
    std::vector<Connection*> up_;          // by LinkId; phase up, or closing after that
    std::map<NodeId, SlotClass> classes_;  // as configured

    std::vector<bool> disabled_;                // by module
    std::optional<std::string> failed_module_;  // topic of the first one
    ThreadCheck thread_;
    mutable std::mutex reported_mutex_;
    mutable std::set<std::string> reported_;  // calls from other threads; bounded by their names
    std::vector<std::uint64_t> stalls_;       // by module
    std::vector<Buffer> statuses_;            // by module
    std::vector<std::pair<std::uint32_t, SharedBytes>> encoded_statuses_;  // by set of modules
    Instant statuses_due_ = never;

    std::vector<SwitchEffect> effects_;
    std::vector<TopicLane*> credited_;  // scratch of drain_credit
    Now now_;
    std::uint64_t last_link_ = 0;
    bool stopping_ = false;
};

}  // namespace parley::transport
