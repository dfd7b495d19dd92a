#include <parley/chain/consensus/qbft/qbft_relay.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::chain::qbft {

using transport::Offence;

namespace {

/// What tells messages apart.
Hash256 key_of(transport::Code code, Bytes message) {
    auto key = crypto::keccak256(message);
    key[0] ^= static_cast<std::byte>(code);
    return key;
}

}  // namespace

/// What waits to be read keeps its credit, so that a peer cannot send more than its window ahead.
class QbftRelay::Peer final : public transport::TopicHandler {
public:
    Peer(QbftRelay& relay, transport::Context& context, PeerKey key)
        : relay_(relay), context_(context), key_(key) {}

    transport::Context& context() { return context_; }
    Result<void, Offence> handle(transport::Code code, transport::Message message) override {
        const auto now = context_.now();
        auto handled = relay_.receive(now, key_, code, std::move(message));
        relay_.perform(now);
        return handled;
    }
    void on_closed(transport::CloseReason) override {
        const auto now = context_.now();
        auto& relay = relay_;
        relay.peers_.erase(key_);
        if (relay.inbox_) relay.inbox_->remove_peer(now, key_, relay.effects_);
        relay.perform(now);
    }

private:
    QbftRelay& relay_;
    transport::Context& context_;
    PeerKey key_;
};

QbftRelay::QbftRelay(std::uint64_t salt)
    : seen_(seen_max, salt), rng_(salt), self_(std::make_shared<QbftRelay*>(this)) {}

QbftRelay::~QbftRelay() {
    *self_ = nullptr;
}

void QbftRelay::use(Agreement* agreement, CompactBlock::Pool pool) {
    agreement_ = agreement;
    inbox_.emplace(CompactInbox::Sources{
        .pool = std::move(pool),
        .block = [agreement](const Hash256& digest) { return agreement->find(digest); },
        .form = agreement->form()});
}

transport::TopicSpec QbftRelay::topic() const {
    return {.name = std::string{topic_name},
            .priority = transport::Priority::consensus,
            .message_bytes_max = message_bytes_max,
            .window_bytes = message_bytes_max + 4096,
            .send_budget_bytes = 2 * message_bytes_max};
}

std::unique_ptr<transport::TopicHandler> QbftRelay::new_peer(transport::Context& context) {
    const auto key = next_peer_++;
    auto peer = std::make_unique<Peer>(*this, context, key);
    peers_.emplace(key, peer.get());
    if (!agreement_) return peer;
    if (proposal_) (void)context.send(proposal_->code, proposal_->message);
    for (const auto& [code, message, block] : agreement_->said()) {
        const auto out = outgoing(code, message, block);
        (void)context.send(out.code, out.message);
    }
    return peer;
}

// --- What comes ---

QbftRelay::Handled QbftRelay::receive(Now now, PeerKey from, transport::Code code,
                                      transport::Message message) {
    ++counters_.received;
    if (!agreement_) return {};
    if (code == get_transactions_code) {
        return inbox_->on_get_transactions(from, message.bytes(), effects_);
    }
    if (code == transactions_code) {
        return inbox_->on_transactions(now, from, SharedBytes::copy(message.bytes()), effects_);
    }
    const auto key = key_of(code, message.bytes());
    if (!seen_.insert(key)) {
        ++counters_.duplicates;
        inbox_->also_from(from, key);
        return {};
    }
    if (whole_code(code) || code == block_ahead_code) {
        return inbox_->receive(now, from, code, key, std::move(message), effects_);
    }
    const auto bytes = SharedBytes::own(message.move_bytes());
    read(now, {from, static_cast<Code>(code), bytes, code, bytes,
               std::make_shared<transport::Message>(std::move(message))});
    return {};
}

void QbftRelay::read(Now now, Reading reading) {
    const auto code = static_cast<transport::Code>(reading.code);
    const auto message = reading.message;
    agreement_->receive(
        now, code, message,
        [self = self_, reading = std::move(reading)](Now, Agreement::Verdict verdict) {
            if (*self) (*self)->on_read(reading, verdict);
        });
}

void QbftRelay::on_read(const Reading& reading, Agreement::Verdict verdict) {
    switch (verdict) {
        case Agreement::Verdict::ignored:
            return;
        case Agreement::Verdict::good:
            ++counters_.passed_on;
            if (reading.code == Code::proposal) {
                proposal_ = Outgoing{reading.passed_code, reading.passed};
            }
            return send_to_all(reading.passed_code, reading.passed, reading.from);
        case Agreement::Verdict::bad:
            ++counters_.bad;
            const auto peer = peers_.find(reading.from);
            if (peer != peers_.end()) peer->second->context().penalise(Offence::invalid_data);
    }
}

void QbftRelay::perform(Now now) {
    while (!effects_.empty()) {
        for (auto& effect : std::exchange(effects_, {})) {
            std::visit(overloaded{[&](const CompactInbox::Send& send) {
                                      const auto peer = peers_.find(send.peer);
                                      if (peer == peers_.end()) return;
                                      (void)peer->second->context().send(send.code, send.message);
                                  },
                                  [&](const CompactInbox::Charge& charge) {
                                      const auto peer = peers_.find(charge.peer);
                                      if (peer == peers_.end()) return;
                                      peer->second->context().penalise(charge.offence);
                                  },
                                  [&](CompactInbox::Whole& whole) { on_whole(now, whole); }},
                       effect);
        }
    }
}

void QbftRelay::on_whole(Now now, CompactInbox::Whole& whole) {
    const auto code = static_cast<transport::Code>(whole.code);
    if (!seen_.insert(key_of(code, whole.message))) return;  // with another salt, or whole
    read(now, {whole.from, whole.code, std::move(whole.message),
               static_cast<transport::Code>(code | compact_bit), std::move(whole.compact),
               std::move(whole.credit)});
}

Instant QbftRelay::next_wakeup() const {
    if (!agreement_) return never;
    return std::min(agreement_->next_wakeup(), inbox_->next_wakeup());
}

void QbftRelay::on_timer(Now now) {
    if (!agreement_) return;
    inbox_->on_timer(now, effects_);
    perform(now);
    agreement_->on_timer(now);
}

// --- What goes out ---

QbftRelay::Outgoing QbftRelay::outgoing(Code code, const SharedBytes& message,
                                        const Agreement::SharedBlock& block) {
    const auto whole = static_cast<transport::Code>(code);
    if (!block) return {whole, message};
    return {static_cast<transport::Code>(whole | compact_bit),
            encode_compact(code, message, compact_form(block->block, rng_.next()))};
}

void QbftRelay::say(Code code, const SharedBytes& message, const Agreement::SharedBlock& block) {
    const auto out = outgoing(code, message, block);
    // For when they come back.
    (void)seen_.insert(key_of(static_cast<transport::Code>(code), message));
    (void)seen_.insert(key_of(out.code, out.message));
    send_to_all(out.code, out.message, 0);
}

void QbftRelay::say_ahead(const Block& block) {
    if (block.body.transactions.empty()) return;
    send_to_all(block_ahead_code, compact_form(block, rng_.next()), 0);
}

void QbftRelay::send_to_all(transport::Code code, const SharedBytes& message, PeerKey except) {
    for (const auto& [key, peer] : peers_) {
        if (key != except) (void)peer->context().send(code, message);
    }
}

}  // namespace parley::chain::qbft
