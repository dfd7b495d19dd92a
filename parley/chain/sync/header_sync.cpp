#include <parley/chain/sync/header_sync.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/sync/chain_end.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::chain {

using sync_topic::ChainStatus;
using transport::Offence;

HeaderSync::HeaderSync(HeaderSyncConfig config, std::shared_ptr<const Engine> engine,
                       std::vector<ChainHeader> known)
    : config_(config), engine_(std::move(engine)), headers_(known.begin(), known.end()) {
    assert(!headers_.empty());
}

const ChainHeader* HeaderSync::find(std::uint64_t number) const {
    const auto first = headers_.front().header.number;
    if (number < first || number - first >= headers_.size()) return nullptr;
    return &headers_[number - first];
}

const ChainHeader* HeaderSync::find(const Hash256& hash) const {
    const auto found = std::find_if(headers_.rbegin(), headers_.rend(),
                                    [&](const auto& header) { return header.hash == hash; });
    return found == headers_.rend() ? nullptr : &*found;
}

bool HeaderSync::is_behind(std::uint64_t blocks) const {
    std::size_t ahead = 0;
    std::size_t all = 0;
    for (const auto& [id, peer] : peers_) {
        if (!peer.status) continue;
        ++all;
        if (peer.status->number > tip().header.number + blocks) ++ahead;
    }
    return 2 * ahead > all;
}

bool HeaderSync::may_be_behind(std::uint64_t blocks) const {
    if (checking_) return true;
    bool is_known = false;
    for (const auto& [id, peer] : peers_) {
        if (!peer.status) continue;
        is_known = true;
        if (!peer.has_no_more && peer.status->number > tip().header.number + blocks) return true;
    }
    return !is_known;
}

std::vector<Hash256> HeaderSync::locator() const {
    return locator_of(headers_.size(), sync_topic::locator_max, [&](std::uint64_t back) {
        return std::optional{headers_[headers_.size() - 1 - back].hash};
    });
}

void HeaderSync::fail(PeerId id, Offence offence, std::vector<Effect>& out) {
    out.emplace_back(Charge{id, offence});
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    ++found->second.failures;
    found->second.has_no_more = true;
}

void HeaderSync::remove_peer(Now now, PeerId id, std::vector<Effect>& out) {
    peers_.erase(id);
    if (asked_ && asked_->peer == id) asked_.reset();
    work(now, out);
}

void HeaderSync::on_status(Now now, PeerId id, const ChainStatus& status,
                           std::vector<Effect>& out) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    if (found->second.status != status) found->second.has_no_more = false;
    found->second.status = status;
    work(now, out);
}

void HeaderSync::on_headers(Now now, PeerId id, std::uint64_t question, std::vector<Header> headers,
                            std::vector<Effect>& out) {
    if (!asked_ || asked_->peer != id || asked_->id != question ||
        headers.size() > config_.headers_per_question) {
        out.emplace_back(Charge{id, Offence::unasked});
        return;
    }
    asked_.reset();
    if (headers.empty()) {
        // It may have lost a race to a new head.
        if (const auto peer = peers_.find(id); peer != peers_.end()) {
            ++peer->second.failures;
            peer->second.has_no_more = true;
        }
        return work(now, out);
    }
    const auto* parent = find(headers.front().parent_hash);
    if (!parent) {
        fail(id, Offence::invalid_data, out);
        return work(now, out);
    }
    checking_ = id;
    out.emplace_back(Check{id, *parent, std::move(headers)});
}

void HeaderSync::on_held(Now now, PeerId id, std::uint64_t question, std::vector<Effect>& out) {
    if (!asked_ || asked_->peer != id || asked_->id != question) {
        out.emplace_back(Charge{id, Offence::unasked});
        return;
    }
    asked_.reset();
    if (const auto peer = peers_.find(id); peer != peers_.end()) peer->second.status.reset();
    work(now, out);
}

void HeaderSync::on_checked(Now now, std::vector<ChainHeader> good, bool all,
                            std::vector<Effect>& out) {
    assert(checking_);
    const auto id = *std::exchange(checking_, std::nullopt);
    if (!all) {
        // As a proof that does not hold: see StateSync.
        fail(id, Offence::malformed, out);
        out.emplace_back(Charge{id, Offence::malformed});
    }
    const bool is_news = !good.empty() && engine_->is_better(good.back(), tip());
    if (const auto peer = peers_.find(id); peer != peers_.end() && all) {
        if (is_news) peer->second.failures = 0;
        if (!is_news) peer->second.has_no_more = true;
    }
    if (is_news) {
        const auto old_tip = tip().header.number;
        while (tip().hash != good.front().header.parent_hash) headers_.pop_back();
        for (const auto& header : good) headers_.push_back(header);
        while (headers_.size() > config_.headers_max) headers_.pop_front();
        out.emplace_back(Extend{std::move(good), old_tip});
    }
    work(now, out);
}

void HeaderSync::on_timer(Now now, std::vector<Effect>& out) {
    if (asked_ && now.instant >= asked_->deadline) {
        fail(asked_->peer, Offence::useless, out);
        asked_.reset();
    }
    work(now, out);
}

/// The one with the fewest failures is asked.
void HeaderSync::work(Now now, std::vector<Effect>& out) {
    if (asked_ || checking_) return;
    const std::pair<const PeerId, Peer>* best = nullptr;
    for (const auto& entry : peers_) {
        const auto& peer = entry.second;
        if (peer.has_no_more || !peer.status || !is_better(*engine_, *peer.status, tip())) continue;
        if (!best || peer.failures < best->second.failures) best = &entry;
    }
    if (!best) return;
    sync_topic::GetHeaders question;
    question.id = next_id_++;
    question.from = locator();
    question.forwards = true;
    question.count = static_cast<std::uint32_t>(config_.headers_per_question);
    asked_ = Asked{best->first, question.id, now.instant + config_.patience};
    out.emplace_back(Ask{best->first, std::move(question)});
}

std::vector<ChainHeader> check_headers(const Engine& engine, const ChainHeader& parent,
                                       const std::vector<Header>& headers) {
    std::vector<ChainHeader> out;
    for (const auto& header : headers) {
        const auto& before = out.empty() ? parent : out.back();
        const auto total = checked_add(before.total_difficulty, header.difficulty);
        if (header.parent_hash != before.hash || !total) break;
        const auto fork = engine.fork_of(header, before);
        if (!check_header(header, before.header, fork, engine.bounds_gas_limit())) break;
        if (!engine.check_header(header, before, fork)) break;
        out.push_back({header, engine.hash_of(header), *total, engine.notes_after(header, before)});
    }
    return out;
}

}  // namespace parley::chain
