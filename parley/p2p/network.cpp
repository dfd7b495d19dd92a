#include <parley/p2p/network.hpp>

#include <parley/transport/handshake/hello_check.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace parley::p2p {

using transport::SlotClass;

namespace {

/// That are served where nobody says how many.
constexpr std::size_t light_nodes_max_default = 16;

}  // namespace

/// Lets the engine dial through the switch.
class Network::SwitchDialer final : public discovery::Dialer {
public:
    SwitchDialer(transport::Switch& links, const std::vector<Target>& boot) : links_(links) {
        for (const auto& target : boot) boot_.insert(target.id);
    }
    Result<transport::LinkId, transport::DialError> dial(Now now, const Target& target,
                                                         SlotClass kind) override {
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

Network::Network(Config config, NodeKey key, Store& store, Log& log, Rng rng, Now now,
                 EntropySource* entropy)
    : config_(std::move(config)),
      key_(std::move(key)),
      store_(store),
      log_(log),
      rng_(rng.split("parts")),
      entropy_(config_.uses_dht() ? entropy : nullptr),
      started_(now.instant),
      now_(now),
      own_(key_, record_contents(),
           nat::OwnEndpoints{config_.p2p.advertise, config_.p2p.allow_private}, log, now),
      permissions_(config_.permissions),
      saver_(store, jobs_, log) {}

Network::~Network() = default;

// --- The start -----------------------------------------------------------------------------

Result<void, StoreError> Network::open(Now now, std::vector<transport::PeerHandler*> modules) {
    discovery::BookConfig book_config = config_.book;
    book_config.allow_private = config_.p2p.allow_private;
    book_config.owners = config_.owners;
    book_ = std::make_unique<discovery::AddressBook>(book_config, book_filter(), id(),
                                                     rng_.split("book"));
    book_->set_on_own([this](const Enr& record) { on_own_record(own_.on_met(now_, record)); });
    const auto loaded = book_->load(store_);
    if (!loaded) return std::unexpected{loaded.error()};
    log_.write(LogLevel::info, "node", "address book read",
               {{"entries", loaded->loaded}, {"corrupt", loaded->corrupt}});
    if (auto ok = own_.load(store_, now); !ok) return ok;
    make_switch(std::move(modules));
    if (auto ok = load_bans(now); !ok) return ok;
    make_engine(now);
    trusted_.insert(config_.p2p.trusted.begin(), config_.p2p.trusted.end());
    for (const auto& trusted : trusted_) renew_class(trusted);
    if (auto ok = load_permissions(); !ok) return ok;
    apply_permissions(now);
    count_closed_links();
    listen_to_votes();
    if (entropy_) join_dht();
    if (dht_) {
        if (auto ok = dht_->rows().load(store_, now); !ok) return ok;
    }
    save_parts();
    saver_.start(now);
    return {};
}

transport::SwitchConfig Network::switch_config() const {
    transport::SwitchConfig out;
    out.slots.inbound_max = config_.p2p.inbound_max;
    out.slots.outbound_max = config_.p2p.outbound_max;
    // Whether it serves any, its services say.
    const auto light_nodes = config_.network.light_nodes_max;
    out.slots.light_max = light_nodes > 0 ? light_nodes : light_nodes_max_default;
    out.slots.owners = config_.owners;
    out.slots.handshake_in_max = config_.p2p.handshakes_max;
    out.slots.static_max = out.slots.trusted_max = named_peers_max;
    out.failed_targets_max = 3 * named_peers_max;  // as many as the owner may name
    out.link = config_.link();
    out.forks = config_.network.fork_rules();
    out.receive_bytes_max = config_.p2p.receive_bytes_max;
    return out;
}

discovery::NetworkFilter Network::book_filter() const {
    const auto& network = config_.network;
    return {network.id, network.fork_rules(), transport::is_light(network.roles)};
}

/// Each link takes the windows of its topics out of one cap for all.
void Network::check_receive_bytes(const transport::Hello& hello) {
    std::uint64_t windows = 0;
    std::uint64_t of_light_node = 0;
    for (const auto& topic : hello.topics) {
        const bool is_for_all = topic.name != transport::light_topic_name || is_light(hello);
        (is_for_all ? windows : of_light_node) += transport::initial_credit(topic);
    }
    of_light_node *= config_.network.light_nodes_max;
    const std::uint64_t links = std::uint64_t{config_.p2p.inbound_max} + config_.p2p.outbound_max +
                                config_.p2p.static_peers.size() + config_.p2p.trusted.size();
    const auto most = config_.p2p.receive_bytes_max;
    if (windows > most) {
        throw std::invalid_argument{fmt::format(
            "p2p.receive_bytes_max: expected {} or more, the windows of one link, got {}", windows,
            most)};
    }
    const auto needed = windows * links + of_light_node;
    if (needed <= most) return;
    log_.write(LogLevel::warn, "node", "p2p.receive_bytes_max is too small for all links",
               {{"links", links}, {"needed", needed}, {"room_for_links", most / windows}});
}

void Network::make_switch(std::vector<transport::PeerHandler*> modules) {
    if (!config_.permissions.private_only) {
        pex_ = std::make_unique<discovery::Pex>(discovery::PexConfig{}, *book_, hub_, log_,
                                                rng_.split("pex"));
        modules.insert(modules.begin(), pex_.get());
    }
    transport::Hello hello{own_.record()};
    hello.client = config_.client;
    hello.node_name = config_.p2p.name;
    hello.network_id = config_.network.id;
    hello.genesis = config_.network.genesis;
    hello.chain_id = config_.network.chain_id;
    hello.roles = config_.network.roles;
    hello.services = config_.network.services;
    switch_ = std::make_unique<transport::Switch>(switch_config(), key_, std::move(hello),
                                                  std::move(modules), hub_, jobs_, log_,
                                                  rng_.split("switch"));
    check_receive_bytes(switch_->identity()->hello);
    switch_->set_known([this](const NodeId& id) { return book_->find(id) != nullptr; });
    if (!pex_) return;
    switch_->set_alternatives([this](const Endpoint& caller, const Enr& record, std::size_t count) {
        return pex_->alternatives(now_, caller.address, record, count);
    });
}

void Network::make_engine(Now now) {
    dialer_ = std::make_unique<SwitchDialer>(*switch_, config_.p2p.boot);
    discovery::EngineConfig engine_config;
    engine_config.dials.outbound_target = config_.p2p.outbound_max;
    engine_ = std::make_unique<discovery::Engine>(engine_config, *book_, *dialer_, hub_, log_,
                                                  rng_.split("engine"));
    for (const auto& target : config_.p2p.boot) {
        if (is_own(target, "p2p.boot") || config_.permissions.private_only) continue;
        engine_->add_boot(now, target);
    }
    for (const auto& target : config_.p2p.static_peers) {
        if (is_own(target, "p2p.static_peers")) continue;
        engine_->add_static(now, target);
        switch_->set_class(target.id, SlotClass::static_peer);
    }
}

/// All nodes of a network may share one parley.toml, which then names each of them.
bool Network::is_own(const Target& target, std::string_view setting) {
    if (target.id != id()) return false;
    log_.write(LogLevel::warn, "node", "a setting names this node itself",
               {{"setting", setting}, {"target", target.to_string()}});
    return true;
}

Result<void, StoreError> Network::load_bans(Now now) {
    std::vector<transport::Ban> bans;
    const auto ok = store_.scan(transport::Offences::table, [&](Bytes key, Bytes value) {
        if (auto ban = transport::Offences::decode(key, value)) bans.push_back(std::move(*ban));
        return true;
    });
    if (!ok) return ok;
    switch_->offences().load(now, bans);
    return {};
}

Result<void, StoreError> Network::load_permissions() {
    const auto loaded = permissions_.load(store_);
    if (!loaded) return std::unexpected{loaded.error()};
    if (permissions_.enabled()) {
        log_.write(LogLevel::info, "node", "permissioned network",
                   {{"allowed", permissions_.allowed().size()},
                    {"changed while running", loaded->loaded},
                    {"corrupt", loaded->corrupt}});
        for (const auto& target : config_.p2p.static_peers) {
            if (permissions_.allows(target.id)) continue;
            log_.write(LogLevel::warn, "node", "a static peer is not on the allow-list",
                       {{"id", target.id.short_string()}});
        }
    }
    return {};
}

void Network::save_parts() {
    saver_.add({.has_changes = [this] { return book_->has_changes(); },
                .take_changes =
                    [this](StoreBatch& batch) {
                        auto rows = book_->take_changes();
                        std::ranges::move(rows.changes, std::back_inserter(batch.changes));
                    },
                .write_again = [this](const StoreBatch& batch) { book_->write_again(batch); }});
    saver_.add(
        {.has_changes = [this] { return switch_->offences().changed(); },
         .take_changes = [this](StoreBatch& batch) { switch_->offences().take_changes(batch); },
         .write_again = [this](const StoreBatch& batch) { switch_->offences().write_again(batch); },
         .soon = true});
    saver_.add({.has_changes = [this] { return permissions_.has_changes(); },
                .take_changes = [this](StoreBatch& batch) { permissions_.take_changes(batch); },
                .write_again = [this](const StoreBatch&) { permissions_.write_again(); },
                .soon = true});
    saver_.add({.has_changes = [this] { return own_.has_changes(); },
                .take_changes = [this](StoreBatch& batch) { own_.take_changes(batch); },
                .write_again = [this](const StoreBatch&) { own_.write_again(); },
                .soon = true});
    if (!dht_) return;
    saver_.add({.has_changes = [this] { return dht_->rows().has_changes(); },
                .take_changes = [this](StoreBatch& batch) { dht_->rows().take_changes(batch); },
                .write_again = [this](const StoreBatch&) { dht_->rows().write_again(); }});
}

/// Bytes of links that ended stay in the totals.
void Network::count_closed_links() {
    subscriptions_.push_back(
        hub_.subscribe<transport::PeerDown>([this](const transport::PeerDown& down) {
            closed_links_.bytes_in += down.bytes_in;
            closed_links_.bytes_out += down.bytes_out;
        }));
}

Network::Traffic Network::traffic() const {
    Traffic sum = closed_links_;
    for (const auto& peer : switch_->peers()) {
        sum.bytes_in += peer.bytes_in;
        sum.bytes_out += peer.bytes_out;
    }
    return sum;
}

void Network::listen_to_votes() {
    if (config_.p2p.uses_proxy()) return;  // peers see the proxy
    subscriptions_.push_back(hub_.subscribe<transport::OwnAddressObserved>(
        [this](const transport::OwnAddressObserved& e) {
            on_own_record(own_.on_vote(now_, e.by_endpoint.address, e.seen.address));
        }));
}

void Network::join_dht() {
    discovery::discv5::ServiceConfig config;
    config.families = config_.udp_families();
    dht_ = std::make_unique<Discv5Dht>(config, key_, own_.record(), *entropy_, rng_.split("dht"),
                                       *book_, hub_);
    dht_->service().on_vote([this](Now now, const Endpoint& voter, const Endpoint& seen) {
        engine_->on_contact(now);
        on_own_record(own_.on_vote(now, voter.address, seen.address));
    });
    subscriptions_.push_back(hub_.subscribe<transport::PeerUp>(
        [this](const transport::PeerUp& up) { dht_->on_link(now_, up.hello.record); }));
}

// --- What changes --------------------------------------------------------------------------

RecordContents Network::record_contents() const {
    return {.client = config_.client,
            .network_id = config_.network.id,
            .fork = transport::fork_id(config_.network.fork_rules()),
            .roles = config_.network.roles,
            .services = config_.network.services,
            .udp = entropy_ != nullptr};
}

void Network::on_own_record(bool is_new) {
    if (!is_new || !switch_) return;
    switch_->set_record(own_.record());
    if (dht_) dht_->service().set_record(own_.record());
}

void Network::on_network_changed(Now now) {
    now_ = now;
    const auto& network = config_.network;
    const bool is_new = own_.set_contents(now, record_contents());
    if (!switch_) return;
    switch_->set_roles(network.roles, network.services);
    on_own_record(is_new);
    book_->set_filter(book_filter());
    switch_->set_forks(now, network.fork_rules());
}

void Network::set_head(Now now, std::uint64_t head, std::uint64_t head_time) {
    config_.network.head = head;
    config_.network.head_time = head_time;
    on_network_changed(now);
}

void Network::set_forks(Now now, std::vector<std::uint64_t> forks,
                        std::vector<std::uint64_t> fork_times) {
    config_.network.forks = std::move(forks);
    config_.network.fork_times = std::move(fork_times);
    on_network_changed(now);
}

void Network::set_roles(Now now, std::uint64_t roles) {
    config_.network.roles = roles;
    on_network_changed(now);
}

void Network::set_services(Now now, std::uint64_t services) {
    config_.network.services = services;
    on_network_changed(now);
}

void Network::set_endpoint(Now now, const Endpoint& endpoint) {
    now_ = now;
    on_own_record(own_.set_endpoint(now, endpoint));
}

void Network::add_listener(Now now, const Endpoint& bound, const std::optional<IpAddress>& guess) {
    now_ = now;
    on_own_record(own_.add_listener(now, bound, guess));
}

void Network::set_port_mapping(Now now, const nat::MappingStatus& status) {
    now_ = now;
    on_own_record(own_.set_port_mapping(now, status));
}

// --- The driver ----------------------------------------------------------------------------

void Network::on_datagrams(Now now, const DatagramBatch& batch) {
    now_ = now;
    if (dht_ && !shutting_down_) dht_->on_datagrams(now, batch);
}

void Network::take_datagrams(DatagramBatch& out) {
    if (dht_) dht_->take_datagrams(out);
}

void Network::on_timer(Now now) {
    now_ = now;
    switch_->on_timer(now);
    if (!shutting_down_) engine_->on_timer(now);
    if (dht_ && !shutting_down_ && dht_->next_wakeup() <= now.instant) dht_->on_timer(now);
    on_own_record(own_.on_timer(now));
    saver_.on_timer(now);
}

Instant Network::next_wakeup() const {
    const Instant engine = shutting_down_ ? never : engine_->next_wakeup();
    const Instant dht = dht_ && !shutting_down_ ? dht_->next_wakeup() : never;
    return std::min(
        {switch_->next_wakeup(), engine, dht, own_.next_wakeup(), saver_.next_wakeup()});
}

void Network::turn(Now now) {
    now_ = now;
    // The engine answers events with dials; those may publish again.
    for (int round = 0; round < 16; ++round) {
        const bool delivered = hub_.deliver() > 0;
        const bool engine_due = !shutting_down_ && engine_->next_wakeup() <= now.instant;
        if (engine_due) engine_->on_timer(now);
        if (!delivered && !engine_due) break;
    }
    if (switch_->wants_to_end()) begin_shutdown(now);
    if (shutting_down_ && switch_->idle()) saver_.finish(now);
}

void Network::begin_shutdown(Now now) {
    now_ = now;
    if (std::exchange(shutting_down_, true)) return;
    log_.write(LogLevel::info, "node", "shutting down", {});
    if (dht_) dht_->rows().mark_due();
    saver_.stop();
    engine_->stop();
    switch_->shut_down(now);
}

bool Network::is_shut_down() const {
    return shutting_down_ && switch_->idle() && saver_.done();
}

// --- The owner -----------------------------------------------------------------------------

/// The token that callers of this ID take. Trusted comes first: it lets in, static only dials.
void Network::renew_class(const NodeId& id) {
    if (trusted_.contains(id)) return switch_->set_class(id, SlotClass::trusted);
    const bool is_static = engine_->scheduler().is_static(id);
    switch_->set_class(id, is_static ? SlotClass::static_peer : SlotClass::ordinary);
}

/// What it waits for is over: it may be dialed now.
void Network::end_wait(Now now, const NodeId& id) {
    const auto* entry = book_->find(id);
    if (entry == nullptr || entry->state != discovery::EntryState::waiting) return;
    book_->defer(now, id, 0s);
    hub_.publish(discovery::BookGrew{1});  // somebody to dial
}

bool Network::add_peer(Now now, const Target& target) {
    now_ = now;
    const auto& scheduler = engine_->scheduler();
    if (!scheduler.is_static(target.id) && scheduler.statics() >= named_peers_max) return false;
    engine_->add_static(now, target, discovery::SourceKind::user);
    renew_class(target.id);
    end_wait(now, target.id);
    return true;
}

bool Network::remove_peer(Now now, const NodeId& id) {
    now_ = now;
    const bool was_static = engine_->remove_static(id);
    renew_class(id);
    const auto links = switch_->peers();
    const bool linked = std::ranges::find(links, id, &transport::PeerInfo::id) != links.end();
    switch_->disconnect(now, id, transport::CloseReason::requested);
    return was_static || linked;
}

bool Network::trust(const NodeId& id) {
    if (!trusted_.contains(id) && trusted_.size() >= named_peers_max) return false;
    trusted_.insert(id);
    renew_class(id);
    return true;
}

bool Network::untrust(const NodeId& id) {
    if (trusted_.erase(id) == 0) return false;
    renew_class(id);
    return true;
}

namespace {

bool has(const auto& list, const auto& item) {
    return std::ranges::find(list, item) != list.end();
}

/// The items of `wanted` that `taken` lacks, said once for all; nothing if it lacks none.
std::optional<NotTaken> not_taken(std::string_view setting, const auto& wanted, const auto& taken) {
    const auto left = wanted.size() - taken.size();
    if (left == 0) return std::nullopt;
    return NotTaken{std::string{setting},
                    fmt::format("no room for {} of {}: with those that were added while the node "
                                "runs, there are {}",
                                left, wanted.size(), named_peers_max)};
}

}  // namespace

std::vector<NotTaken> Network::reload(Now now, const Config& config) {
    now_ = now;
    std::vector<NotTaken> out;
    const auto note = [&](std::optional<NotTaken> left) {
        if (left) out.push_back(std::move(*left));
    };
    reload_static(now, config.p2p.static_peers);
    note(not_taken("p2p.static_peers", config.p2p.static_peers, config_.p2p.static_peers));
    reload_trusted(config.p2p.trusted);
    note(not_taken("p2p.trusted", config.p2p.trusted, config_.p2p.trusted));
    reload_permissions(now, config.permissions);
    return out;
}

/// In the settings are those that were taken, so that the next reload tries the rest again.
void Network::reload_static(Now now, const std::vector<Target>& wanted) {
    auto& configured = config_.p2p.static_peers;
    for (const auto& old : configured) {
        if (has(wanted, old)) continue;
        engine_->remove_static(old.id);
        renew_class(old.id);
    }
    std::vector<Target> taken;
    for (const auto& target : wanted) {
        if (has(configured, target) || is_own(target, "p2p.static_peers") ||
            add_peer(now, target)) {
            taken.push_back(target);
        }
    }
    configured = std::move(taken);
}

void Network::reload_trusted(const std::vector<NodeId>& wanted) {
    auto& configured = config_.p2p.trusted;
    for (const auto& old : configured) {
        if (!has(wanted, old)) (void)untrust(old);
    }
    std::vector<NodeId> taken;
    for (const auto& id : wanted) {
        if (has(configured, id) || trust(id)) taken.push_back(id);
    }
    configured = std::move(taken);
}

void Network::reload_permissions(Now now, const PermissionsConfig& wanted) {
    auto& configured = config_.permissions;
    for (const auto& old : configured.private_peers) {
        if (!has(wanted.private_peers, old)) book_->set_secret(old, false);
    }
    configured.private_peers = wanted.private_peers;
    if (wanted.enabled != configured.enabled || wanted.allow != configured.allow) {
        const bool was_enabled = permissions_.enabled();
        permissions_.configure(wanted);
        configured.enabled = wanted.enabled;
        configured.allow = wanted.allow;
        if (was_enabled && !permissions_.enabled()) {
            log_.write(LogLevel::warn, "node", "the network is open to everybody now", {});
        }
    }
    apply_permissions(now);
}

bool Network::unban(Now now, const std::variant<NodeId, IpAddress>& who) {
    now_ = now;
    if (const auto* id = std::get_if<NodeId>(&who)) {
        end_wait(now, *id);
        return switch_->offences().unban(*id);
    }
    const auto& address = std::get<IpAddress>(who);
    const auto group = exact_group(address);
    std::vector<NodeId> there;
    for (std::size_t i = 0; i < book_->size(); ++i) {
        const auto& entry = book_->nth(i);
        if (exact_group(entry.endpoint().address) == group) there.push_back(entry.id);
    }
    for (const auto& id : there) end_wait(now, id);
    return switch_->offences().unban(address);
}

std::vector<transport::Ban> Network::bans(Now now) const {
    auto out = switch_->offences().bans();
    std::erase_if(out, [&](const transport::Ban& ban) { return ban.until <= now.unix_time; });
    return out;
}

void Network::apply_permissions(Now now) {
    const auto allows = [this](const NodeId& id) { return permissions_.allows(id); };
    switch_->set_allowed(
        now, permissions_.enabled() ? std::function<bool(const NodeId&)>{allows} : nullptr);
    for (const auto& id : config_.permissions.private_peers) book_->set_secret(id, true);
    renew_dialed();
}

/// The engine looks again whom it may dial.
void Network::renew_dialed() {
    const bool private_only = config_.permissions.private_only;
    if (!permissions_.enabled() && !private_only) return engine_->set_allowed({});
    engine_->set_allowed([this, private_only](const NodeId& id) {
        return permissions_.allows(id) && (!private_only || engine_->scheduler().is_static(id));
    });
}

Permissions::Outcome Network::allow(Now now, const NodeId& id) {
    now_ = now;
    const auto outcome = permissions_.set(id, true);
    if (outcome != Permissions::Outcome::changed) return outcome;
    log_.write(LogLevel::info, "node", "allowed", {{"id", id.short_string()}});
    renew_dialed();
    return outcome;
}

Permissions::Outcome Network::disallow(Now now, const NodeId& id) {
    now_ = now;
    const auto outcome = permissions_.set(id, false);
    if (outcome != Permissions::Outcome::changed) return outcome;
    log_.write(LogLevel::info, "node", "no longer allowed", {{"id", id.short_string()}});
    if (permissions_.enabled()) {
        switch_->disconnect(now, id, transport::CloseReason::banned);
    }
    return outcome;
}

}  // namespace parley::p2p
