// The Switch's inputs; what they lead to is in switch_admission, _dispatch and _release.
#include <parley/transport/switch/switch_core.hpp>

#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/switch/topic_check.hpp>

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <type_traits>

namespace parley::transport {

namespace {

bool is_chosen(SlotClass slot_class) {
    return slot_class == SlotClass::static_peer || slot_class == SlotClass::trusted;
}

/// Windows grow into what is left when every slot has a link with all topics, so that a link that
/// grew is never why another one is refused.
std::uint64_t growth_bytes_max(const SwitchConfig& config, const Hello& hello) {
    std::uint64_t windows = 0;
    for (const HelloTopic& topic : hello.topics) windows += initial_credit(topic);
    const auto& s = config.slots;
    const auto all =
        windows * (s.inbound_max + s.outbound_max + s.static_max + s.trusted_max + s.feeler_max);
    return config.receive_bytes_max - std::min(all, config.receive_bytes_max);
}

}  // namespace

SwitchCore::SwitchCore(SwitchConfig config, const NodeKey& key, Hello hello,
                       std::vector<PeerHandler*> modules, Hub& hub, JobQueue& jobs, Log& log,
                       Rng rng)
    : config_(std::move(config)),
      key_(key),
      hello_(std::move(hello)),
      modules_(std::move(modules)),
      hub_(hub),
      jobs_(jobs),
      log_(log),
      slots_(config_.slots, rng.split("slots").next()),
      eviction_salt_(rng.split("eviction").next()),
      failed_dials_(rng.split("failed dials").next()),
      offences_(config_.offences, rng.split("offences").next()),
      disabled_(modules_.size()),
      stalls_(modules_.size()),
      statuses_(modules_.size()) {
    for (const PeerHandler* module : modules_) specs_.push_back(module->topic());
    if (auto checked = check_topics(specs_); !checked) {
        throw std::invalid_argument{checked.error()};
    }
    for (std::size_t i = 0; i < specs_.size(); ++i) modules_by_name_.push_back(i);
    std::ranges::sort(modules_by_name_, {}, [&](std::size_t i) { return specs_[i].name; });
    hello_.topics.clear();
    for (const std::size_t i : modules_by_name_) {
        const TopicSpec& spec = specs_[i];
        hello_.topics.push_back(
            {spec.name, spec.version, spec.window_bytes, spec.message_bytes_max});
    }
    hello_.fork = fork_id(config_.forks);
    if (auto checked = check_own_hello(hello_); !checked) {
        throw std::invalid_argument{checked.error()};
    }
    growth_bytes_max_ = growth_bytes_max(config_, hello_);
    rebuild_identity();
}

SwitchCore::~SwitchCore() {
    // A node that ends without waiting for its links: modules are told all the same.
    stopping_ = true;
    for (const auto& [link, connection] : connections_) {
        connection->phase = Phase::closing;
        tell_modules_closed(*connection, CloseReason::shutting_down);
        slots_.give_back(connection->token);
    }
}

void SwitchCore::rebuild_identity() {
    auto identity = std::make_shared<LinkIdentity>(LinkIdentity{&key_, hello_, {}});
    for (const std::size_t i : modules_by_name_) identity->topics.push_back(specs_[i]);
    identity_ = std::move(identity);
}

Connection* SwitchCore::find(LinkId link) {
    const auto found = connections_.find(link);
    return found == connections_.end() ? nullptr : found->second.get();
}

Connection& SwitchCore::add_connection(const Endpoint& endpoint, Direction direction,
                                       SlotToken token) {
    const LinkId link{++last_link_};
    auto connection = std::make_unique<Connection>();
    connection->link = link;
    connection->endpoint = endpoint;
    connection->direction = direction;
    connection->phase = direction == Direction::outbound ? Phase::dialing : Phase::handshaking;
    connection->token = std::move(token);
    connection->since = now_.instant;
    return *connections_.emplace(link, std::move(connection)).first->second;
}

bool SwitchCore::is_banned(const NodeId& id) const {
    return offences_.find(now_, id) != nullptr || (allowed && !allowed(id));
}

/// Whom the user names is dialed in spite of what others at that address did, but not against
/// the user's own ban of it.
bool SwitchCore::is_banned(const IpAddress& address, bool chosen) const {
    const Ban* ban = offences_.find(now_, address);
    return ban != nullptr && (!chosen || ban->by_owner);
}

std::optional<LinkId> SwitchCore::on_accept(Now now, const Endpoint& remote) {
    begin_input(now);
    if (stopping_) return std::nullopt;
    if (const Ban* ban = offences_.find(now, remote.address)) {
        ++stats_.accepts_banned;
        if (log_.enabled(LogLevel::debug)) {
            log_.write(LogLevel::debug, "switch", "caller is banned",
                       {{"remote", remote.to_string()}, {"why", ban->why}});
        }
        return std::nullopt;
    }
    auto token = slots_.accept(now.instant, remote.address);
    if (!token) {
        ++stats_.accepts_without_slot[token.error()];
        if (log_.enabled(LogLevel::debug)) {
            log_.write(LogLevel::debug, "switch", "caller finds no slot",
                       {{"remote", remote.to_string()}, {"why", name(token.error())}});
        }
        return std::nullopt;
    }
    ++stats_.accepts;
    return add_connection(remote, Direction::inbound, std::move(*token)).link;
}

Result<LinkId, DialError> SwitchCore::dial(Now now, const Target& target, DialOptions options) {
    begin_input(now);
    if (target.id == key_.id()) return std::unexpected{DialError::self};
    if (by_peer_.contains(target.id)) return std::unexpected{DialError::already};
    const bool has_address = target.host.empty();
    if (is_banned(target.id) ||
        (has_address && is_banned(target.endpoint.address, is_chosen(options.slot_class)))) {
        return std::unexpected{DialError::banned};
    }
    if (stopping_) return std::unexpected{DialError::no_slot};
    auto token = take_token(target, options.slot_class);
    if (!token) {
        return std::unexpected{token.error() == SlotError::group_taken ? DialError::group_taken
                                                                       : DialError::no_slot};
    }
    ++stats_.dials;
    Connection& connection =
        add_connection(target.endpoint, Direction::outbound, std::move(*token));
    connection.slot_class = options.slot_class;
    connection.id = target.id;
    connection.target = target;
    connection.explicit_target = options.explicit_target || is_chosen(options.slot_class);
    by_peer_[target.id].dial = &connection;
    effects_.emplace_back(OpenLink{connection.link, target});
    return connection.link;
}

void SwitchCore::on_connect_failed(Now now, LinkId link, std::string_view why) {
    begin_input(now);
    Connection* connection = find(link);
    if (connection) release(*connection, CloseReason::dial_failed, why, {});
}

void SwitchCore::on_event(Now now, LinkId link, LinkEvent event) {
    begin_input(now);
    Connection* connection = find(link);
    if (!connection) return;
    std::visit(
        [&](auto& e) {
            using E = std::decay_t<decltype(e)>;
            if constexpr (std::is_same_v<E, Delivered>) {
                deliver(*connection, e);
            } else if constexpr (std::is_same_v<E, Drained>) {
                on_drained(*connection, e);
            } else if constexpr (std::is_same_v<E, GrowthWanted>) {
                on_growth_wanted(*connection, e);
            } else if constexpr (std::is_same_v<E, Beat>) {
                on_beat(*connection, e);
            } else if constexpr (std::is_same_v<E, Authenticated>) {
                on_authenticated(*connection, std::move(e));
            } else if constexpr (std::is_same_v<E, Up>) {
                on_up(*connection);
            } else if constexpr (std::is_same_v<E, ObservedAddress>) {
                on_observed_address(*connection, e);
            } else if constexpr (std::is_same_v<E, Alive>) {
                on_alive(*connection);
            } else {
                static_assert(std::is_same_v<E, Closed>);
                on_closed(*connection, std::move(e));
            }
        },
        event);
}

void SwitchCore::on_timer(Now now) {
    begin_input(now);
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        if (disabled_[i]) continue;
        Instant due = never;
        try {
            due = modules_[i]->next_wakeup();
        } catch (const std::exception& e) {
            disable_module(i, "next_wakeup", e.what());
        } catch (...) {
            disable_module(i, "next_wakeup", "no std::exception");
        }
        if (due > now.instant) continue;
        call_module(i, "on_timer", [&] { modules_[i]->on_timer(now); });
    }
    if (now.instant < statuses_due_) return;
    statuses_due_ = never;
    if (up_.empty()) return;
    collect_statuses();
    statuses_due_ = now.instant + config_.link.heartbeat.interval / 2;
}

Instant SwitchCore::next_wakeup() const {
    Instant next = statuses_due_;
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        if (disabled_[i]) continue;
        try {
            next = std::min(next, modules_[i]->next_wakeup());
        } catch (...) {
            return Instant::min();  // on_timer asks again, and deals with it
        }
    }
    return next;
}

void SwitchCore::shut_down(Now now) {
    begin_input(now);
    stopping_ = true;
    for (const auto& [link, connection] : connections_) {
        close(*connection, {CloseReason::shutting_down, {}, {}, {}});
    }
}

void SwitchCore::set_forks(Now now, const ForkRules& forks) {
    begin_input(now);
    config_.forks = forks;
    const ForkId fork = fork_id(forks);
    if (fork != hello_.fork) {
        hello_.fork = fork;
        rebuild_identity();
    }
    for (const auto& [link, connection] : connections_) {
        if (!connection->hello || fork_compatible(forks, connection->hello->fork)) continue;
        auto goodbye = check_hello(hello_, forks, *connection->hello);
        if (goodbye) close(*connection, std::move(*goodbye));
    }
}

void SwitchCore::disconnect(Now now, const NodeId& id, CloseReason reason) {
    begin_input(now);
    const auto found = by_peer_.find(id);
    if (found == by_peer_.end()) return;
    if (reason >= CloseReason::dial_failed) reason = CloseReason::requested;  // not for the wire
    for (Connection* c : {found->second.dial, found->second.live, found->second.parked}) {
        if (c) close(*c, {reason, {}, {}, {}});
    }
}

void SwitchCore::ban(Now now, const NodeId& id, const std::optional<IpAddress>& address,
                     std::string_view why) {
    begin_input(now);
    offences_.ban(now, id, why);
    if (address) offences_.ban(now, *address, why);
    log_.write(LogLevel::info, "switch", "banned", {{"id", id.to_string()}, {"why", why}});
    close_banned(nullptr);
}

bool SwitchCore::impose_ban(Now now, const Ban& ban) {
    begin_input(now);
    if (!offences_.impose(now, ban)) return false;
    const auto* id = std::get_if<NodeId>(&ban.who);
    log_.write(LogLevel::info, "switch", "banned by the owner",
               {{"who", id ? id->to_string() : std::get<NetworkGroup>(ban.who).to_string()},
                {"why", ban.why}});
    close_banned(nullptr);
    return true;
}

/// Ends the links that a ban would not let come up now.
void SwitchCore::close_banned(const Connection* except) {
    for (const auto& [link, c] : connections_) {
        if (c.get() == except) continue;
        const bool chosen = c->direction == Direction::outbound && is_chosen(c->slot_class);
        if ((c->id && offences_.find(now_, *c->id)) || is_banned(c->endpoint.address, chosen)) {
            close(*c, {CloseReason::banned, {}, {}, {}});
        }
    }
}

void SwitchCore::set_record(const Enr& record) {
    hello_.record = record;
    rebuild_identity();
}

void SwitchCore::set_roles(std::uint64_t roles, std::uint64_t services) {
    if (hello_.roles == roles && hello_.services == services) return;
    hello_.roles = roles;
    hello_.services = services;
    rebuild_identity();
}

void SwitchCore::set_class(const NodeId& id, SlotClass slot_class) {
    if (slot_class == SlotClass::static_peer || slot_class == SlotClass::trusted) {
        classes_[id] = slot_class;
    } else {
        classes_.erase(id);
    }
}

}  // namespace parley::transport
