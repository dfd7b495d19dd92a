#include <parley/chain/light/light_node.hpp>

#include <parley/chain/light/light_server.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace parley::chain::light {
namespace {

using transport::Offence;

/// After which a Job that was not taken is tried again.
constexpr Duration job_retry_after = std::chrono::milliseconds{20};
constexpr Duration write_retry_after = std::chrono::seconds{5};

}  // namespace

class LightNode::Peer final : public transport::TopicHandler {
public:
    Peer(LightNode& node, transport::Context& context, PeerId id)
        : node_(node), context_(context), id_(id) {}

    transport::Context& context() { return context_; }

    Result<void, Offence> handle(transport::Code code, transport::Message message) override {
        const auto bytes = SharedBytes::copy(message.bytes());
        switch (code) {
            case code::headers:
                return on_headers(sync_topic::decode_items(bytes, headers_max));
            case code::proofs:
                return ask_with(sync_topic::decode_items(bytes, nodes_max), &Asker::on_proofs);
            case code::inclusion:
                return ask_with(decode_inclusion(bytes), &Asker::on_inclusion);
            case code::submitted:
                return ask_with(sync_topic::decode_items(bytes, 1), &Asker::on_submitted);
            case code::new_head: {
                const auto status = sync_topic::decode_status(bytes);
                if (!status) return std::unexpected{Offence::malformed};
                take(*status);
                return {};
            }
            case code::conflict:
                return on_conflict(decode_conflict(bytes));
            default:
                return std::unexpected{Offence::malformed};
        }
    }
    void on_status(Bytes bytes) override {
        if (const auto status = sync_topic::decode_status(bytes)) take(*status);
    }
    void on_closed(transport::CloseReason) override {
        const auto now = context_.now();
        node_.peers_.erase(id_);
        Follower::Effects followed;
        node_.follower_->remove_peer(now, id_, followed);
        Asker::Effects asked;
        node_.asker_->remove_peer(now, id_, asked);
        node_.follow(now, std::move(followed));
        node_.ask(now, std::move(asked));
    }

private:
    void take(const ChainStatus& status) {
        Follower::Effects out;
        node_.follower_->on_status(context_.now(), id_, status, out);
        node_.follow(context_.now(), std::move(out));
    }
    std::optional<Header> read(Bytes raw) const {
        auto header = decode_header(raw, node_.chain_.engine->extra_data_bytes_max());
        return header ? std::optional{std::move(*header)} : std::nullopt;
    }
    Result<void, Offence> on_headers(Decoded<Items> items) {
        if (!items) return std::unexpected{Offence::malformed};
        std::vector<Header> headers;
        for (const auto& item : items->items) {
            auto header = read(item);
            if (!header) return std::unexpected{Offence::malformed};
            headers.push_back(std::move(*header));
        }
        Follower::Effects out;
        node_.follower_->on_headers(context_.now(), id_, items->id, std::move(headers), out);
        node_.follow(context_.now(), std::move(out));
        return {};
    }
    Result<void, Offence> on_conflict(Decoded<ConflictMessage> message) {
        if (!message) return std::unexpected{Offence::malformed};
        auto one = read(message->one);
        auto other = read(message->other);
        if (!one || !other) return std::unexpected{Offence::malformed};
        Follower::Effects out;
        node_.follower_->on_conflict(context_.now(), id_, std::move(*one), std::move(*other), out);
        node_.follow(context_.now(), std::move(out));
        return {};
    }
    template <class T>
    Result<void, Offence> ask_with(Decoded<T> answer,
                                   void (Asker::*take_in)(Now, PeerId, const T&, Asker::Effects&)) {
        if (!answer) return std::unexpected{Offence::malformed};
        Asker::Effects out;
        ((*node_.asker_).*take_in)(context_.now(), id_, *answer, out);
        node_.ask(context_.now(), std::move(out));
        return {};
    }

    LightNode& node_;
    transport::Context& context_;
    PeerId id_;
};

LightNode::LightNode(LightNodeConfig config, LightChain chain, Rng rng)
    : config_(config),
      chain_(std::move(chain)),
      rng_(rng),
      self_(std::make_shared<LightNode*>(this)) {}

LightNode::~LightNode() {
    *self_ = nullptr;
}

transport::TopicSpec LightNode::topic() const {
    return light_topic();
}

void LightNode::attached(transport::Network& network) {
    network_ = &network;
    auto opened = Headers::open(chain_.store, chain_.engine->config().form, chain_.start);
    if (!opened) throw std::runtime_error{"headers: " + message(opened.error())};
    headers_ = std::move(*opened);
    check_headers();
    const auto at = [this](std::uint64_t number) { return headers_->at(number); };
    follower_.emplace(config_.follower, std::make_shared<const Trust>(config_.trust, chain_.engine),
                      at, headers_->head(), headers_->gaps());
    asker_.emplace(
        config_.asker, at, [this] { return follower_->head().header.number; }, rng_.split("asker"));
    conflict_ = headers_->conflict();
    if (!conflict_) return;
    follower_->stay_halted();
    tell_conflict();
}

/// That what is kept is of this chain, and was kept in this way.
void LightNode::check_headers() const {
    const auto refuse = [](const std::string& why) {
        throw std::runtime_error{"headers: " + why + ": remove them (DIR/chain), and start anew"};
    };
    const auto first = headers_->at(chain_.start.header.number);
    if (first && first->hash != chain_.start.hash) refuse("they are of another genesis");
    if (const auto& checkpoint = config_.follower.checkpoint) {
        const auto kept = headers_->at(checkpoint->number);
        if (kept && kept->hash != checkpoint->hash) {
            refuse("they have another block where the checkpoint is");
        }
    }
    if (config_.follower.walks && !headers_->walks()) {
        refuse("the seals of some were not checked, so that the votes on validators are not known");
    }
}

std::unique_ptr<transport::TopicHandler> LightNode::new_peer(transport::Context& context) {
    const auto id = next_peer_++;
    auto peer = std::make_unique<Peer>(*this, context, id);
    peers_[id] = peer.get();
    follower_->add_peer(id);
    asker_->add_peer(id);
    return peer;
}

// ---- following

void LightNode::follow(Now now, Follower::Effects effects) {
    for (auto& effect : effects) std::visit([&](auto& one) { perform(now, one); }, effect);
    write(now);
}

void LightNode::perform(Now now, Follower::Ask& ask) {
    const auto peer = peers_.find(ask.peer);
    if (peer == peers_.end()) return;
    if (headers_->unwritten() < unwritten_max) {
        (void)peer->second->context().send(code::get_headers, encode(ask.question));
        return;
    }
    // The disk does not keep up: as if there were no answer.
    Follower::Effects out;
    follower_->on_headers(now, ask.peer, ask.question.id, {}, out);
    follow(now, std::move(out));
}

void LightNode::perform(Now, Follower::Charge& charged) {
    charge(charged.peer, charged.offence, charged.why);
}

void LightNode::perform(Now, Follower::Keep& keep) {
    headers_->keep(keep.headers, keep.seals);
    headers_->set_head(follower_->walked(), follower_->gaps(), config_.follower.walks);
}

void LightNode::perform(Now now, Follower::Moved&) {
    for (const auto& call : on_head_) call(now, follower_->head());
}

void LightNode::perform(Now, Follower::Conflict& conflict) {
    conflict_ = std::move(conflict);
    headers_->set_conflict(*conflict_);
    tell_conflict();
    const auto message = encode(ConflictMessage{SharedBytes::own(conflict_->ours.encode()),
                                                SharedBytes::own(conflict_->theirs.encode())});
    for (const auto& [id, peer] : peers_) (void)peer->context().send(code::conflict, message);
}

void LightNode::tell_conflict() const {
    const auto& engine = *chain_.engine;
    network_->log().write(
        LogLevel::error, "light", "validators sealed two blocks of one height",
        {{"number", conflict_->theirs.number},
         {"one", to_hex(engine.hash_of(conflict_->ours))},
         {"other", to_hex(engine.hash_of(conflict_->theirs))},
         {"advice",
          "this node follows the chain no longer: ask the validators' owners which block is right, "
          "and start anew from a checkpoint of it"}});
}

void LightNode::perform(Now, Follower::Warn& warn) {
    network_->log().write(LogLevel::warn, "light", warn.what, {{"advice", warn.advice}});
}

void LightNode::perform(Now now, Follower::Check& check) {
    start_check(now, std::make_shared<Follower::Check>(std::move(check)));
}

void LightNode::start_check(Now now, std::shared_ptr<Follower::Check> check) {
    const bool submitted =
        network_->jobs().submit({[check] { check->run(); },
                                 [check, self = self_](Now at) {
                                     if (!*self) return;
                                     Follower::Effects out;
                                     (*self)->follower_->on_checked(at, std::move(*check), out);
                                     (*self)->follow(at, std::move(out));
                                 }});
    if (submitted) return;
    postponed_ = std::move(check);
    retry_at_ = std::min(retry_at_, now.instant + job_retry_after);
}

void LightNode::write(Now now) {
    if (is_writing_ || write_again_at_ != never) return;
    if (!unwritten_) {
        if (!headers_->has_unwritten()) return;
        unwritten_ = headers_->take_batch();
    }
    const auto result = std::make_shared<Result<void, StoreError>>();
    is_writing_ = network_->jobs().submit(
        {[result, batch = unwritten_, store = &chain_.store] { *result = store->write(*batch); },
         [result, self = self_](Now at) {
             if (!*self) return;
             auto& node = **self;
             node.is_writing_ = false;
             if (*result) {
                 node.unwritten_.reset();
                 node.headers_->end_write();
                 return node.write(at);
             }
             node.network_->log().write(LogLevel::error, "light", "cannot keep headers",
                                        {{"error", message(result->error())}});
             node.write_again_at_ = at.instant + write_retry_after;
         }});
    if (!is_writing_) write_again_at_ = now.instant + job_retry_after;
}

// ---- asking

void LightNode::account(Now now, const Known& block, const Address& address,
                        std::vector<Hash256> slots, Asker::Done<Asker::ProvenAccount> done) {
    Asker::Effects out;
    asker_->account(now, block, address, std::move(slots), std::move(done), out);
    ask(now, std::move(out));
}

void LightNode::inclusion(Now now, const Hash256& transaction,
                          Asker::Done<std::optional<Asker::Included>> done) {
    Asker::Effects out;
    asker_->inclusion(now, transaction, std::move(done), out);
    ask(now, std::move(out));
}

void LightNode::submit(Now now, SharedBytes raw, Asker::Done<void> done) {
    Asker::Effects out;
    asker_->submit(now, std::move(raw), std::move(done), out);
    ask(now, std::move(out));
}

void LightNode::ask(Now, Asker::Effects effects) {
    for (auto& effect : effects) {
        if (const auto* charged = std::get_if<Asker::Charge>(&effect)) {
            charge(charged->peer, charged->offence, charged->why);
            continue;
        }
        auto& send = std::get<Asker::Send>(effect);
        const auto peer = peers_.find(send.peer);
        if (peer == peers_.end()) continue;
        (void)peer->second->context().send(send.code, std::move(send.message));
    }
}

void LightNode::charge(PeerId id, Offence offence, const std::string& why) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end()) return;
    auto& context = peer->second->context();
    network_->log().write(LogLevel::debug, "light", "answer refused",
                          {{"peer", context.id().to_string()}, {"error", why}});
    context.penalise(offence);
}

Instant LightNode::next_wakeup() const {
    if (!follower_) return never;
    return std::min({follower_->next_wakeup(), asker_->next_wakeup(), retry_at_, write_again_at_});
}

void LightNode::on_timer(Now now) {
    if (now.instant >= retry_at_) {
        retry_at_ = never;
        if (postponed_) start_check(now, std::exchange(postponed_, nullptr));
    }
    if (now.instant >= write_again_at_) write_again_at_ = never;
    Follower::Effects followed;
    if (now.instant >= follower_->next_wakeup()) follower_->on_timer(now, followed);
    follow(now, std::move(followed));
    Asker::Effects asked;
    if (now.instant >= asker_->next_wakeup()) asker_->on_timer(now, asked);
    ask(now, std::move(asked));
}

}  // namespace parley::chain::light
