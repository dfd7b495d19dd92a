#include <parley/chain/consensus/qbft/agreement.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/consensus/qbft/saying.hpp>
#include <parley/chain/types/header_time.hpp>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <type_traits>
#include <variant>

namespace parley::chain::qbft {
namespace {

/// After which a full JobQueue is tried again.
constexpr Duration agreement_retry_after = std::chrono::milliseconds{20};
/// After which a signer that is away is asked again: it doubles up to the second one.
constexpr Duration signer_pause_min = std::chrono::milliseconds{500};
constexpr Duration signer_pause_max = std::chrono::seconds{8};
/// A block may be so much ahead of this node's clock.
constexpr auto ahead_max = std::chrono::seconds{1};

Agreement::Verdict verdict_of(const Machine::Taken& taken) {
    if (taken) return Agreement::Verdict::good;
    switch (taken.error().code) {
        case VoteErrc::equivocation:
            return Agreement::Verdict::good;  // others must see it
        case VoteErrc::other_height:
        case VoteErrc::too_far_ahead:
            return Agreement::Verdict::ignored;
        case VoteErrc::not_validator:
        case VoteErrc::not_justified:
            return Agreement::Verdict::bad;
    }
    return Agreement::Verdict::bad;
}

}  // namespace

Agreement::Agreement(AgreementConfig config, std::shared_ptr<const Qbft> engine, Chain chain,
                     Voice voice, std::shared_ptr<Signer> signer,
                     std::shared_ptr<RecordLog> records, JobQueue& jobs, Log& log)
    : config_(config),
      engine_(std::move(engine)),
      chain_(std::move(chain)),
      voice_(std::move(voice)),
      signer_(std::move(signer)),
      records_(std::move(records)),
      jobs_(jobs),
      log_(log),
      own_block_(
          {.make = [this](Now now, const Parent& parent, const View& view,
                          OnDraft done) { return begin_block(now, parent, view, std::move(done)); },
           .made = [this](Now now, OwnBlock::Made own) { propose_own(now, std::move(own)); },
           .ahead =
               [this](const SharedBlock& block) {
                   if (voice_.say_ahead) voice_.say_ahead(block);
               }},
          chain_.form.form),
      self_(std::make_shared<Agreement*>(this)) {
    assert(!signer_ || records_);
    if (records_) first_record_ = records_->latest();
}

Agreement::~Agreement() {
    *self_ = nullptr;
}

void Agreement::on_head(Now now) {
    if (machine_ && chain_.head().hash == parent_.hash) return;
    start_height(now);
    ask_address(now);
}

/// Whom the machine speaks for. A validator whose record is empty may have said something at this
/// height that it does not know of, so that it waits for the next one; and longer, if its key voted
/// lately, since another node may have it.
std::optional<Address> Agreement::own_voice() {
    if (!signer_ || !halted_.empty()) return std::nullopt;
    const auto self = signer_->address();
    if (!self) return std::nullopt;
    const auto height = parent_.header.number + 1;
    if (!first_height_) {
        looks_back_ = !first_record_ && height > 1;
        first_height_ = looks_back_ ? height + 1 : height;
    }
    if (looks_back_ || height < *first_height_) return std::nullopt;
    return self;
}

/// A signer in another process is asked first whose key it has: until it says so, this node
/// watches.
void Agreement::ask_address(Now now) {
    if (!signer_ || signer_->address() || is_asking_ || ask_again_at_) return;
    const auto asked = std::make_shared<Result<Address, SigningError>>();
    is_asking_ = jobs_.submit({[asked, signer = signer_] { *asked = signer->ask_address(); },
                               [asked, self = self_](Now at) {
                                   if (*self) (*self)->on_address(at, *asked);
                               }});
    if (!is_asking_) retry_soon(now);
}

void Agreement::on_address(Now now, const Result<Address, SigningError>& asked) {
    is_asking_ = false;
    if (!asked) return on_signer_away(now, asked.error().why);
    on_signer_there();
    start_height(now);
}

void Agreement::on_signer_away(Now now, const std::string& why) {
    if (pause_ == Duration{}) {
        log_.write(LogLevel::error, "consensus", "the signer does not sign",
                   {{"error", why},
                    {"advice",
                     "until it does, this validator is silent: see that `parley signer` "
                     "runs, and what it says"}});
    }
    pause_ = std::clamp(pause_ * 2, signer_pause_min, signer_pause_max);
    ask_again_at_ = now.instant + pause_;
    silence_ = why;
}

void Agreement::on_signer_there() {
    if (std::exchange(pause_, Duration{}) != Duration{}) {
        log_.write(LogLevel::info, "consensus", "the signer signs again", {});
    }
    silence_.clear();
}

bool Agreement::lacks_record() const {
    return machine_ && (looks_back_ || first_height_ > machine_->config().height);
}

void Agreement::look_for_own_vote(Now now) {
    const auto height = parent_.header.number + 1;
    const auto first = std::max(look_from_, height - std::min(height, silence_blocks));
    const bool begun =
        chain_.last_vote(now, *signer_->address(), first, [self = self_](Now, auto number) {
            if (*self) (*self)->on_last_vote(number);
        });
    if (!begun) return retry_soon(now);
    look_from_ = height;
}

void Agreement::on_last_vote(std::optional<std::uint64_t> number) {
    const auto before = first_height_.value_or(0);
    if (number) first_height_ = std::max(before, *number + silence_blocks + 1);
    if (!looks_back_ && first_height_ == before) return;
    looks_back_ = false;
    log_.write(LogLevel::warn, "consensus", "no record of what this validator said",
               {{"speaks_from", *first_height_},
                {"last_vote", number.value_or(0)},
                {"advice", number ? "its key voted lately, perhaps in another node; if in none, "
                                    "`parley validators resume DIR` lets it speak"
                                  : "none: it waits for a block"}});
}

bool Agreement::resume(Now now) {
    if (!signer_ || !halted_.empty() || !lacks_record()) return false;
    looks_back_ = false;
    first_height_ = machine_->config().height;
    log_.write(LogLevel::warn, "consensus", "this validator speaks without a record",
               {{"height", *first_height_}});
    start_height(now);
    return true;
}

std::optional<Progress> Agreement::progress() const {
    if (!machine_) return std::nullopt;
    auto out = machine_->progress();
    for (auto& one : out.validators) {
        const auto heard = heard_.find(one.address);
        if (heard != heard_.end()) one.heard = heard->second;
    }
    out.halted = halted_.empty() ? silence_ : halted_;
    if (lacks_record()) out.speaks_from = first_height_;
    return out;
}

bool Agreement::propose(const ValidatorVote& vote) {
    if (proposals_.size() >= proposals_max && !proposals_.contains(vote.recipient)) return false;
    proposals_[vote.recipient] = vote.adds;
    return true;
}

/// Of those that would change something each in turn.
std::optional<ValidatorVote> Agreement::next_vote() const {
    const auto& validators = machine_->config().validators;
    std::vector<ValidatorVote> open;
    for (const auto& [recipient, adds] : proposals_) {
        if (validators.contains(recipient) != adds) open.push_back({recipient, adds});
    }
    if (open.empty()) return std::nullopt;
    return open[machine_->config().height / validators.size() % open.size()];
}

Instant Agreement::instant_of(std::uint64_t unix_s, Now now) const {
    const auto at = UnixTime{std::chrono::seconds{unix_s}};
    return now.instant + std::chrono::duration_cast<Duration>(at - now.unix_time);
}

void Agreement::start_height(Now now) {
    parent_ = chain_.head();
    const auto height = parent_.header.number + 1;
    MachineConfig config;
    config.height = height;
    config.validators = engine_->validators_after(parent_);
    config.self = own_voice();
    config.parent_proposer = Qbft::proposer_of(parent_);
    config.period_end = instant_of(parent_.header.timestamp + engine_->config().period_s, now);
    config.timeout = config_.timeout;
    auto silent = machine_ ? machine_->silent() : std::set<Address>{};
    std::erase_if(heard_, [&](const auto& one) { return !config.validators.contains(one.first); });
    blocks_.clear();
    executed_.clear();
    held_commits_.clear();
    held_checks_.clear();
    held_make_.reset();
    own_block_.on_head(parent_.hash);
    said_.clear();
    proposed_at_.reset();
    to_write_.clear();
    const auto record = config.self ? std::exchange(first_record_, {}) : std::nullopt;
    if (record && record->view.height == height && record->certificate) {
        if (auto block = read_block(record->certificate->block, chain_.form)) {
            blocks_.push_back({*config.self, std::move(*block)});
        }
    }
    Effects out;
    machine_.emplace(std::move(config), std::move(silent), record, now, out);
    plan_ahead(now);
    perform(now, std::move(out));
    if (machine_->will_make()) own_block_.want_begun(now, {height}, {.header = parent_});
    future_.erase(future_.begin(), future_.lower_bound(height));
    future_bytes_ = 0;
    for (const auto& [at, messages] : future_) {
        for (const auto& one : messages) future_bytes_ += one.second;
    }
    if (auto early = future_.extract(height)) {
        for (auto& [incoming, size] : early.mapped()) {
            future_bytes_ -= size;
            feed(now, std::move(incoming));
        }
    }
    if (lacks_record()) look_for_own_vote(now);
}

void Agreement::receive(Now now, std::uint16_t code, SharedBytes message, OnRead done) {
    if (waiting_bytes_ + message.size() > waiting_bytes_max) return done(now, Verdict::ignored);
    waiting_bytes_ += message.size();
    waiting_.push_back({code, std::move(message), std::move(done)});
    read_waiting(now);
}

void Agreement::read_waiting(Now now) {
    while (!waiting_.empty()) {
        const auto one = std::make_shared<Waiting>(std::move(waiting_.front()));
        const auto read = std::make_shared<Result<Incoming, std::string>>();
        const bool submitted = jobs_.submit(
            {[one, read, form = chain_.form] {
                 *read = read_incoming(one->code, one->message, form);
             },
             [one, read, self = self_](Now at) {
                 if (!*self) return;
                 (*self)->waiting_bytes_ -= one->message.size();
                 (*self)->on_read(at, std::move(*read), one->message.size(), one->done);
             }});
        if (!submitted) {
            waiting_.front() = std::move(*one);
            return retry_soon(now);
        }
        waiting_.pop_front();
    }
}

void Agreement::on_read(Now now, Result<Incoming, std::string> read, std::size_t size,
                        const OnRead& done) {
    if (!read) {
        log_.write(LogLevel::debug, "consensus", "message refused", {{"error", read.error()}});
        return done(now, Verdict::bad);
    }
    done(now, admit(now, std::move(*read), size));
}

Agreement::Verdict Agreement::admit(Now now, Incoming incoming, std::size_t size) {
    if (!machine_) return Verdict::ignored;
    const auto height = view_of(incoming.said).height;
    const auto current = machine_->config().height;
    const auto& author = author_of(incoming.said);
    const bool is_validator = machine_->config().validators.contains(author);
    if (is_validator) heard_[author] = now.instant;
    if (height < current || height > current + heights_ahead_max) return Verdict::ignored;
    if (height == current) return feed(now, std::move(incoming));
    // Who the validators will be is not known; those of now are a good guess.
    if (!is_validator || future_bytes_ + size > future_bytes_max) return Verdict::ignored;
    future_bytes_ += size;
    future_[height].emplace_back(std::move(incoming), size);
    return Verdict::good;
}

Agreement::Verdict Agreement::feed(Now now, Incoming incoming) {
    if (const auto* commit = std::get_if<Signed<Commit>>(&incoming.said)) {
        const auto block = find(commit->payload.digest);
        if (!block) {
            const auto held_max = machine_->config().validators.size() * Machine::votes_kept;
            if (held_commits_.size() < held_max) held_commits_.push_back(*commit);
            return Verdict::good;
        }
        if (!is_sealed_by_author(*commit, *block, chain_.form.form)) return Verdict::bad;
    }
    Effects out;
    const auto author = author_of(incoming.said);
    const auto taken = machine_->hear(now, std::move(incoming.said), out);
    if (taken && incoming.block) remember(now, author, incoming.block);
    perform(now, std::move(out));
    return verdict_of(taken);
}

Agreement::SharedBlock Agreement::find(const Hash256& digest) const {
    const auto at = std::ranges::find_if(
        blocks_, [&](const BlockOf& one) { return one.block->digest == digest; });
    return at == blocks_.end() ? own_block_.find(digest) : at->block;
}

/// Of each author the latest, so that nobody can push out what another proposed; and what is agreed
/// on stays.
void Agreement::remember(Now now, const Address& author, const SharedBlock& block) {
    if (find(block->digest)) return;
    const auto is_of_author = [&](const BlockOf& one) {
        return one.author == author && one.block->digest != machine_->proposed();
    };
    if (std::ranges::count_if(blocks_, is_of_author) >= blocks_of_author_max) {
        blocks_.erase(std::ranges::find_if(blocks_, is_of_author));
    }
    blocks_.push_back({author, block});
    auto held = std::exchange(held_commits_, {});
    for (const auto& commit : held) {
        if (commit.payload.digest == block->digest) {
            feed(now, {commit});
        } else {
            held_commits_.push_back(commit);
        }
    }
}

void Agreement::perform(Now now, Effects effects) {
    for (auto& effect : effects) {
        std::visit(overloaded{[&](MakeBlock& one) { make(now, one.view); },
                              [&](CheckBlock& one) { check(now, one.digest); },
                              [&](Finish& one) { finish(now, one); },
                              [&](Accuse& one) { accuse(std::move(one)); },
                              [&](RepeatRoundChange&) { repeat_round_change(); },
                              [&](SayProposal& one) {
                                  proposed_at_ = now.instant;
                                  to_write_.emplace_back(std::move(one));
                              },
                              [&](SayCommit& one) {
                                  to_write_.emplace_back(one);
                                  plan_ahead(now);
                              },
                              [&](auto& one) { to_write_.emplace_back(std::move(one)); }},
                   effect);
    }
    write_and_sign(now);
}

void Agreement::repeat_round_change() {
    const auto last =
        std::ranges::find(said_.rbegin(), said_.rend(), Code::round_change, &SaidMessage::code);
    if (last != said_.rend()) voice_.say(last->code, last->message, last->block);
}

void Agreement::write_and_sign(Now now) {
    if (is_writing_ || to_write_.empty() || !halted_.empty() || !signer_) return;
    if (ask_again_at_) return drop_stale();
    const auto saying =
        std::make_shared<Saying>(Saying{.effects = {std::make_move_iterator(to_write_.begin()),
                                                    std::make_move_iterator(to_write_.end())},
                                        .blocks = {},
                                        .signer = signer_,
                                        .records = records_,
                                        .form = chain_.form.form,
                                        .height = machine_->config().height});
    to_write_.clear();
    for (const auto& one : blocks_) saying->blocks.push_back(one.block);
    is_writing_ = jobs_.submit({[saying] { saying->run(); },
                                [saying, self = self_](Now at) {
                                    if (*self) (*self)->on_written(at, *saying);
                                }});
    if (is_writing_) return;
    put_back(*saying);
    retry_soon(now);
}

/// What waits for a signer while rounds go by: of earlier ones nobody wants to hear.
void Agreement::drop_stale() {
    const auto view_of_effect =
        overloaded{[](const Keep& one) { return one.record.view; },
                   [](const SayCommit& one) { return one.view; },
                   [](const SayProposal& one) { return one.payload.view; },
                   [](const SayPrepare& one) { return one.payload.view; },
                   [](const SayRoundChange& one) { return one.payload.view; },
                   [this](const auto&) { return View{machine_->config().height}; }};
    std::erase_if(to_write_, [&](const Effect& one) {
        return std::visit(view_of_effect, one).round < machine_->round();
    });
}

/// What is not done, before what came meanwhile.
void Agreement::put_back(Saying& saying) {
    if (saying.height != machine_->config().height) return;
    to_write_.insert(to_write_.begin(), std::make_move_iterator(saying.effects.begin()),
                     std::make_move_iterator(saying.effects.end()));
}

void Agreement::on_written(Now now, Saying& saying) {
    is_writing_ = false;
    if (!saying.out.empty()) on_signer_there();
    for (const auto& why : saying.refused) {
        silence_ = "the signer refused: " + why;
        log_.write(LogLevel::error, "consensus", "the signer refused to sign", {{"error", why}});
    }
    if (saying.away) {
        put_back(saying);
        on_signer_away(now, *saying.away);
    }
    if (!saying.error.empty()) {
        halted_ = saying.error;
        to_write_.clear();
        log_.write(LogLevel::error, "consensus", "this validator can say nothing",
                   {{"error", saying.error}});
    }
    for (auto& [code, bytes, incoming] : saying.out) {
        if (saying.height != machine_->config().height) break;
        said_.push_back({code, bytes, incoming.block});
        voice_.say(code, bytes, incoming.block);
        feed(now, std::move(incoming));
    }
    write_and_sign(now);
}

/// The first block of a height that this validator is to propose: on the head, or on the block that
/// a quorum has prepared.
void Agreement::plan_ahead(Now now) {
    own_block_.plan_none();
    const auto& self = machine_->config().self;
    if (!self || !halted_.empty()) return;
    const auto plan = [&](Parent parent) {
        const auto& header = parent.header.header;
        const auto due = instant_of(header.timestamp + engine_->config().period_s, now);
        own_block_.plan({header.number + 1}, std::move(parent), due);
    };
    if (machine_->will_make()) return plan({.header = parent_});
    const auto digest = machine_->committed();
    const auto block = digest ? find(*digest) : nullptr;
    if (!block || !executed_.contains(*digest)) return;
    const auto& header = block->block.header;
    const auto next = child_of(*engine_, parent_, header, *digest);
    const auto validators = engine_->validators_after(next);
    const bool is_next =
        validators.contains(*self) && validators.proposer(header.beneficiary, 0) == *self;
    if (is_next) plan({next, block, executed_[*digest].executed});
}

void Agreement::make(Now now, const View& view) {
    held_make_.reset();
    if (own_block_.want(now, view, {.header = parent_})) return;
    held_make_ = view;
    retry_soon(now);
}

bool Agreement::begin_block(Now now, const Parent& parent, const View& view, OnDraft done) {
    const auto& header = parent.header;
    const auto time_s =
        std::max(header_time(now.unix_time), header.header.timestamp + engine_->config().period_s);
    return chain_.make(now, parent, engine_->extra_after(header, next_vote(), view.round), time_s,
                       std::move(done));
}

void Agreement::propose_own(Now now, OwnBlock::Made own) {
    const auto& block = own.block;
    remember(now, *signer_->address(), block);
    executed_[block->digest] = std::move(own.executed);
    Effects out;
    machine_->on_made(now, own.view, block->digest, SharedBytes::own(block->block.encode()), out);
    perform(now, std::move(out));
}

void Agreement::check(Now now, const Hash256& digest) {
    const auto block = find(digest);
    if (!block) return;
    const auto due = instant_of(block->block.header.timestamp, now) - ahead_max;
    const auto hold_until = [&](Instant at) { held_checks_.push_back({at, digest}); };
    if (due > now.instant) return hold_until(due);
    // It was made here, or proposed in an earlier round.
    const auto known = executed_.find(digest);
    const bool begun =
        chain_.check(now, block, known == executed_.end() ? ExecutedBlock{} : known->second,
                     [self = self_, digest, hash = parent_.hash](Now at, auto checked) {
                         if (!*self || (*self)->parent_.hash != hash) return;
                         auto& agreement = **self;
                         if (checked) {
                             agreement.executed_[digest] = std::move(*checked);
                         } else {
                             agreement.log_.write(
                                 LogLevel::warn, "consensus", "proposal refused",
                                 {{"block", "0x" + to_hex(digest)}, {"error", checked.error()}});
                         }
                         agreement.on_checked(at, digest, checked.has_value());
                     });
    if (!begun) hold_until(now.instant + agreement_retry_after);
}

void Agreement::on_checked(Now now, const Hash256& digest, bool is_valid) {
    Effects out;
    machine_->on_checked(now, digest, is_valid, out);
    perform(now, std::move(out));
}

void Agreement::finish(Now now, const Finish& finish) {
    const auto block = find(finish.digest);
    if (!block) return;  // others have it, and tell
    auto sealed = block->block;
    auto extra = block->extra;
    extra.round = finish.view.round;
    extra.seals.clear();
    for (const auto& commit : finish.commits) extra.seals.push_back(commit.payload.seal);
    sealed.header.extra_data = extra.encode(chain_.form.form);
    if (proposed_at_ && signer_->address() == block->block.header.beneficiary) {
        last_agreement_ = now.instant - *proposed_at_;
    }
    const auto executed = executed_.find(finish.digest);
    chain_.import(now, std::move(sealed),
                  executed == executed_.end() ? ExecutedBlock{} : executed->second);
}

void Agreement::accuse(Accuse accuse) {
    log_.write(LogLevel::warn, "consensus", "a validator contradicts itself",
               {{"validator", std::visit([](const auto& one) { return one.author.to_string(); },
                                         accuse.first)}});
    evidence_.push_back(std::move(accuse));
    if (evidence_.size() > evidence_max) evidence_.pop_front();
}

void Agreement::retry_soon(Now now) {
    retry_at_ = std::min(retry_at_, now.instant + agreement_retry_after);
}

void Agreement::on_timer(Now now) {
    if (!machine_) return;
    if (ask_again_at_ && now.instant >= *ask_again_at_) {
        ask_again_at_.reset();
        retry_at_ = now.instant;
    }
    if (now.instant >= retry_at_) {
        retry_at_ = never;
        ask_address(now);
        read_waiting(now);
        write_and_sign(now);
        if (looks_back_) look_for_own_vote(now);
        if (held_make_ && *held_make_ == View{machine_->config().height, machine_->round()}) {
            make(now, *held_make_);
        }
    }
    for (auto& held : std::exchange(held_checks_, {})) {
        if (now.instant >= held.at) {
            check(now, held.digest);
        } else {
            held_checks_.push_back(held);
        }
    }
    own_block_.on_timer(now);
    Effects out;
    machine_->on_timer(now, out);
    perform(now, std::move(out));
}

Instant Agreement::next_wakeup() const {
    if (!machine_) return never;
    auto at = std::min({machine_->next_wakeup(), retry_at_, ask_again_at_.value_or(never)});
    at = std::min(at, own_block_.next_wakeup());
    for (const auto& held : held_checks_) at = std::min(at, held.at);
    return at;
}

}  // namespace parley::chain::qbft
