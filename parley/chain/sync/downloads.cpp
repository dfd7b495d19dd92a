#include <parley/chain/sync/downloads.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain {

using sync_topic::ChainStatus;
using transport::Offence;

void Downloads::add_peer(PeerId peer) {
    peers_.try_emplace(peer);
}

Downloads::Peer* Downloads::peer_of(PeerId id) {
    const auto found = peers_.find(id);
    return found == peers_.end() ? nullptr : &found->second;
}

Downloads::Pending* Downloads::find(const Hash256& hash) {
    const auto found = std::ranges::find(blocks_, hash, &Pending::hash);
    return found == blocks_.end() ? nullptr : &*found;
}

void Downloads::charge(PeerId peer, Offence offence, std::vector<Effect>& out) {
    out.emplace_back(Charge{peer, offence});
}

/// What it was asked is to be asked of another.
void Downloads::give_back(Peer& peer) {
    if (!peer.question) return;
    for (const auto& hash : peer.question->hashes) {
        auto* pending = find(hash);
        if (pending && !pending->body) pending->is_asked = false;
    }
    peer.question.reset();
}

void Downloads::remove_peer(Now now, PeerId id, std::vector<Effect>& out) {
    if (auto* peer = peer_of(id)) {
        give_back(*peer);
        peers_.erase(id);
        work(now, out);
    }
}

void Downloads::on_status(Now now, PeerId id, const ChainStatus& status, std::vector<Effect>& out) {
    auto* peer = peer_of(id);
    if (!peer) return;
    if (peer->status != status) peer->has_no_more = false;
    peer->status = status;
    work(now, out);
}

void Downloads::on_headers(Now now, PeerId id, std::uint64_t question, std::vector<Header> headers,
                           std::vector<Effect>& out) {
    auto* peer = peer_of(id);
    if (!peer) return;
    if (!peer->question || !peer->question->of_headers || peer->question->id != question ||
        headers.size() > config_.headers_per_question) {
        return charge(id, Offence::unasked, out);
    }
    peer->question.reset();
    peer->failures = 0;
    if (headers.empty()) peer->has_no_more = true;
    for (auto& header : headers) {
        // The first of an answer to a locator follows some block of ours.
        const bool is_first = blocks_.empty();
        const auto parent = is_first ? header.parent_hash : blocks_.back().hash;
        const auto number = is_first ? header.number : blocks_.back().header.number + 1;
        const auto hash = chain_.hash_of(header);
        if (is_first && chain_.is_known(hash)) continue;
        if (!follows(header, parent, number) || (is_first && !chain_.is_known(parent))) {
            peer->has_no_more = true;
            charge(id, Offence::invalid_data, out);
            break;
        }
        if (const auto due = chain_.due(header, now)) {
            peer->waits_until = due;
            break;
        }
        if (blocks_.size() == config_.ahead_max) break;
        Pending pending;
        pending.hash = hash;
        pending.header = std::move(header);
        pending.header_from = id;
        blocks_.push_back(std::move(pending));
    }
    work(now, out);
}

void Downloads::on_held(Now now, PeerId id, std::uint64_t question, std::vector<Effect>& out) {
    auto* peer = peer_of(id);
    if (!peer) return;
    if (!peer->question || !peer->question->of_headers || peer->question->id != question) {
        return charge(id, Offence::unasked, out);
    }
    peer->question.reset();
    peer->failures = 0;
    peer->status.reset();
    work(now, out);
}

bool Downloads::follows(const Header& header, const Hash256& parent, std::uint64_t number) const {
    return header.parent_hash == parent && header.number == number;
}

void Downloads::on_bodies(Now now, PeerId id, std::uint64_t question,
                          std::vector<std::optional<Body>> bodies, std::vector<Effect>& out) {
    auto* peer = peer_of(id);
    if (!peer) return;
    if (!peer->question || peer->question->of_headers || peer->question->id != question ||
        bodies.size() > peer->question->hashes.size()) {
        return charge(id, Offence::unasked, out);
    }
    // What was dropped meanwhile it could not know.
    const bool is_wanted = std::ranges::any_of(peer->question->hashes, [&](const auto& hash) {
        const auto* pending = find(hash);
        return pending && !pending->body;
    });
    bool is_useful = !is_wanted;
    if (bodies.empty()) bodies.emplace_back();
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        auto* pending = find(peer->question->hashes[i]);
        if (!pending || pending->body) continue;
        if (!bodies[i]) {
            // Who gave the header has the body too, or there is none.
            if (pending->header_from != id) continue;
            peer->has_no_more = true;
            drop_from(
                static_cast<std::size_t>(pending->header.number - blocks_.front().header.number));
            break;
        }
        pending->body = std::move(*bodies[i]);
        pending->body_from = id;
        pending->body_bytes = pending->body->memory_bytes();
        is_useful = true;
    }
    if (!is_useful) charge(id, Offence::useless, out);
    peer->failures = is_useful ? 0 : peer->failures + 1;
    give_back(*peer);
    work(now, out);
}

/// The headers from there on are not wanted any more.
void Downloads::drop_from(std::size_t first) {
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(first), blocks_.end());
}

void Downloads::on_imported(Now now, const Hash256& hash, Outcome outcome,
                            std::vector<Effect>& out) {
    const auto found = std::ranges::find(blocks_, hash, &Pending::hash);
    if (found == blocks_.end()) return;
    const auto place = static_cast<std::size_t>(found - blocks_.begin());
    switch (outcome) {
        case Outcome::imported:
            blocks_.erase(blocks_.begin(), found + 1);
            break;
        case Outcome::wrong_body:
            charge(found->body_from, Offence::invalid_data, out);
            // What was imported after it fails with it, and comes again with this one.
            for (auto at = found; at != blocks_.end(); ++at) at->is_importing = false;
            found->body.reset();
            found->body_bytes = 0;
            found->is_asked = false;
            if (auto* peer = peer_of(found->body_from)) ++peer->failures;
            break;
        case Outcome::invalid:
            charge(found->header_from, Offence::invalid_data, out);
            if (auto* peer = peer_of(found->header_from)) peer->has_no_more = true;
            drop_from(place);
            break;
        case Outcome::too_deep:
            if (auto* peer = peer_of(found->header_from)) peer->has_no_more = true;
            drop_from(place);
            break;
        case Outcome::failed:
            drop_from(place);
            return;
    }
    work(now, out);
}

void Downloads::on_timer(Now now, std::vector<Effect>& out) {
    for (auto& [id, peer] : peers_) {
        if (peer.waits_until && now.instant >= *peer.waits_until) peer.waits_until.reset();
        if (!peer.question || now.instant < peer.question->deadline) continue;
        ++peer.failures;
        charge(id, Offence::useless, out);
        give_back(peer);
    }
    work(now, out);
}

Instant Downloads::next_wakeup() const {
    Instant out = never;
    for (const auto& [id, peer] : peers_) {
        if (peer.question) out = std::min(out, peer.question->deadline);
        if (peer.waits_until) out = std::min(out, *peer.waits_until);
    }
    return out;
}

std::size_t Downloads::bytes_held() const {
    std::size_t out = 0;
    for (const auto& pending : blocks_) out += pending.body_bytes;
    return out;
}

void Downloads::work(Now now, std::vector<Effect>& out) {
    start_imports(out);
    ask_bodies(now, out);
    ask_headers(now, out);
}

void Downloads::start_imports(std::vector<Effect>& out) {
    for (auto& pending : blocks_) {
        if (!pending.body) return;
        if (pending.is_importing) continue;
        pending.is_importing = true;
        out.emplace_back(Import{{pending.header, *pending.body}});
    }
}

/// From one peer at a time, the one with the fewest failures.
void Downloads::ask_headers(Now now, std::vector<Effect>& out) {
    if (blocks_.size() + config_.headers_per_question > config_.ahead_max) return;
    std::pair<const PeerId, Peer>* best = nullptr;
    for (auto& entry : peers_) {
        const auto& peer = entry.second;
        if (peer.question && peer.question->of_headers) return;
        if (peer.question || peer.has_no_more || peer.waits_until || !peer.status) continue;
        if (!chain_.is_better(*peer.status)) continue;
        if (!blocks_.empty() && peer.status->number <= blocks_.back().header.number) continue;
        if (!best || peer.failures < best->second.failures) best = &entry;
    }
    if (!best) return;
    sync_topic::GetHeaders question;
    question.id = next_id_++;
    question.forwards = true;
    question.count = static_cast<std::uint32_t>(config_.headers_per_question);
    question.from = blocks_.empty() ? chain_.locator() : std::vector{blocks_.back().hash};
    best->second.question = Question{question.id, true, {}, now.instant + config_.patience};
    out.emplace_back(Ask{best->first, std::move(question)});
}

void Downloads::ask_bodies(Now now, std::vector<Effect>& out) {
    // The next one to be imported is asked for in any case: it makes room.
    const bool has_room = bytes_held() < config_.bytes_max;
    // Those that answered last are asked first.
    std::vector<std::pair<std::uint32_t, PeerId>> free;
    for (const auto& [id, peer] : peers_) {
        if (!peer.question && peer.status) free.emplace_back(peer.failures, id);
    }
    std::ranges::sort(free);
    for (const auto& [failures, id] : free) {
        auto& peer = peers_.at(id);
        sync_topic::GetByHash question;
        for (auto& pending : blocks_) {
            if (question.hashes.size() == config_.bodies_per_question) break;
            if (!has_room && &pending != &blocks_.front()) break;
            if (pending.is_asked || pending.header.number > peer.status->number) continue;
            pending.is_asked = true;
            question.hashes.push_back(pending.hash);
        }
        if (question.hashes.empty()) continue;
        question.id = next_id_++;
        peer.question =
            Question{question.id, false, question.hashes, now.instant + config_.patience};
        out.emplace_back(Ask{id, std::move(question)});
    }
}

}  // namespace parley::chain
