#include <parley/chain/txpool/relay.hpp>

#include <parley/base/endian.hpp>
#include <parley/base/overloaded.hpp>
#include <parley/chain/txpool/messages.hpp>
#include <parley/chain/types/sender.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace parley::chain {

using gossip::PeerId;
using transport::Message;
using transport::Offence;

namespace {

// Processor time of the node's thread, about, as charged to who wastes it (Context::note_waste).
constexpr Duration message_work = 1us;
constexpr Duration byte_work = 3ns;  // Keccak-256, and a copy
constexpr Duration decoding_work = 4us;
constexpr Duration hash_work = 200ns;     // of a list, decoded and looked up
constexpr Duration backlog_work = 400ns;  // of a hash, noted and encoded
constexpr Duration page_work = 8ns;       // of each in the pool, to find those of a page
/// Of a hash in an Announce.
constexpr std::size_t announced_bytes = 33;
/// New links that are told of the pool in one turn.
constexpr std::size_t pages_a_turn = 4;
/// Of the own user, from another life of this node.
constexpr std::size_t taken_up_a_turn = 256;
constexpr Duration take_up_interval = 200ms;
/// Of the own user, that a reorganisation may bring back.
constexpr std::size_t own_mined_max = 4096;

Duration work_of_bytes(std::size_t bytes) {
    return message_work + byte_work * static_cast<Duration::rep>(bytes);
}
Duration work_of_hashes(std::size_t hashes) {
    return hash_work * static_cast<Duration::rep>(hashes);
}

/// The /16 or /32 of a peer. As a number: they have four bytes at most.
Origin origin_of(const Endpoint& endpoint) {
    const auto group = outbound_group(endpoint.address);
    const auto prefix = load_be<std::uint32_t>(group.prefix);
    return {.group = (std::uint64_t{group.v4 ? 1U : 2U} << 32) | prefix};
}

/// No peer has this number: its queue is that of all light nodes.
constexpr PeerId light_nodes{0};

SubmitError too_busy() {
    return {.message = "too busy: try again later", .is_busy = true};
}

}  // namespace

struct TxRelay::Batch {
    std::vector<Unchecked> items;
    std::vector<Result<Address, TxError>> senders;
};

class TxRelay::Peer final : public transport::TopicHandler {
public:
    Peer(TxRelay& relay, transport::Context& context, PeerId id)
        : relay_(relay),
          context_(context),
          id_(id),
          origin_(origin_of(context.endpoint())),
          fetches_(relay.config_.fetches_per_second, relay.config_.fetches_burst),
          uploads_(relay.uploads_.link()) {}

    PeerId id() const { return id_; }
    const Origin& origin() const { return origin_; }
    Backlog& backlog() { return backlog_; }
    transport::Context& context() { return context_; }
    bool may_fetch(Now now, std::size_t items) {
        return fetches_.take(now.instant, static_cast<double>(items));
    }
    /// So many bytes more may be sent to it, beside what the tree sends.
    bool may_upload(std::size_t bytes) {
        return relay_.uploads_.take(context_.now().instant, context_.endpoint().address, uploads_,
                                    bytes);
    }

    Result<void, Offence> handle(transport::Code code, Message message) override {
        auto result = dispatch(code, std::move(message));
        relay_.flush(context_.now());
        return result;
    }

    void on_closed(transport::CloseReason) override {
        relay_.next_page_at(*this, never);
        relay_.peers_.erase(id_);
        relay_.checks_.remove_peer(id_);
        relay_.tree_.remove_peer(context_.now(), id_);
        relay_.flush(context_.now());
    }

private:
    Result<void, Offence> dispatch(transport::Code code, Message message) {
        if (code == tx_topic::payload) return relay_.on_payload(*this, std::move(message));
        if (code == tx_topic::prune) {
            if (!message.bytes().empty()) return std::unexpected{Offence::malformed};
            relay_.tree_.on_prune(id_);
            context_.note_waste(message_work);  // nobody needs many
            return {};
        }
        // A Graft may be for what comes from now on only.
        const auto hashes =
            tx_topic::decode_hashes(message.bytes(), code == tx_topic::graft ? 0 : 1);
        if (!hashes) return std::unexpected{Offence::malformed};
        switch (code) {
            case tx_topic::announce:
                return relay_.on_announce(*this, *hashes);
            case tx_topic::graft:
                return relay_.on_graft(*this, *hashes);
            case tx_topic::missing:
                context_.note_waste(work_of_hashes(
                    hashes->size() - relay_.tree_.on_missing(context_.now(), id_, *hashes)));
                return {};
            default:
                return std::unexpected{Offence::malformed};
        }
    }

    TxRelay& relay_;
    transport::Context& context_;
    PeerId id_;
    Origin origin_;
    TokenBucket fetches_;
    TokenBucket uploads_;
    Backlog backlog_;
};

TxRelay::TxRelay(TxRelayConfig config, TxPool& pool, Rng rng)
    : config_(config),
      pool_(pool),
      rng_(rng),
      tree_(config.tree, rng_.split("tx tree")),
      checks_(config.checks),
      uploads_(config.uploads, rng_.split("uploads").next()),
      own_mined_(own_mined_max, rng_.split("own").next()),
      self_(std::make_shared<TxRelay*>(this)) {
    pool_.on_dropped([this](const auto& entry, auto reason) { on_dropped(entry, reason); });
}

TxRelay::~TxRelay() {
    pool_.on_dropped({});
    *self_ = nullptr;
}

void TxRelay::attached(transport::Network& network) {
    network_ = &network;
    if (store_ == nullptr) return;
    journal_.emplace(*store_, network.jobs(), network.log());
    taken_up_ = journal_->load();
    if (!taken_up_.empty()) take_up_at_ = network.now().instant;
}

transport::TopicSpec TxRelay::topic() const {
    return {.name = "tx",
            .version = 1,
            .priority = transport::Priority::transactions,
            .message_bytes_max = static_cast<std::uint32_t>(
                std::max<std::size_t>(config_.rules.tx_bytes_max, 40'000)),
            .window_bytes = 1U << 20,
            .send_budget_bytes = 1U << 20};
}

std::unique_ptr<transport::TopicHandler> TxRelay::new_peer(transport::Context& context) {
    const PeerId id{next_peer_++};
    auto peer = std::make_unique<Peer>(*this, context, id);
    if (tree_.add_peer(id)) {
        peers_.emplace(id, peer.get());
        begin_backlog(*peer);
    }
    return peer;
}

void TxRelay::begin_backlog(Peer& peer) {
    peer.backlog() = {.moves = pool_.moves()};
    tell_page(peer.context().now(), peer);
}

void TxRelay::tell_backlogs(Now now) {
    for (std::size_t i = 0; i < pages_a_turn && !pages_.empty(); ++i) {
        const auto [at, id] = *pages_.begin();
        if (at > now.instant) return;
        tell_page(now, *peers_.find(id)->second);
    }
}

void TxRelay::next_page_at(Peer& peer, Instant at) {
    auto& backlog = peer.backlog();
    pages_.erase({backlog.next_at, peer.id()});
    backlog.next_at = at;
    if (at != never) pages_.insert({at, peer.id()});
}

/// The best that it was not told of. Work for a link that may have brought nothing: its address
/// pays, or whoever comes again and again would have it all the time.
void TxRelay::tell_page(Now now, Peer& peer) {
    auto& backlog = peer.backlog();
    next_page_at(peer, now.instant + config_.backlog_interval);
    if (tree_.announcements_waiting(peer.id()) > 0) return;  // its lane is full
    const auto page = pool_.page(config_.backlog_page, backlog.after);
    peer.context().note_waste(page_work * static_cast<Duration::rep>(pool_.size()));
    if (!peer.may_upload(announced_bytes * page.size())) return;
    std::vector<Hash256> hashes;
    hashes.reserve(page.size());
    for (const auto* entry : page) hashes.push_back(entry->hash);
    peer.context().note_waste(backlog_work * static_cast<Duration::rep>(page.size()));
    tree_.announce_to(now, peer.id(), hashes);
    if (page.size() == config_.backlog_page && !page.empty()) {
        backlog.after = pool_.rank(*page.back());
    } else if (backlog.moves != pool_.moves() && !backlog.is_again) {
        // What moved up while it was told of the others: what it knows is not named again.
        backlog = {.is_again = true, .next_at = backlog.next_at};
    } else {
        next_page_at(peer, never);
    }
}

Instant TxRelay::next_wakeup() const {
    const auto page = pages_.empty() ? never : pages_.begin()->first;
    const auto own = std::min(take_up_at_, own_again_at_);
    const auto journal = journal_ ? journal_->next_wakeup() : never;
    return std::min({tree_.next_wakeup(), pool_.next_expiry(), page, own, journal});
}

void TxRelay::on_timer(Now now) {
    pool_.expire(now.instant);
    if (journal_) journal_->on_timer(now);
    take_up_own(now);
    if (now.instant >= own_again_at_) announce_own(now);
    tell_backlogs(now);
    tree_.on_timer(now);
    start_checks();
    flush(now);
}

/// What another life of this node left, some at a time.
void TxRelay::take_up_own(Now now) {
    if (now.instant < take_up_at_) return;
    for (std::size_t i = 0; i < taken_up_a_turn && !taken_up_.empty(); ++i) {
        auto raw = std::move(taken_up_.back());
        taken_up_.pop_back();
        submit(now, raw, [raw, self = self_](const auto& result) {
            if (result || !*self) return;
            auto& relay = **self;
            if (result.error().is_busy) return relay.taken_up_.push_back(raw);
            const auto hash = crypto::keccak256(raw);
            if (!relay.pool_.contains(hash)) relay.journal_->remove(relay.network_->now(), hash);
        });
    }
    take_up_at_ = taken_up_.empty() ? never : now.instant + take_up_interval;
}

/// To those who may have lost it. Where it is here, few bytes.
void TxRelay::announce_own(Now now) {
    std::size_t left = config_.own_again_max;
    for (const auto& hash : own_) {
        if (left-- == 0) break;
        for (const auto& [id, peer] : peers_) tree_.push_failed(now, id, hash);
    }
    own_again_at_ = own_.empty() ? never : now.instant + config_.own_again;
}

void TxRelay::note_own(Now now, const Hash256& hash) {
    own_.insert(hash);
    own_again_at_ = std::min(own_again_at_, now.instant + config_.own_again);
    if (journal_) journal_->add(now, hash, pool_.find(hash)->raw);
}

void TxRelay::on_dropped(const PooledTx& entry, DropReason reason) {
    if (network_ == nullptr) return;
    if (reason == DropReason::nonce_used && mined_.contains(entry.hash)) reason = DropReason::mined;
    network_->hub().publish(TxDropped{entry.hash, reason});
    // It may come again when there is room.
    if (reason == DropReason::evicted) tree_.on_refused(entry.hash);
    if (reason == DropReason::refused) tree_.on_unwanted(entry.hash);
    if (!entry.local) return;
    own_.erase(entry.hash);
    if (reason == DropReason::mined) own_mined_.insert(entry.hash);
    if (journal_) journal_->remove(network_->now(), entry.hash);
}

void TxRelay::submit(Now, SharedBytes raw, Done done) {
    auto tx = admissible(std::move(raw));
    if (!tx) return done(std::unexpected{std::move(tx.error())});
    auto refused = checks_.push_own(
        {.tx = std::move(*tx), .credit = {}, .origin = {.local = true}, .done = std::move(done)});
    if (refused) return refused->done(std::unexpected{too_busy()});
    start_checks();
}

void TxRelay::submit_from(Now, const Endpoint& from, SharedBytes raw, Done done) {
    auto tx = admissible(std::move(raw));
    if (!tx) return done(std::unexpected{std::move(tx.error())});
    // All light nodes are one source among the peers.
    drop(checks_.push({.tx = std::move(*tx),
                       .credit = {},
                       .from = light_nodes,
                       .origin = origin_of(from),
                       .done = std::move(done)}));
    start_checks();
}

/// What may go on to its check.
Result<Transaction, SubmitError> TxRelay::admissible(SharedBytes raw) const {
    auto tx = decode_transaction(std::move(raw), config_.rules.tx_bytes_max);
    if (!tx) return std::unexpected{SubmitError{message(tx.error())}};
    if (const auto ok = check_stateless(*tx, config_.rules); !ok) {
        return std::unexpected{SubmitError{message(ok.error())}};
    }
    if (pool_.contains(tx->hash)) return std::unexpected{SubmitError{"already known"}};
    return std::move(*tx);
}

/// There was no room for their check.
void TxRelay::drop(std::vector<Unchecked> dropped) {
    for (auto& unchecked : dropped) {
        tree_.on_dropped(unchecked.tx.hash);
        note_waste(unchecked.from, work_of_bytes(unchecked.tx.raw.size()) + decoding_work);
        if (unchecked.done) unchecked.done(std::unexpected{too_busy()});
    }
}

void TxRelay::on_new_head(Now now, const NewHead& head) {
    config_.rules.fork = head.fork;
    config_.rules.gas_limit_max = head.gas_limit;
    pool_.set_base_fee(head.base_fee);
    // In order, and each once.
    std::set<Address> changed{head.credited.begin(), head.credited.end()};
    for (const auto* txs : {&head.mined, &head.reverted}) {
        for (const auto& [tx, sender] : *txs) {
            changed.insert(sender);
            if (tx.to) changed.insert(*tx.to);
        }
    }
    for (const auto& [tx, sender] : head.mined) mined_.insert(tx.hash);
    for (const auto& account : changed) pool_.drop_stale(account);
    mined_.clear();
    for (const auto& [tx, sender] : head.reverted) {
        const bool local = own_mined_.contains(tx.hash);
        const auto result = pool_.insert(tx, sender, now, {.local = local, .reverted = true});
        if (!is_new(result)) continue;
        tree_.on_valid(now, tx.hash);
        network_->hub().publish(TxAdded{tx.hash, local});
        if (local) note_own(now, tx.hash);
    }
    flush(now);
}

void TxRelay::on_refused(const Hash256& hash) {
    pool_.remove(hash, DropReason::refused);
}

Result<void, Offence> TxRelay::on_payload(Peer& peer, Message message) {
    ++counters_.received;
    const Now now = peer.context().now();
    const auto work = work_of_bytes(message.bytes().size());
    const auto hash = crypto::keccak256(message.bytes());
    if (room_made_ != pool_.room_made()) {
        room_made_ = pool_.room_made();
        tree_.forget_refused();
    }
    if (tree_.on_payload(now, peer.id(), hash) == gossip::Receipt::duplicate ||
        pool_.contains(hash)) {
        ++counters_.duplicates;
        // Who checks what it passes on cannot have it.
        if (tree_.rejected(hash)) return std::unexpected{Offence::useless};
        peer.context().note_waste(work);
        return {};
    }
    auto tx =
        decode_transaction(SharedBytes::own(message.move_bytes()), config_.rules.tx_bytes_max);
    if (!tx) {
        ++counters_.invalid;
        tree_.on_invalid(hash);
        return std::unexpected{Offence::malformed};
    }
    if (const auto ok = check_stateless(*tx, config_.rules); !ok) {
        ++counters_.invalid;
        if (ok.error().code == TxErrc::wrong_chain && !said_our_chain(peer)) {
            tree_.on_unwanted(hash);
            peer.context().note_waste(work + decoding_work);
            peer.context().part({.reason = transport::CloseReason::wrong_chain,
                                 .sender_value = std::to_string(config_.rules.chain_id),
                                 .receiver_value = std::to_string(*tx->chain_id)});
            return {};
        }
        tree_.on_invalid(hash);
        return std::unexpected{Offence::invalid_data};
    }
    if (const auto refusal = pool_.refuse_early(*tx, peer.origin())) {
        not_taken(hash, *refusal);
        peer.context().note_waste(work + decoding_work);
        return {};
    }
    drop(checks_.push({.tx = std::move(*tx),
                       .credit = std::move(message),
                       .from = peer.id(),
                       .origin = peer.origin(),
                       .done = {}}));
    start_checks();
    return {};
}

/// A Hello may leave the chain out, and so may ours, and such nodes fit any: only what they send
/// shows whether they are of another chain.
bool TxRelay::said_our_chain(Peer& peer) const {
    const auto said = peer.context().hello().chain_id;
    return said != 0 && said == config_.rules.chain_id;
}

Result<void, Offence> TxRelay::on_announce(Peer& peer, const std::vector<Hash256>& hashes) {
    std::vector<Hash256> named;
    named.reserve(hashes.size());
    for (const auto& hash : hashes) {
        // In the pool for longer than the tree remembers.
        if (tree_.seen(hash) || !pool_.contains(hash)) named.push_back(hash);
    }
    const auto announced = tree_.on_announce(peer.context().now(), peer.id(), named);
    if (announced.too_many) return std::unexpected{Offence::too_often};
    peer.context().note_waste(work_of_hashes(named.size() - announced.news));
    return {};
}

Result<void, Offence> TxRelay::on_graft(Peer& peer, const std::vector<Hash256>& hashes) {
    if (!peer.may_fetch(peer.context().now(), std::max<std::size_t>(1, hashes.size()))) {
        return std::unexpected{Offence::too_often};
    }
    tree_.on_graft(peer.id(), hashes);
    std::vector<Hash256> absent;
    for (const auto& hash : hashes) {
        if (!answer(peer.context().now(), peer, hash)) absent.push_back(hash);
        ++counters_.fetched;
    }
    peer.context().note_waste(work_of_hashes(absent.size()));
    // If this does not fit either, the peer's time-out finds another announcer.
    if (!absent.empty()) peer.context().send(tx_topic::missing, tx_topic::encode_hashes(absent));
    return {};
}

void TxRelay::start_checks() {
    // While batches are under way, what comes gathers for the next one.
    while (!checks_.empty() && batches_under_way_ < config_.batches_max &&
           !network_->jobs().full()) {
        auto batch = std::make_shared<Batch>();
        while (!checks_.empty() && batch->items.size() < config_.batch_max) {
            batch->items.push_back(std::move(*checks_.pop()));
        }
        const auto recover = [batch] {
            std::vector<const Transaction*> all;
            for (const auto& item : batch->items) all.push_back(&item.tx);
            batch->senders = recover_senders(all);
        };
        const auto take = [batch, self = self_](Now now) {
            if (*self) (*self)->on_checked(now, *batch);
        };
        const bool submitted = network_->jobs().submit({recover, take});
        if (submitted) ++batches_under_way_;
    }
}

void TxRelay::on_checked(Now now, Batch& batch) {
    --batches_under_way_;
    for (std::size_t i = 0; i < batch.items.size(); ++i) {
        finish(now, batch.items[i], batch.senders[i]);
    }
    start_checks();
    flush(now);
}

void TxRelay::finish(Now now, Unchecked& unchecked, const Result<Address, TxError>& sender) {
    const auto hash = unchecked.tx.hash;
    const auto reply = [&](Result<Hash256, SubmitError> result) {
        if (unchecked.done) unchecked.done(std::move(result));
    };
    if (!sender) {
        checks_.settle(unchecked, false);
        ++counters_.invalid;
        tree_.on_invalid(hash);
        if (auto* context = context_of(unchecked.from)) {
            context->penalise(Offence::invalid_data);
        }
        return reply(std::unexpected{SubmitError{message(sender.error())}});
    }
    if (auto why = objection(unchecked.tx, *sender)) {
        checks_.settle(unchecked, false);
        tree_.on_unwanted(hash);
        note_waste(unchecked.from, work_of_bytes(unchecked.tx.raw.size()) + decoding_work);
        return reply(std::unexpected{SubmitError{std::move(*why)}});
    }
    const bool local = unchecked.origin.local;
    const auto result = pool_.insert(unchecked.tx, *sender, now, unchecked.origin);
    checks_.settle(unchecked, is_new(result));
    if (local && pool_.contains(hash)) note_own(now, hash);
    if (is_new(result)) {
        ++counters_.added;
        if (auto* context = context_of(unchecked.from)) context->mark_useful();
        tree_.on_valid(now, hash);
        network_->hub().publish(TxAdded{hash, local});
        return reply(hash);
    }
    not_taken(hash, result);
    // That of the recovery counts in the queue of checks.
    note_waste(unchecked.from, work_of_bytes(unchecked.tx.raw.size()) + decoding_work);
    reply(std::unexpected{SubmitError{std::string{name(result)}}});
}

std::optional<std::string> TxRelay::objection(const Transaction& tx, const Address& sender) const {
    return objection_ ? objection_(tx, sender) : std::nullopt;
}

/// Null for our own user, and for one whose link has ended.
transport::Context* TxRelay::context_of(PeerId peer) const {
    const auto found = peers_.find(peer);
    return found == peers_.end() ? nullptr : &found->second->context();
}

void TxRelay::note_waste(PeerId from, Duration work) {
    if (auto* context = context_of(from)) context->note_waste(work);
}

/// Good, but not wanted: not passed on, and not fetched again; if only room or funds are missing,
/// not until there may be some.
void TxRelay::not_taken(const Hash256& hash, InsertResult why) {
    if (may_come_again(why)) {
        tree_.on_refused(hash);
    } else {
        tree_.on_unwanted(hash);
    }
}

/// Sends a transaction whole, or has it announced later if the lane is full. False: it is larger
/// than the peer takes.
bool TxRelay::push(Now now, Peer& peer, const PooledTx& tx) {
    const auto sent = peer.context().send(tx_topic::payload, tx.raw);
    if (sent == transport::SendResult::full) tree_.push_failed(now, peer.id(), tx.hash);
    return sent != transport::SendResult::too_large;
}

/// As push, within what the peer may have at a time. False also for what is not pooled.
bool TxRelay::answer(Now now, Peer& peer, const Hash256& hash) {
    const auto* pooled = pool_.find(hash);
    if (pooled == nullptr) return false;
    if (peer.may_upload(pooled->raw.size())) return push(now, peer, *pooled);
    tree_.push_failed(now, peer.id(), hash);
    return true;
}

void TxRelay::flush(Now now) {
    auto effects = tree_.take_effects();
    for (auto& effect : effects) {
        const auto id = std::visit([](const auto& e) { return e.peer; }, effect);
        const auto found = peers_.find(id);
        if (found == peers_.end()) continue;
        auto& context = found->second->context();
        std::visit(overloaded{
                       [&](const gossip::Push& whole) {
                           if (const auto* pooled = pool_.find(whole.item)) {
                               push(now, *found->second, *pooled);
                           }
                       },
                       [&](const gossip::Announce& announce) {
                           const auto sent = context.send(tx_topic::announce,
                                                          tx_topic::encode_hashes(announce.items));
                           if (sent != transport::SendResult::full) return;
                           for (const auto& item : announce.items) tree_.push_failed(now, id, item);
                       },
                       [&](const gossip::Graft& graft) {
                           context.send(tx_topic::graft, tx_topic::encode_hashes(graft.items));
                       },
                       [&](const gossip::Prune&) { context.send(tx_topic::prune, {}); },
                       [&](const gossip::Withheld& withheld) {
                           context.penalise(withheld.silent ? Offence::useless : Offence::withheld);
                       },
                   },
                   effect);
    }
}

}  // namespace parley::chain
