#include <parley/chain/light/light_server.hpp>

#include <parley/chain/light/answers.hpp>
#include <parley/chain/light/light_topic.hpp>
#include <parley/chain/light/trust.hpp>
#include <parley/chain/sync/answers.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace parley::chain::light {
namespace {

using transport::Offence;

/// Of the budget, before it is known what an answer has: of each key, and of each header.
constexpr std::size_t key_bytes_guess = 8U << 10;
constexpr std::size_t header_bytes_guess = 4U << 10;
constexpr std::size_t block_bytes_guess = 64U << 10;

std::uint32_t at_most(std::size_t bytes) {
    return static_cast<std::uint32_t>(std::min(bytes, answer_bytes_max));
}

}  // namespace

class LightServer::Peer final : public transport::TopicHandler {
public:
    Peer(LightServer& server, transport::Context& context, PeerId id)
        : server_(server),
          context_(context),
          id_(id),
          questions_(server.config_.questions_per_second, server.config_.questions_burst) {}

    transport::Context& context() { return context_; }

    Result<void, Offence> handle(transport::Code code, transport::Message message) override {
        switch (code) {
            case code::get_headers:
                return answer(
                    code::headers, decode_get_headers(message.bytes()),
                    [](const GetHeaders& asked) { return asked.count * header_bytes_guess; },
                    [](const ChainHeader&, const ChainParts& chain, const GetHeaders& asked) {
                        return sync_topic::encode(answer_headers(chain.blocks, asked));
                    });
            case code::get_headers_from:
                return answer(
                    code::headers, sync_topic::decode_get_headers(message.bytes()),
                    [](const sync_topic::GetHeaders& asked) {
                        return asked.count * header_bytes_guess;
                    },
                    [](const ChainHeader&, const ChainParts& chain, sync_topic::GetHeaders asked) {
                        asked.count = std::min(asked.count, headers_max);
                        return sync_topic::encode(chain::answer_headers(chain.blocks, asked));
                    });
            case code::get_proofs:
                return answer(
                    code::proofs, decode_get_proofs(message.bytes()),
                    [](const GetProofs& asked) {
                        std::size_t keys = asked.accounts.size();
                        for (const auto& one : asked.accounts) keys += one.slots.size();
                        return keys * key_bytes_guess;
                    },
                    [states = server_.past_states_, is_whole = server_.chain_.is_whole()](
                        const ChainHeader& head, const ChainParts& chain, const GetProofs& asked) {
                        return sync_topic::encode(is_whole
                                                      ? answer_proofs(*states, head, chain, asked)
                                                      : Items{asked.id, {}});
                    });
            case code::get_inclusion:
                return answer(
                    code::inclusion, decode_get_inclusion(message.bytes()),
                    [](const GetInclusion&) { return 2 * key_bytes_guess; },
                    [](const ChainHeader&, const ChainParts& chain, const GetInclusion& asked) {
                        return encode(answer_inclusion(chain.blocks, asked));
                    });
            case code::get_block:
                return answer(
                    code::block, decode_get_block(message.bytes()),
                    [](const GetBlock&) { return block_bytes_guess; },
                    [](const ChainHeader&, const ChainParts& chain, const GetBlock& asked) {
                        return sync_topic::encode(answer_block(chain.blocks, asked));
                    });
            case code::submit:
                return on_submit(sync_topic::decode_items(SharedBytes::copy(message.bytes()), 1));
            case code::conflict:
                return on_conflict(decode_conflict(SharedBytes::copy(message.bytes())));
            default:
                return std::unexpected{Offence::malformed};
        }
    }
    void on_closed(transport::CloseReason) override {
        server_.peers_.erase(id_);
        server_.answers_.remove_peer(id_);
    }

private:
    using Start = std::function<bool(Now)>;
    struct Question {
        std::uint32_t bytes = 0;
        Start start;
    };

    template <class T, class Guess, class Make>
    Result<void, Offence> answer(transport::Code code, Decoded<T> question, const Guess& guess,
                                 const Make& make) {
        if (!question) return std::unexpected{Offence::malformed};
        if (!take_turn()) return std::unexpected{Offence::too_often};
        const auto bytes = at_most(guess(*question));
        waiting_.push_back({bytes, [this, code, make, asked = std::move(*question)](Now now) {
                                return read(now, code,
                                            [make, asked](const auto& head, const auto& chain) {
                                                return make(head, chain, asked);
                                            });
                            }});
        next(context_.now());
        return {};
    }
    bool take_turn() {
        if (waiting_.size() + (is_answering_ ? 1 : 0) >= questions_under_way_max) return false;
        if (!questions_.take(context_.now().instant, 1)) return false;
        ++server_.counters_.questions;
        return true;
    }
    void next(Now now) {
        if (is_answering_ || waiting_.empty()) return;
        auto question = std::move(waiting_.front());
        waiting_.pop_front();
        is_answering_ = server_.answers_.push(now, id_, question.bytes, std::move(question.start));
    }
    bool read(Now now, transport::Code code, MakeAnswer make) {
        const auto reply = std::make_shared<SharedBytes>();
        return server_.chain_.ledger().read_state(
            now,
            {[make = std::move(make), reply](const ChainHeader& head, const ChainParts& chain) {
                 *reply = make(head, chain);
             },
             [reply, code, id = id_, self = server_.self_](Now at) {
                 if (*self) (*self)->finish(at, id, code, std::move(*reply));
             }});
    }
    Result<void, Offence> on_submit(Decoded<Items> items) {
        if (!items || items->items.size() != 1 ||
            items->items.front().size() > transaction_bytes_max) {
            return std::unexpected{Offence::malformed};
        }
        if (!take_turn()) return std::unexpected{Offence::too_often};
        // Its own copy: the pool keeps it.
        server_.chain_.submit(
            context_.now(), context_.endpoint(), SharedBytes::copy(items->items.front()),
            [id = items->id, peer = id_, self = server_.self_](Now, const auto& taken) {
                if (!*self) return;
                const auto found = (*self)->peers_.find(peer);
                if (found == (*self)->peers_.end()) return;
                Items reply{id, {}};
                if (!taken) reply.items.push_back(SharedBytes::copy(bytes_of(taken.error())));
                (void)found->second->context_.send(code::submitted, sync_topic::encode(reply));
            });
        return {};
    }
    Result<void, Offence> on_conflict(const Decoded<ConflictMessage>& message) {
        if (!message) return std::unexpected{Offence::malformed};
        const auto extra_max = server_.chain_.ledger().limits().extra_data_bytes_max;
        const auto one = decode_header(message->one, extra_max);
        const auto other = decode_header(message->other, extra_max);
        if (!one || !other) return std::unexpected{Offence::malformed};
        if (!questions_.take(context_.now().instant, 10)) {
            return std::unexpected{Offence::too_often};
        }
        // Of many the first few are enough for a person to look.
        if (!server_.conflicts_.take(context_.now().instant)) return {};
        if (!server_.convinces(*one, *other)) return std::unexpected{Offence::invalid_data};
        server_.network_->log().write(
            LogLevel::warn, "light", "a light node says that validators sealed two blocks",
            {{"peer", context_.id().to_string()},
             {"number", one->number},
             {"one", to_hex(server_.chain_.ledger().engine().hash_of(*one))},
             {"other", to_hex(server_.chain_.ledger().engine().hash_of(*other))}});
        return {};
    }

    friend class LightServer;
    LightServer& server_;
    transport::Context& context_;
    PeerId id_;
    TokenBucket questions_;
    std::deque<Question> waiting_;
    bool is_answering_ = false;
};

LightServer::LightServer(LightServerConfig config, Chain chain)
    : config_(config),
      chain_(std::move(chain)),
      answers_(config.answers),
      self_(std::make_shared<LightServer*>(this)) {}

LightServer::~LightServer() {
    *self_ = nullptr;
}

transport::TopicSpec LightServer::topic() const {
    return light_topic();
}

std::unique_ptr<transport::TopicHandler> LightServer::new_peer(transport::Context& context) {
    const auto id = next_peer_++;
    auto peer = std::make_unique<Peer>(*this, context, id);
    peers_[id] = peer.get();
    (void)context.send(code::new_head, own_status());
    return peer;
}

SharedBytes LightServer::own_status() const {
    const auto& head = chain_.ledger().head();
    return sync_topic::encode(ChainStatus{head.header.number, head.hash, head.total_difficulty});
}

/// Of one height, and both sealed by validators of this chain's block there.
bool LightServer::convinces(const Header& one, const Header& other) const {
    auto& ledger = chain_.ledger();
    const auto* engine = dynamic_cast<const qbft::Qbft*>(&ledger.engine());
    const auto hash = ledger.blocks().main(one.number);
    if (engine == nullptr || one.number != other.number || !hash || !*hash) return false;
    const auto ours = ledger.blocks().find(**hash);
    if (!ours || !*ours) return false;
    // It lives as long as the ledger.
    const Trust trust{{}, {std::shared_ptr<const void>{}, engine}};
    const auto& header = (*ours)->header.header;
    const auto base = trust.take(header, **hash);
    return trust.check_beside(base, one) && trust.check_beside(base, other) &&
           engine->hash_of(one) != engine->hash_of(other);
}

Buffer LightServer::status() {
    return to_buffer(own_status());
}

void LightServer::on_head() {
    const auto message = own_status();
    for (const auto& [id, peer] : peers_) (void)peer->context().send(code::new_head, message);
}

void LightServer::finish(Now now, PeerId id, transport::Code code, SharedBytes reply) {
    answers_.finish(now, id, reply.size());
    counters_.bytes += reply.size();
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    found->second->is_answering_ = false;
    (void)found->second->context_.send(code, std::move(reply));
    found->second->next(now);
}

}  // namespace parley::chain::light
