// Network: a peer-to-peer network's node without a chain, as one state machine: links (Switch),
// address book, peer exchange, DHT, the engine that keeps the links filled, own record, bans,
// permissions, saving. A chain, or anything else, plugs modules into it (transport/module.hpp) and
// tells it what changes: head, forks, roles, services.
//
// It owns no socket, no thread and no clock; the runtime and the simulator drive it.
// Threading: one thread at a time.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/store.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/dialing/engine.hpp>
#include <parley/discovery/pex/pex.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/p2p/config/config.hpp>
#include <parley/p2p/core.hpp>
#include <parley/p2p/discv5_dht.hpp>
#include <parley/p2p/own_record.hpp>
#include <parley/p2p/permissions.hpp>
#include <parley/p2p/saver.hpp>
#include <parley/transport/switch/switch.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::p2p {

/// What a reload could not take of a setting.
struct NotTaken {
    std::string setting;  ///< such as "p2p.trusted"
    std::string why;      ///< in words for the log
};

class Network : public NodeCore {
public:
    /// `store` and `log` outlive it, and so does `entropy`, without which there is no DHT,
    /// whatever the settings say.
    Network(Config config, NodeKey key, Store& store, Log& log, Rng rng, Now now,
            EntropySource* entropy = nullptr);
    ~Network() override;

    /// Reads what the store holds (address book, bans, own record) and plugs the modules in, which
    /// outlive it. Once, before anything else. Fails as the store does; throws
    /// std::invalid_argument if the modules' topics do not fit, or p2p.receive_bytes_max not even
    /// the windows of one link.
    Result<void, StoreError> open(Now now, std::vector<transport::PeerHandler*> modules);

    // --- What the network's user says, at any time ------------------------------------------
    /// The chain's height and the time of its last block, in Unix seconds: they decide which fork
    /// is active. Links that do not fit any more end.
    void set_head(Now now, std::uint64_t head, std::uint64_t head_time = 0);
    /// Heights at which the rules change, ascending, and times, as NetworkConfig has them.
    void set_forks(Now now, std::vector<std::uint64_t> forks,
                   std::vector<std::uint64_t> fork_times = {});
    /// Bits of transport::role and of transport::service, for new links and the own record.
    void set_roles(Now now, std::uint64_t roles);
    /// As set_roles, of transport::service.
    void set_services(Now now, std::uint64_t services);
    /// Where others reach us, for certain: goes into the record.
    void set_endpoint(Now now, const Endpoint& endpoint);
    /// A listener is bound; the record says where, as well as it is known.
    void add_listener(Now now, const Endpoint& bound, const std::optional<IpAddress>& guess);
    /// What became of asking the router for a port.
    void set_port_mapping(Now now, const nat::MappingStatus& status);
    /// The same of IPv6: a pinhole in the router's firewall.
    void set_pinhole(const nat::MappingStatus& status) { own_.set_pinhole(status); }

    // --- NodeCore ----------------------------------------------------------------------------
    transport::Switch& links() override { return *switch_; }
    void on_datagrams(Now now, const DatagramBatch& batch) override;
    void take_datagrams(DatagramBatch& out) override;
    void on_timer(Now now) override;
    Instant next_wakeup() const override;
    std::vector<Job> take_jobs() override { return jobs_.take(); }
    void finish_job(Job& job, Now now) override { jobs_.finish(job, now); }
    void turn(Now now) override;
    void begin_shutdown(Now now) override;
    bool is_shut_down() const override;

    // --- For modules, RPC and embedders ------------------------------------------------------
    const Config& config() const { return config_; }
    const NodeId& id() const { return key_.id(); }
    const Enr& record() const { return own_.record(); }
    std::optional<Endpoint> endpoint() const { return own_.endpoint(); }
    const OwnRecord& own() const { return own_; }
    const discovery::AddressBook& book() const { return *book_; }
    /// Null: this node takes no part in it.
    Discv5Dht* dht() { return dht_.get(); }
    const Discv5Dht* dht() const { return dht_.get(); }
    /// For subscriptions; turn() delivers.
    Hub& hub() { return hub_; }
    /// For work that would block the node's thread.
    JobQueue& jobs() { return jobs_; }
    /// What modules see of it: to send, and to end links.
    transport::Network& network() { return *switch_; }
    Instant started() const { return started_; }
    std::vector<transport::PeerInfo> peers() const { return switch_->peers(); }
    /// Targets of the owner's that have no link, and why.
    std::vector<transport::FailedDials::Failure> failed_dials() const {
        return switch_->failed_dials();
    }
    const transport::Slots& slots() const { return switch_->slots(); }
    const transport::SwitchStats& switch_stats() const { return switch_->stats(); }
    std::vector<transport::TopicLoad> topic_loads() const { return switch_->topic_loads(); }
    /// Whether nobody answers, so that this node seems to be cut off.
    bool offline() const { return engine_->scheduler().offline(); }
    /// What new links say of us.
    transport::Hello hello() const { return switch_->identity()->hello; }
    /// What came and what went, in bytes.
    struct Traffic {
        std::uint64_t bytes_in = 0, bytes_out = 0;
    };
    /// Messages of all links since the start.
    Traffic traffic() const;

    // --- What the owner changes while it runs ------------------------------------------------
    // A restart knows the settings, the bans and the permissions.
    /// Dials it for ever from now on, as a static peer. False if there are `named_peers_max`
    /// others.
    bool add_peer(Now now, const Target& target);
    /// Ends its link; a static peer is an ordinary one from now on. False if it was neither.
    bool remove_peer(Now now, const NodeId& id);
    /// Counts from its next link on. False if there are `named_peers_max` others.
    bool trust(const NodeId& id);
    /// False if it was not trusted.
    bool untrust(const NodeId& id);
    /// Takes the peers, IDs and permissions of a changed parley.toml (plan_reload) instead of those
    /// that the settings named before; what the owner changed since stays. Links stay, but for
    /// those with nodes that are no longer allowed. Returns what there was no room for.
    std::vector<NotTaken> reload(Now now, const Config& config);
    /// False if there is no room for it.
    bool ban(Now now, const transport::Ban& ban) { return switch_->impose_ban(now, ban); }
    /// Lifts the ban of an ID, or of an address (of IPv6 its /64), whose nodes may be dialed again
    /// at once. False if there was none.
    bool unban(Now now, const std::variant<NodeId, IpAddress>& who);
    /// Those in force.
    std::vector<transport::Ban> bans(Now now) const;
    const Permissions& permissions() const { return permissions_; }
    /// May be linked from now on. Kept over a restart.
    Permissions::Outcome allow(Now now, const NodeId& id);
    /// May not, and its links end. Kept over a restart.
    Permissions::Outcome disallow(Now now, const NodeId& id);
    /// See Saver::when_saved.
    void when_saved(Now now, Saver::Done done) { saver_.when_saved(now, std::move(done)); }

private:
    class SwitchDialer;

    Result<void, StoreError> load_bans(Now now);
    Result<void, StoreError> load_permissions();
    RecordContents record_contents() const;
    transport::SwitchConfig switch_config() const;
    discovery::NetworkFilter book_filter() const;
    void check_receive_bytes(const transport::Hello& hello);
    void make_switch(std::vector<transport::PeerHandler*> modules);
    void make_engine(Now now);
    void save_parts();
    bool is_own(const Target& target, std::string_view setting);
    void reload_static(Now now, const std::vector<Target>& wanted);
    void reload_trusted(const std::vector<NodeId>& wanted);
    void reload_permissions(Now now, const PermissionsConfig& wanted);
    void apply_permissions(Now now);
    void renew_dialed();
    void renew_class(const NodeId& id);
    void end_wait(Now now, const NodeId& id);
    void count_closed_links();
    void listen_to_votes();
    void join_dht();
    void on_own_record(bool is_new);
    void on_network_changed(Now now);

    Config config_;
    NodeKey key_;
    Store& store_;
    Log& log_;
    Rng rng_;
    EntropySource* entropy_;  // null: no DHT
    Instant started_;
    Now now_;  // of the input that is being handled
    Hub hub_;
    JobQueue jobs_{64};
    OwnRecord own_;
    Permissions permissions_;
    Saver saver_;
    std::unique_ptr<discovery::AddressBook> book_;
    std::unique_ptr<discovery::Pex> pex_;  // null: this node asks and tells nobody
    std::unique_ptr<transport::Switch> switch_;
    std::unique_ptr<SwitchDialer> dialer_;
    std::unique_ptr<discovery::Engine> engine_;
    std::unique_ptr<Discv5Dht> dht_;  // null: this node takes no part in it
    Traffic closed_links_;
    bool shutting_down_ = false;
    std::set<NodeId> trusted_;  // by the settings and since
    std::vector<Hub::Subscription> subscriptions_;
};

}  // namespace parley::p2p
