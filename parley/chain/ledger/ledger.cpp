#include <parley/chain/ledger/ledger.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/ledger/saved.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace parley::chain {
namespace {

/// After which a full JobQueue, or a store that could not be written, is tried again.
constexpr Duration retry_after = std::chrono::milliseconds{20};
constexpr Duration retry_save_after = std::chrono::seconds{5};

std::unexpected<LedgerError> store_failed(const StoreError& error) {
    return std::unexpected{LedgerError{.code = LedgerErrc::store, .store = error}};
}

std::unexpected<LedgerError> other_genesis(const Hash256& expected, const Hash256& actual) {
    LedgerError error{.code = LedgerErrc::other_genesis};
    error.expected = expected;
    error.actual = actual;
    return std::unexpected{std::move(error)};
}

}  // namespace

Ledger::Ledger(LedgerServices services, LedgerConfig config)
    : services_(std::move(services)),
      config_(config),
      parts_(std::make_shared<ChainParts>(services_.execution, services_.engine, services_.store,
                                          services_.log_file, config.salt)),
      queue_(config.waiting, parts_, services_.jobs),
      self_(std::make_shared<Ledger*>(this)) {
    assert(config_.save_blocks < config_.replay_max);
    queue_.on_checked([this](Now now) { pump(now); });
}

Ledger::~Ledger() {
    *self_ = nullptr;
}

Result<std::unique_ptr<Ledger>, LedgerError> Ledger::open(LedgerServices services,
                                                          GenesisBlock genesis,
                                                          LedgerConfig config) {
    const auto saved = read_saved(services.store);
    if (!saved) return store_failed(saved.error());
    std::unique_ptr<Ledger> out{new Ledger{std::move(services), config}};
    out->genesis_hash_ = out->engine().hash_of(genesis.header);
    Result<void, LedgerError> opened;
    if (!*saved) {
        opened = out->begin(std::move(genesis));
    } else {
        if ((*saved)->genesis != out->genesis_hash_) {
            return other_genesis(out->genesis_hash_, (*saved)->genesis);
        }
        opened = out->resume((*saved)->head, (*saved)->log_end);
    }
    if (!opened) return std::unexpected{std::move(opened.error())};
    return out;
}

/// A chain that was never saved. The log begins with the genesis, and may have blocks.
Result<void, LedgerError> Ledger::begin(GenesisBlock genesis) {
    must_save_ = true;
    head_ = {genesis.header, genesis_hash_, genesis.header.difficulty, {}};
    RecentBlock first{head_};
    first.logged.block.header = std::move(genesis.header);
    if (first.logged.block.header.withdrawals_root) {
        first.logged.block.body.withdrawals.emplace();
    }
    const auto place = place_of_genesis(first.logged);
    if (!place) return std::unexpected{place.error()};
    first.place = *place;
    parts_->state.accept(std::move(genesis.state));
    parts_->blocks.move_main({}, {&first});
    const auto end = first.place.end();
    parts_->blocks.add(std::move(first));
    return replay(end);
}

/// The first record of the log, which is written if it is not there, or was cut.
Result<LogPlace, LedgerError> Ledger::place_of_genesis(const LoggedBlock& genesis) {
    std::optional<LogPlace> found;
    Hash256 first{};
    const auto dropped =
        parts_->log.recover(0, [&](const LogPlace& place, const LoggedBlock& logged) {
            found = place;
            first = engine().hash_of(logged.block.header);
            return false;
        });
    if (!dropped) return store_failed(dropped.error());
    if (found && first != genesis_hash_) return other_genesis(genesis_hash_, first);
    if (found) return *found;
    const auto appended = parts_->log.append(genesis.block, genesis.senders, genesis.receipts);
    if (!appended) return store_failed(appended.error());
    return *appended;
}

Result<void, LedgerError> Ledger::resume(const Hash256& saved_head, std::uint64_t log_end) {
    const auto head = parts_->blocks.find(saved_head);
    if (!head) return store_failed(head.error());
    if (!*head) return store_failed({StoreErrc::corrupt});
    head_ = (*head)->header;
    parts_->state.reopen(head_.header.state_root);
    if (auto loaded = parts_->blocks.load_recent(head_.header.number); !loaded) {
        return store_failed(loaded.error());
    }
    return replay(log_end);
}

Result<void, LedgerError> Ledger::replay(std::uint64_t offset) {
    std::optional<LedgerError> error;
    const auto dropped =
        parts_->log.recover(offset, [&](const LogPlace& place, LoggedBlock logged) {
            const auto hash = engine().hash_of(logged.block.header);
            const auto imported = replay_one(place, hash, std::move(logged));
            if (imported) return true;
            error = LedgerError{.code = LedgerErrc::replay, .import = imported.error()};
            error->expected = hash;
            return false;
        });
    if (!dropped) return store_failed(dropped.error());
    if (error) return std::unexpected{std::move(*error)};
    if (*dropped > 0) {
        services_.log.write(LogLevel::warn, "ledger", "end of the block log dropped",
                            {{"bytes", *dropped}, {"head", head_.header.number}});
    }
    if (unsaved_blocks_ > 0) {
        services_.log.write(LogLevel::info, "ledger", "blocks executed again",
                            {{"blocks", unsaved_blocks_}, {"head", head_.header.number}});
    }
    return {};
}

Result<void, ImportError> Ledger::replay_one(const LogPlace& place, const Hash256& hash,
                                             LoggedBlock logged) {
    const auto parent = parent_of(logged.block.header);
    if (!parent) return std::unexpected{parent.error()};
    const auto& header = logged.block.header;
    WaitingBlock waiting{
        .block = logged.block,
        .header = child_of(engine(), *parent, header, hash),
        .parent = *parent,
        .fork = services_.engine->fork_of(header, *parent),
        .senders = std::move(logged.senders),
    };
    auto work = work_for(waiting);
    if (!work) return std::unexpected{work.error()};
    work->place = place;
    auto done = work->run();
    if (!done) return std::unexpected{std::move(done.error())};
    take_over(waiting, std::move(*done));
    return {};
}

std::optional<Account> Ledger::account(const Address& address) const {
    const auto found = state().account(crypto::keccak256(address));
    if (!found) return std::nullopt;
    return found->value_or(Account{});
}

const Block* Ledger::waiting(const Hash256& hash) const {
    const auto* found = queue_.find(hash);
    return found ? &found->block : nullptr;
}

std::optional<ChainHeader> Ledger::recent_header(const Hash256& hash) const {
    if (const auto* recent = parts_->blocks.recent(hash)) return recent->header;
    if (const auto* waiting = queue_.find(hash)) return waiting->header;
    return std::nullopt;
}

Result<ChainHeader, ImportError> Ledger::parent_of(const Header& header) {
    if (auto recent = recent_header(header.parent_hash)) return std::move(*recent);
    const auto known = parts_->blocks.find(header.parent_hash);
    if (!known) return std::unexpected{known.error()};
    if (*known) return fail(BranchErrc::too_deep, branch_depth_max);
    return fail(BranchErrc::unknown_parent);
}

void Ledger::import(Now now, Block block, ImportDone done, ExecutedBlock known) {
    const auto hash = engine().hash_of(block.header);
    if (parts_->blocks.recent(hash)) return done(now, Imported{.was_known = true});
    if (auto* same = queue_.find(hash)) return same->done.push_back(std::move(done));
    const auto parent = parent_of(block.header);
    if (!parent) return done(now, std::unexpected{parent.error()});
    WaitingBlock waiting{
        .block = std::move(block),
        .header = {},
        .parent = *parent,
        .senders = std::move(known.senders),
        .executed = std::move(known.executed),
    };
    const auto& header = waiting.block.header;
    waiting.header = child_of(engine(), *parent, header, hash);
    waiting.fork = services_.engine->fork_of(header, *parent);
    waiting.size_bytes = waiting.block.body.memory_bytes();
    if (const auto pushed = queue_.push(std::move(waiting)); !pushed) {
        return done(now, std::unexpected{pushed.error()});
    }
    queue_.find(hash)->done.push_back(std::move(done));
    pump(now);
}

void Ledger::on_timer(Now now) {
    if (now.instant < retry_at_) return;
    retry_at_ = never;
    if (save_failed_) submit_save(now, std::exchange(save_failed_, nullptr));
    pump(now);
}

void Ledger::pump(Now now) {
    start_readings(now);
    start_import(now);
    if (!queue_.start_checks()) retry_at(now.instant + retry_after);
}

bool Ledger::read_state(Now now, Reading reading) {
    if (readings_.size() >= config_.readings_max) return false;
    readings_.push_back(std::move(reading));
    start_readings(now);
    return true;
}

void Ledger::start_readings(Now now) {
    while (!readings_.empty() && gate_.begin_read()) {
        const auto reading = std::make_shared<Reading>(std::move(readings_.front()));
        readings_.pop_front();
        const auto head = std::make_shared<const ChainHeader>(head_);
        const bool submitted =
            services_.jobs.submit({[reading, head, parts = parts_] { reading->run(*head, *parts); },
                                   [reading, self = self_](Now at) {
                                       if (*self) (*self)->gate_.end_read(at);
                                       reading->done(at);
                                       if (*self) (*self)->pump(at);
                                   }});
        if (submitted) continue;
        readings_.push_front(std::move(*reading));
        gate_.end_read(now);
        return retry_at(now.instant + retry_after);
    }
}

bool Ledger::must_wait_for_save() const {
    return unsaved_blocks_ >= config_.replay_max;
}

void Ledger::start_import(Now now) {
    while (!is_executing_ && !must_wait_for_save()) {
        const auto waiting = queue_.checked_front();
        if (!waiting) return;
        if (waiting->invalid) {
            answer_front(now, std::unexpected{*waiting->invalid});
            continue;
        }
        auto work = work_for(*waiting);
        if (!work) {
            answer_front(now, std::unexpected{work.error()});
            continue;
        }
        if (!gate_.begin_read()) return;
        const auto shared = std::make_shared<ImportWork>(std::move(*work));
        const auto result = std::make_shared<Result<ImportWork::Done, ImportError>>();
        Job job{[shared, result, waiting] { *result = shared->run(); },
                [result, waiting, self = self_](Now at) {
                    if (!*self) return;
                    (*self)->gate_.end_read(at);
                    (*self)->on_executed(at, waiting, std::move(*result));
                }};
        job.is_urgent = true;
        is_executing_ = services_.jobs.submit(std::move(job));
        if (is_executing_) return;
        gate_.end_read(now);
        return retry_at(now.instant + retry_after);
    }
}

Result<ImportWork, ImportError> Ledger::work_for(const WaitingBlock& waiting) const {
    const auto* parent = parts_->blocks.recent(waiting.parent.hash);
    // It was in memory, or waited before this one, and was refused or forgotten meanwhile.
    if (!parent) return fail(BranchErrc::invalid_parent);
    const auto route = parts_->blocks.route(head_.hash, waiting.parent.hash);
    if (!route) return fail(BranchErrc::too_deep, branch_depth_max);
    if (auto checked = check_ommers(waiting.block, waiting.fork); !checked) {
        return std::unexpected{std::move(checked.error())};
    }
    ImportWork out{
        .chain = parts_,
        .block = waiting.block,
        .senders = waiting.senders,
        .executed = waiting.executed,
        .fork = waiting.fork,
        .parent_root = parent->header.header.state_root,
        .way = route->changes(),
    };
    out.sync = !is_syncing_ || queue_.size() == 1;
    return out;
}

Result<void, InvalidBlock> Ledger::check_ommers(const Block& block, Fork fork) const {
    const Ancestry headers = [&](const Hash256& hash) -> std::optional<ChainHeader> {
        const auto* found = parts_->blocks.recent(hash);
        return found ? std::optional{found->header} : std::nullopt;
    };
    const AncestryBlocks blocks = [&](const Hash256& hash) -> std::optional<Block> {
        const auto* found = parts_->blocks.recent(hash);
        return found && found->has_body() ? std::optional{found->logged.block} : std::nullopt;
    };
    auto checked = services_.engine->check_ommers(block, fork, headers, blocks);
    if (checked) return {};
    return std::unexpected{breaks_engine_rule(std::move(checked.error()))};
}

void Ledger::on_executed(Now now, const std::shared_ptr<WaitingBlock>& waiting,
                         Result<ImportWork::Done, ImportError> result) {
    gate_.change(now, [this, waiting, outcome = std::move(result)](Now at) mutable {
        is_executing_ = false;
        if (!outcome) return answer_front(at, std::unexpected{std::move(outcome.error())});
        answer_front(at, take_over(*waiting, std::move(*outcome)));
        const bool is_much = unsaved_blocks_ - saving_blocks_ >= config_.save_blocks ||
                             state().unsaved_bytes() >= config_.unsaved_bytes_max;
        if (is_much) start_save(at);
    });
    pump(now);
}

/// The block is moved out of `waiting`.
Imported Ledger::take_over(WaitingBlock& waiting, ImportWork::Done done) {
    const auto& header = waiting.header;
    LoggedBlock logged{std::move(waiting.block), std::move(waiting.senders),
                       std::move(done.receipts)};
    const auto route = parts_->blocks.route(head_.hash, header.header.parent_hash);
    parts_->blocks.add({header, std::move(logged), done.place, done.commit.changes});
    ++unsaved_blocks_;
    if (!services_.engine->is_better(header, head_)) return {};
    Imported out;
    auto forward = route->forward;
    forward.push_back(parts_->blocks.recent(header.hash));
    for (const auto* block : route->back) out.reverted.push_back(block->header.hash);
    for (const auto* block : forward) out.applied.push_back(block->header.hash);
    parts_->blocks.move_main(route->back, forward);
    if (done.way) parts_->state.accept(std::move(*done.way));
    parts_->state.accept(std::move(done.commit));
    head_ = header;
    parts_->blocks.forget_below(head_.header.number);
    return out;
}

void Ledger::answer_front(Now now, const Result<Imported, ImportError>& result) {
    const auto waiting = queue_.checked_front();
    queue_.pop();
    for (auto& done : waiting->done) done(now, result);
}

void Ledger::save(Now now) {
    gate_.change(now, [this](Now at) { start_save(at); });
}

/// Precondition: inside a change.
void Ledger::start_save(Now now) {
    if (parts_->state.is_saving() || is_saved()) return;
    auto batch = parts_->state.begin_save();
    auto batches = parts_->blocks.begin_save(batch, config_.save_rows);
    put_saved(batch, head_.hash);
    batches.push_back(std::move(batch));
    saving_blocks_ = unsaved_blocks_;
    submit_save(now, std::make_shared<const Batches>(std::move(batches)));
}

void Ledger::put_saved(StoreBatch& batch, const Hash256& head) const {
    chain::put_saved(batch, {genesis_hash_, head, parts_->log.end()});
}

void Ledger::put_head(StoreBatch& batch, const ChainHeader& head) const {
    put_first_recent(batch, head);
    put_saved(batch, head.hash);
}

void Ledger::take_head(Now now, std::function<void(Now, Result<void, LedgerError>)> done) {
    assert(is_saved());
    gate_.change(now, [this, done = std::move(done)](Now at) {
        const auto read = read_saved(services_.store);
        const auto saved = read ? *read : std::nullopt;
        if (!saved) return done(at, store_failed({StoreErrc::corrupt}));
        done(at, resume(saved->head, saved->log_end));
    });
}

void Ledger::submit_save(Now now, std::shared_ptr<const Batches> batches) {
    const auto result = std::make_shared<Result<void, StoreError>>();
    const bool submitted = services_.jobs.submit(
        {[parts = parts_, batches, result] {
             // The tables speak of places in the log.
             *result = parts->log.sync();
             for (const auto& batch : *batches) {
                 if (*result) *result = parts->store.write(batch);
             }
         },
         [batches, result, self = self_](Now at) {
             if (!*self) return;
             auto& ledger = **self;
             if (*result) {
                 ledger.gate_.change(at, [&ledger](Now) { ledger.end_save(); });
                 return ledger.pump(at);
             }
             ledger.services_.log.write(LogLevel::error, "ledger", "cannot save the chain",
                                        {{"error", message(result->error())}});
             ledger.save_failed_ = batches;
             ledger.retry_at(at.instant + retry_save_after);
         }});
    if (submitted) return;
    save_failed_ = std::move(batches);
    retry_at(now.instant + retry_after);
}

void Ledger::end_save() {
    must_save_ = false;
    parts_->state.end_save();
    parts_->blocks.end_save();
    unsaved_blocks_ -= std::exchange(saving_blocks_, 0);
}

}  // namespace parley::chain
