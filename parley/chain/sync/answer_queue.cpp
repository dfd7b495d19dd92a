#include <parley/chain/sync/answer_queue.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain {
namespace {

/// After which a budget that was used up is looked at again.
constexpr Duration look_again_after = std::chrono::milliseconds{50};

}  // namespace

bool AnswerQueue::push(Now now, PeerId id, std::uint32_t bytes, Start start_it) {
    auto& peer =
        peers_
            .try_emplace(id,
                         Peer{TokenBucket{config_.peer_bytes_per_second, config_.peer_burst_bytes}})
            .first->second;
    if (peer.has_question) return false;
    peer.has_question = true;
    waiting_.push_back({id, bytes, std::move(start_it)});
    start(now);
    return true;
}

bool AnswerQueue::start_one(Now now, Question& question) {
    auto& peer = peers_.at(question.peer);
    const double bytes = question.bytes;
    if (!peer.bytes.has(now.instant, bytes) || !bytes_.has(now.instant, bytes)) return false;
    if (!question.start(now)) return false;
    (void)peer.bytes.take(now.instant, bytes);
    (void)bytes_.take(now.instant, bytes);
    peer.taken = question.bytes;
    ++under_way_;
    return true;
}

void AnswerQueue::start(Now now) {
    for (auto at = waiting_.begin(); at != waiting_.end() && under_way_ < config_.under_way_max;) {
        at = start_one(now, *at) ? waiting_.erase(at) : std::next(at);
    }
    const bool can_start = !waiting_.empty() && under_way_ < config_.under_way_max;
    wake_at_ = can_start ? now.instant + look_again_after : never;
}

void AnswerQueue::finish(Now now, PeerId id, std::size_t bytes) {
    --under_way_;
    if (const auto found = peers_.find(id); found != peers_.end()) {
        auto& peer = found->second;
        peer.has_question = false;
        const auto unused = peer.taken - std::min<std::size_t>(peer.taken, bytes);
        peer.bytes.give_back(static_cast<double>(unused));
        bytes_.give_back(static_cast<double>(unused));
        peer.taken = 0;
    }
    start(now);
}

void AnswerQueue::remove_peer(PeerId id) {
    peers_.erase(id);
    std::erase_if(waiting_, [&](const Question& question) { return question.peer == id; });
}

void AnswerQueue::on_timer(Now now) {
    if (now.instant >= wake_at_) start(now);
}

}  // namespace parley::chain
