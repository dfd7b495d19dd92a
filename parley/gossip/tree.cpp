#include <parley/gossip/tree.hpp>

#include <parley/base/mutation.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace parley::gossip {

namespace {

constexpr double announce_jitter = 2.0 / 3.0;
/// So many items asked in vain halve what a peer may have us miss, twice as many leave a third.
constexpr std::size_t in_vain_per_share = 64;
/// Each round of asking has so many times the peers of the one before.
constexpr std::size_t asks_growth = 3;

}  // namespace

Tree::Tree(TreeConfig config, Rng rng)
    : config_(config),
      rng_(rng),
      seen_(mutated(Mutation::known_set_unbounded) ? std::numeric_limits<std::size_t>::max()
                                                   : config.seen_items_max,
            rng_.next()) {}

bool Tree::add_peer(PeerId peer) {
    if (peers_.contains(peer)) return false;
    const PeerSlot slot = seen_.slots().take();
    if (slot >= id_at_.size()) id_at_.resize(slot + 1);
    id_at_[slot] = peer;
    peers_.emplace(peer, Peer{.slot = slot});
    return true;
}

void Tree::remove_peer(Now now, PeerId peer) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    const bool was_eager = found->second.eager;
    const auto asked = std::move(found->second.asked);
    seen_.slots().give_back(found->second.slot);
    peers_.erase(found);
    grafts_.erase(peer);
    // What it announced and was not asked for is forgotten when its time comes, or asked of others.
    for (const auto& [item, since] : asked) not_answered(now, item);
    drop_answered_asks();
    // It may have been the one by which news came.
    if (was_eager) try_a_lazy_link();
}

Receipt Tree::on_payload(Now now, PeerId id, const ItemId& item) {
    Peer* peer = heard(now, id);
    if (peer && peer->asked.erase(item) > 0) {
        peer->delivered_at = now.instant;
        peer->in_vain /= 2;
        drop_answered_asks();
    }
    if (const auto missing = missing_.find(item); missing != missing_.end()) {
        forget_missing(missing);
    }
    const bool fresh = seen_.insert(item, ItemState::validating);
    if (!peer) return fresh ? Receipt::fresh : Receipt::duplicate;
    // A copy that crossed ours on the way, or that we never asked for, says that this link is
    // not needed for whole items.
    seen_.mark(item, peer->slot);
    copies_per_mille_ = (copies_per_mille_ * 31 + (fresh ? 0 : 1000)) / 32;
    if (fresh) {
        join_tree(*peer);
        maybe_try_a_lazy_link();
        return Receipt::fresh;
    }
    if (peer->eager) on_copy(id, *peer);
    return Receipt::duplicate;
}

void Tree::join_tree(Peer& peer) {
    peer.eager = true;
    peer.credit = std::min(peer.credit + 1, config_.credit_max);
}

void Tree::on_copy(PeerId id, Peer& peer) {
    if (peer.credit > 0) {
        --peer.credit;
        return;
    }
    peer.eager = false;
    effects_.emplace_back(Prune{id});
}

void Tree::maybe_try_a_lazy_link() {
    if (copies_per_mille_ > 10 * config_.trial_copies_percent_max) return;
    if (config_.trial_every_items == 0 || rng_.below(config_.trial_every_items) != 0) return;
    try_a_lazy_link();
}

void Tree::try_a_lazy_link() {
    std::vector<PeerId> lazy;
    for (const auto& [id, peer] : peers_) {
        if (!peer.eager) lazy.push_back(id);
    }
    if (lazy.empty()) return;
    const PeerId chosen = lazy[static_cast<std::size_t>(rng_.below(lazy.size()))];
    join_tree(peers_.find(chosen)->second);
    effects_.emplace_back(Graft{chosen, {}});
}

void Tree::on_valid(Now now, const ItemId& item) {
    PeerSet& known = seen_.put(item, ItemState::valid);
    if (const auto missing = missing_.find(item); missing != missing_.end()) {
        forget_missing(missing);
    }
    bool all = true;
    for (auto& [id, peer] : peers_) {
        if (known.contains(peer.slot)) continue;
        if (peer.eager) {
            known.insert(peer.slot);
            effects_.emplace_back(Push{id, item});
        } else {
            all = false;
        }
    }
    if (!all) queue_announcement(now, news_, item);
}

void Tree::on_invalid(const ItemId& item) {
    seen_.set_state(item, ItemState::rejected);
}

void Tree::on_unwanted(const ItemId& item) {
    seen_.set_state(item, ItemState::unwanted);
}

void Tree::on_refused(const ItemId& item) {
    seen_.set_state(item, ItemState::refused);
}

void Tree::on_dropped(const ItemId& item) {
    seen_.erase(item);
}

Announced Tree::on_announce(Now now, PeerId id, const std::vector<ItemId>& items) {
    Peer* peer = heard(now, id);
    Announced out;
    if (!peer) return out;
    for (const auto& item : items) {
        if (auto* known = seen_.peers(item)) {
            out.news += known->insert(peer->slot) ? 1 : 0;
            continue;
        }
        auto entry = missing_.find(item);
        if (entry == missing_.end()) {
            if (peer->missing_named_first >= config_.missing_per_peer_max) {
                out.too_many = true;
                return out;
            }
            // Others fill the table; or the peer would, with what it does not deliver.
            if (missing_.size() >= config_.missing_items_max ||
                peer->missing_named_first >= missing_max(*peer)) {
                continue;
            }
            entry = missing_.emplace(item, Missing{.named_first = id}).first;
            ++peer->missing_named_first;
            set_deadline(item, entry->second, now.instant + config_.graft_timeout);
        }
        if (peer->asked.contains(item)) continue;
        auto& missing = entry->second;
        if (!seen_.slots().current(missing.announcers).insert(peer->slot)) continue;
        ++out.news;
        // All others were asked already: it need not wait for their time-outs.
        if (missing.deadline == never) set_deadline(item, missing, now.instant);
    }
    return out;
}

void Tree::on_graft(PeerId peer, const std::vector<ItemId>& items) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    join_tree(found->second);
    for (const auto& item : items) seen_.mark(item, found->second.slot);
}

void Tree::on_prune(PeerId peer) {
    const auto found = peers_.find(peer);
    if (found != peers_.end()) found->second.eager = false;
}

std::size_t Tree::on_missing(Now now, PeerId id, const std::vector<ItemId>& items) {
    Peer* peer = heard(now, id);
    if (!peer) return 0;
    std::size_t asked = 0;
    for (const auto& item : items) {
        if (peer->asked.erase(item) == 0) continue;
        ++asked;
        not_answered(now, item);
    }
    drop_answered_asks();
    return asked;
}

void Tree::push_failed(Now now, PeerId peer, const ItemId& item) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    seen_.unmark(item, found->second.slot);
    queue_announcement(now, found->second.to_announce, item, true);
}

void Tree::announce_to(Now now, PeerId peer, const std::vector<ItemId>& items) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    for (const auto& item : items) {
        if (!seen_.knows(item, found->second.slot)) {
            queue_announcement(now, found->second.to_announce, item);
        }
    }
}

std::size_t Tree::announcements_waiting(PeerId peer) const {
    const auto found = peers_.find(peer);
    return found == peers_.end() ? 0 : found->second.to_announce.size();
}

void Tree::on_timer(Now now) {
    while (!asks_.empty() && asks_.front().at + config_.fetch_timeout <= now.instant) {
        const Ask ask = asks_.front();
        asks_.pop_front();
        const auto peer = peers_.find(ask.peer);
        peer->second.asked.erase(ask.item);
        give_up(now, ask.peer, peer->second, ask.item);
        not_answered(now, ask.item);
        drop_answered_asks();
    }
    while (!deadlines_.empty() && deadlines_.begin()->first <= now.instant) {
        const auto found = missing_.find(deadlines_.begin()->second);
        ask_more(now, found->first, found->second);
        if (found->second.asks == 0) forget_missing(found);
    }
    if (now.instant >= announce_at_) announce_news(now);
    if (now.instant >= rest_at_) announce_rest();
}

/// To a few peers, chosen anew each time, at once; to all that lack them with what gathers later.
/// A peer that joined the tree since the news came counts as lazy for it: it was not pushed there.
void Tree::announce_news(Now now) {
    announce_at_ = never;
    std::vector<Peer*> lazy;
    std::vector<Peer*> eager;
    for (auto& [id, peer] : peers_) {
        (peer.eager ? eager : lazy).push_back(&peer);
        tell_one(std::exchange(peer.to_announce, {}), peer);
    }
    const bool all = lazy.size() <= config_.announce_first_peers;
    if (!all) {
        rng_.shuffle(lazy);
        lazy.resize(config_.announce_first_peers);
    }
    tell(news_, lazy);
    tell(news_, eager);
    send_announcements();
    if (!all) keep_for_rest(now);
    news_.clear();
}

void Tree::keep_for_rest(Now now) {
    rest_.insert(rest_.end(), news_.begin(), news_.end());
    if (rest_.size() >= config_.announcements_per_peer_max / 2) {
        rest_at_ = now.instant;
    } else if (rest_at_ == never) {
        rest_at_ = now.instant + rng_.jitter(config_.announce_rest_interval, announce_jitter);
    }
}

void Tree::announce_rest() {
    rest_at_ = never;
    std::vector<Peer*> all;
    for (auto& [id, peer] : peers_) all.push_back(&peer);
    tell(std::exchange(rest_, {}), all);
    send_announcements();
}

/// What a peer sent or announced meanwhile needs no word.
void Tree::tell(const std::vector<ItemId>& items, const std::vector<Peer*>& peers) {
    for (const auto& item : items) {
        auto* known = seen_.peers(item);
        if (known == nullptr) continue;
        for (Peer* peer : peers) {
            if (known->insert(peer->slot)) peer->announcing.push_back(item);
        }
    }
}

/// As tell, and of what is no longer remembered it has not spoken.
void Tree::tell_one(const std::vector<ItemId>& items, Peer& peer) {
    for (const auto& item : items) {
        auto* known = seen_.peers(item);
        if (!known || known->insert(peer.slot)) peer.announcing.push_back(item);
    }
}

void Tree::send_announcements() {
    for (auto& [id, peer] : peers_) emit<Announce>(id, std::exchange(peer.announcing, {}));
}

/// In as many messages as it takes; none for nothing.
template <class Effect>
void Tree::emit(PeerId peer, std::vector<ItemId> items) {
    if (items.empty()) return;
    if (items.size() <= config_.hashes_per_message_max) {
        effects_.emplace_back(Effect{peer, std::move(items)});
        return;
    }
    for (std::size_t at = 0; at < items.size(); at += config_.hashes_per_message_max) {
        const auto n = std::min(config_.hashes_per_message_max, items.size() - at);
        const auto first = items.begin() + static_cast<std::ptrdiff_t>(at);
        effects_.emplace_back(
            Effect{peer, std::vector<ItemId>(first, first + static_cast<std::ptrdiff_t>(n))});
    }
}

Instant Tree::next_wakeup() const {
    const Instant next_round = deadlines_.empty() ? never : deadlines_.begin()->first;
    const Instant in_vain = asks_.empty() ? never : asks_.front().at + config_.fetch_timeout;
    return std::min({announce_at_, rest_at_, next_round, in_vain});
}

std::vector<TreeEffect> Tree::take_effects() {
    for (auto& [peer, items] : grafts_) {
        const auto found = peers_.find(peer);
        if (found != peers_.end()) join_tree(found->second);
        emit<Graft>(peer, std::move(items));
    }
    grafts_.clear();
    return std::exchange(effects_, {});
}

std::size_t Tree::eager_peers() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(peers_, [](const auto& entry) { return entry.second.eager; }));
}

std::size_t Tree::lazy_peers() const {
    return peers_.size() - eager_peers();
}

void Tree::queue_announcement(Now now, std::vector<ItemId>& queue, const ItemId& item, bool again) {
    if (queue.size() >= config_.announcements_per_peer_max) return;
    queue.push_back(item);
    // A peer that takes nothing must not have us try all the time, however much waits for it.
    if (!again && queue.size() >= config_.announcements_per_peer_max / 2) {
        announce_at_ = now.instant;
    } else if (announce_at_ == never) {
        announce_at_ = now.instant + rng_.jitter(config_.announce_interval, announce_jitter);
    }
}

Tree::Peer* Tree::heard(Now now, PeerId peer) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return nullptr;
    found->second.heard_at = now.instant;
    return &found->second;
}

/// The next round: one peer at first, then always more, since whoever was asked is late.
void Tree::ask_more(Now now, const ItemId& item, Missing& missing) {
    std::size_t peers = 1;
    for (std::uint32_t i = 0; i < missing.rounds && peers < peers_.size(); ++i)
        peers *= asks_growth;
    const Duration wait =
        missing.rounds == 0 ? config_.first_answer_timeout : config_.next_answer_timeout;
    ++missing.rounds;
    ask(now, item, missing, peers);
    // While nobody else has it, there is only to wait for those who were asked.
    set_deadline(item, missing, missing.announcers.empty() ? never : now.instant + wait);
}

/// Asks those announcers that were asked in vain least; among equals the first announcer, then
/// anybody. So a peer that delivers nothing costs others little. Cost: a look at each announcer.
void Tree::ask(Now now, const ItemId& item, Missing& missing, std::size_t peers_max) {
    struct Candidate {
        std::pair<std::size_t, bool> rank;
        PeerId id;
    };
    std::vector<Candidate> candidates;
    seen_.slots().current(missing.announcers).for_each([&](PeerSlot slot) {
        const PeerId id = id_at_[slot];
        candidates.push_back({{peers_.find(id)->second.in_vain, id != missing.named_first}, id});
    });
    considered_ += candidates.size();
    rng_.shuffle(candidates);
    std::ranges::stable_sort(candidates, {}, &Candidate::rank);
    for (const auto& [rank, id] : candidates) {
        if (peers_max-- == 0 || asks_.size() >= config_.asks_max) return;
        Peer& peer = peers_.find(id)->second;
        missing.announcers.erase(peer.slot);
        ++missing.asks;
        peer.asked.emplace(item, now.instant);
        asks_.push_back({now.instant, id, item});
        grafts_[id].push_back(item);
    }
}

/// One that was asked for the item will not answer any more. If it was the last one, the next is
/// asked at once.
void Tree::not_answered(Now now, const ItemId& item) {
    const auto found = missing_.find(item);
    if (found == missing_.end() || found->second.asks == 0 || --found->second.asks > 0) return;
    ask(now, item, found->second, 1);
    if (found->second.asks == 0) forget_missing(found);
}

/// So that the first of asks_ is one that still waits.
void Tree::drop_answered_asks() {
    while (!asks_.empty()) {
        const Ask& ask = asks_.front();
        const auto peer = peers_.find(ask.peer);
        if (peer != peers_.end()) {
            const auto asked = peer->second.asked.find(ask.item);
            if (asked != peer->second.asked.end() && asked->second == ask.at) return;
        }
        asks_.pop_front();
    }
}

/// The peer that was asked did not deliver in time. A slow path or one that stands still is not the
/// peer's fault: its words on the topic come in order, so it withholds for sure only if others came
/// long after the question.
void Tree::give_up(Now now, PeerId id, Peer& peer, const ItemId& item) {
    peer.in_vain = std::min(peer.in_vain + 1, config_.missing_per_peer_max);
    const Instant asked_at = now.instant - config_.fetch_timeout;
    if (peer.delivered_at > asked_at || peer.charged_at > asked_at) return;
    peer.charged_at = now.instant;
    const bool silent = peer.heard_at < asked_at + config_.fetch_timeout / 2;
    effects_.emplace_back(Withheld{id, item, silent});
}

/// A peer that does not deliver may not fill the table with inventions.
std::size_t Tree::missing_max(const Peer& peer) const {
    return config_.missing_per_peer_max / (1 + peer.in_vain / in_vain_per_share);
}

void Tree::set_deadline(const ItemId& item, Missing& missing, Instant at) {
    deadlines_.erase({missing.deadline, item});
    missing.deadline = at;
    deadlines_.emplace(at, item);
}

void Tree::forget_missing(std::map<ItemId, Missing>::iterator at) {
    deadlines_.erase({at->second.deadline, at->first});
    const auto first = peers_.find(at->second.named_first);
    if (first != peers_.end()) --first->second.missing_named_first;
    missing_.erase(at);
}

}  // namespace parley::gossip
