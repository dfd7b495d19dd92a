#include <parley/chain/sync/state_sync.hpp>

#include <parley/base/overloaded.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::chain {

using sync_topic::GetAccounts;
using sync_topic::GetChanges;
using transport::Offence;

namespace {

std::uint64_t id_of(const StateSync::Question& question) {
    return std::visit([](const auto& asked) { return asked.id; }, question);
}

std::uint64_t id_of(const StateSync::Answer& answer) {
    return std::visit([](const auto& given) { return given.id; }, answer);
}

bool has_proof(const StateSync::Answer& answer) {
    return std::visit([](const auto& given) { return !given.proof.empty(); }, answer);
}

/// Far from as large as it could be.
bool is_small(const StateSync::Question& question, const StateSync::Answer& answer) {
    // An account has some 50 bytes.
    constexpr std::size_t entry_bytes_max = 200;
    const auto count = std::visit([](const auto& given) { return given.entries.size(); }, answer);
    const auto bytes = std::visit([](const auto& asked) { return asked.bytes; }, question);
    return count < sync_topic::entries_max && count * entry_bytes_max < bytes;
}

std::vector<StateSpan> equal_spans(std::size_t count) {
    assert(count > 0 && count <= 256);
    std::vector<StateSpan> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i].first[0] = static_cast<std::byte>(i * 256 / count);
        out[i].last = last_of_keys;
        if (i + 1 < count) out[i].last[0] = static_cast<std::byte>((i + 1) * 256 / count - 1);
    }
    return out;
}

}  // namespace

StateSync::StateSync(StateSyncConfig config) : StateSync(config, equal_spans(config.spans)) {}

StateSync::StateSync(StateSyncConfig config, std::vector<StateSpan> spans) : config_(config) {
    for (auto& span : spans) parts_.emplace(span.first, Part{span});
}

std::vector<StateSpan> StateSync::spans() const {
    std::vector<StateSpan> out;
    out.reserve(parts_.size());
    for (const auto& [first, part] : parts_) out.push_back(part.span);
    return out;
}

std::uint64_t StateSync::accounts() const {
    std::uint64_t out = 0;
    for (const auto& [first, part] : parts_) out += part.span.accounts;
    return out;
}

/// What is here of it is as after the pivot.
bool StateSync::is_current(const StateSpan& span) const {
    return span.here_to && span.base.root == pivot_->root;
}

bool StateSync::is_forgotten(const StateSpan& span) const {
    return span.here_to && span.base.number + config_.remembered < tip_;
}

bool StateSync::is_whole() const {
    return pivot_ && std::ranges::all_of(parts_, [&](const auto& entry) {
               const auto& [first, part] = entry;
               return !part.is_taken && part.span.is_full() && is_current(part.span);
           });
}

void StateSync::start_over(Now now, std::vector<Effect>& out) {
    for (auto& [first, part] : parts_) {
        part.span.here_to.reset();
        part.span.accounts = 0;
    }
    work(now, out);
}

void StateSync::add_peer(PeerId peer) {
    peers_.try_emplace(peer).first->second.bytes = config_.first_bytes;
}

void StateSync::give_back(const Hash256& span) {
    if (const auto found = parts_.find(span); found != parts_.end()) found->second.is_taken = false;
}

void StateSync::remove_peer(Now now, PeerId id, std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    if (found->second.asked) give_back(found->second.asked->span);
    peers_.erase(found);
    work(now, out);
}

void StateSync::on_status(Now now, PeerId id, std::uint64_t number, std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    found->second.number = number;
    work(now, out);
}

void StateSync::set_pivot(Now now, const StateBlock& pivot, std::uint64_t tip,
                          std::vector<Effect>& out) {
    pivot_ = pivot;
    tip_ = tip;
    work(now, out);
}

void StateSync::fail(PeerId id, std::vector<Effect>& out, Offence offence) {
    out.emplace_back(Charge{id, offence});
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    ++found->second.failures;
    found->second.bytes = config_.first_bytes;
}

void StateSync::on_answer(Now now, PeerId id, Answer answer, std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    auto& peer = found->second;
    if (!peer.asked || id_of(peer.asked->question) != id_of(answer) ||
        peer.asked->question.index() != answer.index()) {
        out.emplace_back(Charge{id, Offence::unasked});
        return;
    }
    const auto asked = *peer.asked;
    peer.asked.reset();
    if (!has_proof(answer)) {
        give_back(asked.span);
        fail(id, out, Offence::useless);
        peer.not_before = now.instant + config_.ask_again_after;
        return work(now, out);
    }
    const auto& span = parts_.at(asked.span).span;
    waiting_.push_back({id, span, asked.block, asked.question, std::move(answer)});
    apply_next(out);
    work(now, out);
}

void StateSync::apply_next(std::vector<Effect>& out) {
    if (writing_ || waiting_.empty()) return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = Writing{next.peer, next.span.first, is_small(next.question, next.answer)};
    out.emplace_back(std::move(next));
}

void StateSync::on_applied(Now now, Outcome outcome, const std::vector<StateSpan>& spans,
                           std::vector<Effect>& out) {
    assert(writing_);
    const auto written = *std::exchange(writing_, std::nullopt);
    switch (outcome) {
        case Outcome::written: {
            for (const auto& span : spans) parts_.insert_or_assign(span.first, Part{span});
            const bool is_done = spans.size() == 1 && spans.front().is_full();
            if (written.is_small && !is_done) {
                fail(written.peer, out, Offence::useless);
            } else if (const auto peer = peers_.find(written.peer); peer != peers_.end()) {
                peer->second.failures = 0;
                peer->second.bytes = std::min(peer->second.bytes * 2, config_.bytes_max);
            }
            break;
        }
        case Outcome::refused:
            give_back(written.span);
            // A proof that does not hold is no accident. Twice, this is a ban, and outlives a
            // restart; the same answer in each life of a node would add up.
            fail(written.peer, out, Offence::malformed);
            out.emplace_back(Charge{written.peer, Offence::malformed});
            break;
        case Outcome::failed:
            give_back(written.span);
            break;
    }
    apply_next(out);
    work(now, out);
}

void StateSync::on_timer(Now now, std::vector<Effect>& out) {
    for (auto& [id, peer] : peers_) {
        if (!peer.asked || now.instant < peer.asked->deadline) continue;
        give_back(peer.asked->span);
        peer.asked.reset();
        fail(id, out, Offence::useless);
    }
    work(now, out);
}

Instant StateSync::next_wakeup() const {
    Instant out = never;
    for (const auto& [id, peer] : peers_) {
        if (peer.asked) {
            out = std::min(out, peer.asked->deadline);
        } else if (peer.not_before != Instant{}) {
            out = std::min(out, peer.not_before);
        }
    }
    return out;
}

/// What is about to be forgotten by servers goes first, then what is not here, then what is to be
/// moved. Null: all of it is here or asked for.
StateSync::Part* StateSync::next_part() {
    Part* to_fetch = nullptr;
    Part* to_move = nullptr;
    for (auto& [first, part] : parts_) {
        if (part.is_taken) continue;
        const auto& span = part.span;
        if (is_forgotten(span)) {
            part.span.here_to.reset();
            part.span.accounts = 0;
        }
        if (span.here_to && !is_current(span)) {
            if (span.base.number + config_.base_age_max < tip_) return &part;
            if (!to_move && span.is_full()) to_move = &part;
        }
        if (!to_fetch && !span.is_full()) to_fetch = &part;
    }
    return to_fetch ? to_fetch : to_move;
}

StateSync::Question StateSync::question_for(Part& part, std::uint32_t bytes) {
    const auto id = next_id_++;
    auto& span = part.span;
    const bool is_old = span.here_to && !is_current(span);
    if (is_old && (span.is_full() || span.base.number + config_.base_age_max < tip_)) {
        return GetChanges{id, span.base.hash, pivot_->hash, span.first, *span.here_to, bytes};
    }
    const auto from = span.here_to ? key_after(*span.here_to) : span.first;
    return GetAccounts{id, pivot_->hash, from, span.last, bytes};
}

void StateSync::work(Now now, std::vector<Effect>& out) {
    if (!pivot_) return;
    // Those that answered last are asked first.
    std::vector<std::pair<std::uint32_t, PeerId>> free;
    for (auto& [id, peer] : peers_) {
        if (now.instant >= peer.not_before) peer.not_before = Instant{};
        if (peer.asked || peer.not_before != Instant{}) continue;
        if (peer.number && *peer.number >= pivot_->number) free.emplace_back(peer.failures, id);
    }
    std::ranges::sort(free);
    for (const auto& [failures, id] : free) {
        if (waiting_.size() >= config_.answers_max) return;
        auto* part = next_part();
        if (!part) return;
        auto& peer = peers_.at(id);
        const auto question = question_for(*part, peer.bytes);
        const auto& span = part->span;
        const bool fetches = std::holds_alternative<GetAccounts>(question);
        if (fetches && span.here_to && !is_current(span)) {
            // What is here is a span of its own from now on.
            StateSpan rest;
            rest.first = key_after(*span.here_to);
            rest.last = span.last;
            part->span.last = *span.here_to;
            part = &parts_.emplace(rest.first, Part{rest}).first->second;
        }
        part->is_taken = true;
        peer.asked = Asked{part->span.first, *pivot_, question, now.instant + config_.patience};
        out.emplace_back(Ask{id, question});
    }
}

}  // namespace parley::chain
