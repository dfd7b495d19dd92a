// Node: a whole node as one state machine: links, discovery, transaction pool, and what others
// plug in. It owns no socket, no thread and no clock; the runtime and the simulator drive it.
// Threading: one thread at a time.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/dialing/engine.hpp>
#include <parley/discovery/pex/pex.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/nat/own_endpoints.hpp>
#include <parley/nat/port_mapping.hpp>
#include <parley/node/config/config.hpp>
#include <parley/node/core.hpp>
#include <parley/node/discv5_dht.hpp>
#include <parley/node/permissions.hpp>
#include <parley/transport/switch/switch.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::node {

class Node final : public NodeCore {
public:
    /// Reads what the store holds: address book, bans, own record. `modules` (a chain's own, next
    /// to the built-in ones), `store` and `log` outlive the node, and so does `entropy`, without
    /// which there is no DHT, whatever the settings say. Fails as the store does.
    static Result<std::unique_ptr<Node>, StoreError> create(
        NodeConfig config, NodeKey key, Store& store, Log& log, Rng rng, Now now,
        std::vector<transport::PeerHandler*> modules = {}, EntropySource* entropy = nullptr);
    ~Node() override;

    /// Where others reach us, for certain: goes into the record.
    void set_endpoint(Now now, const Endpoint& endpoint);
    /// A listener is bound; the record says where, as well as it is known
    /// (OwnEndpoints::add_listener).
    void add_listener(Now now, const Endpoint& bound, const std::optional<IpAddress>& guess);

    /// What became of asking the router for a port; its address then is a claim among others
    /// (OwnEndpoints::set_mapped).
    void set_port_mapping(Now now, const nat::MappingStatus& status);
    const nat::MappingStatus& port_mapping() const { return port_mapping_; }
    /// Whether others are told of the mapping that there is.
    bool mapping_is_of_use() const {
        return port_mapping_.mapping && own_endpoints_.is_of_use(port_mapping_.mapping->outside);
    }

    // NodeCore
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

    // For RPC and embedders
    const NodeConfig& config() const { return config_; }
    const NodeId& id() const { return key_.id(); }
    const Enr& record() const { return record_; }
    std::optional<Endpoint> endpoint() const {
        const auto all = own_endpoints_.endpoints();
        return all.empty() ? std::nullopt : std::optional{all.front()};
    }
    const chain::TxPool& pool() const { return pool_; }
    chain::TxRelay& relay() { return *relay_; }
    const chain::TxRelay& relay() const { return *relay_; }
    const discovery::AddressBook& book() const { return *book_; }
    /// Null: this node takes no part in it.
    Discv5Dht* dht() { return dht_.get(); }
    const Discv5Dht* dht() const { return dht_.get(); }
    Hub& hub() { return hub_; }
    transport::Network& network() { return *switch_; }
    Instant started() const { return started_; }
    std::vector<transport::PeerInfo> peers() const { return switch_->peers(); }
    const transport::Slots& slots() const { return switch_->slots(); }
    const transport::SwitchStats& switch_stats() const { return switch_->stats(); }
    std::vector<transport::TopicLoad> topic_loads() const { return switch_->topic_loads(); }
    /// What new links say of us.
    transport::Hello hello() const { return switch_->identity()->hello; }
    struct Traffic {
        std::uint64_t bytes_in = 0, bytes_out = 0;
    };
    /// Of all links since the start.
    Traffic traffic() const;
    /// Dials it for ever from now on, as a static peer.
    void add_peer(Now now, const Target& target);
    // What the owner changes while it runs (node_peers.cpp); a restart knows the settings and bans.
    static constexpr std::size_t trusted_max = 1024;
    /// Ends its link; a static peer is an ordinary one from now on. False if it was neither.
    bool remove_peer(Now now, const NodeId& id);
    /// From its next link on. False if there are `trusted_max` others.
    bool trust(const NodeId& id);
    /// False if it was not trusted.
    bool untrust(const NodeId& id);
    bool ban(Now now, const transport::Ban& ban) { return switch_->impose_ban(now, ban); }
    bool unban(Now now, const std::variant<NodeId, IpAddress>& who);
    using Saved = std::move_only_function<void(const std::optional<StoreError>&)>;
    /// Calls `done` when all that changed so far is on disk, or with why it is not; it is tried
    /// again then. A node that ends first may never call it.
    void when_saved(Now now, Saved done);
    /// Those in force.
    std::vector<transport::Ban> bans(Now now) const;
    const Permissions& permissions() const { return permissions_; }
    /// May be linked from now on (node_permissions.cpp). Kept over a restart.
    Permissions::Outcome allow(Now now, const NodeId& id);
    /// May not, and its links end.
    Permissions::Outcome disallow(Now now, const NodeId& id);

private:
    class SwitchDialer;

    Node(NodeConfig config, NodeKey key, Store& store, Log& log, Now now, EntropySource* entropy);
    Result<void, StoreError> open(Now now, std::vector<transport::PeerHandler*> modules, Rng rng);
    Result<void, StoreError> load_record();
    Result<void, StoreError> load_bans(Now now);
    Result<void, StoreError> load_permissions();
    void apply_permissions();
    void renew_dialed();
    Enr sign_record(std::uint64_t sequence) const;
    Enr renewed(const Enr& old) const;
    transport::Hello make_hello() const;
    void count_closed_links();
    void listen_to_votes();
    void join_dht(Rng rng);
    void update_record();
    void follow_reach_soon(Now now);
    void follow_reach(Now now);
    void log_port_mapping(const nat::MappingStatus& before) const;
    void save(Now now);
    void saved(Now now, const StoreBatch& batch, const std::optional<StoreError>& failure);
    void renew_class(const NodeId& id);
    void end_wait(Now now, const NodeId& id);

    NodeConfig config_;
    NodeKey key_;
    Store& store_;
    Log& log_;
    Instant started_;
    Hub hub_;
    JobQueue jobs_{64};
    nat::OwnEndpoints own_endpoints_;
    EntropySource* entropy_;  // null: no DHT
    nat::MappingStatus port_mapping_;
    Enr record_;
    bool record_changed_ = false;
    chain::TxPool pool_;
    Permissions permissions_;
    std::unique_ptr<discovery::AddressBook> book_;
    std::unique_ptr<discovery::Pex> pex_;  // null: this node asks and tells nobody
    std::unique_ptr<chain::TxRelay> relay_;
    std::unique_ptr<transport::Switch> switch_;
    std::unique_ptr<SwitchDialer> dialer_;
    std::unique_ptr<discovery::Engine> engine_;
    std::unique_ptr<Discv5Dht> dht_;  // null: this node takes no part in it
    Now now_;                         // of the input that is being handled
    Instant save_at_ = never;
    Instant follow_at_ = never;  // what the record should say has changed
    Instant follow_not_before_ = Instant::min();
    bool saving_ = false;
    std::vector<Saved> when_saved_;  // wait for what changed since the last batch; bounded by RPC
    bool saved_last_ = false;        // what was to be written at the end is under way or written
    std::uint64_t closed_bytes_in_ = 0, closed_bytes_out_ = 0;
    bool shutting_down_ = false;
    std::set<NodeId> trusted_;  // by the settings and since
    std::vector<Hub::Subscription> subscriptions_;
};

}  // namespace parley::node
