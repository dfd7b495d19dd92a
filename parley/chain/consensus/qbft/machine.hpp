// Machine: one validator's part in the agreement on one block: three steps in a round (proposal,
// prepare, commit), and rounds that change when a proposer fails.
//
//     Machine machine{config, silent, record, now, out};
//     if (!machine.on_prepare(now, prepare, out)) return;  // its author is proven, and wrong
//     machine.on_timer(now, out);                          // at next_wakeup()
//
// It knows no transport, no signatures and no blocks: messages come with their authors and block
// hashes, and what it has to say goes out unsigned. What it says comes back to it signed, as do the
// messages of others. Effects are carried out in their order: a Keep must be on disk before what
// follows is signed, so that a validator that restarts contradicts nothing that it said.
//
// A proposer that was not heard through a whole round gets no time at all until it is heard again,
// as long as no more are silent than may be faulty.
//
// Above round 0 time runs once a quorum is known to be in the round or beyond. So nobody goes on
// alone to rounds where others would never catch up with it, all having the same longest time-out.
//
// Bounded: of each validator votes_kept prepares and commits, one change of round, and no message
// more than rounds_ahead_max ahead. Threading: one thread.
// Spec: as justification.hpp; docs/consensus.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/qbft/justification.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/consensus/qbft/progress.hpp>
#include <parley/chain/consensus/qbft/record.hpp>
#include <parley/chain/consensus/qbft/said.hpp>
#include <parley/chain/consensus/qbft/validators.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace parley::chain::qbft {

struct MachineConfig {
    std::uint64_t height = 1;
    Validators validators;
    std::optional<Address> self;                      ///< none: it only watches
    std::optional<Address> parent_proposer;           ///< of the parent; none for the genesis
    Instant period_end{};                             ///< before which there is no new block
    Duration timeout = std::chrono::seconds{2};       ///< of round 0, after period_end
    Duration timeout_max = std::chrono::seconds{60};  ///< it doubles with each round up to this
    Duration repeat_every = std::chrono::seconds{2};  ///< of the own change of round
    bool skips_silent = true;      ///< gives no time to a proposer that was silent through a round
    bool waits_for_quorum = true;  ///< before the time of a round above 0 runs
};

// Effects.
/// Write it down before going on.
struct Keep {
    Record record;
};
/// Sign it and send it to all; hand it back as well.
struct SayProposal {
    Proposed payload;
    Hash256 digest{};
    std::vector<Signed<RoundChange>> round_changes;
    std::vector<Signed<Prepare>> prepares;
};
struct SayPrepare {
    Prepare payload;
};
/// The seal is still to be made.
struct SayCommit {
    View view;
    Hash256 digest{};
};
struct SayRoundChange {
    RoundChange payload;
    SharedBytes block;
    std::vector<Signed<Prepare>> prepares;
};
/// Send the own change of round once more.
struct RepeatRoundChange {
    View view;
};
/// Make a block on the parent, then call on_made().
struct MakeBlock {
    View view;
};
/// Find out whether this block may follow, then call on_checked().
struct CheckBlock {
    Hash256 digest{};
    SharedBytes block;
};
/// It is final.
struct Finish {
    View view;
    Hash256 digest{};
    std::vector<Signed<Commit>> commits;  ///< a quorum or more
};
/// The author said two things that exclude each other.
struct Accuse {
    std::variant<Signed<Prepare>, Signed<Commit>, Signed<RoundChange>, Signed<Proposed>> first;
    std::variant<Signed<Prepare>, Signed<Commit>, Signed<RoundChange>, Signed<Proposed>> second;
};
using Effect = std::variant<Keep, SayProposal, SayPrepare, SayCommit, SayRoundChange,
                            RepeatRoundChange, MakeBlock, CheckBlock, Finish, Accuse>;
using Effects = std::vector<Effect>;

enum class VoteErrc : std::uint8_t {
    other_height,   ///< expected and actual heights
    not_validator,  ///< the author is none
    too_far_ahead,  ///< expected: the highest round that is taken; actual: its round
    equivocation,   ///< the author said something else before
    not_justified,  ///< VoteError::justification says why
};
struct VoteError {
    VoteErrc code{};
    std::uint64_t expected = 0;
    std::uint64_t actual = 0;
    std::optional<JustificationError> justification = {};
    friend bool operator==(const VoteError&, const VoteError&) = default;
};
std::string message(const VoteError& error);

class Machine {
public:
    static constexpr std::uint32_t rounds_ahead_max = 1'000;
    static constexpr std::size_t votes_kept = 4;  ///< of each kind of a validator, the latest

    /// Begins the height, or goes on where the record says. `silent`: whom to give no time.
    Machine(MachineConfig config, std::set<Address> silent, const std::optional<Record>& record,
            Now now, Effects& out);

    // What is late or known already is taken and changes nothing.
    using Taken = Result<void, VoteError>;
    /// By what it is; of a commit the seal is good.
    Taken hear(Now now, Said said, Effects& out);
    Taken on_proposal(Now now, ProposalInput input, Effects& out);
    Taken on_prepare(Now now, const Signed<Prepare>& vote, Effects& out);
    /// Its seal is good.
    Taken on_commit(Now now, const Signed<Commit>& vote, Effects& out);
    Taken on_round_change(Now now, RoundChangeInput input, Effects& out);
    /// The answer to MakeBlock, or before it is asked for if will_make(): then it is written down
    /// at once, and said when the period is over. One of an earlier round is ignored.
    void on_made(Now now, const View& view, const Hash256& digest, SharedBytes block, Effects& out);
    /// The answer to CheckBlock.
    void on_checked(Now now, const Hash256& digest, bool is_valid, Effects& out);
    void on_timer(Now now, Effects& out);
    Instant next_wakeup() const;

    std::uint32_t round() const { return view_.round; }
    bool is_finished() const { return is_finished_; }
    const Address& proposer() const { return proposer_of(view_.round); }
    /// Who was not heard when it was their turn, for the next height.
    const std::set<Address>& silent() const { return silent_; }
    const MachineConfig& config() const { return config_; }
    /// All that its answers depend on, but for time: equal for machines that will answer alike.
    Buffer snapshot() const;
    /// The block that was proposed.
    std::optional<Hash256> proposed() const;
    /// The block that a quorum has prepared in this round: it is about to be final.
    std::optional<Hash256> committed() const { return has_committed_ ? proposed() : std::nullopt; }
    /// It will ask for a block once the period is over.
    bool will_make() const {
        return view_.round == 0 && is_proposer() && !proposal_ && !record_.proposed && !is_making_;
    }
    /// What it knows of it; not who was heard when.
    Progress progress() const;

private:
    struct Proposal {
        ProposalInput input;
        bool is_checked = false;
    };
    struct Made {
        Hash256 digest{};
        SharedBytes block;
    };
    template <class Payload>
    using Votes = std::vector<std::vector<Signed<Payload>>>;  // by the validator's index

    const Address& proposer_of(std::uint32_t round) const;
    bool is_proposer() const { return config_.self && proposer() == *config_.self; }
    void start_timer(Now now);
    void run_timer(Now now);
    bool is_quorum_here() const;
    /// A validator is in this round, or beyond.
    void note_round(std::size_t index, std::uint32_t round) {
        rounds_[index] = std::max(rounds_[index], round);
    }
    /// Of this height, of a validator, not too far ahead: its index.
    Result<std::size_t, VoteError> admit(Now now, const View& view, const Address& author);
    template <class Payload>
    Taken count(Votes<Payload>& votes, std::size_t author, const Signed<Payload>& vote,
                Effects& out);
    void enter(std::uint32_t round, Now now);
    void change_to(std::uint32_t round, Now now, Effects& out);
    void say_round_change(Now now, Effects& out);
    void keep(Effects& out) const;
    void keep_proposed(const Hash256& digest, Effects& out);
    void keep_prepared(const Hash256& digest, Effects& out);
    void follow_others(Now now, Effects& out);
    void propose_if_due(Now now, Effects& out);
    void propose_again(const PreparedRound& last, Effects& out);
    void say_proposal(const Hash256& digest, SharedBytes block,
                      std::vector<Signed<Prepare>> prepares, Effects& out);
    void commit_if_prepared(Effects& out);
    std::vector<Signed<RoundChange>> changes_to_this_round() const;

    MachineConfig config_;
    View view_;
    Instant deadline_ = never;
    Instant repeat_at_ = never;
    Instant propose_at_ = never;
    std::optional<Proposal> proposal_;  // of this round
    bool is_making_ = false;            // asked for a block in this round
    std::optional<Made> made_;          // before its time
    bool has_committed_ = false;        // said Commit in this round, or would have
    Record record_;
    Votes<Prepare> prepares_;
    Votes<Commit> commits_;
    std::vector<std::optional<RoundChangeInput>> round_changes_;  // the latest, by index
    std::set<Address> silent_;
    std::set<Address> heard_;            // in this round
    std::vector<std::uint32_t> rounds_;  // the highest that was heard of each, by index
    bool is_finished_ = false;
};

}  // namespace parley::chain::qbft
