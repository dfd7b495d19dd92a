#include <parley/chain/sync/snapshot_sync.hpp>

#include <parley/base/overloaded.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain {
namespace {

constexpr std::string_view tip_table = "chain.meta";
constexpr std::string_view tip_key = "header_tip";
/// After which a Job that was not taken, or a write that failed, is tried again.
constexpr Duration try_again_after = std::chrono::milliseconds{50};

/// The end of the chain of headers that goes up to `tip`.
Result<std::vector<ChainHeader>, StoreError> read_headers_to(const BlockStore& blocks,
                                                             const Hash256& tip,
                                                             std::size_t count) {
    std::vector<ChainHeader> out;
    auto hash = tip;
    while (out.size() < count) {
        const auto known = blocks.find(hash);
        if (!known) return std::unexpected{known.error()};
        if (!*known) break;
        out.push_back((*known)->header);
        if (out.back().header.number == 0) break;
        hash = out.back().header.parent_hash;
    }
    if (out.empty()) return fail(StoreErrc::corrupt);
    std::ranges::reverse(out);
    return out;
}

}  // namespace

SnapshotSync::SnapshotSync(SnapshotSyncConfig config, Ledger& ledger, JobQueue& jobs, Log& log,
                           std::uint64_t salt)
    : config_(config),
      ledger_(ledger),
      jobs_(jobs),
      log_(log),
      salt_(salt),
      self_(std::make_shared<SnapshotSync*>(this)) {}

SnapshotSync::~SnapshotSync() {
    *self_ = nullptr;
}

Result<bool, StoreError> SnapshotSync::is_begun(Store& store) {
    const auto partial = read_partial_state(store);
    if (!partial) return std::unexpected{partial.error()};
    return partial->has_value();
}

Result<void, StoreError> SnapshotSync::open() {
    auto partial = read_partial_state(parts().store);
    if (!partial) return std::unexpected{partial.error()};
    std::vector<ChainHeader> known{ledger_.head()};
    if (*partial) {
        const auto tip = parts().store.get(tip_table, bytes_of(tip_key));
        if (!tip) return std::unexpected{tip.error()};
        if (!*tip || (*tip)->size() != 32) return fail(StoreErrc::corrupt);
        auto read =
            read_headers_to(parts().blocks, array_of<32>(**tip), config_.headers.headers_max);
        if (!read) return std::unexpected{read.error()};
        known = std::move(*read);
        root_ = (*partial)->root;
        state_.emplace(config_.state, std::move((*partial)->spans));
        phase_ = Phase::fetching;
        log_.write(LogLevel::info, "snapshot", "goes on",
                   {{"accounts", state_->accounts()}, {"tip", known.back().header.number}});
    }
    headers_.emplace(config_.headers, parts().engine, std::move(known));
    return {};
}

SnapshotSync::Progress SnapshotSync::progress() const {
    Progress out{
        .tip = headers_->tip().header.number, .accounts = 0, .pivot = {}, .refused = refused_};
    if (state_) {
        out.accounts = state_->accounts();
        out.pivot = state_->pivot();
    }
    return out;
}

void SnapshotSync::add_peer(PeerId peer) {
    peers_.emplace_back(peer, std::nullopt);
    headers_->add_peer(peer);
    if (state_) state_->add_peer(peer);
}

void SnapshotSync::remove_peer(Now now, PeerId peer) {
    std::erase_if(peers_, [&](const auto& entry) { return entry.first == peer; });
    headers_->remove_peer(now, peer, header_effects_);
    if (state_) state_->remove_peer(now, peer, state_effects_);
    perform(now);
}

void SnapshotSync::on_status(Now now, PeerId peer, const sync_topic::ChainStatus& status) {
    if (!decide_at_ && !may_decide_) decide_at_ = now.instant + config_.decide_after;
    for (auto& [id, number] : peers_) {
        if (id == peer) number = status.number;
    }
    headers_->on_status(now, peer, status, header_effects_);
    if (state_) state_->on_status(now, peer, status.number, state_effects_);
    perform(now);
}

void SnapshotSync::on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers) {
    headers_->on_headers(now, peer, id, std::move(headers), header_effects_);
    perform(now);
}

void SnapshotSync::on_held(Now now, PeerId peer, std::uint64_t id) {
    headers_->on_held(now, peer, id, header_effects_);
    perform(now);
}

void SnapshotSync::on_answer(Now now, PeerId peer, StateSync::Answer answer) {
    if (!state_) {
        effects_.emplace_back(Charge{peer, transport::Offence::unasked});
        return;
    }
    state_->on_answer(now, peer, std::move(answer), state_effects_);
    perform(now);
}

Instant SnapshotSync::next_wakeup() const {
    if (is_done()) return never;
    auto out = std::min(retry_at_, headers_->next_wakeup());
    if (state_) out = std::min(out, state_->next_wakeup());
    return std::min(out, decide_at_.value_or(never));
}

void SnapshotSync::on_timer(Now now) {
    if (now.instant >= retry_at_) {
        retry_at_ = never;
        for (auto& again : std::exchange(postponed_, {})) again(now);
    }
    if (decide_at_ && now.instant >= *decide_at_) {
        decide_at_.reset();
        may_decide_ = true;
    }
    if (now.instant >= headers_->next_wakeup()) headers_->on_timer(now, header_effects_);
    if (state_ && now.instant >= state_->next_wakeup()) state_->on_timer(now, state_effects_);
    perform(now);
}

/// `work` gives what `done` takes. False: nothing was started.
template <class Work, class Done>
bool SnapshotSync::submit(Work work, Done done) {
    using Outcome = decltype(work());
    const auto outcome = std::make_shared<std::optional<Outcome>>();
    return jobs_.submit({[outcome, parts = ledger_.parts(), work = std::move(work)] mutable {
                             outcome->emplace(work());
                         },
                         [outcome, done = std::move(done), self = self_](Now at) mutable {
                             if (!*self) return;
                             done(at, std::move(**outcome));
                             (*self)->perform(at);
                             if ((*self)->on_effects_) (*self)->on_effects_(at);
                         }});
}

void SnapshotSync::retry(Now now) {
    retry_at_ = std::min(retry_at_, now.instant + try_again_after);
}

void SnapshotSync::perform(Now now) {
    if (is_performing_ || is_done()) return;
    is_performing_ = true;
    do {
        perform_headers(now);
        choose_pivot(now);
        perform_state(now);
        write_headers(now);
        decide();
        begin(now);
        if (phase_ == Phase::fetching && state_->is_whole()) end(now);
    } while (!header_effects_.empty() || !state_effects_.empty());
    is_performing_ = false;
}

void SnapshotSync::perform_headers(Now now) {
    for (auto& effect : std::exchange(header_effects_, {})) {
        std::visit(overloaded{
                       [&](const HeaderSync::Ask& ask) {
                           effects_.emplace_back(Ask{ask.peer, sync_topic::get_headers,
                                                     sync_topic::encode(ask.question)});
                       },
                       [&](HeaderSync::Check& wanted) { check(now, std::move(wanted)); },
                       [&](HeaderSync::Extend& news) { extend(std::move(news)); },
                       [&](const HeaderSync::Charge& charge) {
                           effects_.emplace_back(Charge{charge.peer, charge.offence});
                       },
                   },
                   effect);
    }
}

void SnapshotSync::perform_state(Now now) {
    for (auto& effect : std::exchange(state_effects_, {})) {
        std::visit(
            overloaded{
                [&](const StateSync::Ask& ask) {
                    const bool fetches = ask.question.index() == 0;
                    effects_.emplace_back(
                        Ask{ask.peer, fetches ? sync_topic::get_accounts : sync_topic::get_changes,
                            std::visit([](const auto& q) { return sync_topic::encode(q); },
                                       ask.question)});
                },
                [&](StateSync::Apply& wanted) { apply(now, std::move(wanted)); },
                [&](const StateSync::Charge& charge) {
                    effects_.emplace_back(Charge{charge.peer, charge.offence});
                },
            },
            effect);
    }
}

void SnapshotSync::check(Now now, HeaderSync::Check check) {
    const auto shared = std::make_shared<const HeaderSync::Check>(std::move(check));
    const bool submitted = submit(
        [shared, engine = parts().engine] {
            return check_headers(*engine, shared->parent, shared->headers);
        },
        [this, shared](Now at, std::vector<ChainHeader> good) {
            const bool all = good.size() == shared->headers.size();
            headers_->on_checked(at, std::move(good), all, header_effects_);
        });
    if (submitted) return;
    postponed_.emplace_back([this, shared](Now at) { this->check(at, *shared); });
    retry(now);
}

/// The rows of what is not the main chain any more are written over, or erased.
void SnapshotSync::extend(HeaderSync::Extend news) {
    for (const auto& header : news.headers) put_header(unwritten_, header);
    const auto& tip = news.headers.back();
    for (auto number = tip.header.number + 1; number <= news.old_tip; ++number) {
        erase_main(unwritten_, number);
    }
    unwritten_.put(tip_table, bytes_of(tip_key), tip.hash);
}

void SnapshotSync::write_headers(Now now) {
    if (phase_ != Phase::fetching || is_writing_headers_ || unwritten_.empty()) return;
    const auto batch = std::make_shared<StoreBatch>(std::exchange(unwritten_, {}));
    is_writing_headers_ =
        submit([batch, &store = parts().store] { return store.write(*batch); },
               [this, batch](Now at, Result<void, StoreError> written) {
                   is_writing_headers_ = false;
                   if (written) return;
                   // What came since then is written after it.
                   std::ranges::move(unwritten_.changes, std::back_inserter(batch->changes));
                   unwritten_ = std::move(*batch);
                   log_.write(LogLevel::error, "snapshot", "cannot write",
                              {{"error", message(written.error())}});
                   retry(at);
               });
    if (is_writing_headers_) return;
    unwritten_ = std::move(*batch);
    retry(now);
}

void SnapshotSync::apply(Now now, StateSync::Apply apply) {
    const auto shared = std::make_shared<const StateSync::Apply>(std::move(apply));
    const bool submitted = submit(
        [shared, &store = parts().store, root = root_, most = config_.state.span_accounts_max,
         salt = salt_] { return apply_answer(store, root, *shared, most, salt); },
        [this, shared](Now at, const Applied& applied) {
            if (applied.outcome == StateSync::Outcome::written) root_ = applied.root;
            if (applied.outcome == StateSync::Outcome::refused) {
                ++refused_;
                log_.write(LogLevel::info, "snapshot", "answer refused", {{"error", applied.why}});
            }
            if (applied.outcome != StateSync::Outcome::failed) {
                return state_->on_applied(at, applied.outcome, applied.spans, state_effects_);
            }
            log_.write(LogLevel::error, "snapshot", "cannot write", {{"error", applied.why}});
            // Not at once: a full disk stays full.
            postponed_.emplace_back([this](Now later) {
                state_->on_applied(later, StateSync::Outcome::failed, {}, state_effects_);
            });
            retry(at);
        });
    if (submitted) return;
    postponed_.emplace_back([this, shared](Now at) { this->apply(at, *shared); });
    retry(now);
}

void SnapshotSync::decide() {
    if (phase_ != Phase::deciding) return;
    const auto from = ledger_.head().header.number;
    if (headers_->tip().header.number >= from + config_.blocks_min) {
        log_.write(LogLevel::info, "snapshot", "begins",
                   {{"head", from}, {"tip", headers_->tip().header.number}});
        phase_ = Phase::saving;
        return;
    }
    if (!may_decide_) return;
    // Blocks are executed as long as the tip is nearer than that.
    if (headers_->may_be_behind(from + config_.blocks_min - 1 - headers_->tip().header.number)) {
        return;
    }
    phase_ = Phase::done;
}

void SnapshotSync::begin(Now now) {
    if (phase_ != Phase::saving) return;
    if (!ledger_.is_saved()) {
        ledger_.save(now);
        return retry(now);
    }
    const auto partial = std::make_shared<PartialState>();
    partial->root = ledger_.state().root();
    partial->spans = StateSync{config_.state}.spans();
    const auto headers = std::make_shared<StoreBatch>(std::exchange(unwritten_, {}));
    const bool submitted =
        submit([partial, headers,
                &store = parts().store] { return begin_partial_state(store, *partial, *headers); },
               [this, partial, headers](Now at, Result<void, StoreError> written) {
                   if (!written) {
                       std::ranges::move(unwritten_.changes, std::back_inserter(headers->changes));
                       unwritten_ = std::move(*headers);
                       log_.write(LogLevel::error, "snapshot", "cannot write",
                                  {{"error", message(written.error())}});
                       phase_ = Phase::saving;
                       return retry(at);
                   }
                   root_ = partial->root;
                   state_.emplace(config_.state, partial->spans);
                   phase_ = Phase::fetching;
                   for (const auto& [id, number] : peers_) {
                       state_->add_peer(id);
                       if (number) state_->on_status(at, id, *number, state_effects_);
                   }
                   choose_pivot(at);
               });
    if (submitted) {
        phase_ = Phase::beginning;
        return;
    }
    unwritten_ = std::move(*headers);
    retry(now);
}

void SnapshotSync::choose_pivot(Now now) {
    if (phase_ != Phase::fetching || headers_->is_behind(config_.pivot_age_max)) return;
    const auto& tip = headers_->tip().header;
    const auto stays = [&](const StateBlock& block) {
        const auto* there = headers_->find(block.number);
        return there && there->hash == block.hash &&
               block.number + config_.pivot_age_max >= tip.number;
    };
    if (const auto& pivot = state_->pivot(); pivot && stays(*pivot)) {
        return state_->set_tip(tip.number);
    }
    // After a restart, the one of before.
    std::optional<StateBlock> chosen;
    if (!state_->pivot()) {
        for (const auto& span : state_->spans()) {
            if (!span.here_to || !stays(span.base)) continue;
            if (!chosen || chosen->number < span.base.number) chosen = span.base;
        }
    }
    if (!chosen) {
        const auto* header = headers_->find(tip.number - std::min(tip.number, config_.pivot_depth));
        if (!header) return;
        chosen = StateBlock{header->header.number, header->hash, header->header.state_root};
    }
    log_.write(LogLevel::info, "snapshot", "state wanted",
               {{"block", chosen->number}, {"accounts", state_->accounts()}});
    state_->set_pivot(now, *chosen, tip.number, state_effects_);
}

/// All accounts are here.
void SnapshotSync::end(Now now) {
    const auto pivot = *state_->pivot();
    const auto* header = headers_->find(pivot.number);
    if (!header || header->hash != pivot.hash) return choose_pivot(now);
    if (root_ != pivot.root) {
        log_.write(LogLevel::error, "snapshot", "root of the state is wrong",
                   {{"expected", "0x" + to_hex(pivot.root)}, {"actual", "0x" + to_hex(root_)}});
        return state_->start_over(now, state_effects_);
    }
    if (is_writing_headers_) return;
    auto batch = unwritten_;
    ledger_.put_head(batch, *header);
    for (auto number = pivot.number + 1; number <= headers_->tip().header.number; ++number) {
        erase_main(batch, number);
    }
    batch.erase(tip_table, bytes_of(tip_key));
    const auto shared = std::make_shared<StoreBatch>(std::move(batch));
    const bool submitted = submit(
        [shared, &store = parts().store]() -> Result<void, StoreError> {
            if (auto added = end_partial_state(store, *shared); !added) return added;
            return store.write(*shared);
        },
        [this](Now at, Result<void, StoreError> written) {
            // If not, what is in unwritten_ is still to be written.
            if (written) return finish(at);
            log_.write(LogLevel::error, "snapshot", "cannot write",
                       {{"error", message(written.error())}});
            phase_ = Phase::fetching;
            retry(at);
        });
    if (submitted) {
        phase_ = Phase::ending;
        return;
    }
    retry(now);
}

void SnapshotSync::finish(Now now) {
    ledger_.take_head(now, [this](Now at, const Result<void, LedgerError>& taken) {
        if (!taken) {
            log_.write(LogLevel::error, "snapshot", "cannot go on from the state",
                       {{"error", message(taken.error())}});
            return;
        }
        log_.write(LogLevel::info, "snapshot", "whole",
                   {{"head", ledger_.head().header.number}, {"accounts", state_->accounts()}});
        phase_ = Phase::done;
        if (on_effects_) on_effects_(at);
    });
}

}  // namespace parley::chain
