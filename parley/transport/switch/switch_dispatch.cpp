// A link that is up: its lanes, its messages to the modules and theirs to it, statuses, credit.
#include <parley/transport/link/control.hpp>
#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/switch/switch_core.hpp>

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <utility>

namespace parley::transport {

// --- TopicLane -----------------------------------------------------------------------------

const NodeId& TopicLane::id() const {
    core_.check_thread("id", module_);
    return *connection_.id;
}
const Hello& TopicLane::hello() const {
    core_.check_thread("hello", module_);
    return *connection_.hello;
}
const Endpoint& TopicLane::endpoint() const {
    core_.check_thread("endpoint", module_);
    return connection_.endpoint;
}
Direction TopicLane::direction() const {
    core_.check_thread("direction", module_);
    return connection_.direction;
}
LinkId TopicLane::link() const {
    return connection_.link;
}
Now TopicLane::now() const {
    core_.check_thread("now", module_);
    return core_.now();
}
std::size_t TopicLane::message_bytes_max() const {
    core_.check_thread("message_bytes_max", module_);
    return message_bytes_max_;
}
void TopicLane::mark_useful() {
    core_.check_thread("mark_useful", module_);
    connection_.useful_at = core_.now().instant;
}
void TopicLane::penalise(Offence offence) {
    core_.check_thread("penalise", module_);
    core_.penalise(connection_, offence);
}
void TopicLane::disconnect() {
    core_.check_thread("disconnect", module_);
    core_.close(connection_, {CloseReason::requested, {}, {}, {}});
}

SendResult TopicLane::send(Code code, SharedBytes message) {
    core_.check_thread("send", module_);
    return queue(code, std::move(message));
}

SendResult TopicLane::queue(Code code, SharedBytes message) {
    const std::size_t size = message.size();
    if (connection_.phase != Phase::up || disabled) return SendResult::closed;
    if (size > message_bytes_max_) return SendResult::too_large;
    const std::uint64_t cost = credit_cost(size);
    // An empty queue takes any message, also one that alone is over the budget.
    if (queued_ > 0 && queued_ + cost > budget_) {
        if (!std::exchange(wants_room_, true)) core_.note_stall(module_);
        return SendResult::full;
    }
    queued_ += cost;
    ++connection_.messages_out;
    connection_.bytes_out += size;
    core_.command(connection_.link, Send{lane_, code, std::move(message)});
    return SendResult::queued;
}

bool TopicLane::drained(std::uint64_t cost) {
    assert(cost <= queued_);
    queued_ -= std::min(queued_, cost);
    if (!wants_room_ || queued_ > budget_ / 2) return false;
    wants_room_ = false;
    return true;
}

// --- Up ------------------------------------------------------------------------------------

void SwitchCore::make_lanes(Connection& c) {
    c.lane_of_module.assign(modules_.size(), nullptr);
    const std::vector<CommonTopic> topics = common_topics(hello_, *c.hello);
    for (std::size_t i = 0; i < topics.size(); ++i) {
        const auto module = std::ranges::find_if(
            modules_by_name_, [&](std::size_t m) { return specs_[m].name == topics[i].name; });
        assert(module != modules_by_name_.end());
        c.lanes.push_back(std::make_unique<TopicLane>(*this, c, static_cast<LaneId>(i + 1), *module,
                                                      specs_[*module].send_budget_bytes,
                                                      topics[i].theirs.message_bytes_max));
        const std::uint64_t spare =
            initial_credit(topics[i].ours) - credit_cost(topics[i].ours.message_bytes_max);
        c.lanes.back()->credit_held_max = spare / 8;
        c.lanes.back()->disabled = disabled_[*module];
        c.lane_of_module[*module] = c.lanes.back().get();
    }
}

void SwitchCore::bring_up(Connection& c) {
    c.phase = Phase::up;
    c.was_up = true;
    c.since = now_.instant;
    ++stats_.ups;
    failed_dials_.on_up(*c.id);
    if (c.direction == Direction::outbound) ++stats_.ups_outbound;
    up_.insert(std::ranges::upper_bound(up_, c.link, {}, &Connection::link), &c);
    make_lanes(c);
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        TopicLane* lane = c.lane_of_module[i];
        if (!lane || disabled_[i]) continue;
        call_module(i, "new_peer", [&] {
            lane->handler = modules_[i]->new_peer(*lane);
            if (!lane->handler) throw std::logic_error{"new_peer returned null"};
        });
    }
    hub_.publish(PeerUp{c.link, *c.id, c.endpoint, c.direction, c.slot_class, *c.hello});
    if (log_.enabled(LogLevel::info)) {
        log_.write(LogLevel::info, "switch", "peer up",
                   {{"link", c.link.value},
                    {"id", c.id->short_string()},
                    {"remote", c.endpoint.to_string()},
                    {"direction", name(c.direction)},
                    {"class", name(c.slot_class)},
                    {"client", c.hello->client}});
    }
    const bool sent = collect_statuses();
    const bool any = std::ranges::any_of(statuses_, [](const Buffer& s) { return !s.empty(); });
    if (any && !sent) send_statuses(c);
    if (statuses_due_ == never) {
        statuses_due_ = now_.instant + config_.link.heartbeat.interval / 2;
    }
}

void SwitchCore::deliver(Connection& c, Delivered& batch) {
    const Bytes slab{batch.slab};
    TopicLane* entered = nullptr;
    for (Delivered::Item& item : batch.items) {
        if (c.phase != Phase::up) break;  // closing: nothing more is heard of it
        if (item.lane == 0 || item.lane > c.lanes.size()) {
            assert(false && "a link delivered on a lane that it does not have");
            continue;
        }
        TopicLane& lane = *c.lanes[item.lane - 1U];
        if (call_watch && entered != &lane) {
            if (entered) call_watch->leave();
            entered = &lane;
            call_watch->enter(specs_[lane.module()].name);
        }
        Buffer bytes = item.own.empty() ? to_buffer(slab.subspan(item.offset, item.size))
                                        : std::move(item.own);
        ++c.messages_in;
        c.bytes_in += bytes.size();
        Message message{std::move(bytes), ledger_, c.link, item.lane, item.credit_bytes};
        if (!lane.handler) continue;  // its module is disabled: the credit goes back at once
        try {
            const auto result = lane.handler->handle(item.code, std::move(message));
            if (!result) penalise(c, result.error());
        } catch (const std::exception& e) {
            disable_module(lane.module(), "handle", e.what());
        } catch (...) {
            disable_module(lane.module(), "handle", "no std::exception");
        }
    }
    if (entered) call_watch->leave();
}

void SwitchCore::on_drained(Connection& c, const Drained& drained) {
    if (c.phase != Phase::up || drained.lane == 0 || drained.lane > c.lanes.size()) return;
    TopicLane& lane = *c.lanes[drained.lane - 1U];
    if (!lane.drained(drained.bytes) || !lane.handler) return;
    call_module(lane.module(), "on_writable", [&] { lane.handler->on_writable(); });
}

/// One link may take an eighth of what there is for all.
void SwitchCore::on_growth_wanted(Connection& c, const GrowthWanted& wanted) {
    if (c.phase != Phase::up || wanted.lane == 0 || wanted.lane > c.lanes.size()) return;
    const auto own_max = growth_bytes_max_ / 8;
    const auto own_left = own_max - std::min(own_max, c.growth_bytes);
    const auto bytes = std::min({wanted.bytes, own_left, growth_bytes_max_ - growth_bytes_});
    if (bytes < message_overhead_bytes) return;
    c.growth_bytes += bytes;
    growth_bytes_ += bytes;
    c.receive_bytes_reserved += bytes;
    stats_.receive_bytes_reserved += bytes;
    c.lanes[wanted.lane - 1U]->credit_held_max += bytes / 8;
    command(c.link, GrowWindow{wanted.lane, bytes});
}

void SwitchCore::on_beat(Connection& c, const Beat& beat) {
    if (c.phase != Phase::up) return;
    if (beat.round_trip) c.round_trip = beat.round_trip;
    for (const auto& [lane_id, status] : beat.statuses) {
        if (c.phase != Phase::up) return;
        if (lane_id == 0 || lane_id > c.lanes.size()) continue;
        TopicLane& lane = *c.lanes[lane_id - 1U];
        if (!lane.handler) continue;
        call_module(lane.module(), "on_status", [&] { lane.handler->on_status(status); });
    }
}

void SwitchCore::on_observed_address(const Connection& c, const ObservedAddress& seen) {
    if (c.phase != Phase::up || c.direction != Direction::outbound) return;
    hub_.publish(OwnAddressObserved{c.link, *c.id, c.endpoint, seen.endpoint});
}

// --- To many -------------------------------------------------------------------------------

BroadcastResult SwitchCore::broadcast(std::string_view topic, Code code, const SharedBytes& message,
                                      const PeerPredicate& except) {
    BroadcastResult result;
    const auto spec = std::ranges::find(specs_, topic, &TopicSpec::name);
    if (spec == specs_.end()) return result;
    const auto module = static_cast<std::size_t>(spec - specs_.begin());
    for (Connection* c : up_) {
        TopicLane* lane = c->lane_of_module[module];
        if (!lane || lane->disabled || c->phase != Phase::up) continue;
        if (except && except(PeerView{*c->id, *c->hello, c->direction})) continue;
        if (lane->queue(code, message) == SendResult::queued) {
            ++result.queued;
        } else {
            result.missed.push_back(*c->id);
        }
    }
    return result;
}

/// Asks all modules; true if something changed and was sent to all links.
bool SwitchCore::collect_statuses() {
    bool changed = false;
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        Buffer status;
        if (!disabled_[i]) call_module(i, "status", [&] { status = modules_[i]->status(); });
        if (status.size() > status_bytes_max) {
            log_.write(LogLevel::error, "switch", "status is too large for a heartbeat",
                       {{"topic", specs_[i].name}, {"bytes", status.size()}});
            continue;
        }
        if (status == statuses_[i]) continue;
        statuses_[i] = std::move(status);
        changed = true;
    }
    if (!changed) return false;
    encoded_statuses_.clear();
    for (const Connection* c : up_) send_statuses(*c);
    return true;
}

void SwitchCore::send_statuses(const Connection& c) {
    if (c.phase != Phase::up) return;
    // Lanes depend on the topics that are common; most links have the same.
    std::uint32_t modules = 0;
    for (std::size_t i = 0; i < c.lane_of_module.size(); ++i) {
        if (c.lane_of_module[i]) modules |= std::uint32_t{1} << i;
    }
    auto found = std::ranges::find(encoded_statuses_, modules,
                                   &std::pair<std::uint32_t, SharedBytes>::first);
    if (found == encoded_statuses_.end()) {
        Statuses statuses;
        for (const auto& lane : c.lanes) {
            const Buffer& status = statuses_[lane->module()];
            if (!status.empty()) statuses.emplace_back(lane->lane(), status);
        }
        if (encoded_statuses_.size() >= 16) encoded_statuses_.clear();
        encoded_statuses_.emplace_back(modules, encode_statuses(statuses));
        found = encoded_statuses_.end() - 1;
    }
    command(c.link, SetStatus{found->second});
}

std::vector<PeerInfo> SwitchCore::peers() const {
    std::vector<PeerInfo> out;
    out.reserve(up_.size());
    for (const Connection* c : up_) {
        if (c->phase != Phase::up) continue;
        out.push_back({c->link, *c->id, c->endpoint, c->direction, c->slot_class, *c->hello,
                       c->since, c->round_trip, c->messages_in, c->messages_out, c->bytes_in,
                       c->bytes_out, c->useful_at, c->offences, offences_.score(now_, *c->id)});
    }
    return out;
}

std::vector<TopicLoad> SwitchCore::topic_loads() const {
    std::vector<TopicLoad> out;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
        TopicLoad load{.topic = specs_[i].name, .stalls = stalls_[i]};
        for (const Connection* c : up_) {
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

// --- Effects -------------------------------------------------------------------------------

void SwitchCore::drain_credit() {
    if (ledger_->empty()) return;
    Connection* connection = nullptr;
    LinkId last{};
    for (const CreditLedger::Returned& returned : ledger_->take()) {
        if (!connection || returned.link != last) connection = find(returned.link);
        last = returned.link;
        if (!connection || connection->phase != Phase::up) continue;
        TopicLane* lane = connection->lanes[returned.lane - 1U].get();
        lane->consumed += returned.bytes;
        if (std::exchange(lane->credited, true)) continue;
        credited_.push_back(lane);
    }
    for (TopicLane* lane : credited_) {
        lane->credited = false;
        if (lane->consumed <= lane->credit_held_max) continue;
        command(lane->link(), Consumed{lane->lane(), std::exchange(lane->consumed, 0)});
    }
    credited_.clear();
}

void SwitchCore::take_effects(std::vector<SwitchEffect>& out) {
    drain_credit();
    out.clear();
    std::swap(out, effects_);
}

}  // namespace parley::transport
