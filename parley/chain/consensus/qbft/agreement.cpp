#include <parley/chain/consensus/qbft/agreement.hpp>

#include <parley/base/overloaded.hpp>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <type_traits>
#include <variant>

namespace parley::chain::qbft {
namespace {

/// After which a full JobQueue is tried again.
constexpr Duration agreement_retry_after = std::chrono::milliseconds{20};
/// A block may be so much ahead of this node's clock.
constexpr auto ahead_max = std::chrono::seconds{1};

std::uint64_t unix_seconds(Now now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.unix_time.time_since_epoch());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(seconds.count(), 0));
}

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

/// Something that was signed, as it goes out and comes back to the machine.
struct Agreement::Output {
    Code code{};
    SharedBytes message;
    Incoming incoming;
};

/// What one Job writes down and signs.
struct Agreement::Writing {
    std::vector<Effect> effects;
    std::vector<std::shared_ptr<const ProposedBlock>> blocks;
    std::shared_ptr<Signer> signer;
    std::shared_ptr<RecordLog> records;
    ExtraForm form{};
    std::uint64_t height = 0;
    std::vector<Output> out = {};
    std::string error = {};

    void run() {
        for (auto& effect : effects) {
            if (!error.empty()) return;
            std::visit(overloaded{[&](Keep& keep) {
                                      if (const auto kept = records->write(keep.record); !kept) {
                                          error = message(kept.error());
                                      }
                                  },
                                  [&](SayProposal& one) { say(one); },
                                  [&](SayPrepare& one) { say_vote(one.payload); },
                                  [&](SayCommit& one) { say(one); },
                                  [&](SayRoundChange& one) { say(one); }, [](auto&) {}},
                       effect);
        }
    }

private:
    std::shared_ptr<const ProposedBlock> find(const Hash256& digest) const {
        const auto at = std::ranges::find(blocks, digest, &ProposedBlock::digest);
        return at == blocks.end() ? nullptr : *at;
    }
    std::optional<Seal> sign(const View& view, Code code, const Hash256& block, const Hash256& hash,
                             bool is_seal = false) {
        auto made = signer->sign({view, code, block, hash, is_seal});
        if (made) return *made;
        error = std::move(made.error());
        return std::nullopt;
    }
    template <class Payload>
    std::optional<Signed<Payload>> signed_by_us(Payload payload, const Hash256& block) {
        const auto signature = sign(payload.view, Payload::code, block, signing_hash(payload));
        if (!signature) return std::nullopt;
        return Signed<Payload>{std::move(payload), signer->address(), *signature};
    }
    template <class Payload>
    void say_vote(Payload payload) {
        const auto digest = payload.digest;
        if (auto vote = signed_by_us(std::move(payload), digest)) {
            out.push_back({Payload::code, encode(*vote), {*vote}});
        }
    }
    void say(const SayCommit& commit) {
        const auto block = find(commit.digest);
        if (!block) return;
        const auto sealed = hash_with(block->block.header, block->extra, commit.view.round, form);
        const auto seal = sign(commit.view, Code::commit, commit.digest, sealed, true);
        if (seal) say_vote(Commit{commit.view, commit.digest, *seal});
    }
    void say(SayRoundChange& change) {
        const auto& prepared = change.payload.prepared;
        auto made = signed_by_us(change.payload, prepared ? prepared->digest : Hash256{});
        if (!made) return;
        RoundChangeInput input{{*made, change.block, std::move(change.prepares)}, {}};
        if (prepared) input.digest = prepared->digest;
        auto bytes = encode(input.message);
        out.push_back({Code::round_change, std::move(bytes), {std::move(input)}});
    }
    void say(SayProposal& proposal) {
        const auto read =
            read_block(proposal.payload.block, {.limits = whole_limits(), .form = form});
        if (!read) {
            error = read.error();
            return;
        }
        // One that is proposed again is of an earlier round.
        const auto block = std::make_shared<const ProposedBlock>(
            in_round(**read, proposal.payload.view.round, form));
        proposal.payload.block = SharedBytes::own(block->block.encode());
        auto made = signed_by_us(std::move(proposal.payload), block->digest);
        if (!made) return;
        ProposalInput input{
            {std::move(*made), std::move(proposal.round_changes), std::move(proposal.prepares)},
            block->digest,
            block->block.header.beneficiary};
        auto bytes = encode(input.message);
        out.push_back({Code::proposal, std::move(bytes), {std::move(input), block}});
    }
    /// It is a block of ours, or one that passed the limits.
    static BlockLimits whole_limits() {
        BlockLimits limits;
        limits.bytes_max = std::size_t{64} << 20;
        limits.extra_data_bytes_max = extra_data_bytes_max;
        return limits;
    }
};

Agreement::Agreement(AgreementConfig config, std::shared_ptr<const Qbft> engine, Chain chain,
                     Say say, std::shared_ptr<Signer> signer, std::shared_ptr<RecordLog> records,
                     JobQueue& jobs, Log& log)
    : config_(config),
      engine_(std::move(engine)),
      chain_(std::move(chain)),
      say_(std::move(say)),
      signer_(std::move(signer)),
      records_(std::move(records)),
      jobs_(jobs),
      log_(log),
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
    if (lacks_record()) look_for_own_vote(now);
}

/// Whom the machine speaks for. A validator whose record is empty may have said something at this
/// height that it does not know of, so that it waits for the next one; and longer, if its key voted
/// lately, since another node may have it.
std::optional<Address> Agreement::own_voice() {
    if (!signer_ || !halted_.empty()) return std::nullopt;
    const auto height = parent_.header.number + 1;
    if (!first_height_) {
        looks_back_ = !first_record_ && height > 1;
        first_height_ = looks_back_ ? height + 1 : height;
    }
    if (looks_back_ || height < *first_height_) return std::nullopt;
    return signer_->address();
}

bool Agreement::lacks_record() const {
    return machine_ && (looks_back_ || first_height_ > machine_->config().height);
}

void Agreement::look_for_own_vote(Now now) {
    const auto height = parent_.header.number + 1;
    const auto first = std::max(look_from_, height - std::min(height, silence_blocks));
    const bool begun =
        chain_.last_vote(now, signer_->address(), first, [self = self_](Now, auto number) {
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
    out.halted = halted_;
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
    senders_.clear();
    held_commits_.clear();
    held_checks_.clear();
    held_make_.reset();
    said_.clear();
    to_write_.clear();
    const auto record = config.self ? std::exchange(first_record_, {}) : std::nullopt;
    if (record && record->view.height == height && record->certificate) {
        if (auto block = read_block(record->certificate->block, chain_.form)) {
            blocks_.push_back({*config.self, std::move(*block)});
        }
    }
    Effects out;
    machine_.emplace(std::move(config), std::move(silent), record, now, out);
    perform(now, std::move(out));
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

std::shared_ptr<const ProposedBlock> Agreement::find(const Hash256& digest) const {
    const auto at = std::ranges::find_if(
        blocks_, [&](const BlockOf& one) { return one.block->digest == digest; });
    return at == blocks_.end() ? nullptr : at->block;
}

/// Of each author the latest, so that nobody can push out what another proposed; and what is agreed
/// on stays.
void Agreement::remember(Now now, const Address& author,
                         const std::shared_ptr<const ProposedBlock>& block) {
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
                              [&](RepeatRoundChange&) {
                                  const auto last = std::ranges::find(
                                      said_.rbegin(), said_.rend(), Code::round_change,
                                      &std::pair<Code, SharedBytes>::first);
                                  if (last != said_.rend()) say_(last->first, last->second);
                              },
                              [&](auto& one) { to_write_.emplace_back(std::move(one)); }},
                   effect);
    }
    write_and_sign(now);
}

void Agreement::write_and_sign(Now now) {
    if (is_writing_ || to_write_.empty() || !halted_.empty() || !signer_) return;
    const auto writing =
        std::make_shared<Writing>(Writing{.effects = {std::make_move_iterator(to_write_.begin()),
                                                      std::make_move_iterator(to_write_.end())},
                                          .blocks = {},
                                          .signer = signer_,
                                          .records = records_,
                                          .form = chain_.form.form,
                                          .height = machine_->config().height});
    for (const auto& one : blocks_) writing->blocks.push_back(one.block);
    is_writing_ = jobs_.submit({[writing] { writing->run(); },
                                [writing, self = self_](Now at) {
                                    if (*self) (*self)->on_written(at, *writing);
                                }});
    if (is_writing_) {
        to_write_.clear();
    } else {
        to_write_.assign(std::make_move_iterator(writing->effects.begin()),
                         std::make_move_iterator(writing->effects.end()));
        retry_soon(now);
    }
}

void Agreement::on_written(Now now, Writing& writing) {
    is_writing_ = false;
    if (!writing.error.empty()) {
        halted_ = writing.error;
        to_write_.clear();
        log_.write(LogLevel::error, "consensus", "this validator can say nothing",
                   {{"error", writing.error}});
    }
    for (auto& [code, bytes, incoming] : writing.out) {
        if (writing.height != machine_->config().height) break;
        said_.emplace_back(code, bytes);
        say_(code, bytes);
        feed(now, std::move(incoming));
    }
    write_and_sign(now);
}

void Agreement::make(Now now, const View& view) {
    held_make_.reset();
    const auto time_s =
        std::max(unix_seconds(now), parent_.header.timestamp + engine_->config().period_s);
    const bool begun = chain_.make(
        now, engine_->extra_after(parent_, next_vote(), view.round), time_s,
        [self = self_, view](Now at, std::optional<Draft> draft) {
            if (!*self || !draft) return;
            auto& agreement = **self;
            if (draft->block.header.parent_hash != agreement.parent_.hash) return;
            auto raw = SharedBytes::own(draft->block.encode());
            auto block = read_block(raw, agreement.chain_.form);
            if (!block) {
                agreement.log_.write(LogLevel::error, "consensus", "own block cannot be read",
                                     {{"error", block.error()}});
                return;
            }
            agreement.remember(at, agreement.signer_->address(), *block);
            agreement.senders_[(*block)->digest] = std::move(draft->senders);
            Effects out;
            agreement.machine_->on_made(at, view, (*block)->digest, std::move(raw), out);
            agreement.perform(at, std::move(out));
        });
    if (begun) return;
    held_make_ = view;
    retry_soon(now);
}

void Agreement::check(Now now, const Hash256& digest) {
    const auto block = find(digest);
    if (!block) return;
    const auto due = instant_of(block->block.header.timestamp, now) - ahead_max;
    const auto hold_until = [&](Instant at) { held_checks_.push_back({at, digest}); };
    if (due > now.instant) return hold_until(due);
    const bool begun =
        chain_.check(now, block, [self = self_, digest, hash = parent_.hash](Now at, auto checked) {
            if (!*self || (*self)->parent_.hash != hash) return;
            auto& agreement = **self;
            if (checked) {
                agreement.senders_[digest] = std::move(*checked);
            } else {
                agreement.log_.write(
                    LogLevel::warn, "consensus", "proposal refused",
                    {{"block", "0x" + to_hex(digest)}, {"error", checked.error()}});
            }
            Effects out;
            agreement.machine_->on_checked(at, digest, checked.has_value(), out);
            agreement.perform(at, std::move(out));
        });
    if (!begun) hold_until(now.instant + agreement_retry_after);
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
    auto senders = senders_.find(finish.digest);
    chain_.import(now, std::move(sealed),
                  senders == senders_.end() ? std::vector<Address>{} : senders->second);
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
    if (now.instant >= retry_at_) {
        retry_at_ = never;
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
    Effects out;
    machine_->on_timer(now, out);
    perform(now, std::move(out));
}

Instant Agreement::next_wakeup() const {
    if (!machine_) return never;
    auto at = std::min(machine_->next_wakeup(), retry_at_);
    for (const auto& held : held_checks_) at = std::min(at, held.at);
    return at;
}

}  // namespace parley::chain::qbft
