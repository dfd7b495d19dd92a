// StateSync: which accounts to ask of whom, so that the state after a recent block comes to be here
// while the chain goes on.
//
// The key space is cut into spans, each asked of one peer at a time, all at the state of one block,
// the pivot. When the pivot moves on, what is here stays, with the block after which it was so: it
// is brought to a later block by the accounts that changed between the two (GetChanges), which a
// proof of the span's ends shows to be all of them. No trie node is ever asked for, and what did
// not change is not fetched twice. What is older than what servers remember is fetched again.
//
// A peer is first asked for little, and for more with each good answer; one that answers wrong is
// charged and begins anew, so that a liar costs few bytes. Who does not answer in time, or has not
// the state, is asked last.
//
// A core without I/O: effects are appended to a list that the caller takes. An answer is checked
// and written by whoever performs Apply, in a Job; what is durable then is what spans() says.
// Bounded by StateSyncConfig, and one question a peer. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/sync/state_span.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace parley::chain {

struct StateSyncConfig {
    std::size_t spans = 16;                    ///< at the beginning; at most 256
    std::uint64_t span_accounts_max = 16'384;  ///< more make another span
    std::uint32_t first_bytes = 32U << 10;     ///< asked of a peer that has not answered yet
    std::uint32_t bytes_max = 256U << 10;      ///< asked of one that has
    std::size_t answers_max = 8;               ///< that wait to be checked
    std::uint64_t base_age_max = 90;  ///< blocks behind the tip, before the state here is moved
    std::uint64_t remembered = 120;   ///< blocks behind the tip whose state servers have
    Duration patience = std::chrono::seconds{8};         ///< for an answer
    Duration ask_again_after = std::chrono::seconds{5};  ///< a peer that had not the state
};

class StateSync {
public:
    using PeerId = std::uint64_t;
    using Question = std::variant<sync_topic::GetAccounts, sync_topic::GetChanges>;
    using Answer = std::variant<sync_topic::Accounts, sync_topic::Changes>;

    /// Ask a peer.
    struct Ask {
        PeerId peer;
        Question question;
    };
    /// Check an answer, and write it; then on_applied(). One at a time.
    struct Apply {
        PeerId peer;
        StateSpan span;
        StateBlock block;  ///< whose state the answer must be of
        Question question;
        Answer answer;  ///< to this question, and with a proof
    };
    /// Charge a peer.
    struct Charge {
        PeerId peer;
        transport::Offence offence;
    };
    using Effect = std::variant<Ask, Apply, Charge>;

    /// Nothing is here yet.
    explicit StateSync(StateSyncConfig config);
    /// What is here. Precondition: the spans cover all keys, ascending, none twice.
    StateSync(StateSyncConfig config, std::vector<StateSpan> spans);

    void add_peer(PeerId peer);
    /// What was asked of it is asked of another.
    void remove_peer(Now now, PeerId peer, std::vector<Effect>& out);
    /// Where its chain ends: who has not reached the pivot is not asked.
    void on_status(Now now, PeerId peer, std::uint64_t number, std::vector<Effect>& out);
    /// Whose state is wanted from now on, and the number of the last block that is known.
    void set_pivot(Now now, const StateBlock& pivot, std::uint64_t tip, std::vector<Effect>& out);
    /// The pivot stays.
    void set_tip(std::uint64_t tip) { tip_ = tip; }
    void on_answer(Now now, PeerId peer, Answer answer, std::vector<Effect>& out);
    /// What became of an Apply.
    enum class Outcome : std::uint8_t {
        written,
        refused,  ///< it is not what it should be: the peer is charged, and another one asked
        failed,   ///< our own disk: asked for again
    };
    /// `spans`: what the span became, if it is written.
    void on_applied(Now now, Outcome outcome, const std::vector<StateSpan>& spans,
                    std::vector<Effect>& out);
    void on_timer(Now now, std::vector<Effect>& out);
    Instant next_wakeup() const;

    /// All accounts are here as they were after the pivot.
    bool is_whole() const;
    /// All of it is fetched again.
    void start_over(Now now, std::vector<Effect>& out);
    const std::optional<StateBlock>& pivot() const { return pivot_; }
    std::vector<StateSpan> spans() const;
    std::uint64_t accounts() const;  ///< that are here

private:
    struct Asked {
        Hash256 span{};
        StateBlock block;
        Question question;
        Instant deadline{};
    };
    struct Peer {
        std::optional<std::uint64_t> number;
        std::optional<Asked> asked;
        std::uint32_t bytes = 0;     // to be asked for
        std::uint32_t failures = 0;  // since the last good answer
        Instant not_before{};
    };
    /// An answer that is being checked and written.
    struct Writing {
        PeerId peer;
        Hash256 span{};
        bool is_small = false;  // it ends early, unless it is complete
    };
    struct Part {
        StateSpan span;
        bool is_taken = false;  // asked for, or being written
    };

    bool is_current(const StateSpan& span) const;
    bool is_forgotten(const StateSpan& span) const;
    void give_back(const Hash256& span);
    void fail(PeerId id, std::vector<Effect>& out, transport::Offence offence);
    void apply_next(std::vector<Effect>& out);
    void work(Now now, std::vector<Effect>& out);
    Part* next_part();
    Question question_for(Part& part, std::uint32_t bytes);

    StateSyncConfig config_;
    std::optional<StateBlock> pivot_;
    std::uint64_t tip_ = 0;
    std::map<PeerId, Peer> peers_;
    std::map<Hash256, Part> parts_;  // by the first key
    std::deque<Apply> waiting_;
    std::optional<Writing> writing_;
    std::uint64_t next_id_ = 1;
};

}  // namespace parley::chain
