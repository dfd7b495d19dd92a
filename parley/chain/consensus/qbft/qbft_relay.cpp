#include <parley/chain/consensus/qbft/qbft_relay.hpp>

#include <parley/crypto/hash.hpp>

#include <utility>

namespace parley::chain::qbft {

using transport::Offence;

/// What waits to be read keeps its credit, so that a peer cannot send more than its window ahead.
class QbftRelay::Peer final : public transport::TopicHandler {
public:
    Peer(QbftRelay& relay, transport::Context& context, PeerKey key)
        : relay_(relay), context_(context), key_(key) {}

    transport::Context& context() { return context_; }
    Result<void, Offence> handle(transport::Code code, transport::Message message) override {
        return relay_.receive(context_.now(), key_, code, std::move(message));
    }
    void on_closed(transport::CloseReason) override { relay_.peers_.erase(key_); }

private:
    QbftRelay& relay_;
    transport::Context& context_;
    PeerKey key_;
};

QbftRelay::QbftRelay(std::uint64_t salt)
    : seen_(seen_max, salt), self_(std::make_shared<QbftRelay*>(this)) {}

QbftRelay::~QbftRelay() {
    *self_ = nullptr;
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
    if (agreement_) {
        for (const auto& [code, message] : agreement_->said()) {
            (void)context.send(static_cast<transport::Code>(code), message);
        }
    }
    return peer;
}

bool QbftRelay::is_new(transport::Code code, Bytes message) {
    auto key = crypto::keccak256(message);
    key[0] ^= static_cast<std::byte>(code);
    return seen_.insert(key);
}

Result<void, Offence> QbftRelay::receive(Now now, PeerKey from, transport::Code code,
                                         transport::Message message) {
    ++counters_.received;
    if (!agreement_) return {};
    if (!is_new(code, message.bytes())) {
        ++counters_.duplicates;
        return {};
    }
    const auto bytes = SharedBytes::own(message.move_bytes());
    const auto credit = std::make_shared<transport::Message>(std::move(message));
    agreement_->receive(now, code, bytes,
                        [self = self_, from, code, bytes, credit](Now, Agreement::Verdict verdict) {
                            if (*self) (*self)->on_read(from, code, bytes, verdict);
                        });
    return {};
}

void QbftRelay::on_read(PeerKey from, transport::Code code, const SharedBytes& message,
                        Agreement::Verdict verdict) {
    switch (verdict) {
        case Agreement::Verdict::ignored:
            return;
        case Agreement::Verdict::good:
            ++counters_.passed_on;
            return send_to_all(code, message, from);
        case Agreement::Verdict::bad:
            ++counters_.bad;
            const auto peer = peers_.find(from);
            if (peer != peers_.end()) peer->second->context().penalise(Offence::invalid_data);
    }
}

void QbftRelay::say(Code code, const SharedBytes& message) {
    (void)is_new(static_cast<transport::Code>(code), message);  // when it comes back
    send_to_all(static_cast<transport::Code>(code), message, 0);
}

void QbftRelay::send_to_all(transport::Code code, const SharedBytes& message, PeerKey except) {
    for (const auto& [key, peer] : peers_) {
        if (key != except) (void)peer->context().send(code, message);
    }
}

}  // namespace parley::chain::qbft
