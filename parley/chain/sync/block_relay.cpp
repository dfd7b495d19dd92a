#include <parley/chain/sync/block_relay.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/txpool/messages.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain {

using transport::Offence;

BlockRelay::BlockRelay(gossip::TreeConfig config, Chain chain, Rng rng)
    : chain_(std::move(chain)), rng_(rng.split("salts")), tree_(config, rng.split("block tree")) {}

void BlockRelay::add_peer(PeerId peer) {
    (void)tree_.add_peer(peer);
}

void BlockRelay::remove_peer(Now now, PeerId peer, std::vector<Effect>& out) {
    std::vector<Hash256> lost;
    for (const auto& [hash, pending] : pending_) {
        if (pending.from == peer) lost.push_back(hash);
    }
    for (const auto& hash : lost) drop(hash, out);
    tree_.remove_peer(now, peer);
    flush(out);
}

BlockRelay::Handled BlockRelay::on_message(Now now, PeerId peer, transport::Code code,
                                           const SharedBytes& message, std::vector<Effect>& out) {
    const auto handle = [&]() -> Handled {
        switch (code) {
            case sync_topic::new_block:
                return on_new_block(now, peer, message, out);
            case sync_topic::get_transactions:
                return on_get_transactions(peer, message, out);
            case sync_topic::transactions:
                return on_transactions(now, peer, message, out);
            case sync_topic::block_graft:
                return on_graft(peer, message, out);
            case sync_topic::block_prune:
                if (message.size() > 0) return std::unexpected{Offence::malformed};
                tree_.on_prune(peer);
                return {};
            default:
                break;
        }
        const auto hashes = tx_topic::decode_hashes(message, 1);
        if (!hashes) return std::unexpected{Offence::malformed};
        if (code == sync_topic::block_missing) {
            tree_.on_missing(now, peer, *hashes);
            return {};
        }
        const auto announced = tree_.on_announce(now, peer, *hashes);
        if (announced.too_many) return std::unexpected{Offence::too_often};
        return {};
    };
    counters_.bytes += message.size();
    auto handled = handle();
    flush(out);
    return handled;
}

BlockRelay::Handled BlockRelay::on_new_block(Now now, PeerId peer, const SharedBytes& message,
                                             std::vector<Effect>& out) {
    const auto compact = sync_topic::decode_new_block(message);
    if (!compact) return std::unexpected{Offence::malformed};
    auto block = CompactBlock::read(*compact, chain_.limits);
    if (!block && block.error().code != CompactErrc::repeated_id) {
        return std::unexpected{Offence::malformed};
    }
    if (!block) return {};
    const auto hash = chain_.hash_of(block->header());
    if (tree_.on_payload(now, peer, hash) == gossip::Receipt::duplicate) return {};
    switch (chain_.judge(block->header(), hash)) {
        case Verdict::good:
            break;
        case Verdict::bad:
            tree_.on_invalid(hash);
            return std::unexpected{Offence::invalid_data};
        case Verdict::bad_seals:
            tree_.on_dropped(hash);
            return std::unexpected{Offence::invalid_data};
        case Verdict::known:
            tree_.on_unwanted(hash);
            return {};
        case Verdict::early:
        case Verdict::unknown:
            tree_.on_dropped(hash);
            out.emplace_back(Fetch{peer, block->header()});
            return {};
    }
    ++counters_.received;
    // On its way to others before anything else is done with it.
    forwarding_.insert_or_assign(hash, SharedBytes::copy(message));
    tree_.on_valid(now, hash);
    flush(out);
    block->fill_from(chain_.pool);
    auto missing = block->missing();
    if (missing.empty()) {
        ++counters_.completed;
        out.emplace_back(Import{peer, std::move(*block).take()});
        return {};
    }
    if (pending_.size() == pending_max) {
        out.emplace_back(Fetch{peer, block->header()});
        return {};
    }
    const auto question = next_question_++;
    out.emplace_back(
        Send{peer, sync_topic::get_transactions,
             sync_topic::encode(sync_topic::GetTransactions{question, hash, missing})});
    pending_.insert_or_assign(hash, Pending{std::move(*block), peer, question, std::move(missing),
                                            now.instant + patience});
    return {};
}

BlockRelay::Handled BlockRelay::on_get_transactions(PeerId peer, Bytes message,
                                                    std::vector<Effect>& out) {
    auto asked = sync_topic::decode_get_transactions(message);
    if (!asked) return std::unexpected{Offence::malformed};
    const auto pending = pending_.find(asked->block);
    if (pending == pending_.end()) return answer(peer, *asked, chain_.block(asked->block), out);
    auto& askers = pending->second.askers;
    if (askers.size() < askers_max) askers.emplace_back(peer, std::move(*asked));
    return {};
}

/// As far as it fits into an answer; without a block there is nothing in it.
BlockRelay::Handled BlockRelay::answer(PeerId peer, const sync_topic::GetTransactions& asked,
                                       const Block* block, std::vector<Effect>& out) {
    sync_topic::Items items{asked.id, {}};
    if (block) {
        auto found = transactions_at(*block, asked.indexes, sync_topic::answer_bytes_max);
        if (!found) return std::unexpected{Offence::invalid_data};
        items.items = std::move(*found);
    }
    out.emplace_back(Send{peer, sync_topic::transactions, sync_topic::encode(items)});
    return {};
}

/// Nothing is missing.
void BlockRelay::finish(Pending& pending, std::vector<Effect>& out) {
    auto block = std::move(pending.block).take();
    for (const auto& [peer, asked] : pending.askers) {
        if (!answer(peer, asked, &block, out)) {
            out.emplace_back(Charge{peer, Offence::invalid_data});
        }
    }
    out.emplace_back(Import{pending.from, std::move(block)});
}

BlockRelay::Handled BlockRelay::on_transactions(Now now, PeerId peer, const SharedBytes& message,
                                                std::vector<Effect>& out) {
    const auto answer = sync_topic::decode_items(message, sync_topic::block_transactions_max);
    if (!answer) return std::unexpected{Offence::malformed};
    const auto found = std::ranges::find_if(pending_, [&](const auto& entry) {
        return entry.second.from == peer && entry.second.question == answer->id;
    });
    if (found == pending_.end()) return {};  // too late
    auto& pending = found->second;
    if (answer->items.size() > pending.places.size()) {
        drop(Hash256{found->first}, out);
        return std::unexpected{Offence::invalid_data};
    }
    if (const auto ok = pending.block.fill(pending.places, answer->items); !ok) {
        drop(Hash256{found->first}, out);
        return std::unexpected{Offence::invalid_data};
    }
    auto missing = pending.block.missing();
    if (missing.empty()) {
        finish(pending, out);
        pending_.erase(found);
        return {};
    }
    if (answer->items.empty()) {  // it does not have them (yet)
        drop(Hash256{found->first}, out);
        return {};
    }
    pending.question = next_question_++;
    pending.deadline = now.instant + patience;
    out.emplace_back(Send{
        peer, sync_topic::get_transactions,
        sync_topic::encode(sync_topic::GetTransactions{pending.question, found->first, missing})});
    pending.places = std::move(missing);
    return {};
}

BlockRelay::Handled BlockRelay::on_graft(PeerId peer, Bytes message, std::vector<Effect>& out) {
    const auto hashes = tx_topic::decode_hashes(message, 0);
    if (!hashes || hashes->size() > pending_max) return std::unexpected{Offence::malformed};
    tree_.on_graft(peer, *hashes);
    std::vector<Hash256> absent;
    for (const auto& hash : *hashes) {
        if (auto block = message_of(hash); block.size() > 0) {
            out.emplace_back(Send{peer, sync_topic::new_block, std::move(block)});
        } else {
            absent.push_back(hash);
        }
    }
    if (!absent.empty()) {
        out.emplace_back(Send{peer, sync_topic::block_missing, tx_topic::encode_hashes(absent)});
    }
    return {};
}

void BlockRelay::on_made(Now now, const Block& block, std::vector<Effect>& out) {
    const auto hash = chain_.hash_of(block.header);
    forwarding_.insert_or_assign(hash, message_of(hash));
    tree_.on_valid(now, hash);
    flush(out);
}

void BlockRelay::on_timer(Now now, std::vector<Effect>& out) {
    std::vector<Hash256> late;
    for (const auto& [hash, pending] : pending_) {
        if (pending.deadline > now.instant) continue;
        late.push_back(hash);
        out.emplace_back(Charge{pending.from, Offence::useless});
    }
    for (const auto& hash : late) drop(hash, out);
    tree_.on_timer(now);
    flush(out);
}

Instant BlockRelay::next_wakeup() const {
    Instant out = tree_.next_wakeup();
    for (const auto& [hash, pending] : pending_) out = std::min(out, pending.deadline);
    return out;
}

void BlockRelay::drop(const Hash256& hash, std::vector<Effect>& out) {
    tree_.on_dropped(hash);
    const auto found = pending_.find(hash);
    if (found == pending_.end()) return;
    for (const auto& [peer, asked] : found->second.askers) (void)answer(peer, asked, nullptr, out);
    out.emplace_back(Fetch{found->second.from, found->second.block.header()});
    pending_.erase(found);
}

/// Of a block that is in memory; else empty.
SharedBytes BlockRelay::message_of(const Hash256& hash) {
    const auto* block = chain_.block(hash);
    if (!block) return {};
    return compact_form(*block, rng_.next());
}

void BlockRelay::flush(std::vector<Effect>& out) {
    for (auto& effect : tree_.take_effects()) {
        std::visit(
            overloaded{
                [&](const gossip::Push& push) {
                    const auto found = forwarding_.find(push.item);
                    auto message =
                        found == forwarding_.end() ? message_of(push.item) : found->second;
                    if (message.size() == 0) return;
                    out.emplace_back(Send{push.peer, sync_topic::new_block, std::move(message)});
                },
                [&](const gossip::Announce& announce) {
                    out.emplace_back(Send{announce.peer, sync_topic::block_announce,
                                          tx_topic::encode_hashes(announce.items)});
                },
                [&](const gossip::Graft& graft) {
                    out.emplace_back(Send{graft.peer, sync_topic::block_graft,
                                          tx_topic::encode_hashes(graft.items)});
                },
                [&](const gossip::Prune& prune) {
                    out.emplace_back(Send{prune.peer, sync_topic::block_prune, {}});
                },
                [&](const gossip::Withheld& withheld) {
                    out.emplace_back(Charge{withheld.peer, Offence::useless});
                },
            },
            effect);
    }
    forwarding_.clear();
}

}  // namespace parley::chain
