#include <parley/chain/light/light_node.hpp>

#include <parley/chain/light/light_topic.hpp>

#include <algorithm>
#include <stdexcept>
#include <type_traits>
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
            case code::block:
                return ask_with(sync_topic::decode_items(bytes, block_items_max), &Asker::on_block);
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
        node_.with_follower(
            now, [&](auto& follower, auto& out) { follower.remove_peer(now, id_, out); });
        Asker::Effects asked;
        node_.asker_->remove_peer(now, id_, asked);
        node_.ask(now, std::move(asked));
    }

private:
    void take(const ChainStatus& status) {
        node_.with_follower(context_.now(), [&](auto& follower, auto& out) {
            follower.on_status(context_.now(), id_, status, out);
        });
    }
    std::optional<Header> read(Bytes raw) const {
        auto header = decode_header(raw, node_.chain_.engine->extra_data_bytes_max());
        return header ? std::optional{std::move(*header)} : std::nullopt;
    }
    Result<void, Offence> on_headers(Decoded<Items> items) {
        if (!items) return std::unexpected{Offence::malformed};
        std::vector<Header> headers;
        headers.reserve(items->items.size());
        for (const auto& item : items->items) {
            auto header = read(item);
            if (!header) return std::unexpected{Offence::malformed};
            headers.push_back(std::move(*header));
        }
        node_.with_follower(context_.now(), [&](auto& follower, auto& out) {
            follower.on_headers(context_.now(), id_, items->id, std::move(headers), out);
        });
        return {};
    }
    Result<void, Offence> on_conflict(Decoded<ConflictMessage> message) {
        auto* follower = std::get_if<Follower>(&*node_.follower_);
        if (!message || follower == nullptr) return std::unexpected{Offence::malformed};
        auto one = read(message->one);
        auto other = read(message->other);
        if (!one || !other) return std::unexpected{Offence::malformed};
        Follower::Effects out;
        follower->on_conflict(context_.now(), id_, std::move(*one), std::move(*other), out);
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
    auto qbft = std::dynamic_pointer_cast<const qbft::Qbft>(chain_.engine);
    const auto form = qbft ? qbft->config().form : qbft::ExtraForm::goquorum;
    auto opened = Headers::open(chain_.store, form, chain_.start);
    if (!opened) throw std::runtime_error{"headers: " + message(opened.error())};
    headers_ = std::move(*opened);
    check_headers();
    if (qbft) {
        begin_by_votes(std::move(qbft));
    } else {
        begin_by_work();
    }
    asker_.emplace(
        config_.asker, [this](std::uint64_t number) { return headers_->at(number); },
        [this] { return head().header.number; }, rng_.split("asker"));
}

void LightNode::begin_by_votes(std::shared_ptr<const qbft::Qbft> engine) {
    auto& follower = std::get<Follower>(follower_.emplace(
        std::in_place_type<Follower>, config_.follower,
        std::make_shared<const Trust>(config_.trust, std::move(engine)),
        [this](std::uint64_t number) { return headers_->at(number); }, headers_->head(),
        headers_->gaps()));
    conflict_ = headers_->conflict();
    if (!conflict_) return;
    follower.stay_halted();
    tell_conflict();
}

void LightNode::begin_by_work() {
    follower_.emplace(std::in_place_type<WorkFollower>, config_.work, chain_.engine,
                      last_headers(config_.work.headers.headers_max), rng_.split("work"));
}

/// Those up to the head, ascending.
std::vector<ChainHeader> LightNode::last_headers(std::size_t count) const {
    std::vector<ChainHeader> out{headers_->head()};
    while (out.size() < count && out.back().header.number > headers_->lowest()) {
        const auto& above = out.back();
        auto below = headers_->at(above.header.number - 1);
        const auto total = checked_subtract(above.total_difficulty, above.header.difficulty);
        if (!below || !total) throw std::runtime_error{"headers: some are missing or damaged"};
        out.push_back({std::move(below->header), below->hash, *total});
    }
    std::ranges::reverse(out);
    return out;
}

LightNode::Known LightNode::head() const {
    return std::visit([](const auto& one) { return Known{one.head().header, one.head().hash}; },
                      *follower_);
}

std::uint64_t LightNode::highest() const {
    return std::visit([](const auto& one) { return one.highest(); }, *follower_);
}

std::uint64_t LightNode::missing() const {
    const auto* by_votes = std::get_if<Follower>(&*follower_);
    return by_votes != nullptr ? by_votes->missing() : 0;
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
    std::visit([&](auto& follower) { follower.add_peer(id); }, *follower_);
    asker_->add_peer(id);
    return peer;
}

// ---- following

template <class Call>
void LightNode::with_follower(Now now, const Call& call) {
    std::visit(
        [&](auto& follower) {
            typename std::decay_t<decltype(follower)>::Effects out;
            call(follower, out);
            follow(now, std::move(out));
        },
        *follower_);
}

template <class Effects>
void LightNode::follow(Now now, Effects effects) {
    for (auto& effect : effects) std::visit([&](auto& one) { perform(now, one); }, effect);
    write(now);
}

void LightNode::perform(Now now, Follower::Ask& ask) {
    if (send_question(ask.peer, code::get_headers, encode(ask.question))) {
        return;
    }
    // As if there were no answer.
    Follower::Effects out;
    std::get<Follower>(*follower_).on_headers(now, ask.peer, ask.question.id, {}, out);
    follow(now, std::move(out));
}

void LightNode::perform(Now now, WorkFollower::Ask& ask) {
    if (send_question(ask.peer, code::get_headers_from, sync_topic::encode(ask.question))) {
        return;
    }
    WorkFollower::Effects out;
    std::get<WorkFollower>(*follower_).on_headers(now, ask.peer, ask.question.id, {}, out);
    follow(now, std::move(out));
}

/// False: the disk does not keep up.
bool LightNode::send_question(PeerId id, transport::Code code, SharedBytes question) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end()) return true;
    if (headers_->unwritten() >= unwritten_max) return false;
    (void)peer->second->context().send(code, std::move(question));
    return true;
}

void LightNode::perform(Now, Follower::Charge& charged) {
    charge(charged.peer, charged.offence, charged.why);
}

void LightNode::perform(Now, Follower::Keep& keep) {
    const auto& follower = std::get<Follower>(*follower_);
    headers_->keep(std::move(keep.headers), keep.seals);
    headers_->set_head(follower.walked(), follower.gaps(), config_.follower.walks);
}

void LightNode::perform(Now, WorkFollower::Extend& extend) {
    std::vector<Known> known;
    for (const auto& one : extend.headers) known.push_back({one.header, one.hash});
    headers_->keep(std::move(known), KeepSeals::none);
    headers_->set_head(std::move(extend.headers.back()), {}, true);
}

void LightNode::perform(Now now, Follower::Moved&) {
    const auto at = head();
    for (const auto& call : on_head_) call(now, at);
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
    start_check(now, std::make_shared<AnyCheck>(std::move(check)));
}

void LightNode::perform(Now now, WorkFollower::Check& check) {
    start_check(now, std::make_shared<AnyCheck>(std::move(check)));
}

void LightNode::start_check(Now now, std::shared_ptr<AnyCheck> check) {
    const auto take_back = [](LightNode& node, Now at, AnyCheck& done) {
        node.with_follower(at, [&]<class F>(F& follower, auto& out) {
            follower.on_checked(at, std::move(std::get<typename F::Check>(done)), out);
        });
    };
    const bool submitted =
        network_->jobs().submit({[check] { std::visit([](auto& one) { one.run(); }, *check); },
                                 [check, take_back, self = self_](Now at) {
                                     if (*self) take_back(**self, at, *check);
                                 }});
    if (submitted) return;
    postponed_ = std::move(check);
    retry_at_ = std::min(retry_at_, now.instant + job_retry_after);
}

void LightNode::write(Now now) {
    if (is_writing_ || write_again_at_ != never) return;
    if (!unwritten_) {
        if (!headers_->has_unwritten()) return;
        const bool is_behind = missing() > 0 || highest() > headers_->head().header.number;
        if (is_behind && headers_->unwritten() < write_min) return;
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

void LightNode::block(Now now, const Known& block, bool with_receipts, Asker::UseBlock use,
                      Asker::Done<void> done) {
    Asker::Effects out;
    asker_->block(now, block, with_receipts, std::move(use), std::move(done), out);
    ask(now, std::move(out));
}

void LightNode::submit(Now now, SharedBytes raw, Asker::Done<void> done) {
    Asker::Effects out;
    asker_->submit(now, std::move(raw), std::move(done), out);
    ask(now, std::move(out));
}

void LightNode::ask(Now now, Asker::Effects effects) {
    for (auto& effect : effects) std::visit([&](auto& one) { perform(now, one); }, effect);
}

void LightNode::perform(Now, Asker::Charge& charged) {
    charge(charged.peer, charged.offence, charged.why);
}

void LightNode::perform(Now, Asker::Send& send) {
    const auto peer = peers_.find(send.peer);
    if (peer != peers_.end()) {
        (void)peer->second->context().send(send.code, std::move(send.message));
    }
}

void LightNode::perform(Now now, Asker::Check& started) {
    const auto check = std::make_shared<Asker::Check>(std::move(started));
    const bool submitted =
        network_->jobs().submit({[check] { check->run(); },
                                 [check, self = self_](Now at) {
                                     if (!*self) return;
                                     Asker::Effects out;
                                     (*self)->asker_->on_checked(at, std::move(*check), out);
                                     (*self)->ask(at, std::move(out));
                                 }});
    if (submitted) return;
    Asker::Effects out;
    asker_->on_unchecked(now, *check, out);
    ask(now, std::move(out));
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
    const auto following =
        std::visit([](const auto& follower) { return follower.next_wakeup(); }, *follower_);
    return std::min({following, asker_->next_wakeup(), retry_at_, write_again_at_});
}

void LightNode::on_timer(Now now) {
    if (now.instant >= retry_at_) {
        retry_at_ = never;
        if (postponed_) start_check(now, std::exchange(postponed_, nullptr));
    }
    if (now.instant >= write_again_at_) write_again_at_ = never;
    with_follower(now, [&](auto& follower, auto& out) {
        if (now.instant >= follower.next_wakeup()) follower.on_timer(now, out);
    });
    Asker::Effects asked;
    if (now.instant >= asker_->next_wakeup()) asker_->on_timer(now, asked);
    ask(now, std::move(asked));
}

}  // namespace parley::chain::light
