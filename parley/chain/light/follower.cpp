#include <parley/chain/light/follower.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace parley::chain::light {

using transport::Offence;

// ---- Check

void Follower::Check::run() {
    const auto& engine = trust->engine();
    const auto invalid = [&](std::string why) {
        error = TrustError{.code = TrustErrc::invalid, .reason = std::move(why)};
    };
    const auto take = [&](Result<TrustedHeader, TrustError> checked) {
        if (checked) {
            trusted = std::move(*checked);
        } else {
            error = std::move(checked.error());
        }
    };
    switch (purpose) {
        case Purpose::head:
        case Purpose::pivot:
            return take(trust->check(base, std::move(headers.front()), now));
        case Purpose::witness:
            return take(trust->check_beside(base, std::move(headers.front())));
        case Purpose::checkpoint:
        case Purpose::fill: {
            const auto hashes = engine.hashes_of(headers);
            good.reserve(headers.size());
            for (std::size_t i = 0; i < headers.size(); ++i) {
                if (hashes[i] != expected) return invalid("another header than the hash names");
                expected = headers[i].parent_hash;
                good.emplace_back(std::move(headers[i]), hashes[i]);
            }
            return;
        }
        case Purpose::walk:
            end = parent;
            for (auto& header : headers) {
                if (header.number != end.header.number + 1 || header.parent_hash != end.hash) {
                    return invalid("does not follow the header below it");
                }
                if (const auto late = trust->check_time(header, now); !late) {
                    error = late.error();
                    return;
                }
                const auto fork = engine.fork_of(header, end);
                if (const auto checked = engine.check_header(header, end, fork); !checked) {
                    return invalid(checked.error().reason);
                }
                end = child_of(engine, end, header, engine.hash_of(header));
                good.push_back({std::move(header), end.hash});
            }
            return;
    }
}

// ---- Follower

Follower::Follower(FollowerConfig config, std::shared_ptr<const Trust> trust,
                   std::function<std::optional<Known>(std::uint64_t)> at, ChainHeader head,
                   std::vector<Gap> gaps)
    : config_(config),
      trust_(std::move(trust)),
      at_(std::move(at)),
      walked_(std::move(head)),
      gaps_(std::move(gaps)) {
    head_ = trust_->take(walked_.header, walked_.hash);
}

void Follower::stay_halted() {
    is_halted_ = true;
}

/// As often asked as the others: who comes again and again is not preferred for it.
void Follower::add_peer(PeerId peer) {
    std::uint64_t most = 0;
    for (const auto& [id, other] : peers_) most = std::max(most, other.asked);
    peers_.try_emplace(peer, Peer{.asked = most});
}

void Follower::remove_peer(Now now, PeerId peer, Effects& out) {
    peers_.erase(peer);
    if (question_ && question_->peer == peer) question_.reset();
    if (!is_checking_) std::erase_if(pivots_, [&](const Fetched& one) { return one.peer == peer; });
    std::erase_if(suspects_, [&](const Suspect& one) { return one.peer == peer; });
    advance(now, out);
}

void Follower::on_status(Now now, PeerId peer, const ChainStatus& status, Effects& out) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    auto& known = found->second;
    known.status = status;
    if (status.number <= head_.header.number) {
        const auto ours = at_(status.number);
        const bool is_asked = std::ranges::find(suspects_, peer, &Suspect::peer) != suspects_.end();
        // Who sealed long ago has nothing to lose any more.
        const bool counts = ours && !trust_->is_expired(ours->header, now.unix_time);
        if (counts && ours->hash != status.head && !is_asked && now.instant >= known.not_before) {
            suspects_.push_back({peer, status.number});
        }
    }
    advance(now, out);
}

std::uint64_t Follower::missing() const {
    std::uint64_t out = 0;
    for (const auto& gap : gaps_) out += gap.high - gap.low - 1;
    return out;
}

std::uint64_t Follower::highest() const {
    std::uint64_t out = head_.header.number;
    for (const auto& [id, peer] : peers_) {
        if (peer.status) out = std::max(out, peer.status->number);
    }
    return out;
}

/// Of those that have the header whoever failed least, and of these was asked least, so that nobody
/// keeps the others out.
std::optional<Follower::PeerId> Follower::next_peer(Now now, std::uint64_t number) const {
    std::optional<PeerId> out;
    std::pair least{Duration::max(), std::numeric_limits<std::uint64_t>::max()};
    for (const auto& [id, peer] : peers_) {
        if (!peer.status || peer.status->number < number) continue;
        const std::pair cost{peer.back_off, peer.asked};
        if (now.instant < peer.not_before || cost >= least) continue;
        out = id;
        least = cost;
    }
    return out;
}

void Follower::advance(Now now, Effects& out) {
    now_ = now.instant;
    if (is_halted_ || question_ || is_checking_) return;
    const auto number = head_.header.number;
    if (!pivots_.empty()) {
        auto& next = pivots_.back();
        return check(now, next.peer, Purpose::pivot, {next.header}, out);
    }
    if (config_.checkpoint && config_.checkpoint->number > number) {
        const auto last = config_.checkpoint->number;
        if (const auto peer = next_peer(now, last)) {
            ask(now, *peer, Purpose::checkpoint, last, 1, out);
        }
        return;
    }
    // In turn, so that who claims a height that it has not does not keep gaps open.
    if (std::exchange(fills_next_, false) && fill(now, out)) return;
    const auto ahead = gaps_.size() < gaps_max ? next_peer(now, number + 1) : std::nullopt;
    if (ahead) {
        fills_next_ = true;
        const auto last = peers_[*ahead].status->number;
        if (!config_.walks) return ask(now, *ahead, Purpose::head, last, 1, out);
        const auto step = std::min<std::uint64_t>(last - number, walk_max());
        return ask(now, *ahead, Purpose::walk, number + step, static_cast<std::uint32_t>(step),
                   out);
    }
    if (fill(now, out)) return;
    if (!suspects_.empty()) {
        const auto suspect = suspects_.back();
        suspects_.pop_back();
        if (now.instant < peers_[suspect.peer].not_before) return;
        ask(now, suspect.peer, Purpose::witness, suspect.number, 1, out);
    }
}

/// Headers with all their seals that fit into an answer.
std::uint64_t Follower::walk_max() const {
    const auto header_bytes = 1'024 + 90 * head_.validators.size();
    return std::clamp<std::uint64_t>(answer_bytes_max / header_bytes, 1,
                                     config_.headers_per_question);
}

/// False: there is nothing to fill, or nobody to ask.
bool Follower::fill(Now now, Effects& out) {
    if (gaps_.empty()) return false;
    const auto& gap = gaps_.back();
    const auto peer = next_peer(now, gap.high);
    if (!peer) return false;
    const auto count =
        std::min<std::uint64_t>(gap.high - gap.low - 1, config_.headers_per_question);
    ask(now, *peer, Purpose::fill, gap.high - 1, static_cast<std::uint32_t>(count), out);
    return true;
}

void Follower::ask(Now now, PeerId peer, Purpose purpose, std::uint64_t last, std::uint32_t count,
                   Effects& out) {
    question_ = Question{peer, next_id_++, purpose, last, count, now.instant + config_.patience};
    ++peers_[peer].asked;
    out.emplace_back(Ask{peer, {question_->id, last, count}});
}

void Follower::check(Now now, PeerId peer, Purpose purpose, std::vector<Header> headers,
                     Effects& out) {
    std::optional<Known> ours;
    if (purpose == Purpose::witness) {
        ours = at_(headers.front().number);
        if (!ours) return;  // the disk fails
    }
    is_checking_ = true;
    Check work{.peer = peer,
               .purpose = purpose,
               .trust = trust_,
               .base = head_,
               .parent = walked_,
               .headers = std::move(headers),
               .now = now.unix_time};
    if (purpose == Purpose::fill) work.expected = gaps_.back().parent;
    if (purpose == Purpose::checkpoint) work.expected = config_.checkpoint->hash;
    if (purpose == Purpose::witness) {
        work.base = trust_->take(ours->header, ours->hash);
    }
    out.emplace_back(std::move(work));
}

void Follower::on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers,
                          Effects& out) {
    if (!question_ || question_->peer != peer || question_->id != id) {
        // It may come after its time.
        if (id >= next_id_) out.emplace_back(Charge{peer, Offence::unasked, "headers"});
        return;
    }
    const auto question = *std::exchange(question_, {});
    if (headers.empty()) {
        if (question.purpose == Purpose::witness) {
            out.emplace_back(Charge{peer, Offence::useless, "it does not show its head"});
        }
        set_aside(now, peer);
        pivots_.clear();
        return advance(now, out);
    }
    bool fits = headers.size() <= question.count;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        fits = fits && headers[i].number == question.last - i;
    }
    if (!fits) return refuse(now, peer, "headers of other numbers", out);
    switch (question.purpose) {
        case Purpose::head:
        case Purpose::pivot:
            pivots_.push_back({peer, std::move(headers.front())});
            return advance(now, out);
        case Purpose::walk:
            // Less than asked does not reach down to the head.
            if (headers.size() < question.count) {
                set_aside(now, peer);
                return advance(now, out);
            }
            std::ranges::reverse(headers);
            break;
        case Purpose::fill:
        case Purpose::witness:
        case Purpose::checkpoint:
            break;
    }
    check(now, peer, question.purpose, std::move(headers), out);
}

void Follower::on_checked(Now now, Check check, Effects& out) {
    is_checking_ = false;
    if (is_halted_) return;
    const auto peer = peers_.find(check.peer);
    if (!check.error && peer != peers_.end()) peer->second.back_off = {};
    switch (check.purpose) {
        case Purpose::head:
        case Purpose::pivot:
            on_skipped(now, check, out);
            break;
        case Purpose::checkpoint:
            on_checkpoint(now, check, out);
            break;
        case Purpose::fill:
            on_filled(now, check, out);
            break;
        case Purpose::walk:
            on_walked(now, check, out);
            break;
        case Purpose::witness:
            on_witness(now, check, out);
            break;
    }
    advance(now, out);
}

void Follower::on_skipped(Now now, Check& check, Effects& out) {
    if (check.trusted) {
        if (!pivots_.empty()) pivots_.pop_back();
        return accept(std::move(*check.trusted), out);
    }
    switch (check.error->code) {
        case TrustErrc::too_little: {
            if (pivots_.empty()) return;
            const auto low = head_.header.number;
            const auto between = low + (pivots_.back().header.number - low) / 2;
            if (between == low) break;
            if (!peers_.contains(check.peer)) return pivots_.clear();
            return ask(now, check.peer, Purpose::pivot, between, 1, out);
        }
        case TrustErrc::expired:
            pivots_.clear();
            set_aside(now, check.peer);
            return warn(
                "the trusted header is too old to vouch for others: " + message(*check.error),
                "start from a checkpoint of which you know that it is right "
                "(chain.light_checkpoint)",
                out);
        case TrustErrc::ahead:
            pivots_.clear();
            return wait_for_time(now, check, out);
        case TrustErrc::invalid:
        case TrustErrc::not_above:
        case TrustErrc::not_later:
        case TrustErrc::other_parent:
            break;
    }
    refuse(now, check.peer, message(*check.error), out);
}

void Follower::accept(TrustedHeader header, Effects& out) {
    if (header.header.number > head_.header.number + 1) {
        gaps_.push_back({head_.header.number, header.header.number, header.header.parent_hash});
    }
    out.emplace_back(Keep{{{header.header, header.hash}}, KeepSeals::quorum});
    head_ = std::move(header);
    walked_ = {head_.header, head_.hash};
    out.emplace_back(Moved{});
}

void Follower::on_checkpoint(Now now, Check& check, Effects& out) {
    if (check.error) {
        set_aside(now, check.peer);
        return warn("the checkpoint is not in the chain of a full node",
                    "see that chain.light_checkpoint is right", out);
    }
    auto& known = check.good.front();
    accept(trust_->take(std::move(known.header), known.hash), out);
}

void Follower::on_filled(Now now, Check& check, Effects& out) {
    auto& gap = gaps_.back();
    if (check.error) return refuse(now, check.peer, message(*check.error), out);
    gap.high = check.good.back().header.number;
    gap.parent = check.good.back().header.parent_hash;
    out.emplace_back(Keep{std::move(check.good), KeepSeals::none});
    if (gap.high > gap.low + 1) return;
    const auto below = at_(gap.low);
    const bool meets = !below || below->hash == gap.parent;  // or the disk fails
    gaps_.pop_back();
    // The head was certified, and what it descends from is not what was certified before.
    if (!meets) halt(below->header, head_.header, out);
}

void Follower::on_walked(Now now, Check& check, Effects& out) {
    if (!check.good.empty()) {
        const auto& last = check.good.back();
        head_ = trust_->take(last.header, last.hash);
        walked_ = std::move(check.end);
        out.emplace_back(Keep{std::move(check.good), KeepSeals::quorum});
        out.emplace_back(Moved{});
    }
    if (!check.error) return;
    if (check.error->code == TrustErrc::ahead) {
        return wait_for_time(now, check, out);
    }
    refuse(now, check.peer, message(*check.error), out);
}

/// The header's time has not come, by this node's clock.
void Follower::wait_for_time(Now now, const Check& check, Effects& out) {
    set_aside(now, check.peer);
    warn("a header is ahead of this node's clock: " + message(*check.error),
         "see that this machine's clock is right", out);
}

void Follower::on_witness(Now now, Check& check, Effects& out) {
    if (check.error) return refuse(now, check.peer, message(*check.error), out);
    // It may have another one by now, or seals of others.
    if (check.trusted->hash == check.base.hash) return;
    halt(check.base.header, check.trusted->header, out);
}

void Follower::on_conflict(Now now, PeerId peer, Header one, Header other, Effects& out) {
    if (is_halted_) return;
    const auto ours = at_(one.number);
    if (!ours || one.number != other.number) return;
    if (trust_->is_expired(ours->header, now.unix_time)) return;
    const auto base = trust_->take(ours->header, ours->hash);
    for (auto* header : {&one, &other}) {
        const auto checked = trust_->check_beside(base, *header);
        if (!checked) return refuse(now, peer, message(checked.error()), out);
        if (checked->hash != ours->hash) return halt(ours->header, checked->header, out);
    }
    refuse(now, peer, "a conflict of two equal headers", out);
}

void Follower::halt(Header ours, Header theirs, Effects& out) {
    is_halted_ = true;
    question_.reset();
    pivots_.clear();
    out.emplace_back(Conflict{std::move(ours), std::move(theirs)});
}

void Follower::set_aside(Now now, PeerId id) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end()) return;
    auto& pause = peer->second.back_off;
    pause = std::clamp(pause * 2, config_.back_off, config_.back_off_max);
    peer->second.not_before = now.instant + pause;
}

void Follower::refuse(Now now, PeerId peer, std::string why, Effects& out) {
    pivots_.clear();
    set_aside(now, peer);
    out.emplace_back(Charge{peer, Offence::invalid_data, std::move(why)});
    advance(now, out);
}

void Follower::warn(std::string what, std::string advice, Effects& out) {
    if (warned_ == advice) return;
    warned_ = advice;
    out.emplace_back(Warn{std::move(what), std::move(advice)});
}

void Follower::on_timer(Now now, Effects& out) {
    if (question_ && now.instant >= question_->deadline) {
        set_aside(now, question_->peer);
        question_.reset();
        pivots_.clear();
    }
    advance(now, out);
}

Instant Follower::next_wakeup() const {
    if (is_halted_ || is_checking_) return never;
    if (question_) return question_->deadline;
    // Whoever is set aside and has something is asked again then.
    Instant at = never;
    for (const auto& [id, peer] : peers_) {
        if (!peer.status || peer.not_before <= now_) continue;
        const bool has_more = peer.status->number > head_.header.number || !gaps_.empty();
        if (has_more) at = std::min(at, peer.not_before);
    }
    return at;
}

}  // namespace parley::chain::light
