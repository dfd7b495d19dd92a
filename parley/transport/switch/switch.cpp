// The parts put together: inputs go to the part that decides, and what comes up or ends passes
// here on its one way. Each part owns its state; SwitchState is what they share.
#include <parley/transport/switch/switch.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/transport/switch/admission.hpp>
#include <parley/transport/switch/failed_dials.hpp>
#include <parley/transport/switch/lanes.hpp>
#include <parley/transport/switch/modules.hpp>
#include <parley/transport/switch/penalties.hpp>
#include <parley/transport/switch/switch_state.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::transport {

namespace {

/// Of a dial that was not begun, where it does not help to wait.
std::optional<CloseReason> lasting_reason(DialError error) {
    switch (error) {
        case DialError::self:
            return CloseReason::self_dial;
        case DialError::banned:
            return CloseReason::banned;
        case DialError::already:
        case DialError::no_slot:
        case DialError::group_taken:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

/// In an order in which each one needs only those before it.
namespace {

Hello with_versions(Hello hello, const VersionRange& versions) {
    hello.version_min = versions.min;
    hello.version_max = versions.max;
    return hello;
}

}  // namespace

struct Switch::Parts {
    Parts(SwitchConfig config, const NodeKey& key, Hello hello, std::vector<PeerHandler*> handlers,
          Hub& hub, JobQueue& job_queue, Log& log, Rng rng)
        : jobs(job_queue),
          modules(std::move(handlers), config.on_module_exception, log),
          offences(config.offences, rng.split("offences").next()),
          refusals(config.refusals, rng.split("refusals").next()),
          state{.config = config,
                .own = OwnHello{key, std::move(hello), config.forks, modules.sorted_specs(),
                                config.known_records_max},
                .hub = hub,
                .log = log,
                .waste = {config.waste, config.slots.inbound_max, rng.split("waste").next()}},
          admission(state, offences, refusals, rng),
          penalties(state, offences, refusals, admission),
          lanes(state, modules, admission, penalties),
          failed_dials(config.failed_targets_max, rng.split("failed dials").next()) {}

    JobQueue& jobs;
    Modules modules;
    Offences offences;
    AddressRefusals refusals;
    SwitchState state;
    Admission admission;
    Penalties penalties;
    Lanes lanes;
    FailedDials failed_dials;
};

Switch::Switch(SwitchConfig config, const NodeKey& key, Hello hello,
               std::vector<PeerHandler*> modules, Hub& hub, JobQueue& jobs, Log& log, Rng rng)
    : parts_(std::make_unique<Parts>(config, key, with_versions(std::move(hello), config.versions),
                                     modules, hub, jobs, log, rng)) {
    for (PeerHandler* module : modules) module->attached(*this);
}

Switch::~Switch() {
    parts_->state.stopping = true;
    for (const auto& [link, c] : parts_->state.connections.all()) {
        c->phase = Phase::closing;
        parts_->lanes.close(*c, CloseReason::shutting_down);
        parts_->admission.give_back(*c);
    }
}

// --- Inputs --------------------------------------------------------------------------------

void Switch::begin_input(Now now) {
    parts_->state.now = now;
    parts_->modules.is_here();
}

std::optional<LinkId> Switch::on_accept(Now now, const Endpoint& remote) {
    begin_input(now);
    if (parts_->state.stopping) return std::nullopt;
    const Connection* connection = parts_->admission.accept(remote);
    return connection ? std::optional{connection->link} : std::nullopt;
}

Result<LinkId, DialError> Switch::dial(Now now, const Target& target, DialOptions options) {
    begin_input(now);
    options.explicit_target = options.explicit_target || is_chosen(options.slot_class);
    const auto connection = parts_->admission.dial(target, options);
    if (connection) return (*connection)->link;
    const auto reason = lasting_reason(connection.error());
    if (reason && options.explicit_target) {
        parts_->failed_dials.warn({.target = target,
                                   .slot_class = options.slot_class,
                                   .reason = *reason,
                                   .detail = "not dialed",
                                   .alive = false},
                                  parts_->state.log);
    }
    return std::unexpected{connection.error()};
}

void Switch::on_connected(Now now, LinkId link, const Endpoint& endpoint) {
    begin_input(now);
    Connection* connection = parts_->state.connections.find(link);
    if (connection) parts_->admission.on_connected(*connection, endpoint);
}

void Switch::on_connect_failed(Now now, LinkId link, std::string_view why) {
    begin_input(now);
    Connection* connection = parts_->state.connections.find(link);
    if (connection) release(*connection, CloseReason::dial_failed, why, {});
}

void Switch::on_event(Now now, LinkId link, LinkEvent event) {
    begin_input(now);
    auto& [jobs, modules, offences, refusals, state, admission, penalties, lanes, failed_dials] =
        *parts_;
    Connection* found = state.connections.find(link);
    if (!found) return;
    Connection& c = *found;
    std::visit(
        overloaded{
            [&](Delivered& e) { lanes.deliver(c, e); },
            [&](Drained& e) { lanes.on_drained(c, e); },
            [&](GrowthWanted& e) { lanes.on_growth_wanted(c, e); },
            [&](GrowthReturned& e) { lanes.on_growth_returned(c, e); },
            [&](Beat& e) { lanes.on_beat(c, e); },
            [&](Authenticated& e) {
                if (admission.on_authenticated(c, std::move(e))) bring_up(c);
            },
            [&](Up&) {
                if (admission.on_up(c)) bring_up(c);
            },
            [&](ObservedAddress& e) {
                if (c.phase != Phase::up || c.direction != Direction::outbound) return;
                state.hub.publish(OwnAddressObserved{
                    .link = c.link, .by = *c.id, .by_endpoint = c.endpoint, .seen = e.endpoint});
            },
            [&](Alive&) { admission.on_alive(c); },
            [&](Closed& e) { on_closed(c, std::move(e)); },
        },
        event);
}

void Switch::on_timer(Now now) {
    begin_input(now);
    parts_->lanes.on_timer();
}

Instant Switch::next_wakeup() const {
    return std::min(parts_->lanes.next_wakeup(), parts_->admission.next_wakeup());
}

void Switch::shut_down(Now now) {
    begin_input(now);
    parts_->state.stopping = true;
    for (const auto& [link, c] : parts_->state.connections.all()) {
        parts_->admission.close(*c, {.reason = CloseReason::shutting_down});
    }
}

// --- Up and down ---------------------------------------------------------------------------

void Switch::bring_up(Connection& c) {
    SwitchState& state = parts_->state;
    state.connections.set_up(state.now.instant, c);
    ++state.stats.ups;
    if (c.direction == Direction::outbound) ++state.stats.ups_outbound;
    parts_->failed_dials.on_up(*c.id);
    parts_->lanes.open(c);
    state.hub.publish(PeerUp{.link = c.link,
                             .id = *c.id,
                             .endpoint = c.endpoint,
                             .direction = c.direction,
                             .slot_class = c.slot_class,
                             .hello = *c.hello});
    if (state.log.enabled(LogLevel::info)) {
        state.log.write(LogLevel::info, "switch", "peer up",
                        {{"link", c.link.value},
                         {"id", c.id->short_string()},
                         {"remote", c.endpoint.to_string()},
                         {"direction", name(c.direction)},
                         {"class", name(c.slot_class)},
                         {"client", c.hello->client},
                         {"name", c.hello->node_name}});
    }
    parts_->lanes.greet(c);
}

void Switch::on_closed(Connection& c, Closed closed) {
    parts_->penalties.on_closed(c, closed.reason);
    std::vector<Enr> others;
    if (closed.goodbye) {
        c.authenticated = true;  // only a proven node can say goodbye
        others = std::move(closed.goodbye->others);
    }
    release(c, closed.reason, closed.detail, std::move(others));
}

/// The one way out of a link, whatever the cause: modules are told, in order; then the token
/// returns; then the rest of the node hears of it.
void Switch::release(Connection& c, CloseReason reason, std::string_view detail,
                     std::vector<Enr> others) {
    auto& [jobs, modules, offences, refusals, state, admission, penalties, lanes, failed_dials] =
        *parts_;
    if (c.phase == Phase::closing) {
        reason = c.close_reason;  // what we ended it for, however the end came about
    } else {
        c.phase = Phase::closing;
        c.close_reason = reason;
    }
    state.connections.remove_up(c);
    lanes.close(c, reason);
    admission.give_back(c);
    ++state.stats.closed[reason];
    if (c.was_up) {
        ++state.stats.disconnects[reason];
    } else {
        ++state.stats.handshakes_failed[{c.direction, reason}];
    }
    const auto level = c.was_up ? LogLevel::info : LogLevel::debug;
    if (state.log.enabled(level)) {
        state.log.write(level, "switch", c.was_up ? "peer down" : "link ended before it was up",
                        {{"link", c.link.value},
                         {"id", c.id ? c.id->short_string() : "unknown"},
                         {"remote", c.endpoint.to_string()},
                         {"direction", name(c.direction)},
                         {"reason", name(reason)},
                         {"detail", detail}});
    }
    if (c.was_up) {
        state.hub.publish(PeerDown{.link = c.link,
                                   .id = *c.id,
                                   .endpoint = c.endpoint,
                                   .direction = c.direction,
                                   .reason = reason,
                                   .age = state.now.instant - c.since,
                                   .bytes_in = c.bytes_in,
                                   .bytes_out = c.bytes_out});
    } else if (c.direction == Direction::outbound) {
        fail_dial(c, reason, c.refusal.empty() ? detail : c.refusal, std::move(others));
    }
    admission.leave_peer_links(c);
    const std::optional<NodeId> id = c.id;
    const LinkId link = c.link;
    state.connections.erase(link);
    // First the one that the slot was freed for, then a second call of the one that left.
    if (Connection* next = admission.end_eviction(link)) bring_up(*next);
    if (!id) return;
    if (Connection* next = admission.reconsider(*id)) bring_up(*next);
}

void Switch::fail_dial(const Connection& c, CloseReason reason, std::string_view detail,
                       std::vector<Enr> others) {
    const FailedAttempt attempt{.target = *c.target,
                                .slot_class = c.slot_class,
                                .reason = reason,
                                .detail = std::string{detail},
                                .alive = c.authenticated};
    if (c.explicit_target) parts_->failed_dials.warn(attempt, parts_->state.log);
    parts_->state.hub.publish(DialFailed{.target = Target{.id = *c.id, .endpoint = c.endpoint},
                                         .slot_class = c.slot_class,
                                         .reason = reason,
                                         .alive = c.authenticated,
                                         .others = std::move(others),
                                         .detail = attempt.detail});
    const bool tested = c.slot_class == SlotClass::feeler && reason == CloseReason::rotated;
    if (!tested) parts_->lanes.on_attempt_failed(attempt);
}

// --- What the owner decides ----------------------------------------------------------------

void Switch::set_record(const Enr& record) {
    parts_->state.own.set_record(record);
}
void Switch::set_roles(std::uint64_t roles, std::uint64_t services) {
    parts_->state.own.set_roles(roles, services);
}
void Switch::set_class(const NodeId& id, SlotClass slot_class) {
    parts_->admission.set_class(id, slot_class);
}
void Switch::set_allowed(Now now, std::function<bool(const NodeId&)> allowed) {
    begin_input(now);
    Admission& admission = parts_->admission;
    admission.allowed = std::move(allowed);
    if (!admission.allowed) return;
    for (const auto& [link, c] : parts_->state.connections.all()) {
        if (c->id && !admission.allowed(*c->id)) {
            admission.close(*c, {.reason = CloseReason::banned});
        }
    }
}
void Switch::set_known(std::function<bool(const NodeId&)> known) {
    parts_->admission.known = std::move(known);
}
void Switch::set_call_watch(CallWatch* call_watch) {
    parts_->modules.call_watch = call_watch;
}
void Switch::set_alternatives(Alternatives alternatives) {
    parts_->admission.alternatives = std::move(alternatives);
}

void Switch::set_forks(Now now, const ForkRules& forks) {
    begin_input(now);
    OwnHello& own = parts_->state.own;
    own.set_forks(forks);
    for (const auto& [link, c] : parts_->state.connections.all()) {
        if (!c->hello || own.fork_fits(*c->hello)) continue;
        auto goodbye = own.objection(*c->hello);
        if (goodbye) parts_->admission.close(*c, std::move(*goodbye));
    }
}

void Switch::disconnect(Now now, const NodeId& id, CloseReason reason) {
    begin_input(now);
    if (reason >= CloseReason::dial_failed) reason = CloseReason::requested;  // not for the wire
    parts_->admission.close_all(id, reason);
}

void Switch::ban(Now now, const NodeId& id, std::string_view why) {
    begin_input(now);
    parts_->penalties.ban(id, why);
}

bool Switch::impose_ban(Now now, const Ban& ban) {
    begin_input(now);
    return parts_->penalties.impose(ban);
}

// --- Network -------------------------------------------------------------------------------

BroadcastResult Switch::broadcast(std::string_view topic, Code code, const SharedBytes& message,
                                  const PeerPredicate& except) {
    parts_->modules.check_thread("broadcast", topic);
    return parts_->lanes.broadcast(topic, code, message, except);
}
JobQueue& Switch::jobs() {
    parts_->modules.check_thread("jobs");
    return parts_->jobs;
}
Hub& Switch::hub() {
    parts_->modules.check_thread("hub");
    return parts_->state.hub;
}
Log& Switch::log() {
    parts_->modules.check_thread("log");
    return parts_->state.log;
}
Now Switch::now() const {
    parts_->modules.check_thread("now");
    return parts_->state.now;
}
const NodeId& Switch::id() const {
    parts_->modules.check_thread("id");
    return parts_->state.own.id();
}

std::shared_ptr<NodeThread> Switch::node_thread() {
    return node_thread_;
}

// --- What there is -------------------------------------------------------------------------

std::shared_ptr<const LinkIdentity> Switch::identity() const {
    return parts_->state.own.identity();
}
bool Switch::idle() const {
    return parts_->state.connections.all().empty();
}
std::optional<std::string> Switch::failed_module() const {
    return parts_->modules.failed();
}
bool Switch::wants_to_end() const {
    return parts_->modules.failed() &&
           parts_->state.config.on_module_exception == OnModuleException::end;
}
const Slots& Switch::slots() const {
    return parts_->admission.slots();
}
std::size_t Switch::connections() const {
    return parts_->state.connections.all().size();
}
const Offences& Switch::offences() const {
    return parts_->offences;
}
Offences& Switch::offences() {
    return parts_->offences;
}
const SwitchStats& Switch::stats() const {
    return parts_->state.stats;
}
std::vector<TopicLoad> Switch::topic_loads() const {
    return parts_->lanes.topic_loads();
}

std::vector<FailedDials::Failure> Switch::failed_dials() const {
    return parts_->failed_dials.all();
}

std::vector<PeerInfo> Switch::peers() const {
    std::vector<PeerInfo> out;
    const auto& up = parts_->state.connections.up();
    out.reserve(up.size());
    for (const Connection* c : up) {
        if (c->phase != Phase::up) continue;
        out.push_back({.link = c->link,
                       .id = *c->id,
                       .endpoint = c->endpoint,
                       .direction = c->direction,
                       .slot_class = c->slot_class,
                       .hello = *c->hello,
                       .since = c->since,
                       .round_trip = c->round_trip,
                       .messages_in = c->messages_in,
                       .messages_out = c->messages_out,
                       .bytes_in = c->bytes_in,
                       .bytes_out = c->bytes_out,
                       .useful_at = c->useful_at,
                       .offences = c->offences,
                       .score = parts_->offences.score(parts_->state.now, *c->id)});
    }
    return out;
}

std::vector<SwitchEffect> Switch::take_effects() {
    std::vector<SwitchEffect> out;
    take_effects(out);
    return out;
}

void Switch::take_effects(std::vector<SwitchEffect>& out) {
    parts_->lanes.drain_credit();
    parts_->admission.collect_held();
    parts_->state.connections.take_effects(out);
}

}  // namespace parley::transport
