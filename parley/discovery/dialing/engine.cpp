#include <parley/discovery/dialing/engine.hpp>

#include <parley/base/overloaded.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery {

using transport::DialFailed;
using transport::PeerDown;
using transport::PeerUp;

Engine::Engine(EngineConfig config, AddressBook& book, Dialer& dialer, Hub& hub, Log& log, Rng rng)
    : config_(config),
      book_(book),
      dialer_(dialer),
      log_(log),
      scheduler_(config.dials, book, rng) {
    const auto keep = [this](const auto& event) { events_.emplace_back(event); };
    subscriptions_.push_back(hub.subscribe<PeerUp>(keep));
    subscriptions_.push_back(hub.subscribe<PeerDown>(keep));
    subscriptions_.push_back(hub.subscribe<DialFailed>(keep));
    subscriptions_.push_back(hub.subscribe<BookGrew>([this](const auto&) { look_again_ = true; }));
}

AddResult Engine::add_boot(Now now, const Target& target) {
    look_again_ = true;
    scheduler_.set_host(target.id, target.host);
    return book_.add_target(now, target, {SourceKind::boot, {}, {}}, Pin::boot);
}

AddResult Engine::add_static(Now now, const Target& target, SourceKind kind) {
    const AddResult result = book_.add_target(now, target, {kind, {}, {}}, Pin::static_peer);
    if (book_.find(target.id)) {
        scheduler_.add_static(target.id);
        scheduler_.set_host(target.id, target.host);
        look_again_ = true;
    }
    return result;
}

bool Engine::remove_static(const NodeId& id) {
    if (!scheduler_.is_static(id)) return false;
    scheduler_.remove_static(id);
    book_.unpin(id);
    look_again_ = true;
    return true;
}

void Engine::set_allowed(std::function<bool(const NodeId&)> allowed) {
    scheduler_.set_allowed(std::move(allowed));
    look_again_ = true;
}

Instant Engine::next_wakeup() const {
    if (look_again_ || !events_.empty()) return last_;
    return stopped_ ? expire_at_ : std::min(scheduler_.next_wakeup(), expire_at_);
}

void Engine::on_timer(Now now) {
    if (now.instant < next_wakeup()) return;
    last_ = now.instant;
    look_again_ = false;
    for (const Event& event : std::exchange(events_, {})) {
        std::visit(overloaded{
                       [&](const PeerUp& up) { on_up(now, up); },
                       [&](const PeerDown& down) { scheduler_.on_down(now, down); },
                       [&](const DialFailed& failed) { on_dial_failed(now, failed); },
                   },
                   event);
    }
    note_outage(now);
    if (now.instant >= expire_at_) {
        const bool in_contact =
            contact_since_ != never && now.instant - contact_since_ >= config_.expire_after_contact;
        if (in_contact) book_.expire(now);
        expire_at_ = now.instant + config_.expire_interval;
    }
    if (stopped_) return;
    dial_all(now);
    if (const auto old = scheduler_.churn(now)) dialer_.hang_up(now, *old);
}

void Engine::note_outage(Now now) {
    const Outage& outage = scheduler_.outage();
    if (outage.failures() > 0) {
        contact_since_ = never;
    } else if (contact_since_ == never && outage.recent_contact(now.instant)) {
        contact_since_ = now.instant;
    }
    const bool offline = scheduler_.offline();
    if (offline == was_offline_) return;
    was_offline_ = offline;
    if (offline) {
        log_.write(LogLevel::warn, "discovery", "nobody answers: this node seems to be cut off",
                   {{"dials", outage.failures()}, {"known", book_.size()}});
    } else {
        log_.write(LogLevel::info, "discovery", "in contact again", {});
    }
}

void Engine::dial_all(Now now) {
    while (const auto dial = scheduler_.next(now)) {
        const auto link = dialer_.dial(now, dial->target, dial->slot_class);
        if (link) {
            scheduler_.on_dialing(now, *dial);
        } else {
            scheduler_.on_refused(now, *dial, link.error());
        }
    }
}

void Engine::on_up(Now now, const PeerUp& up) {
    // The handshake authenticated the peer; the record in its Hello is its own newest.
    book_.add_own_record(now, up.hello.record, {SourceKind::inbound, up.id, up.endpoint.address});
    scheduler_.on_up(now, up);
}

void Engine::on_dial_failed(Now now, const DialFailed& failed) {
    scheduler_.on_dial_failed(now, failed);
    const Source source{SourceKind::goodbye, failed.target.id, failed.target.endpoint.address};
    std::size_t taken = 0;
    for (const Enr& record : failed.others) {
        if (changed(book_.add_record(now, record, source))) ++taken;
    }
    if (taken > 0 && log_.enabled(LogLevel::debug)) {
        log_.write(LogLevel::debug, "discovery", "turned away with alternatives",
                   {{"by", failed.target.id.short_string()}, {"new", taken}});
    }
}

}  // namespace parley::discovery
