#include <parley/chain/consensus/qbft/machine.hpp>

#include <parley/base/mutation.hpp>
#include <parley/base/overloaded.hpp>
#include <parley/chain/consensus/qbft/optional_items.hpp>
#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace parley::chain::qbft {
namespace {

template <class Payload>
std::vector<Signed<Payload>> votes_for(const std::vector<std::vector<Signed<Payload>>>& votes,
                                       const View& view, const Hash256& digest) {
    std::vector<Signed<Payload>> out;
    for (const auto& of_one : votes) {
        for (const auto& vote : of_one) {
            if (vote.payload.view == view && vote.payload.digest == digest) out.push_back(vote);
        }
    }
    return out;
}

Machine::Taken refuse_unjustified(const JustificationError& why) {
    return std::unexpected{VoteError{.code = VoteErrc::not_justified, .justification = why}};
}

}  // namespace

std::string message(const VoteError& error) {
    switch (error.code) {
        case VoteErrc::other_height:
            return fmt::format("height {}, expected {}", error.actual, error.expected);
        case VoteErrc::not_validator:
            return "the author is no validator";
        case VoteErrc::too_far_ahead:
            return fmt::format("round {}, expected at most {}", error.actual, error.expected);
        case VoteErrc::equivocation:
            return "the author said something else before";
        case VoteErrc::not_justified:
            return message(*error.justification);
    }
    std::unreachable();
}

Machine::Machine(MachineConfig config, std::set<Address> silent,
                 const std::optional<Record>& record, Now now, Effects& out)
    : config_(std::move(config)),
      view_{.height = config_.height},
      prepares_(config_.validators.size()),
      commits_(config_.validators.size()),
      round_changes_(config_.validators.size()),
      silent_(std::move(silent)),
      rounds_(config_.validators.size()) {
    if (config_.self && !config_.validators.contains(*config_.self)) config_.self.reset();
    std::erase_if(silent_, [&](const Address& who) { return !config_.validators.contains(who); });
    record_.view = view_;
    if (record && record->view.height == config_.height) {
        if (!mutated(Mutation::lock_lost)) record_ = *record;
        view_ = record_.view = record->view;
    }
    start_timer(now);
    const auto& certificate = record_.certificate;
    if (view_.round > 0 && certificate && certificate->prepared.round == view_.round) {
        // The change to this round that it said, if it did, knew of nothing prepared in it, and
        // another one would contradict that.
        change_to(view_.round + 1, now, out);
    } else if (view_.round > 0) {
        say_round_change(now, out);
    }
    propose_if_due(now, out);
}

const Address& Machine::proposer_of(std::uint32_t round) const {
    return config_.validators.proposer(config_.parent_proposer, round);
}

void Machine::start_timer(Now now) {
    const bool gets_no_time =
        silent_.contains(proposer()) && silent_.size() <= config_.validators.faulty_max();
    deadline_ = gets_no_time ? now.instant : never;
    run_timer(now);
    propose_at_ = is_proposer() && now.instant < config_.period_end ? config_.period_end : never;
}

void Machine::run_timer(Now now) {
    if (deadline_ != never || !is_quorum_here()) return;
    deadline_ = std::max(now.instant, config_.period_end) +
                doubled(config_.timeout, view_.round, config_.timeout_max);
}

bool Machine::is_quorum_here() const {
    if (view_.round == 0 || !config_.waits_for_quorum) return true;
    std::size_t here = 0;
    for (std::size_t i = 0; i < rounds_.size(); ++i) {
        const bool is_self = config_.self == config_.validators.addresses()[i];
        if (is_self || rounds_[i] >= view_.round) ++here;
    }
    return here >= config_.validators.quorum();
}

Result<std::size_t, VoteError> Machine::admit(Now now, const View& view, const Address& author) {
    if (view.height != config_.height) {
        return std::unexpected{VoteError{VoteErrc::other_height, config_.height, view.height}};
    }
    const auto index = config_.validators.index_of(author);
    if (!index) return std::unexpected{VoteError{VoteErrc::not_validator}};
    const auto highest = std::uint64_t{view_.round} + rounds_ahead_max;
    if (view.round > highest) {
        return std::unexpected{VoteError{VoteErrc::too_far_ahead, highest, view.round}};
    }
    heard_.insert(author);
    silent_.erase(author);
    note_round(*index, view.round);
    run_timer(now);
    return *index;
}

template <class Payload>
Machine::Taken Machine::count(Votes<Payload>& votes, std::size_t author,
                              const Signed<Payload>& vote, Effects& out) {
    auto& of_author = votes[author];
    for (const auto& known : of_author) {
        if (known.payload.view != vote.payload.view) continue;
        if (known.payload.digest == vote.payload.digest) return {};
        out.emplace_back(Accuse{known, vote});
        return std::unexpected{VoteError{VoteErrc::equivocation}};
    }
    of_author.push_back(vote);
    if (of_author.size() > votes_kept) {
        of_author.erase(std::ranges::min_element(of_author, {},
                                                 [](const auto& one) { return one.payload.view; }));
    }
    return {};
}

Machine::Taken Machine::hear(Now now, Said said, Effects& out) {
    return std::visit(
        overloaded{
            [&](ProposalInput& one) { return on_proposal(now, std::move(one), out); },
            [&](const Signed<Prepare>& one) { return on_prepare(now, one, out); },
            [&](const Signed<Commit>& one) { return on_commit(now, one, out); },
            [&](RoundChangeInput& one) { return on_round_change(now, std::move(one), out); }},
        said);
}

Machine::Taken Machine::on_proposal(Now now, ProposalInput input, Effects& out) {
    const auto view = input.message.signed_block.payload.view;
    const auto& author = input.message.signed_block.author;
    if (const auto admitted = admit(now, view, author); !admitted) {
        return std::unexpected{admitted.error()};
    }
    if (is_finished_ || view.round < view_.round) return {};
    if (view.round == view_.round && proposal_) {
        if (proposal_->input.digest == input.digest) return {};
        if (author == proposer()) {
            out.emplace_back(
                Accuse{proposal_->input.message.signed_block, input.message.signed_block});
            return std::unexpected{VoteError{VoteErrc::equivocation}};
        }
    }
    const auto checked = check_proposal(input, config_.validators, proposer_of(view.round));
    if (!checked) return refuse_unjustified(checked.error());
    // These have gone on to it.
    for (const auto& change : input.message.round_changes) {
        note_round(*config_.validators.index_of(change.author), view.round);
    }
    if (view.round > view_.round) {
        enter(view.round, now);
    } else {
        run_timer(now);
    }
    const auto digest = input.digest;
    const auto& block = input.message.signed_block.payload.block;
    keep_prepared(digest, out);
    out.emplace_back(CheckBlock{digest, block});
    proposal_ = Proposal{.input = std::move(input)};
    return {};
}

void Machine::on_checked(Now now, const Hash256& digest, bool is_valid, Effects& out) {
    if (is_finished_ || !proposal_ || proposal_->input.digest != digest || proposal_->is_checked) {
        return;
    }
    if (!is_valid && !mutated(Mutation::own_validation_dropped)) {
        change_to(view_.round + 1, now, out);
        return;
    }
    proposal_->is_checked = true;
    if (config_.self && record_.prepared == digest) out.emplace_back(SayPrepare{{view_, digest}});
    commit_if_prepared(out);
}

/// Before the block is checked, so that the disk and the check do not wait for each other.
void Machine::keep_prepared(const Hash256& digest, Effects& out) {
    if (record_.prepared) return;
    record_.prepared = digest;
    keep(out);
}

Machine::Taken Machine::on_prepare(Now now, const Signed<Prepare>& vote, Effects& out) {
    const auto author = admit(now, vote.payload.view, vote.author);
    if (!author) return std::unexpected{author.error()};
    if (is_finished_ || vote.payload.view < view_) return {};
    const auto counted = count(prepares_, *author, vote, out);
    if (counted) commit_if_prepared(out);
    return counted;
}

void Machine::commit_if_prepared(Effects& out) {
    if (!proposal_ || !proposal_->is_checked || has_committed_) return;
    const auto& digest = proposal_->input.digest;
    if (record_.committed && record_.committed != digest) return;
    auto prepares = votes_for(prepares_, view_, digest);
    if (prepares.size() < config_.validators.quorum()) return;
    has_committed_ = true;
    if (!config_.self) return;
    record_.committed = digest;
    record_.certificate = Certificate{.prepared = {view_.round, digest},
                                      .block = proposal_->input.message.signed_block.payload.block,
                                      .prepares = std::move(prepares)};
    keep(out);
    out.emplace_back(SayCommit{view_, digest});
}

Machine::Taken Machine::on_commit(Now now, const Signed<Commit>& vote, Effects& out) {
    const auto author = admit(now, vote.payload.view, vote.author);
    if (!author) return std::unexpected{author.error()};
    if (is_finished_) return {};
    const auto counted = count(commits_, *author, vote, out);
    if (!counted) return counted;
    auto commits = votes_for(commits_, vote.payload.view, vote.payload.digest);
    if (commits.size() >= config_.validators.quorum()) {
        is_finished_ = true;
        out.emplace_back(Finish{vote.payload.view, vote.payload.digest, std::move(commits)});
    }
    return {};
}

Machine::Taken Machine::on_round_change(Now now, RoundChangeInput input, Effects& out) {
    const auto& change = input.message.signed_change;
    const auto author = admit(now, change.payload.view, change.author);
    if (!author) return std::unexpected{author.error()};
    if (is_finished_ || change.payload.view < view_) return {};
    auto& known = round_changes_[*author];
    if (known && change.payload.view <= known->message.signed_change.payload.view) {
        const auto& before = known->message.signed_change;
        if (change.payload.view < before.payload.view || change.payload == before.payload)
            return {};
        out.emplace_back(Accuse{before, change});
        return std::unexpected{VoteError{VoteErrc::equivocation}};
    }
    if (const auto checked = check_round_change(input, config_.validators); !checked) {
        return refuse_unjustified(checked.error());
    }
    known = std::move(input);
    follow_others(now, out);
    propose_if_due(now, out);
    return {};
}

void Machine::follow_others(Now now, Effects& out) {
    std::vector<std::uint32_t> higher;
    for (const auto& known : round_changes_) {
        if (!known) continue;
        const auto round = known->message.signed_change.payload.view.round;
        if (round > view_.round) higher.push_back(round);
    }
    const auto enough = config_.validators.faulty_max();
    if (higher.size() <= enough) return;
    std::ranges::sort(higher, std::ranges::greater{});
    change_to(higher[enough], now, out);
}

void Machine::enter(std::uint32_t round, Now now) {
    view_.round = round;
    proposal_.reset();
    is_making_ = false;
    made_.reset();
    has_committed_ = false;
    heard_.clear();
    record_ = Record{.view = view_, .certificate = std::move(record_.certificate)};
    start_timer(now);
}

void Machine::change_to(std::uint32_t round, Now now, Effects& out) {
    enter(round, now);
    keep(out);
    say_round_change(now, out);
}

void Machine::say_round_change(Now now, Effects& out) {
    if (!config_.self) return;
    SayRoundChange said{.payload = {.view = view_}, .block = {}, .prepares = {}};
    if (const auto& certificate = record_.certificate) {
        said.payload.prepared = certificate->prepared;
        said.block = certificate->block;
        said.prepares = certificate->prepares;
    }
    out.emplace_back(std::move(said));
    repeat_at_ = now.instant + config_.repeat_every;
}

void Machine::keep(Effects& out) const {
    if (config_.self) out.emplace_back(Keep{record_});
}

std::vector<Signed<RoundChange>> Machine::changes_to_this_round() const {
    std::vector<Signed<RoundChange>> out;
    for (const auto& known : round_changes_) {
        if (known && known->message.signed_change.payload.view == view_) {
            out.push_back(known->message.signed_change);
        }
    }
    return out;
}

void Machine::propose_if_due(Now now, Effects& out) {
    // If that is not enough, the last change of round that it takes will be.
    if (now.instant >= config_.period_end) propose_at_ = never;
    if (is_finished_ || !is_proposer() || proposal_ || is_making_) return;
    if (made_ && now.instant >= config_.period_end) {
        auto own = *std::exchange(made_, {});
        return say_proposal(own.digest, std::move(own.block), {}, out);
    }
    if (record_.proposed) return;
    if (view_.round > 0) {
        const auto changes = changes_to_this_round();
        if (changes.size() < config_.validators.quorum()) return;
        if (const auto last = last_prepared(changes)) return propose_again(*last, out);
    }
    if (now.instant < config_.period_end) return;
    is_making_ = true;
    out.emplace_back(MakeBlock{view_});
}

void Machine::propose_again(const PreparedRound& last, Effects& out) {
    const auto of_last = std::ranges::find_if(round_changes_, [&](const auto& known) {
        return known && known->message.signed_change.payload.view == view_ &&
               known->message.signed_change.payload.prepared == last;
    });
    const auto& known = (*of_last)->message;
    keep_proposed(last.digest, out);
    say_proposal(last.digest, known.block, known.prepares, out);
}

void Machine::on_made(Now now, const View& view, const Hash256& digest, SharedBytes block,
                      Effects& out) {
    if (is_finished_ || view != view_) return;
    if (will_make()) {
        keep_proposed(digest, out);
        made_ = Made{digest, std::move(block)};
        return propose_if_due(now, out);
    }
    if (!std::exchange(is_making_, false)) return;
    if (view_.round > 0) {
        // Whoever went on meanwhile is no longer among those who allow it.
        const auto changes = changes_to_this_round();
        if (changes.size() < config_.validators.quorum()) return;
        if (last_prepared(changes)) return propose_if_due(now, out);
    }
    keep_proposed(digest, out);
    say_proposal(digest, std::move(block), {}, out);
}

void Machine::keep_proposed(const Hash256& digest, Effects& out) {
    record_.proposed = digest;
    if (!record_.prepared) record_.prepared = digest;
    keep(out);
}

void Machine::say_proposal(const Hash256& digest, SharedBytes block,
                           std::vector<Signed<Prepare>> prepares, Effects& out) {
    out.emplace_back(
        SayProposal{{view_, std::move(block)},
                    digest,
                    view_.round > 0 ? changes_to_this_round() : std::vector<Signed<RoundChange>>{},
                    std::move(prepares)});
}

void Machine::on_timer(Now now, Effects& out) {
    if (is_finished_) return;
    while (now.instant >= deadline_) {
        const auto& late = proposer();
        if (config_.skips_silent && !heard_.contains(late) && late != config_.self) {
            silent_.insert(late);
        }
        change_to(view_.round + 1, now, out);
    }
    if (now.instant >= repeat_at_) {
        out.emplace_back(RepeatRoundChange{view_});
        repeat_at_ = now.instant + config_.repeat_every;
    }
    propose_if_due(now, out);
}

Instant Machine::next_wakeup() const {
    if (is_finished_) return never;
    return std::min({deadline_, repeat_at_, propose_at_});
}

std::optional<Hash256> Machine::proposed() const {
    if (!proposal_) return std::nullopt;
    return proposal_->input.digest;
}

Progress Machine::progress() const {
    const auto& validators = config_.validators;
    Progress out{.view = view_,
                 .proposer = proposer(),
                 .self = config_.self,
                 .quorum = validators.quorum(),
                 .faulty_max = validators.faulty_max(),
                 .proposal = proposed(),
                 .is_checked = proposal_ && proposal_->is_checked,
                 .is_finished = is_finished_,
                 .period_end = config_.period_end,
                 .deadline = deadline_};
    const auto has_said = [&](const auto& of_one) {
        return std::ranges::any_of(of_one, [&](const auto& vote) {
            return vote.payload.view == view_ && vote.payload.digest == out.proposal;
        });
    };
    for (std::size_t i = 0; i < validators.size(); ++i) {
        const auto& address = validators.addresses()[i];
        ValidatorProgress one{.address = address,
                              .has_prepared = has_said(prepares_[i]),
                              .has_committed = has_said(commits_[i]),
                              .gets_no_time = silent_.contains(address)};
        if (const auto& change = round_changes_[i]) {
            const auto& view = change->message.signed_change.payload.view;
            if (view >= view_) one.changed_to = view.round;
        }
        out.validators.push_back(one);
    }
    return out;
}

Buffer Machine::snapshot() const {
    rlp::Writer out;
    const auto write_votes = [&](const auto& votes, std::uint32_t from_round) {
        for (const auto& of_one : votes) {
            out.begin_list();
            for (const auto& vote : of_one) {
                if (vote.payload.view.round < from_round) continue;
                out.number(vote.payload.view.round).string(Bytes{vote.payload.digest});
            }
            out.end_list();
        }
    };
    out.begin_list().number(view_.round);
    write_digest(out, proposed());
    for (const bool flag : {proposal_ && proposal_->is_checked, is_making_, made_.has_value(),
                            has_committed_, is_finished_}) {
        out.number(flag ? 1 : 0);
    }
    write_digest(out, record_.proposed);
    write_digest(out, record_.prepared);
    write_digest(out, record_.committed);
    const auto& certificate = record_.certificate;
    write_prepared(out, certificate ? std::optional{certificate->prepared} : std::nullopt);
    // Those of this round have done what they can once it is committed to.
    write_votes(prepares_, view_.round + (has_committed_ ? 1 : 0));
    write_votes(commits_, 0);
    for (const auto& known : round_changes_) {
        out.begin_list();
        if (known && known->message.signed_change.payload.view >= view_) {
            const auto& change = known->message.signed_change.payload;
            out.number(change.view.round);
            write_prepared(out, change.prepared);
        }
        out.end_list();
    }
    return out.end_list().take();
}

}  // namespace parley::chain::qbft
