#include <parley/node/node.hpp>

#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace parley::node {

namespace {

constexpr std::string_view node_table = "node";
constexpr std::string_view record_key = "record";
constexpr Duration save_interval = 1s;
constexpr Duration record_interval = 1min;  // between records that follow what is learned

transport::ForkRules fork_rules(const NetworkConfig& network) {
    return {.genesis = network.genesis, .forks = network.forks, .head = 0};
}

std::uint64_t our_roles() {
    return transport::role::full;
}

transport::SwitchConfig switch_config(const NodeConfig& config) {
    transport::SwitchConfig out;
    out.slots.inbound_max = config.p2p.inbound_max;
    out.slots.outbound_max = config.p2p.outbound_max;
    out.slots.handshake_in_max = config.p2p.handshakes_max;
    out.link = config.link();
    out.forks = fork_rules(config.network);
    out.receive_bytes_max = config.p2p.receive_bytes_max;
    return out;
}

/// Of "parley/0.1.0/linux" the first two, each cut so that a record has room for it.
ClientEntry client_entry(std::string_view client) {
    constexpr std::size_t bytes_max = 24;
    const auto slash = std::min(client.find('/'), client.size());
    auto version = client.substr(std::min(slash + 1, client.size()));
    version = version.substr(0, version.find('/'));
    return {std::string{client.substr(0, std::min(slash, bytes_max))},
            std::string{version.substr(0, bytes_max)}};
}

}  // namespace

/// Lets the engine dial through the switch.
class Node::SwitchDialer final : public discovery::Dialer {
public:
    SwitchDialer(transport::Switch& links, const std::vector<Target>& boot) : links_(links) {
        for (const auto& target : boot) boot_.insert(target.id);
    }
    Result<transport::LinkId, transport::DialError> dial(Now now, const Target& target,
                                                         transport::SlotClass kind) override {
        return links_.dial(now, target,
                           {.slot_class = kind, .explicit_target = boot_.contains(target.id)});
    }
    void hang_up(Now now, const NodeId& id) override {
        links_.disconnect(now, id, transport::CloseReason::rotated);
    }

private:
    transport::Switch& links_;
    std::set<NodeId> boot_;  // the owner named them
};

Result<std::unique_ptr<Node>, StoreError> Node::create(NodeConfig config, NodeKey key, Store& store,
                                                       Log& log, Rng rng, Now now,
                                                       std::vector<transport::PeerHandler*> modules,
                                                       EntropySource* entropy) {
    if (!config.uses_dht()) entropy = nullptr;
    std::unique_ptr<Node> node{
        new Node{std::move(config), std::move(key), store, log, now, entropy}};
    if (auto opened = node->open(now, std::move(modules), rng.split("parts")); !opened) {
        return std::unexpected{opened.error()};
    }
    return node;
}

Node::Node(NodeConfig config, NodeKey key, Store& store, Log& log, Now now, EntropySource* entropy)
    : config_(std::move(config)),
      key_(std::move(key)),
      store_(store),
      log_(log),
      started_(now.instant),
      own_endpoints_(config_.p2p.advertise, config_.p2p.allow_private),
      entropy_(entropy),
      record_(sign_record(1)),
      pool_({.bytes_max = config_.pool.bytes_max, .priority_fee_min = {}}),
      permissions_(config_.permissions),
      now_(now) {}

Node::~Node() = default;

Result<void, StoreError> Node::open(Now now, std::vector<transport::PeerHandler*> modules,
                                    Rng rng) {
    const auto forks = fork_rules(config_.network);
    discovery::BookConfig book_config = config_.book;
    book_config.allow_private = config_.p2p.allow_private;
    book_ = std::make_unique<discovery::AddressBook>(
        book_config, discovery::NetworkFilter{config_.network.id, forks}, id(), rng.split("book"));
    const auto loaded = book_->load(store_);
    if (!loaded) return std::unexpected{loaded.error()};
    log_.write(LogLevel::info, "node", "address book read",
               {{"entries", loaded->loaded}, {"corrupt", loaded->corrupt}});
    if (auto ok = load_record(); !ok) return ok;

    const bool private_only = config_.permissions.private_only;
    if (!private_only) {
        pex_ = std::make_unique<discovery::Pex>(discovery::PexConfig{}, *book_, hub_, log_,
                                                rng.split("pex"));
        modules.push_back(pex_.get());
    }
    chain::TxRelayConfig relay_config;
    relay_config.rules.chain_id = config_.network.chain_id;
    relay_config.tree = config_.gossip;
    relay_ = std::make_unique<chain::TxRelay>(relay_config, pool_, jobs_, hub_, rng.split("tx"));
    modules.push_back(relay_.get());
    switch_ = std::make_unique<transport::Switch>(switch_config(config_), key_, make_hello(),
                                                  std::move(modules), hub_, jobs_, log_,
                                                  rng.split("switch"));
    if (pex_) {
        switch_->set_alternatives(
            [this](const Endpoint& caller, const Enr& record, std::size_t count) {
                return pex_->alternatives(now_, caller.address, record, count);
            });
    }
    if (auto ok = load_bans(now); !ok) return ok;

    dialer_ = std::make_unique<SwitchDialer>(*switch_, config_.p2p.boot);
    discovery::EngineConfig engine_config;
    engine_config.dials.outbound_target = config_.p2p.outbound_max;
    engine_ = std::make_unique<discovery::Engine>(engine_config, *book_, *dialer_, hub_, log_,
                                                  rng.split("engine"));
    if (!private_only) {
        for (const auto& target : config_.p2p.boot) engine_->add_boot(now, target);
    }
    for (const auto& target : config_.p2p.static_peers) {
        engine_->add_static(now, target);
        switch_->set_class(target.id, transport::SlotClass::static_peer);
    }
    trusted_.insert(config_.p2p.trusted.begin(), config_.p2p.trusted.end());
    for (const auto& trusted : trusted_) renew_class(trusted);
    if (auto ok = load_permissions(); !ok) return ok;
    apply_permissions();
    count_closed_links();
    listen_to_votes();
    if (entropy_) join_dht(rng.split("dht"));
    save_at_ = now.instant + save_interval;
    return {};
}

/// Bytes of links that ended stay in the totals.
void Node::count_closed_links() {
    subscriptions_.push_back(
        hub_.subscribe<transport::PeerDown>([this](const transport::PeerDown& down) {
            closed_bytes_in_ += down.bytes_in;
            closed_bytes_out_ += down.bytes_out;
        }));
}

Node::Traffic Node::traffic() const {
    Traffic sum{closed_bytes_in_, closed_bytes_out_};
    for (const auto& peer : switch_->peers()) {
        sum.bytes_in += peer.bytes_in;
        sum.bytes_out += peer.bytes_out;
    }
    return sum;
}

/// Continues the record of the last run: same contents, same sequence.
Result<void, StoreError> Node::load_record() {
    const auto raw = store_.get(node_table, bytes_of(record_key));
    if (!raw) return std::unexpected{raw.error()};
    if (*raw) {
        const auto old = Enr::decode(**raw);
        if (old && old->id() == id()) record_ = renewed(*old);
    }
    record_changed_ = !*raw || !equal(record_.raw(), **raw);
    return {};
}

Result<void, StoreError> Node::load_bans(Now now) {
    std::vector<transport::Ban> bans;
    const auto ok = store_.scan(transport::Offences::table, [&](Bytes key, Bytes value) {
        if (auto ban = transport::Offences::decode(key, value)) bans.push_back(std::move(*ban));
        return true;
    });
    if (!ok) return ok;
    switch_->offences().load(now, bans);
    return {};
}

Enr Node::sign_record(std::uint64_t sequence) const {
    EnrBuilder builder{sequence};
    for (const auto& endpoint : own_endpoints_.endpoints()) {
        builder.ip(endpoint.address);
        if (endpoint.address.is_v4()) {
            builder.tcp(endpoint.port);
            if (entropy_) builder.udp(endpoint.port);
        } else {
            builder.tcp6(endpoint.port);
            if (entropy_) builder.udp6(endpoint.port);
        }
    }
    const auto fork = transport::fork_id(fork_rules(config_.network));
    builder.parley({.network_id = config_.network.id,
                    .fork_hash = fork.hash,
                    .fork_next = fork.next,
                    .roles = our_roles(),
                    .services = 0});
    builder.client(client_entry(config_.client));
    // Cannot fail: even with the largest values these entries stay below 300 bytes.
    return builder.sign(key_).value();
}

/// `old` itself if it says what is to be said now, otherwise its successor.
Enr Node::renewed(const Enr& old) const {
    auto same = sign_record(old.sequence());
    return same == old ? same : sign_record(old.sequence() + 1);
}

transport::Hello Node::make_hello() const {
    transport::Hello hello{record_};
    hello.client = config_.client;
    hello.network_id = config_.network.id;
    hello.genesis = config_.network.genesis;
    hello.fork = transport::fork_id(fork_rules(config_.network));
    hello.roles = our_roles();
    return hello;
}

void Node::set_endpoint(Now now, const Endpoint& endpoint) {
    now_ = now;
    own_endpoints_.set(endpoint);
    update_record();
}

void Node::add_listener(Now now, const Endpoint& bound, const std::optional<IpAddress>& guess) {
    now_ = now;
    own_endpoints_.add_listener(bound, guess);
    update_record();
}

void Node::listen_to_votes() {
    if (config_.p2p.uses_proxy()) return;  // peers see the proxy
    subscriptions_.push_back(hub_.subscribe<transport::OwnAddressObserved>(
        [this](const transport::OwnAddressObserved& e) {
            if (!own_endpoints_.on_vote(now_, e.by_endpoint.address, e.seen.address)) return;
            follow_reach_soon(now_);
        }));
}

void Node::set_port_mapping(Now now, const nat::MappingStatus& status) {
    now_ = now;
    const auto before = std::exchange(port_mapping_, status);
    log_port_mapping(before);
    const auto outside =
        status.mapping ? std::optional{status.mapping->outside} : std::optional<Endpoint>{};
    if (!own_endpoints_.set_mapped(outside)) return;
    follow_reach_soon(now);
}

/// What is new alone: a mapping is renewed again and again.
void Node::log_port_mapping(const nat::MappingStatus& before) const {
    const auto& mapping = port_mapping_.mapping;
    const bool known = before.mapping && mapping && before.mapping->method == mapping->method &&
                       before.mapping->outside == mapping->outside;
    if (mapping && !known) {
        log_.write(LogLevel::info, "node", "the router maps a port",
                   {{"outside", mapping->outside.to_string()},
                    {"by", name(mapping->method)},
                    {"seconds", mapping->lifetime.count()}});
        if (!mapping_is_of_use()) {
            log_.write(LogLevel::warn, "node",
                       "the router is behind another router: the port that it maps cannot be "
                       "reached from outside, and is not advertised",
                       {{"outside", mapping->outside.to_string()}});
        }
    }
    if (port_mapping_.udp && !before.udp) {
        log_.write(LogLevel::info, "node", "the router maps the same port of UDP", {});
    }
    if (port_mapping_.udp_why && port_mapping_.udp_why != before.udp_why) {
        log_.write(LogLevel::warn, "node",
                   "the router maps TCP alone: the DHT may not reach this node",
                   {{"why", port_mapping_.udp_why->why}});
    }
    if (!mapping && before.mapping) {
        log_.write(LogLevel::info, "node", "the router maps no port any more", {});
    }
    if (port_mapping_.why && port_mapping_.why != before.why) {
        log_.write(LogLevel::warn, "node", "the router maps no port",
                   {{"why", port_mapping_.why->why}});
    }
}

/// Each record goes to everybody: not too many of them.
void Node::follow_reach_soon(Now now) {
    follow_at_ = std::max(now.instant, follow_not_before_);
    if (follow_at_ <= now.instant) follow_reach(now);
}

void Node::follow_reach(Now now) {
    follow_at_ = never;
    const auto before = record_.sequence();
    update_record();
    if (record_.sequence() == before) return;
    follow_not_before_ = now.instant + record_interval;
    const auto own = endpoint();
    log_.write(LogLevel::info, "node", "own address learned",
               {{"endpoint", own ? own->to_string() : std::string{}}});
}

void Node::update_record() {
    auto next = renewed(record_);
    if (next == record_) return;
    record_ = std::move(next);
    record_changed_ = true;
    switch_->set_record(record_);
    if (dht_) dht_->service().set_record(record_);
}

void Node::join_dht(Rng rng) {
    dht_ = std::make_unique<Discv5Dht>(discovery::discv5::ServiceConfig{}, key_, record_, *entropy_,
                                       rng, *book_, hub_);
    dht_->service().on_vote([this](Now now, const Endpoint& voter, const Endpoint& seen) {
        if (own_endpoints_.on_vote(now, voter.address, seen.address)) follow_reach_soon(now);
    });
    subscriptions_.push_back(hub_.subscribe<transport::PeerUp>(
        [this](const transport::PeerUp& up) { dht_->on_link(now_, up.hello.record); }));
}

void Node::on_datagrams(Now now, const DatagramBatch& batch) {
    now_ = now;
    if (dht_ && !shutting_down_) dht_->on_datagrams(now, batch);
}

void Node::take_datagrams(DatagramBatch& out) {
    if (dht_) dht_->take_datagrams(out);
}

void Node::on_timer(Now now) {
    now_ = now;
    switch_->on_timer(now);
    if (!shutting_down_) engine_->on_timer(now);
    if (dht_ && !shutting_down_ && dht_->next_wakeup() <= now.instant) dht_->on_timer(now);
    if (now.instant >= follow_at_) follow_reach(now);
    if (now.instant >= save_at_) save(now);
}

Instant Node::next_wakeup() const {
    const Instant engine = shutting_down_ ? never : engine_->next_wakeup();
    const bool changed = shutting_down_ || record_changed_ || book_->has_changes() ||
                         switch_->offences().changed() || permissions_.has_changes() ||
                         !when_saved_.empty();
    const Instant dht = dht_ && !shutting_down_ ? dht_->next_wakeup() : never;
    return std::min({switch_->next_wakeup(), engine, dht, follow_at_, changed ? save_at_ : never});
}

void Node::turn(Now now) {
    now_ = now;
    // The engine answers events with dials; those may publish again.
    for (int round = 0; round < 16; ++round) {
        const bool delivered = hub_.deliver() > 0;
        const bool engine_due = !shutting_down_ && engine_->next_wakeup() <= now.instant;
        if (engine_due) engine_->on_timer(now);
        if (!delivered && !engine_due) break;
    }
    if (shutting_down_ && switch_->idle() && !saving_ && !saved_last_ && !jobs_.full()) {
        saved_last_ = true;
        save(now);
    }
}

void Node::begin_shutdown(Now now) {
    now_ = now;
    if (std::exchange(shutting_down_, true)) return;
    log_.write(LogLevel::info, "node", "shutting down", {});
    engine_->stop();
    switch_->shut_down(now);
}

bool Node::is_shut_down() const {
    return shutting_down_ && switch_->idle() && saved_last_ && !saving_;
}

void Node::add_peer(Now now, const Target& target) {
    now_ = now;
    engine_->add_static(now, target, discovery::SourceKind::user);
    renew_class(target.id);
    end_wait(now, target.id);
}

/// Writes what changed, in a Job; one at a time.
void Node::save(Now now) {
    save_at_ = shutting_down_ ? never : now.instant + save_interval;
    if (saving_ || jobs_.full()) return;
    auto batch = std::make_shared<StoreBatch>(book_->take_changes());
    switch_->offences().take_changes(*batch);
    permissions_.take_changes(*batch);
    if (record_changed_) batch->put(node_table, bytes_of(record_key), record_.raw());
    record_changed_ = false;
    auto waiting = std::make_shared<std::vector<Saved>>(std::exchange(when_saved_, {}));
    const auto tell = [waiting](const std::optional<StoreError>& failure) {
        for (auto& done : *waiting) done(failure);
    };
    if (batch->empty()) return tell(std::nullopt);
    auto failure = std::make_shared<std::optional<StoreError>>();
    saving_ = jobs_.submit({[batch, failure, &store = store_] {
                                if (auto ok = store.write(*batch); !ok) *failure = ok.error();
                            },
                            [this, batch, failure, tell](Now then) {
                                saved(then, *batch, *failure);
                                tell(*failure);
                            }});
}

void Node::saved(Now now, const StoreBatch& batch, const std::optional<StoreError>& failure) {
    saving_ = false;
    if (failure) {
        log_.write(LogLevel::error, "node", "cannot write to the store",
                   {{"why", message(*failure)}});
        book_->write_again(batch);
        switch_->offences().write_again(batch);
        permissions_.write_again();
        record_changed_ = true;
    }
    if (!when_saved_.empty()) save(now);  // the owner does not wait for the next second
}

void Node::when_saved(Now now, Saved done) {
    when_saved_.push_back(std::move(done));
    save(now);
}

}  // namespace parley::node
