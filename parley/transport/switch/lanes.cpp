#include <parley/transport/switch/lanes.hpp>

#include <parley/transport/link/control.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace parley::transport {

namespace {

constexpr std::size_t encoded_statuses_max = 16;
/// Links whose credit waits are looked through at most so often.
constexpr Duration wait_step = 10ms;

/// Windows grow into what is left when every slot has a link with all topics, so that a link that
/// grew is never why another one is refused.
std::uint64_t growth_bytes_max(const SwitchConfig& config, const Hello& hello) {
    std::uint64_t windows = 0;
    for (const HelloTopic& topic : hello.topics) windows += initial_credit(topic);
    const auto all = windows * config.slots.links();
    return config.receive_bytes_max - std::min(all, config.receive_bytes_max);
}

}  // namespace

Lanes::Lanes(SwitchState& state, Modules& modules, Admission& admission, Penalties& penalties)
    : state_(state),
      modules_(modules),
      admission_(admission),
      penalties_(penalties),
      growth_bytes_max_(growth_bytes_max(state.config, state.own.hello())),
      totals_(modules.size()),
      statuses_(modules.size()) {}

// --- Up and down ---------------------------------------------------------------------------

void Lanes::make_lanes(Connection& c) {
    c.lane_of_module.assign(modules_.size(), nullptr);
    const std::vector<CommonTopic> topics = common_topics(state_.own.hello(), *c.hello);
    for (std::size_t i = 0; i < topics.size(); ++i) {
        const CommonTopic& topic = topics[i];
        const std::size_t module = modules_.find(topic.name).value();
        auto lane = std::make_unique<TopicLane>(*this, c, static_cast<LaneId>(i + 1), module,
                                                modules_.spec(module).send_budget_bytes,
                                                topic.theirs.message_bytes_max);
        const std::uint64_t spare =
            initial_credit(topic.ours) - credit_cost(topic.ours.message_bytes_max);
        lane->credit_held_max = spare / 8;
        c.lane_of_module[module] = lane.get();
        c.lanes.push_back(std::move(lane));
    }
}

void Lanes::open(Connection& c) {
    make_lanes(c);
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        TopicLane* lane = c.lane_of_module[i];
        if (!lane || modules_.disabled(i)) continue;
        call(i, "new_peer", [&] {
            lane->handler = modules_.at(i).new_peer(*lane);
            if (!lane->handler) throw std::logic_error{"new_peer returned null"};
        });
    }
}

void Lanes::close(Connection& c, CloseReason reason) {
    for (std::size_t i = 0; i < c.lane_of_module.size(); ++i) close_lane(c, i, reason);
    growth_bytes_ -= std::exchange(c.growth_bytes, 0);
}

void Lanes::close_lane(Connection& c, std::size_t module, CloseReason reason) {
    TopicLane* lane = c.lane_of_module[module];
    if (!lane || !lane->handler) return;
    // Taken out first, so that it is told once, even if it throws.
    const auto handler = std::exchange(lane->handler, nullptr);
    const bool was_disabled = modules_.disabled(module);
    const bool told = modules_.call(module, "on_closed", [&] { handler->on_closed(reason); });
    if (!told && !was_disabled) close_lanes_of(module);
}

void Lanes::close_lanes_of(std::size_t module) {
    for (Connection* c : state_.connections.up()) {
        close_lane(*c, module, CloseReason::module_failed);
    }
    // The next heartbeats are without what it last said.
    if (!state_.connections.up().empty()) statuses_due_ = state_.now.instant;
}

// --- In ------------------------------------------------------------------------------------

void Lanes::deliver(Connection& c, Delivered& batch) {
    CallWatch* watch = modules_.call_watch;
    TopicLane* entered = nullptr;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    const auto leave = [&] {
        if (!entered) return;
        if (watch) watch->leave();
        c.messages_in += messages;
        c.bytes_in += bytes;
        auto& total = totals_[entered->module()];
        total.messages_in += std::exchange(messages, 0);
        total.bytes_in += std::exchange(bytes, 0);
    };
    batch.visit([&](const Delivered::Item& item) {
        if (c.phase != Phase::up) return false;  // closing: nothing more is heard of it
        if (item.lane == 0 || item.lane > c.lanes.size()) {
            assert(false && "a link delivered on a lane that it does not have");
            return true;
        }
        TopicLane& lane = *c.lanes[item.lane - 1U];
        if (entered != &lane) {
            leave();
            entered = &lane;
            if (watch) watch->enter(modules_.spec(lane.module()).name, "handle");
        }
        ++messages;
        bytes += item.bytes.size();
        handle(c, lane, item);
        return true;
    });
    leave();
}

/// A message for a module that threw is dropped, and its credit goes back at once.
void Lanes::handle(Connection& c, TopicLane& lane, const Delivered::Item& item) {
    const auto credit = credit_cost(item.bytes.size());
    if (!lane.handler) return ledger_->give_back({c.link, item.lane, credit});
    const bool handled = modules_.call_unwatched(lane.module(), "handle", [&] {
        const auto result = lane.handler->handle(
            item.code, item.own ? Message{std::move(*item.own), ledger_, c.link, item.lane, credit}
                                : Message::lent(item.bytes, ledger_, c.link, item.lane, credit));
        if (!result) penalties_.penalise(c, result.error());
    });
    if (!handled) close_lanes_of(lane.module());
}

void Lanes::on_drained(Connection& c, const Drained& drained) {
    if (c.phase != Phase::up || drained.lane == 0 || drained.lane > c.lanes.size()) return;
    TopicLane& lane = *c.lanes[drained.lane - 1U];
    if (!lane.drained(drained.bytes) || !lane.handler) return;
    call(lane.module(), "on_writable", [&] { lane.handler->on_writable(); });
}

/// One link may take an eighth of what there is for all.
void Lanes::on_growth_wanted(Connection& c, const GrowthWanted& wanted) {
    if (c.phase != Phase::up || wanted.lane == 0 || wanted.lane > c.lanes.size()) return;
    const auto own_max = growth_bytes_max_ / 8;
    const auto own_left = own_max - std::min(own_max, c.growth_bytes);
    const auto bytes = std::min({wanted.bytes, own_left, growth_bytes_max_ - growth_bytes_});
    if (bytes < message_overhead_bytes) return;
    c.growth_bytes += bytes;
    growth_bytes_ += bytes;
    c.receive_bytes_reserved += bytes;
    state_.stats.receive_bytes_reserved += bytes;
    c.lanes[wanted.lane - 1U]->credit_held_max += bytes / 8;
    command(c.link, GrowWindow{wanted.lane, bytes});
}

void Lanes::on_growth_returned(Connection& c, const GrowthReturned& returned) {
    if (c.phase != Phase::up || returned.lane == 0 || returned.lane > c.lanes.size()) return;
    const auto bytes = std::min(returned.bytes, c.growth_bytes);
    c.growth_bytes -= bytes;
    growth_bytes_ -= bytes;
    c.receive_bytes_reserved -= bytes;
    state_.stats.receive_bytes_reserved -= bytes;
    auto& held_max = c.lanes[returned.lane - 1U]->credit_held_max;
    held_max -= std::min(held_max, bytes / 8);
}

void Lanes::on_beat(Connection& c, const Beat& beat) {
    if (c.phase != Phase::up) return;
    if (beat.round_trip) c.round_trip = beat.round_trip;
    for (const auto& [lane_id, status] : beat.statuses) {
        if (c.phase != Phase::up) return;
        if (lane_id == 0 || lane_id > c.lanes.size()) continue;
        TopicLane& lane = *c.lanes[lane_id - 1U];
        if (!lane.handler) continue;
        call(lane.module(), "on_status", [&] { lane.handler->on_status(status); });
    }
}

// --- All links -----------------------------------------------------------------------------

void Lanes::on_attempt_failed(const FailedAttempt& attempt) {
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        if (modules_.disabled(i)) continue;
        call(i, "on_attempt_failed", [&] { modules_.at(i).on_attempt_failed(attempt); });
    }
}

void Lanes::on_timer() {
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        if (modules_.disabled(i)) continue;
        Instant due = never;
        const bool asked =
            modules_.call_unwatched(i, "next_wakeup", [&] { due = modules_.at(i).next_wakeup(); });
        if (!asked) close_lanes_of(i);
        if (due > state_.now.instant) continue;
        call(i, "on_timer", [&] { modules_.at(i).on_timer(state_.now); });
    }
    if (state_.now.instant >= waits_due_) end_waits();
    if (state_.now.instant < statuses_due_) return;
    statuses_due_ = never;
    if (state_.connections.up().empty()) return;
    collect_statuses();
    statuses_due_ = state_.now.instant + state_.config.link.heartbeat.interval / 2;
}

BroadcastResult Lanes::broadcast(std::string_view topic, Code code, const SharedBytes& message,
                                 const PeerPredicate& except) {
    BroadcastResult result;
    const auto module = modules_.find(topic);
    if (!module || modules_.disabled(*module)) return result;
    for (Connection* c : state_.connections.up()) {
        TopicLane* lane = c->lane_of_module[*module];
        if (!lane || c->phase != Phase::up) continue;
        if (except && except(PeerView{*c->id, *c->hello, c->direction})) continue;
        if (lane->queue(code, message) == SendResult::queued) {
            ++result.queued;
        } else {
            result.missed.push_back(*c->id);
        }
    }
    return result;
}

std::vector<TopicLoad> Lanes::topic_loads() const {
    std::vector<TopicLoad> out;
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        TopicLoad load = totals_[i];
        load.topic = modules_.spec(i).name;
        for (const Connection* c : state_.connections.up()) {
            const TopicLane* lane = c->lane_of_module[i];
            if (lane == nullptr || c->phase != Phase::up) continue;
            ++load.lanes;
            load.queued_bytes += lane->queued_bytes();
            if (lane->wants_room()) ++load.stalled;
        }
        out.push_back(load);
    }
    return out;
}

void Lanes::drain_credit() {
    if (ledger_->empty()) return;
    Connection* connection = nullptr;
    LinkId last{};
    for (const MessageCredit& returned : ledger_->take()) {
        if (!connection || returned.link != last) {
            connection = state_.connections.find(returned.link);
        }
        last = returned.link;
        if (!connection || connection->phase != Phase::up) continue;
        TopicLane* lane = connection->lanes[returned.lane - 1U].get();
        lane->consumed += returned.bytes;
        if (std::exchange(lane->credited, true)) continue;
        credited_.push_back(lane);
    }
    for (TopicLane* lane : credited_) {
        lane->credited = false;
        pass_on_credit(*lane);
    }
    credited_.clear();
}

void Lanes::pass_on_credit(TopicLane& lane) {
    if (lane.credit_waits_until > state_.now.instant) {
        waits_due_ =
            std::min(waits_due_, std::max(lane.credit_waits_until, state_.now.instant + wait_step));
        return;
    }
    if (lane.consumed <= lane.credit_held_max) return;
    command(lane.link(), Consumed{lane.lane(), std::exchange(lane.consumed, 0)});
}

void Lanes::note_waste(Connection& c, TopicLane& lane, Duration work) {
    state_.stats.wasted += work;
    const Instant until = state_.waste.note(state_.now.instant, c.endpoint.address, c.waste, work);
    if (until <= state_.now.instant) return;
    if (lane.credit_waits_until <= state_.now.instant) {
        ++state_.stats.slowed;
        if (state_.log.enabled(LogLevel::debug)) {
            state_.log.write(LogLevel::debug, "switch", "peer is slowed down for what it wastes",
                             {{"id", c.id->short_string()}, {"topic", lane.topic()}});
        }
    }
    lane.credit_waits_until = until;
}

/// Those whose wait is over go on.
void Lanes::end_waits() {
    waits_due_ = never;
    for (Connection* c : state_.connections.up()) {
        for (const auto& lane : c->lanes) {
            if (lane->credit_waits_until != Instant{}) pass_on_credit(*lane);
            if (lane->credit_waits_until <= state_.now.instant) lane->credit_waits_until = {};
        }
    }
}

// --- Statuses ------------------------------------------------------------------------------

void Lanes::greet(const Connection& c) {
    const bool sent = collect_statuses();
    const bool any = std::ranges::any_of(statuses_, [](const Buffer& s) { return !s.empty(); });
    if (any && !sent) send_statuses(c);
    if (statuses_due_ == never) {
        statuses_due_ = state_.now.instant + state_.config.link.heartbeat.interval / 2;
    }
}

/// Asks all modules; true if something changed and was sent to all links.
bool Lanes::collect_statuses() {
    bool changed = false;
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        Buffer status;
        if (!modules_.disabled(i)) call(i, "status", [&] { status = modules_.at(i).status(); });
        if (status.size() > status_bytes_max) {
            state_.log.write(LogLevel::error, "switch", "status is too large for a heartbeat",
                             {{"topic", modules_.spec(i).name}, {"bytes", status.size()}});
            continue;
        }
        if (status == statuses_[i]) continue;
        statuses_[i] = std::move(status);
        changed = true;
    }
    if (!changed) return false;
    encoded_statuses_.clear();
    for (const Connection* c : state_.connections.up()) send_statuses(*c);
    return true;
}

void Lanes::send_statuses(const Connection& c) {
    if (c.phase != Phase::up) return;
    // Lanes depend on the topics that are common; most links have the same.
    ModuleSet modules = 0;
    for (std::size_t i = 0; i < c.lane_of_module.size(); ++i) {
        if (c.lane_of_module[i]) modules |= ModuleSet{1} << i;
    }
    auto found =
        std::ranges::find(encoded_statuses_, modules, &std::pair<ModuleSet, SharedBytes>::first);
    if (found == encoded_statuses_.end()) {
        Statuses statuses;
        for (const auto& lane : c.lanes) {
            const Buffer& status = statuses_[lane->module()];
            if (!status.empty()) statuses.emplace_back(lane->lane(), status);
        }
        if (encoded_statuses_.size() >= encoded_statuses_max) encoded_statuses_.clear();
        encoded_statuses_.emplace_back(modules, encode_statuses(statuses));
        found = encoded_statuses_.end() - 1;
    }
    command(c.link, SetStatus{found->second});
}

}  // namespace parley::transport
