#include <parley/chain/sync/block_sync.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/sync/answers.hpp>
#include <parley/chain/sync/chain_end.hpp>
#include <parley/chain/sync/chain_events.hpp>
#include <parley/chain/sync/early_block.hpp>
#include <parley/chain/sync/state_answers.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace parley::chain {
namespace {

using sync_topic::ChainStatus;
using transport::Offence;

/// Of a block, which is the largest that is sent, and what is around it.
constexpr std::uint32_t message_bytes = (8U << 20) + (1U << 16);
/// After which a Job that was not taken is tried again.
constexpr Duration check_retry_after = std::chrono::milliseconds{20};

/// What becomes of the peer that sent a block.
Downloads::Outcome outcome_of(const ImportError& error) {
    if (const auto* branch = std::get_if<BranchError>(&error)) {
        return branch->code == BranchErrc::too_deep ? Downloads::Outcome::too_deep
                                                    : Downloads::Outcome::failed;
    }
    const auto* invalid = std::get_if<InvalidBlock>(&error);
    if (!invalid) return Downloads::Outcome::failed;
    switch (invalid->rule) {
        case BlockRule::transactions_root:
        case BlockRule::ommers_hash:
        case BlockRule::withdrawals_root:
        case BlockRule::has_withdrawals:
            return Downloads::Outcome::wrong_body;
        default:
            return Downloads::Outcome::invalid;
    }
}

bool is_of_parent(const Result<Imported, ImportError>& result) {
    if (result) return false;
    const auto* branch = std::get_if<BranchError>(&result.error());
    return branch && branch->code == BranchErrc::invalid_parent;
}

std::optional<std::vector<Header>> read_headers(const sync_topic::Items& items,
                                                std::size_t extra_data_bytes_max) {
    std::vector<Header> out;
    for (const auto& item : items.items) {
        auto header = decode_header(item, extra_data_bytes_max);
        if (!header) return std::nullopt;
        out.push_back(std::move(*header));
    }
    return out;
}

std::optional<std::vector<std::optional<Body>>> read_bodies(const sync_topic::Items& items,
                                                            const BlockLimits& limits) {
    std::vector<std::optional<Body>> out;
    for (const auto& item : items.items) {
        if (item.empty()) {
            out.emplace_back();
            continue;
        }
        // Its own copy: a transaction keeps the bytes that it came in.
        auto body = decode_body(SharedBytes::copy(item), limits);
        if (!body) return std::nullopt;
        out.emplace_back(std::move(*body));
    }
    return out;
}

}  // namespace

class BlockSync::Peer final : public transport::TopicHandler {
public:
    Peer(BlockSync& sync, transport::Context& context, Downloads::PeerId id)
        : sync_(sync),
          context_(context),
          id_(id),
          questions_(sync.config_.questions_per_second, sync.config_.questions_burst) {}

    transport::Context& context() { return context_; }

    Result<void, Offence> handle(transport::Code code, transport::Message message) override {
        switch (code) {
            case sync_topic::get_headers:
                return answer(sync_topic::headers, sync_topic::decode_get_headers(message.bytes()),
                              [](const ChainHeader&, const ChainParts& chain, const auto& asked) {
                                  return answer_headers(chain.blocks, asked);
                              });
            case sync_topic::get_bodies:
                return answer(
                    sync_topic::bodies,
                    sync_topic::decode_get_by_hash(message.bytes(), sync_topic::bodies_max),
                    [](const ChainHeader&, const ChainParts& chain, const auto& asked) {
                        return answer_bodies(chain.blocks, asked);
                    });
            case sync_topic::get_accounts:
                return answer_state(
                    sync_topic::accounts, sync_topic::decode_get_accounts(message.bytes()),
                    [states = sync_.past_states_](const ChainHeader& head, const ChainParts& chain,
                                                  const auto& asked) {
                        return answer_accounts(*states, head, chain, asked);
                    });
            case sync_topic::get_changes:
                return answer_state(
                    sync_topic::changes, sync_topic::decode_get_changes(message.bytes()),
                    [states = sync_.past_states_](const ChainHeader& head, const ChainParts& chain,
                                                  const auto& asked) {
                        return answer_changes(*states, head, chain, asked);
                    });
            case sync_topic::headers:
                return on_headers(message);
            case sync_topic::accounts:
                return on_state(sync_topic::decode_accounts(SharedBytes::copy(message.bytes())));
            case sync_topic::changes:
                return on_state(sync_topic::decode_changes(SharedBytes::copy(message.bytes())));
            case sync_topic::bodies:
                return on_bodies(message);
            case sync_topic::new_head:
                return on_new_head(message.bytes());
            case sync_topic::new_block:
            case sync_topic::get_transactions:
            case sync_topic::transactions:
            case sync_topic::block_announce:
            case sync_topic::block_graft:
            case sync_topic::block_prune:
            case sync_topic::block_missing:
                return on_relayed(code, message.bytes());
            default:
                return std::unexpected{Offence::malformed};
        }
    }
    void on_status(Bytes bytes) override {
        if (const auto status = sync_topic::decode_status(bytes)) take(*status);
    }
    void on_closed(transport::CloseReason) override {
        sync_.peers_.erase(id_);
        sync_.answers_.remove_peer(id_);
        sync_.relay_->remove_peer(context_.now(), gossip::PeerId{id_}, sync_.relay_effects_);
        sync_.pass_on(context_.now());
        sync_.downloads_.remove_peer(context_.now(), id_, sync_.effects_);
        if (sync_.snapshot_) sync_.snapshot_->remove_peer(context_.now(), id_);
        if (sync_.gate_) sync_.gate_->remove_peer(id_);
        sync_.perform(context_.now());
    }
    const std::optional<ChainStatus>& last_status() const { return status_; }

private:
    void take(const ChainStatus& status) {
        if (!status_ || status.head != status_->head) {
            sync_.network_->hub().publish(HeightLearned{context_.id(), status.number, status.head});
        }
        status_ = status;
        sync_.on_status(context_.now(), id_, status);
        sync_.perform(context_.now());
    }
    Result<void, Offence> on_new_head(Bytes message) {
        const auto status = sync_topic::decode_status(message);
        if (!status) return std::unexpected{Offence::malformed};
        take(*status);
        return {};
    }
    Result<void, Offence> on_relayed(transport::Code code, Bytes message) {
        const bool is_question =
            code == sync_topic::get_transactions || code == sync_topic::block_graft;
        if (is_question && !questions_.take(context_.now().instant, 1)) {
            return std::unexpected{Offence::too_often};
        }
        auto handled = sync_.relay_->on_message(context_.now(), gossip::PeerId{id_}, code,
                                                SharedBytes::copy(message), sync_.relay_effects_);
        sync_.pass_on(context_.now());
        return handled;
    }
    Result<void, Offence> on_headers(const transport::Message& message) {
        const auto items =
            sync_topic::decode_items(SharedBytes::copy(message.bytes()), sync_topic::headers_max);
        if (!items) return std::unexpected{Offence::malformed};
        auto headers = read_headers(*items, sync_.ledger_->limits().extra_data_bytes_max);
        if (!headers) return std::unexpected{Offence::malformed};
        sync_.on_headers(context_.now(), id_, items->id, std::move(*headers));
        sync_.perform(context_.now());
        return {};
    }
    template <class Answer>
    Result<void, Offence> on_state(sync_topic::Decoded<Answer> answer) {
        if (!answer) return std::unexpected{Offence::malformed};
        // It may come after the end.
        if (sync_.is_whole()) return std::unexpected{Offence::useless};
        sync_.snapshot_->on_answer(context_.now(), id_, std::move(*answer));
        sync_.perform(context_.now());
        return {};
    }
    Result<void, Offence> on_bodies(const transport::Message& message) {
        const auto items =
            sync_topic::decode_items(SharedBytes::copy(message.bytes()), sync_topic::bodies_max);
        if (!items) return std::unexpected{Offence::malformed};
        auto bodies = read_bodies(*items, sync_.ledger_->limits());
        if (!bodies) return std::unexpected{Offence::malformed};
        sync_.downloads_.on_bodies(context_.now(), id_, items->id, std::move(*bodies),
                                   sync_.effects_);
        sync_.perform(context_.now());
        return {};
    }
    /// In a Job, one at a time.
    template <class Question, class Answer>
    Result<void, Offence> answer(transport::Code code, sync_topic::Decoded<Question> question,
                                 const Answer& make) {
        if (!question) return std::unexpected{Offence::malformed};
        const Now now = context_.now();
        if (!questions_.take(now.instant, 1)) return std::unexpected{Offence::too_often};
        if (is_answering_) return std::unexpected{Offence::too_often};
        is_answering_ = sync_.read(
            now,
            [make, asked = std::move(*question)](const ChainHeader& head, const ChainParts& chain) {
                return sync_topic::encode(make(head, chain, asked));
            },
            [&sync = sync_, id = id_, code](Now, SharedBytes reply) {
                const auto found = sync.peers_.find(id);
                if (found == sync.peers_.end()) return;
                found->second->is_answering_ = false;
                (void)found->second->context_.send(code, std::move(reply));
            });
        return {};
    }
    /// As answer(), when it is its turn.
    template <class Question, class Answer>
    Result<void, Offence> answer_state(transport::Code code, sync_topic::Decoded<Question> question,
                                       const Answer& make) {
        if (!question) return std::unexpected{Offence::malformed};
        const Now now = context_.now();
        if (!questions_.take(now.instant, 1)) return std::unexpected{Offence::too_often};
        const auto run = [make, asked = *question, is_whole = sync_.is_whole()](
                             const ChainHeader& head, const ChainParts& chain) {
            if (is_whole) return sync_topic::encode(make(head, chain, asked));
            decltype(make(head, chain, asked)) nothing;
            nothing.id = asked.id;
            return sync_topic::encode(nothing);
        };
        const auto done = [&sync = sync_, id = id_, code](Now at, SharedBytes reply) {
            sync.answers_.finish(at, id, reply.size());
            const auto found = sync.peers_.find(id);
            if (found == sync.peers_.end()) return;
            (void)found->second->context_.send(code, std::move(reply));
        };
        const bool taken = sync_.answers_.push(
            now, id_, question->bytes,
            [&sync = sync_, run, done](Now at) { return sync.read(at, run, done); });
        if (!taken) return std::unexpected{Offence::too_often};
        return {};
    }

    BlockSync& sync_;
    transport::Context& context_;
    Downloads::PeerId id_;
    TokenBucket questions_;
    bool is_answering_ = false;
    std::optional<ChainStatus> status_;  // its last
};

BlockSync::BlockSync(BlockSyncConfig config, OpenLedger open, CompactBlock::Pool pool, Rng rng)
    : config_(config),
      open_(std::move(open)),
      downloads_(
          config_.downloads,
          {
              .is_better =
                  [this](const ChainStatus& status) {
                      // On its way already.
                      if (relay_->is_pending(status.head) || ledger_->recent_header(status.head)) {
                          return false;
                      }
                      return is_better(ledger_->engine(), status, ledger_->head());
                  },
              .locator = [this] { return locator(); },
              .is_known = [this](const Hash256& hash) { return is_known(hash); },
              .hash_of = [this](const Header& header) { return ledger_->engine().hash_of(header); },
              .due = [this](const Header& header,
                            Now now) { return due_at(ledger_->engine(), header, now); },
          }),
      answers_(config.answers),
      pool_(std::move(pool)),
      rng_(rng),
      self_(std::make_shared<BlockSync*>(this)) {}

BlockSync::~BlockSync() {
    *self_ = nullptr;
}

transport::TopicSpec BlockSync::topic() const {
    return {
        .name = "sync",
        .priority = transport::Priority::blocks,
        .message_bytes_max = message_bytes,
        .window_bytes = message_bytes + 4096,
        .send_budget_bytes = message_bytes + 4096,
    };
}

void BlockSync::attached(transport::Network& network) {
    network_ = &network;
    auto opened = open_(network.jobs(), network.log());
    if (!opened) throw std::runtime_error{message(opened.error())};
    ledger_ = std::move(*opened);
    open_snapshot();
    if (ledger_->engine().is_by_work()) open_gate();
    relay_ = std::make_unique<BlockRelay>(
        config_.tree,
        BlockRelay::Chain{
            .judge = [this](const Header& header,
                            const Hash256& hash) { return judge(header, hash); },
            .block = [this](const Hash256& hash) { return block_in_memory(hash); },
            .pool = pool_,
            .limits = ledger_->limits(),
            .hash_of = [this](const Header& header) { return ledger_->engine().hash_of(header); },
        },
        rng_.split("relay"));
}

void BlockSync::open_snapshot() {
    const auto begun = SnapshotSync::is_begun(ledger_->parts()->store);
    if (!begun) throw std::runtime_error{message(begun.error())};
    const bool is_fresh = ledger_->head().header.number == 0;
    if (!*begun && !(config_.fetches_state && is_fresh)) return;
    snapshot_ = std::make_unique<SnapshotSync>(config_.snapshot, *ledger_, network_->jobs(),
                                               network_->log(), rng_.split("snapshot").next());
    if (const auto opened = snapshot_->open(); !opened) {
        throw std::runtime_error{message(opened.error())};
    }
    was_whole_ = false;
    snapshot_->on_effects([this](Now now) { perform(now); });
}

/// What is here is the ledger's, or, while the state is fetched, the headers ahead of it.
void BlockSync::open_gate() {
    const auto find = [this](const Hash256& hash) -> std::optional<ChainHeader> {
        if (is_whole()) return ledger_->recent_header(hash);
        const auto* header = snapshot_->headers().find(hash);
        return header ? std::optional{*header} : std::nullopt;
    };
    gate_.emplace(
        config_.gate,
        WorkGate::Chain{
            .head = [this]() -> const ChainHeader& {
                return is_whole() ? ledger_->head() : snapshot_->headers().tip();
            },
            .locator = [this] { return is_whole() ? locator() : snapshot_->headers().locator(); },
            .find = find,
            .engine = [this]() -> const Engine& { return ledger_->engine(); },
        },
        rng_.split("gate"));
}

void BlockSync::follow(Now now, Downloads::PeerId peer, const ChainStatus& status) {
    if (is_whole()) return downloads_.on_status(now, peer, status, effects_);
    snapshot_->on_status(now, peer, status);
}

void BlockSync::on_status(Now now, Downloads::PeerId peer, const ChainStatus& status) {
    if (!gate_) return follow(now, peer, status);
    gate_->on_status(now, peer, status, gate_effects_);
}

void BlockSync::on_headers(Now now, Downloads::PeerId peer, std::uint64_t id,
                           std::vector<Header> headers) {
    if (gate_ && id >= WorkGate::first_id) {
        return gate_->on_headers(now, peer, id, std::move(headers), gate_effects_);
    }
    const bool may_pass = !gate_ || gate_->judge(now, peer, headers, gate_effects_);
    if (is_whole()) {
        if (!may_pass) return downloads_.on_held(now, peer, id, effects_);
        return downloads_.on_headers(now, peer, id, std::move(headers), effects_);
    }
    if (!may_pass) return snapshot_->on_held(now, peer, id);
    snapshot_->on_headers(now, peer, id, std::move(headers));
}

void BlockSync::check(Now now, WorkGate::Check check) {
    const auto shared = std::make_shared<WorkGate::Check>(std::move(check));
    const auto good = std::make_shared<std::vector<ChainHeader>>();
    const bool submitted =
        network_->jobs().submit({[shared, good, engine = &ledger_->engine()] {
                                     *good =
                                         check_headers(*engine, shared->parent, shared->headers);
                                 },
                                 [this, shared, good, self = self_](Now at) {
                                     if (!*self) return;
                                     const bool all = good->size() == shared->headers.size();
                                     gate_->on_checked(at, shared->peer, *good, all, gate_effects_);
                                     perform(at);
                                 }});
    if (submitted) return;
    postponed_checks_.push_back(std::move(*shared));
    check_again_at_ = now.instant + check_retry_after;
}

/// True if there was something to do.
bool BlockSync::perform_gate(Now now) {
    auto effects = std::exchange(gate_effects_, {});
    for (auto& effect : effects) {
        std::visit(overloaded{
                       [&](const WorkGate::Ask& ask) {
                           const auto peer = peers_.find(ask.peer);
                           if (peer == peers_.end()) return;
                           (void)peer->second->context().send(sync_topic::get_headers,
                                                              sync_topic::encode(ask.question));
                       },
                       [&](WorkGate::Check& wanted) { check(now, std::move(wanted)); },
                       [&](const WorkGate::Follow& one) { follow(now, one.peer, one.status); },
                       [&](const WorkGate::Charge& charge) {
                           const auto peer = peers_.find(charge.peer);
                           if (peer == peers_.end()) return;
                           peer->second->context().penalise(charge.offence);
                       },
                   },
                   effect);
    }
    return !effects.empty();
}

BlockRelay::Verdict BlockSync::judge(const Header& header, const Hash256& hash) const {
    using Verdict = BlockRelay::Verdict;
    if (!is_whole()) return Verdict::unknown;
    if (ledger_->recent_header(hash)) return Verdict::known;
    const auto parent = ledger_->recent_header(header.parent_hash);
    if (!parent) return Verdict::unknown;
    const auto& engine = ledger_->engine();
    if (header.number != parent->header.number + 1) return Verdict::bad;
    const auto checked = engine.check_header(header, *parent, engine.fork_of(header, *parent));
    if (checked) {
        return due_at(engine, header, network_->now()) ? Verdict::early : Verdict::good;
    }
    return checked.error().is_of_seals ? Verdict::bad_seals : Verdict::bad;
}

const Block* BlockSync::block_in_memory(const Hash256& hash) const {
    const auto* recent = ledger_->blocks().recent(hash);
    if (recent && recent->has_body()) return &recent->logged.block;
    return ledger_->waiting(hash);
}

/// Makes an answer in a Job. False: too many wait for one.
bool BlockSync::read(Now now, MakeAnswer make, OnAnswer done) {
    const auto reply = std::make_shared<SharedBytes>();
    return ledger_->read_state(
        now, {[reply, make = std::move(make)](const ChainHeader& head, const ChainParts& chain) {
                  *reply = make(head, chain);
              },
              [reply, done = std::move(done), self = self_](Now at) {
                  if (*self) done(at, std::move(*reply));
              }});
}

std::unique_ptr<transport::TopicHandler> BlockSync::new_peer(transport::Context& context) {
    const auto id = next_peer_++;
    auto peer = std::make_unique<Peer>(*this, context, id);
    peers_.emplace(id, peer.get());
    downloads_.add_peer(id);
    if (snapshot_) snapshot_->add_peer(id);
    if (gate_) gate_->add_peer(id);
    relay_->add_peer(gossip::PeerId{id});
    (void)context.send(sync_topic::new_head, sync_topic::encode(own_status()));
    return peer;
}

ChainStatus BlockSync::own_status() const {
    const auto& head = ledger_->head();
    return {head.header.number, head.hash, head.total_difficulty};
}

Buffer BlockSync::status() {
    return to_buffer(sync_topic::encode(own_status()));
}

/// The head, and ever larger steps back from it; the genesis at the end.
std::vector<Hash256> BlockSync::locator() const {
    const auto number = ledger_->head().header.number;
    auto out = locator_of(number, sync_topic::locator_max - 1, [&](std::uint64_t back) {
        return ledger_->blocks().main(number - back).value_or(std::nullopt);
    });
    out.push_back(ledger_->genesis_hash());
    return out;
}

Instant BlockSync::next_wakeup() const {
    if (!ledger_) return never;
    const auto fetching = snapshot_ ? snapshot_->next_wakeup() : never;
    const auto showing = gate_ ? gate_->next_wakeup() : never;
    return std::min({showing, check_again_at_, ledger_->next_wakeup(), downloads_.next_wakeup(),
                     relay_->next_wakeup(), answers_.next_wakeup(), fetching});
}

void BlockSync::on_timer(Now now) {
    ledger_->on_timer(now);
    answers_.on_timer(now);
    if (snapshot_ && now.instant >= snapshot_->next_wakeup()) snapshot_->on_timer(now);
    if (gate_ && now.instant >= gate_->next_wakeup()) gate_->on_timer(now, gate_effects_);
    if (now.instant >= check_again_at_) {
        check_again_at_ = never;
        for (auto& one : std::exchange(postponed_checks_, {})) check(now, std::move(one));
    }
    if (now.instant >= downloads_.next_wakeup()) downloads_.on_timer(now, effects_);
    if (now.instant >= relay_->next_wakeup()) relay_->on_timer(now, relay_effects_);
    pass_on(now);
    perform(now);
}

void BlockSync::perform(Now now) {
    if (is_performing_) return;
    is_performing_ = true;
    while (perform_gate(now) || perform_snapshot(now) || !effects_.empty()) {
        for (auto& effect : std::exchange(effects_, {})) {
            std::visit(
                overloaded{
                    [&](Downloads::Ask& ask) {
                        const auto peer = peers_.find(ask.peer);
                        if (peer == peers_.end()) return;
                        const bool of_headers =
                            std::holds_alternative<sync_topic::GetHeaders>(ask.question);
                        auto bytes = std::visit(
                            [](const auto& question) { return sync_topic::encode(question); },
                            ask.question);
                        (void)peer->second->context().send(
                            of_headers ? sync_topic::get_headers : sync_topic::get_bodies,
                            std::move(bytes));
                    },
                    [&](Downloads::Import& block) { start_import(now, std::move(block.block)); },
                    [&](const Downloads::Charge& charge) {
                        const auto peer = peers_.find(charge.peer);
                        if (peer != peers_.end()) {
                            peer->second->context().penalise(charge.offence);
                        }
                    },
                },
                effect);
        }
    }
    ledger_->set_syncing(downloads_.ahead() > 1);
    is_performing_ = false;
}

std::size_t BlockSync::missing() const {
    if (is_whole()) return downloads_.ahead();
    const auto tip = snapshot_->progress().tip;
    return static_cast<std::size_t>(tip - std::min(tip, ledger_->head().header.number));
}

/// True if there was something to do.
bool BlockSync::perform_snapshot(Now now) {
    if (!snapshot_) return false;
    bool did = false;
    for (auto& effect : snapshot_->take_effects()) {
        did = true;
        std::visit(overloaded{
                       [&](SnapshotSync::Ask& ask) {
                           const auto peer = peers_.find(ask.peer);
                           if (peer == peers_.end()) return;
                           (void)peer->second->context().send(ask.code, std::move(ask.message));
                       },
                       [&](const SnapshotSync::Charge& charge) {
                           const auto peer = peers_.find(charge.peer);
                           if (peer == peers_.end()) return;
                           peer->second->context().penalise(charge.offence);
                       },
                   },
                   effect);
    }
    if (was_whole_ || !is_whole()) return did;
    was_whole_ = true;
    for (const auto& [id, peer] : peers_) {
        if (const auto& status = peer->last_status()) on_status(now, id, *status);
    }
    if (on_whole_) on_whole_(now);
    tell_all();
    return true;
}

/// Also of a block that is too old for a branch: whoever tells of one is not to blame. Above the
/// head there are headers as well, of a state that was fetched, which nothing can follow yet.
bool BlockSync::is_known(const Hash256& hash) const {
    if (ledger_->recent_header(hash)) return true;
    const auto old = ledger_->blocks().find(hash);
    return old && *old && (*old)->header.header.number <= ledger_->head().header.number;
}

void BlockSync::start_import(Now now, Block block) {
    const auto hash = ledger_->engine().hash_of(block.header);
    const auto number = block.header.number;
    ledger_->import(
        now, std::move(block), [this, self = self_, hash, number](Now at, const auto& result) {
            if (!*self) return;
            after_import(at, result);
            // Who is behind as well hears of it; a new block came along the tree.
            if (result && !result->applied.empty() && downloads_.ahead() <= 1) tell_all();
            if (is_of_parent(result)) return;  // the parent's own answer says what to do
            const auto outcome = result ? Downloads::Outcome::imported : outcome_of(result.error());
            if (outcome == Downloads::Outcome::too_deep) {
                network_->log().write(LogLevel::warn, "sync", "a better chain parts too far below",
                                      {{"number", number},
                                       {"block", "0x" + to_hex(hash)},
                                       {"head", ledger_->head().header.number},
                                       {"deepest", branch_depth_max}});
            }
            downloads_.on_imported(at, hash, outcome, effects_);
            perform(at);
        });
}

void BlockSync::import(Now now, Block block, Maker maker, ImportDone done, ExecutedBlock known) {
    ledger_->import(
        now, std::move(block),
        [this, self = self_, maker, done = std::move(done)](Now at, const auto& result) mutable {
            if (*self) after_own_import(at, maker, result);
            done(at, result);
        },
        std::move(known));
}

void BlockSync::after_own_import(Now now, Maker maker,
                                 const Result<Imported, ImportError>& result) {
    if (!result || result->applied.empty()) return after_import(now, result);
    const auto& head = ledger_->head();
    if (maker == Maker::this_node) {
        network_->hub().publish(BlockMade{head.header.number, head.hash});
    }
    after_import(now, result);
    relay_->on_made(now, *block_in_memory(head.hash), relay_effects_);
    pass_on(now);
}

void BlockSync::after_import(Now now, const Result<Imported, ImportError>& result) {
    if (!result || result->applied.empty()) return;
    if (on_imported_) on_imported_(now, *result);
    const auto& head = ledger_->head();
    network_->hub().publish(HeadMoved{head, result->reverted, result->applied});
    if (ledger_->engine().is_final_at_once()) {
        network_->hub().publish(BlockFinal{head.header.number, head.hash});
    }
}

/// Whoever sent it had its header alone, if it passed it on at once: only what a wrong header or a
/// wrong transaction shows is charged, and that was before.
void BlockSync::import_relayed(Now now, Downloads::PeerId from, Block block) {
    const auto header = block.header;
    ledger_->import(
        now, std::move(block), [this, self = self_, from, header](Now at, const auto& result) {
            if (!*self) return;
            after_import(at, result);
            if (result || outcome_of(result.error()) != Downloads::Outcome::wrong_body) {
                return;
            }
            relay_->on_wrong_body(ledger_->engine().hash_of(header));
            fetch(at, from, header);
        });
}

/// In the usual way, from who has it.
void BlockSync::fetch(Now now, Downloads::PeerId from, const Header& header) {
    if (!is_whole()) return;
    // Of a parent that is not here: as if it were the head.
    const auto parent = ledger_->recent_header(header.parent_hash).value_or(ledger_->head());
    const auto total = checked_add(parent.total_difficulty, header.difficulty);
    downloads_.on_status(
        now, from,
        {header.number, ledger_->engine().hash_of(header), total.value_or(parent.total_difficulty)},
        effects_);
    perform(now);
}

void BlockSync::pass_on(Now now) {
    for (auto& effect : std::exchange(relay_effects_, {})) {
        std::visit(overloaded{
                       [&](BlockRelay::Send& send) {
                           const auto peer = peers_.find(send.peer.value);
                           if (peer == peers_.end()) return;
                           (void)peer->second->context().send(send.code, std::move(send.message));
                       },
                       [&](const BlockRelay::Charge& charge) {
                           const auto peer = peers_.find(charge.peer.value);
                           if (peer == peers_.end()) return;
                           peer->second->context().penalise(charge.offence);
                       },
                       [&](BlockRelay::Import& import) {
                           import_relayed(now, import.from.value, std::move(import.block));
                       },
                       [&](const BlockRelay::Fetch& wanted) {
                           fetch(now, wanted.from.value, wanted.header);
                       },
                   },
                   effect);
    }
}

/// Who knows the head already is told once more, which costs a hundred bytes.
void BlockSync::tell_all() {
    (void)network_->broadcast("sync", sync_topic::new_head, sync_topic::encode(own_status()));
}

}  // namespace parley::chain
