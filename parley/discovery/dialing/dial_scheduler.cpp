#include <parley/discovery/dialing/dial_scheduler.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery {

using transport::CloseReason;
using transport::DialError;
using transport::Direction;
using transport::SlotClass;

namespace {

/// When the rate alone holds dials back, look again after this.
constexpr Duration rate_pause = 50ms;

/// Ends of a dial by our own doing, or because the two are linked already.
bool is_no_outcome(CloseReason reason) {
    return reason == CloseReason::requested || reason == CloseReason::tie_lost ||
           reason == CloseReason::duplicate || reason == CloseReason::rotated;
}

}  // namespace

DialScheduler::DialScheduler(DialConfig config, AddressBook& book, Rng rng)
    : config_(config),
      book_(book),
      rng_(rng),
      rate_(config.dials_per_second, config.dials_burst),
      anchors_left_(book.anchors_before()),
      outage_(config.outage) {}

// --- What happened ---

void DialScheduler::on_up(Now now, const transport::PeerUp& up) {
    outage_.on_contact(now.instant);
    const bool counts = up.direction == Direction::outbound && up.slot_class == SlotClass::ordinary;
    // The dial was to the endpoint that the book knows, whichever address its name led to.
    const auto dial = dials_.find(up.id);
    const bool dialed = up.direction == Direction::outbound && dial != dials_.end();
    const Endpoint known = dialed ? dial->second.endpoint : up.endpoint;
    const bool tried = counts && dialed && dial->second.tried;
    end_dial(up.id);
    if (up_.emplace(up.link, Up{up.id, up.endpoint, counts, tried, now.instant}).second) {
        ++links_per_id_[up.id];
        if (counts) {
            ++outbound_up_;
            hold_group(up.endpoint);
            note_anchors();
        }
    }
    book_.on_connected(now, up.id, up.direction, known);
}

void DialScheduler::on_down(Now now, const transport::PeerDown& down) {
    const auto found = up_.find(down.link);
    if (found == up_.end()) return;
    const bool counted = found->second.ordinary_outbound;
    if (counted) {
        --outbound_up_;
        free_group(found->second.endpoint);
    }
    up_.erase(found);
    // When all go at once, as when the network is cut off, the anchors stay as they are.
    if (counted && outbound_up_ > 0) note_anchors();
    const auto links = links_per_id_.find(down.id);
    if (--links->second > 0) return;
    links_per_id_.erase(links);
    book_.on_disconnected(now, down.id, down.reason, down.age);
}

void DialScheduler::on_dial_failed(Now now, const transport::DialFailed& failed) {
    const NodeId& id = failed.target.id;
    const auto dial = dials_.find(id);
    const bool feeler = dial != dials_.end() && dial->second.slot_class == SlotClass::feeler;
    end_dial(id);
    const bool tested = feeler && failed.reason == CloseReason::rotated;
    if (failed.alive || tested) outage_.on_contact(now.instant);
    // If a link to it is up meanwhile, the book ignores all of this.
    if (failed.reason == CloseReason::self_dial) {
        book_.remove(id);
    } else if (tested) {
        book_.on_tested(now, id);
    } else if (is_no_outcome(failed.reason)) {
        book_.defer(now, id, config_.already_wait);
    } else if (failed.alive) {
        book_.on_turned_away(now, id, failed.reason);
    } else if (!up_.empty() || outage_.recent_contact(now.instant)) {
        book_.on_dial_failed(now, id);
    } else {
        outage_.on_failure(now.instant);
        book_.on_unanswered(now, id, outage_.failures());
    }
}

void DialScheduler::on_dialing(Now now, const Dial& dial) {
    const Instant until = now.instant + config_.dial_timeout;
    const UnderWay under_way{dial.target.endpoint, dial.slot_class, dial.tried, until};
    if (dials_.emplace(dial.target.id, under_way).second &&
        dial.slot_class == SlotClass::ordinary) {
        hold_group(dial.target.endpoint);
    }
    book_.on_dialing(now, dial.target.id);
    outage_.on_dialing(now.instant);
}

void DialScheduler::on_refused(Now now, const Dial& dial, DialError error) {
    const NodeId& id = dial.target.id;
    switch (error) {
        case DialError::self:
            book_.remove(id);
            break;
        case DialError::already:
            book_.defer(now, id, config_.already_wait);
            break;
        case DialError::group_taken:
            book_.defer(now, id, config_.group_taken_wait);
            break;
        case DialError::banned:
            book_.defer(now, id, config_.banned_wait);
            break;
        case DialError::no_slot:
            if (dial.slot_class == SlotClass::static_peer) {
                book_.defer(now, id, config_.no_slot_wait);
            } else {
                paused_until_ = now.instant + rng_.jitter(config_.no_slot_wait, 0.25);
            }
            break;
    }
}

void DialScheduler::end_dial(const NodeId& id) {
    const auto found = dials_.find(id);
    if (found == dials_.end()) return;
    if (found->second.slot_class == SlotClass::ordinary) free_group(found->second.endpoint);
    dials_.erase(found);
}

void DialScheduler::give_up_stale(Now now) {
    std::vector<NodeId> stale;
    for (const auto& [id, dial] : dials_) {
        if (dial.until <= now.instant) stale.push_back(id);
    }
    for (const NodeId& id : stale) {
        end_dial(id);
        book_.defer(now, id, config_.already_wait);
    }
}

void DialScheduler::hold_group(const Endpoint& endpoint) {
    if (is_exempt_from_group_limits(endpoint.address)) return;
    if (endpoint.address.is_unspecified()) return;  // a name
    ++groups_[book_.owners().of(endpoint.address)];
}

void DialScheduler::free_group(const Endpoint& endpoint) {
    const auto found = groups_.find(book_.owners().of(endpoint.address));
    if (found == groups_.end()) return;
    if (--found->second == 0) groups_.erase(found);
}

void DialScheduler::set_host(const NodeId& id, std::string host) {
    if (host.empty()) {
        hosts_.erase(id);
    } else {
        hosts_.insert_or_assign(id, std::move(host));
    }
}

// --- The next dial ---

Target DialScheduler::target_of(const Entry& entry) const {
    Target target{entry.id, entry.endpoint()};
    const auto host = hosts_.find(entry.id);
    if (host != hosts_.end() && target.endpoint.address.is_unspecified()) {
        target.host = host->second;
    }
    // As much is known of it as of the endpoint itself: both are as the book has them.
    if (!entry.record || entry.record.endpoint() != target.endpoint) return target;
    const auto record = Enr::decode_verified(entry.record.raw());
    const auto other = record ? record->other_tcp_endpoint() : std::nullopt;
    // Of the same scope: a public node must not have us call at addresses of our own network.
    if (other && scope_of(other->address) == scope_of(target.endpoint.address)) {
        target.other = other;
    }
    return target;
}

bool DialScheduler::blocked(const NodeId& id) const {
    return id == book_.self() || is_up(id) || dials_.contains(id) || (allowed_ && !allowed_(id));
}

bool DialScheduler::excluded(const Entry& entry) const {
    if (static_.contains(entry.id) || blocked(entry.id)) return true;
    const IpAddress address = entry.endpoint().address;
    return !is_exempt_from_group_limits(address) && groups_.contains(book_.owners().of(address));
}

std::size_t DialScheduler::under_way(SlotClass slot_class) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        dials_, [&](const auto& dial) { return dial.second.slot_class == slot_class; }));
}

bool DialScheduler::wants_ordinary(Now now) const {
    const std::size_t dialing = under_way(SlotClass::ordinary);
    if (offline() && now.instant < outage_.next_dial()) return false;
    return now.instant >= paused_until_ && dialing < config_.dials_max &&
           outbound_up_ + dialing < config_.outbound_target;
}

const Entry* DialScheduler::pick_static(Now now) const {
    if (under_way(SlotClass::static_peer) >= config_.static_dials_max) return nullptr;
    const Entry* first = nullptr;  // the one that has waited longest
    for (const NodeId& id : static_) {
        const Entry* entry = blocked(id) ? nullptr : book_.find(id);
        if (!entry || entry->next_attempt > now.instant) continue;
        if (!first || entry->next_attempt < first->next_attempt) first = entry;
    }
    return first;
}

/// The ordinary outbound links that had been up longest before the restart, once each.
const Entry* DialScheduler::pick_anchor(Now now) {
    while (!anchors_left_.empty()) {
        const Entry* entry = book_.find(anchors_left_.back());
        anchors_left_.pop_back();
        if (entry && entry->next_attempt <= now.instant && !excluded(*entry)) return entry;
    }
    return nullptr;
}

const Entry* DialScheduler::pick_ordinary(Now now) {
    if (!wants_ordinary(now)) return nullptr;
    if (const Entry* anchor = pick_anchor(now)) return anchor;
    const auto exclude = [this](const Entry& entry) { return excluded(entry); };
    if (book_.count(EntryState::unknown) < config_.hungry_below) {
        if (const Entry* boot = book_.pick_pinned(now, exclude)) return boot;
    }
    // While nobody answers, the best are tried.
    return book_.pick_for_dial(now, exclude, offline() || (config_.tried_first && lacks_tried()));
}

/// Less than seven eighths of the links that are wanted are, or will be, to those that answered
/// before.
bool DialScheduler::lacks_tried() const {
    const auto up = std::ranges::count_if(up_, [](const auto& link) { return link.second.tried; });
    const auto dialing = std::ranges::count_if(dials_, [](const auto& dial) {
        return dial.second.tried && dial.second.slot_class == SlotClass::ordinary;
    });
    return 8 * static_cast<std::size_t>(up + dialing) < 7 * config_.outbound_target;
}

bool DialScheduler::feeler_due(Now now) const {
    return now.instant >= feeler_at_ && outbound_up_ >= config_.outbound_target &&
           under_way(SlotClass::feeler) == 0;
}

/// Feelers count in no group: what they test need not be a node that we would link to now.
const Entry* DialScheduler::pick_feeler(Now now) {
    if (feeler_at_ == never) feeler_at_ = now.instant + rng_.jitter(config_.feeler_interval, 0.5);
    if (!feeler_due(now)) return nullptr;
    feeler_at_ = now.instant + rng_.jitter(config_.feeler_interval, 0.5);
    return book_.pick_for_feeler(
        now, [this](const Entry& e) { return static_.contains(e.id) || blocked(e.id); });
}

std::optional<DialScheduler::Dial> DialScheduler::next(Now now) {
    give_up_stale(now);
    SlotClass slot_class = SlotClass::static_peer;
    const Entry* entry = pick_static(now);
    if (!entry) {
        slot_class = SlotClass::ordinary;
        entry = pick_ordinary(now);
    }
    if (!entry) {
        slot_class = SlotClass::feeler;
        entry = pick_feeler(now);
    }
    const bool rate_limited = entry && !rate_.take(now.instant);
    if (entry && !rate_limited) {
        return Dial{target_of(*entry), slot_class, entry->tried()};
    }
    plan_wakeup(now, rate_limited);
    return std::nullopt;
}

void DialScheduler::note_anchors() {
    if (stopped_) return;
    std::vector<std::pair<Instant, NodeId>> oldest;
    for (const auto& [link, up] : up_) {
        if (up.ordinary_outbound) oldest.emplace_back(up.since, up.id);
    }
    std::ranges::sort(oldest);
    std::vector<NodeId> anchors;
    for (const auto& [since, id] : oldest) anchors.push_back(id);
    book_.set_anchors(std::move(anchors));
}

std::optional<NodeId> DialScheduler::churn(Now now) {
    if (churn_at_ == never) churn_at_ = now.instant + rng_.jitter(config_.churn_interval, 0.5);
    if (now.instant < churn_at_) return std::nullopt;
    churn_at_ = now.instant + rng_.jitter(config_.churn_interval, 0.5);
    // Only while there are other nodes to dial.
    const bool others = book_.count(EntryState::unknown) >= config_.hungry_below;
    if (!others || outbound_up_ < config_.outbound_target) return std::nullopt;
    std::vector<NodeId> fit;
    for (const auto& [link, up] : up_) {
        if (up.ordinary_outbound && now.instant - up.since >= config_.churn_age &&
            !book_.is_anchor(up.id)) {
            fit.push_back(up.id);
        }
    }
    if (fit.empty()) return std::nullopt;
    return fit[static_cast<std::size_t>(rng_.below(fit.size()))];
}

void DialScheduler::plan_wakeup(Now now, bool rate_limited) {
    wakeup_ = never;
    if (rate_limited) wakeup_ = now.instant + rate_pause;
    for (const auto& [id, dial] : dials_) wakeup_ = std::min(wakeup_, dial.until);
    wakeup_ = std::min(wakeup_, churn_at_);
    // A feeler that is due waits for a link that is missing; then it is looked at again anyway.
    if (feeler_at_ > now.instant) wakeup_ = std::min(wakeup_, feeler_at_);
    if (paused_until_ > now.instant) wakeup_ = std::min(wakeup_, paused_until_);
    if (offline() && outage_.next_dial() > now.instant) {
        wakeup_ = std::min(wakeup_, outage_.next_dial());
    }
    for (const NodeId& id : static_) {
        const Entry* entry = blocked(id) ? nullptr : book_.find(id);
        if (entry && entry->next_attempt > now.instant) {
            wakeup_ = std::min(wakeup_, entry->next_attempt);
        }
    }
    if (!rate_limited && wants_ordinary(now)) {
        const auto exclude = [this](const Entry& entry) { return excluded(entry); };
        wakeup_ =
            std::min(wakeup_, std::max(book_.next_attempt(now, exclude), now.instant + rate_pause));
    }
}

}  // namespace parley::discovery
