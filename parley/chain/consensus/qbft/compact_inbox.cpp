#include <parley/chain/consensus/qbft/compact_inbox.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain::qbft {

using transport::Offence;

namespace {

/// Visits the transactions of a block, as a pool does.
CompactBlock::Pool transactions_of(const Block& block) {
    return [&block](const auto& visit) {
        for (const auto& tx : block.body.transactions) visit(tx.hash, tx.raw);
    };
}

}  // namespace

std::optional<Hash256> CompactInbox::digest_of(const Header& header) const {
    const auto form = sources_.form.form;
    const auto extra = decode_extra_data(header.extra_data, form);
    if (!extra) return std::nullopt;
    return hash_with(header, *extra, 0, form);
}

void CompactInbox::fill(CompactBlock& block, const Hash256& digest) const {
    if (const auto known = sources_.block(digest)) block.fill_from(transactions_of(known->block));
    for (const auto& ahead : ahead_) {
        if (block.missing().empty()) return;
        if (ahead.header.number == block.header().number) block.fill_from(transactions_of(ahead));
    }
    if (!block.missing().empty()) block.fill_from(sources_.pool);
}

std::size_t CompactInbox::pending_of(PeerKey peer) const {
    return static_cast<std::size_t>(std::ranges::count_if(pending_, [&](const auto& entry) {
        return !entry.second.senders.empty() && entry.second.senders.front() == peer;
    }));
}

CompactInbox::Handled CompactInbox::receive(Now now, PeerKey from, std::uint16_t code,
                                            const Hash256& key, transport::Message message,
                                            Effects& out) {
    ++counters_.received;
    Pending pending{.code = whole_code(code),
                    .bytes = SharedBytes::own(message.move_bytes()),
                    .senders = {from}};
    if (pending.code) {
        auto read = decode_compact(pending.bytes);
        if (!read) return std::unexpected{Offence::malformed};
        pending.message = std::move(*read);
    } else {
        auto read = sync_topic::decode_new_block(pending.bytes);
        if (!read) return std::unexpected{Offence::malformed};
        pending.message.block = std::move(*read);
    }
    auto block = CompactBlock::read(pending.message.block, sources_.form.limits);
    if (!block && block.error().code == CompactErrc::repeated_id) return {};
    if (!block) return std::unexpected{Offence::malformed};
    const auto digest = digest_of(block->header());
    if (!digest) return std::unexpected{Offence::malformed};
    pending.block = std::move(*block);
    pending.digest = *digest;
    pending.credit = std::make_shared<transport::Message>(std::move(message));
    fill(pending.block, *digest);
    if (pending.block.missing().empty()) {
        ++counters_.at_once;
        finish(std::move(pending), out);
        return {};
    }
    if (pending_.size() >= pending_max || pending_of(from) >= pending_of_peer_max) return {};
    go_on(now, pending_.emplace(key, std::move(pending)).first, out);
    return {};
}

void CompactInbox::also_from(PeerKey peer, const Hash256& key) {
    const auto found = pending_.find(key);
    if (found == pending_.end() || found->second.senders.size() >= senders_max) return;
    found->second.senders.push_back(peer);
}

/// Asks for what is missing, or is done.
void CompactInbox::go_on(Now now, Table::iterator at, Effects& out) {
    auto& pending = at->second;
    pending.places = pending.block.missing();
    if (pending.places.empty()) {
        finish(std::move(pending), out);
        pending_.erase(at);
        return;
    }
    pending.question = next_question_++;
    pending.deadline = now.instant + patience;
    out.emplace_back(Send{pending.senders.front(), get_transactions_code,
                          sync_topic::encode(sync_topic::GetTransactions{
                              pending.question, pending.digest, pending.places})});
}

/// Who was asked does not answer, or not with all.
void CompactInbox::ask_next(Now now, Table::iterator at, Effects& out) {
    auto& senders = at->second.senders;
    senders.erase(senders.begin());
    if (!senders.empty()) return go_on(now, at, out);
    ++counters_.given_up;
    pending_.erase(at);
}

void CompactInbox::finish(Pending pending, Effects& out) {
    auto block = std::move(pending.block).take();
    if (!pending.code) {
        ahead_.push_front(std::move(block));
        if (ahead_.size() > ahead_max) ahead_.pop_back();
        return;
    }
    auto whole = complete(*pending.code, pending.message, block.encode());
    const auto from = pending.senders.front();
    if (!whole) {
        out.emplace_back(Charge{from, Offence::malformed});
        return;
    }
    out.emplace_back(Whole{from, *pending.code, std::move(*whole), std::move(pending.bytes),
                           std::move(pending.credit)});
}

CompactInbox::Handled CompactInbox::on_get_transactions(PeerKey peer, Bytes message,
                                                        Effects& out) const {
    const auto asked = sync_topic::decode_get_transactions(message);
    if (!asked) return std::unexpected{Offence::malformed};
    sync_topic::Items items{asked->id, {}};
    if (const auto block = sources_.block(asked->block)) {
        auto found = transactions_at(block->block, asked->indexes, answer_bytes_max);
        if (!found) return std::unexpected{Offence::invalid_data};
        items.items = std::move(*found);
    }
    out.emplace_back(Send{peer, transactions_code, sync_topic::encode(items)});
    return {};
}

CompactInbox::Handled CompactInbox::on_transactions(Now now, PeerKey peer,
                                                    const SharedBytes& message, Effects& out) {
    const auto answer = sync_topic::decode_items(message, sync_topic::block_transactions_max);
    if (!answer) return std::unexpected{Offence::malformed};
    const auto found = std::ranges::find_if(pending_, [&](const auto& entry) {
        const auto& pending = entry.second;
        return pending.question == answer->id && pending.senders.front() == peer;
    });
    if (found == pending_.end()) return {};  // too late
    auto& pending = found->second;
    pending.bytes_in += message.size();
    const bool is_good = answer->items.size() <= pending.places.size() &&
                         pending.bytes_in <= pending_bytes_max &&
                         pending.block.fill(pending.places, answer->items).has_value();
    if (!is_good) {
        ask_next(now, found, out);
        return std::unexpected{Offence::invalid_data};
    }
    if (answer->items.empty()) {
        ask_next(now, found, out);
    } else {
        go_on(now, found, out);
    }
    return {};
}

void CompactInbox::remove_peer(Now now, PeerKey peer, Effects& out) {
    for (auto at = pending_.begin(); at != pending_.end();) {
        const auto next = std::next(at);
        auto& senders = at->second.senders;
        if (senders.front() == peer) {
            ask_next(now, at, out);
        } else {
            std::erase(senders, peer);
        }
        at = next;
    }
}

void CompactInbox::on_timer(Now now, Effects& out) {
    for (auto at = pending_.begin(); at != pending_.end();) {
        const auto next = std::next(at);
        if (now.instant >= at->second.deadline) {
            out.emplace_back(Charge{at->second.senders.front(), Offence::useless});
            ask_next(now, at, out);
        }
        at = next;
    }
}

Instant CompactInbox::next_wakeup() const {
    auto out = never;
    for (const auto& [key, pending] : pending_) out = std::min(out, pending.deadline);
    return out;
}

}  // namespace parley::chain::qbft
