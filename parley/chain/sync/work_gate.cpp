#include <parley/chain/sync/work_gate.hpp>

#include <parley/chain/sync/header_sync.hpp>
#include <parley/chain/types/header_time.hpp>

#include <algorithm>
#include <chrono>

namespace parley::chain {
namespace {

using sync_topic::ChainStatus;
using transport::Offence;

/// The ends of answers that were let through, of which the next ones follow: of as many peers.
constexpr std::size_t good_ends_max = 64;
/// A peer may come to another chain while it shows its work so often.
constexpr std::uint32_t restarts_max = 3;
/// A peer's clock may be so much ahead.
constexpr std::uint64_t seconds_ahead_max = 3'600;

/// Each block is at least a second later than the one before: more blocks than that there are not.
bool is_plausible(std::uint64_t number, const Header& start, Now now) {
    const auto latest = header_time(now.unix_time) + seconds_ahead_max;
    return latest > start.timestamp && number - start.number <= latest - start.timestamp;
}

}  // namespace

Uint256 WorkGate::work_needed() const {
    const auto& head = chain_.head();
    const auto last_blocks = checked_multiply(head.header.difficulty, config_.blocks_back);
    const auto own =
        last_blocks ? checked_subtract(head.total_difficulty, *last_blocks) : std::nullopt;
    return std::max(own.value_or(Uint256{}), config_.minimum_work);
}

std::size_t WorkGate::memory_bytes(PeerId peer) const {
    const auto found = peers_.find(peer);
    if (found == peers_.end() || !found->second.presync) return 0;
    return found->second.presync->memory_bytes();
}

std::optional<ChainHeader> WorkGate::find(const Hash256& hash) const {
    if (auto known = chain_.find(hash)) return known;
    const auto found = std::ranges::find(good_ends_, hash, &ChainHeader::hash);
    return found == good_ends_.end() ? std::nullopt : std::optional{*found};
}

void WorkGate::remember(const ChainHeader& end) {
    good_ends_.push_back(end);
    if (good_ends_.size() > good_ends_max) good_ends_.pop_front();
}

void WorkGate::on_status(Now, PeerId id, const ChainStatus& status, std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    found->second.status = status;
    if (status.total_difficulty < config_.minimum_work) return;
    if (found->second.pass != Pass::first) out.emplace_back(Follow{id, status});
}

bool WorkGate::judge(Now now, PeerId id, const std::vector<Header>& headers,
                     std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return false;
    auto& peer = found->second;
    if (headers.empty()) return true;
    if (peer.pass == Pass::second) return fits(id, peer, headers, out);
    if (peer.pass == Pass::first) return false;
    if (const auto parent = find(headers.front().parent_hash)) {
        const auto good = check_headers(chain_.engine(), *parent, headers);
        if (good.size() < headers.size()) return let_go_for_bad_headers(id, peer, out);
        if (good.back().total_difficulty >= work_needed()) {
            remember(good.back());
            return true;
        }
    }
    // Who claims no more has nothing to show.
    if (!peer.status || peer.status->total_difficulty < work_needed()) return false;
    peer.pass = Pass::first;
    peer.restarts = 0;
    ask(now, id, peer, out);
    return false;
}

/// In the second pass. Up to the last one that was shown its bits say so, and that one itself.
bool WorkGate::fits(PeerId id, Peer& peer, const std::vector<Header>& headers,
                    std::vector<Effect>& out) {
    const auto& engine = chain_.engine();
    const auto last = peer.presync->last();
    std::vector<Header> beyond;
    bool is_over = false;
    for (const auto& header : headers) {
        if (!peer.presync->fits(header.number, engine.hash_of(header))) {
            let_go(id, peer, Offence::invalid_data, out);
            return false;
        }
        is_over = is_over || header.number == last.header.number;
        if (header.number > last.header.number) beyond.push_back(header);
    }
    if (!is_over) return true;
    const auto good = check_headers(engine, last, beyond);
    if (good.size() < beyond.size()) return let_go_for_bad_headers(id, peer, out);
    remember(good.empty() ? last : good.back());
    peer.pass = Pass::none;
    peer.presync.reset();
    return true;
}

void WorkGate::ask(Now now, PeerId id, Peer& peer, std::vector<Effect>& out) {
    sync_topic::GetHeaders question;
    question.id = next_id_++;
    if (peer.presync) {
        // The second counts if the peer has another chain by now.
        question.from = {peer.presync->last().hash, peer.presync->start_hash()};
    } else {
        question.from = chain_.locator();
    }
    question.forwards = true;
    question.count = static_cast<std::uint32_t>(config_.headers_per_question);
    peer.asked = Asked{question.id, now.instant + config_.patience};
    out.emplace_back(Ask{id, std::move(question)});
}

/// Its next status begins anew.
void WorkGate::let_go(PeerId id, Peer& peer, Offence offence, std::vector<Effect>& out) {
    out.emplace_back(Charge{id, offence});
    peer = {};
}

/// As for a proof that does not hold: see StateSync.
bool WorkGate::let_go_for_bad_headers(PeerId id, Peer& peer, std::vector<Effect>& out) {
    let_go(id, peer, Offence::malformed, out);
    out.emplace_back(Charge{id, Offence::malformed});
    return false;
}

/// From the block that the first header follows. False if the peer is let go.
bool WorkGate::begin(Now now, PeerId id, Peer& peer, const Header& first,
                     std::vector<Effect>& out) {
    auto start = chain_.find(first.parent_hash);
    if (!start ||
        !is_plausible(std::max(peer.status->number, start->header.number), start->header, now)) {
        let_go(id, peer, Offence::invalid_data, out);
        return false;
    }
    if (peer.status->number <= start->header.number) {
        let_go(id, peer, Offence::withheld, out);
        return false;
    }
    const SipKey key{rng_.next(), rng_.next()};
    peer.presync.emplace(std::move(*start), peer.status->number, work_needed(), key);
    return true;
}

void WorkGate::on_headers(Now now, PeerId id, std::uint64_t question, std::vector<Header> headers,
                          std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    auto& peer = found->second;
    if (!peer.asked || peer.asked->id != question ||
        headers.size() > config_.headers_per_question) {
        out.emplace_back(Charge{id, Offence::unasked});
        return;
    }
    peer.asked.reset();
    // Its chain ends, and has not the work that it said.
    if (headers.empty() || !peer.status) return let_go(id, peer, Offence::withheld, out);
    const auto& first = headers.front();
    if (peer.presync && first.parent_hash != peer.presync->last().hash) {
        if (first.parent_hash != peer.presync->start_hash()) {
            return let_go(id, peer, Offence::invalid_data, out);
        }
        if (++peer.restarts > restarts_max) return let_go(id, peer, Offence::withheld, out);
        peer.presync.reset();
    }
    if (!peer.presync && !begin(now, id, peer, first, out)) return;
    peer.is_checking = true;
    out.emplace_back(Check{id, peer.presync->last(), std::move(headers)});
}

void WorkGate::on_checked(Now now, PeerId id, const std::vector<ChainHeader>& good, bool all,
                          std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end() || !found->second.is_checking) return;
    auto& peer = found->second;
    peer.is_checking = false;
    if (!peer.presync) return;
    if (!all) {
        (void)let_go_for_bad_headers(id, peer, out);
        return;
    }
    if (!peer.presync->add(good)) return let_go(id, peer, Offence::withheld, out);
    if (!peer.presync->is_shown()) return ask(now, id, peer, out);
    peer.pass = Pass::second;
    out.emplace_back(Follow{id, *peer.status});
}

void WorkGate::on_timer(Now now, std::vector<Effect>& out) {
    for (auto& [id, peer] : peers_) {
        if (!peer.asked || now.instant < peer.asked->deadline) continue;
        let_go(id, peer, Offence::useless, out);
    }
}

Instant WorkGate::next_wakeup() const {
    auto at = never;
    for (const auto& [id, peer] : peers_) {
        if (peer.asked) at = std::min(at, peer.asked->deadline);
    }
    return at;
}

}  // namespace parley::chain
