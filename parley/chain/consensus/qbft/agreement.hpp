// Agreement: a node's part in the consensus, height after height: it runs a Machine on each head,
// reads what others say, writes down, signs and says what the machine wants said, and has blocks
// made, checked and imported.
//
// It knows no transport: messages come in by receive() and go out by Say; a module carries them
// (QbftRelay). Slow work (signatures, blocks, the disk) runs in Jobs. A node without a signer
// watches: it follows the rounds and says nothing.
//
// Bounded: messages that wait to be read by waiting_bytes_max, those of the next heights_ahead_max
// heights by future_bytes_max, blocks by blocks_of_author_max of each validator, evidence by
// evidence_max. What waits for a signer that is away is of one round. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/jobs.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/qbft/incoming.hpp>
#include <parley/chain/consensus/qbft/machine.hpp>
#include <parley/chain/consensus/qbft/own_block.hpp>
#include <parley/chain/consensus/qbft/progress.hpp>
#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/chain/consensus/qbft/record.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>
#include <parley/chain/consensus/qbft/validator_votes.hpp>
#include <parley/chain/ledger/execute_block.hpp>
#include <parley/events/log.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace parley::chain::qbft {

struct Saying;

struct AgreementConfig {
    Duration timeout = std::chrono::seconds{2};  ///< of round 0
};

class Agreement {
public:
    static constexpr std::uint64_t heights_ahead_max = 10;
    static constexpr std::size_t future_bytes_max = std::size_t{64} << 20;
    static constexpr std::size_t waiting_bytes_max = std::size_t{64} << 20;
    static constexpr std::ptrdiff_t blocks_of_author_max = 2;
    static constexpr std::size_t evidence_max = 64;
    /// So many blocks a validator without a record is silent after a vote of its key.
    static constexpr std::uint64_t silence_blocks = 100;
    static constexpr std::size_t proposals_max = ValidatorVotes::recipients_max;

    using Parent = OwnBlock::Parent;
    using Draft = OwnBlock::Draft;
    using OnDraft = OwnBlock::OnDraft;
    using OnChecked = std::function<void(Now, Result<ExecutedBlock, std::string>)>;
    using OnLastVote = std::function<void(Now, std::optional<std::uint64_t>)>;
    /// The chain. What can be refused for want of room is tried again.
    struct Chain {
        std::function<const ChainHeader&()> head;
        /// On `parent`, with this extra data and a time of at least that (Unix seconds).
        std::function<bool(Now, const Parent& parent, const ExtraData&, std::uint64_t time_s,
                           OnDraft)>
            make;
        /// Whether it may follow the head (check_block).
        std::function<bool(Now, std::shared_ptr<const ProposedBlock>, ExecutedBlock known,
                           OnChecked)>
            check;
        std::function<void(Now, Block, ExecutedBlock)> import;
        /// The number of the last block, of that number or above, that it proposed or sealed.
        std::function<bool(Now, const Address&, std::uint64_t first_number, OnLastVote)> last_vote;
        BlockForm form;
    };
    using SharedBlock = std::shared_ptr<const ProposedBlock>;
    /// What goes out.
    struct Voice {
        /// To all; the block is the one in the message, if it has one.
        std::function<void(Code, const SharedBytes&, const SharedBlock&)> say;
        /// This node will propose a block of these transactions soon. May be empty.
        std::function<void(const SharedBlock&)> say_ahead = {};
    };

    /// `records` may be null without a signer. References outlive it.
    Agreement(AgreementConfig config, std::shared_ptr<const Qbft> engine, Chain chain, Voice voice,
              std::shared_ptr<Signer> signer, std::shared_ptr<RecordLog> records, JobQueue& jobs,
              Log& log);
    ~Agreement();
    Agreement(const Agreement&) = delete;
    Agreement& operator=(const Agreement&) = delete;

    /// The head is another one, or this node starts.
    void on_head(Now now);
    /// What became of a message.
    enum class Verdict : std::uint8_t {
        good,     ///< to be passed on
        ignored,  ///< of no use here: late, far ahead, or there is no room
        bad,      ///< no honest node sends it
    };
    using OnRead = std::function<void(Now, Verdict)>;
    void receive(Now now, std::uint16_t code, SharedBytes message, OnRead done);
    void on_timer(Now now);
    Instant next_wakeup() const;

    /// What this node said at this height, for a peer that comes late.
    struct SaidMessage {
        Code code{};
        SharedBytes message;
        SharedBlock block = {};  ///< in the message
    };
    const std::vector<SaidMessage>& said() const { return said_; }
    /// A block that somebody proposed at this height, in one of its rounds; null if it is not
    /// known.
    SharedBlock find(const Hash256& digest) const;
    const BlockForm& form() const { return chain_.form; }
    /// Null before the first on_head().
    const Machine* machine() const { return machine_ ? &*machine_ : nullptr; }
    const std::deque<Accuse>& evidence() const { return evidence_; }
    const Signer* signer() const { return signer_.get(); }
    /// From the last proposal of this node that became final until it was so, here.
    const std::optional<Duration>& last_agreement() const { return last_agreement_; }
    /// Nothing before the first on_head().
    std::optional<Progress> progress() const;

    /// A validator that is silent because it has no record speaks at once: the owner says that its
    /// key is in no other node. False if it is not silent for that.
    bool resume(Now now);

    /// From now on the blocks of this node vote so, one vote a block, until the validators are so.
    /// False: there are proposals_max already.
    bool propose(const ValidatorVote& vote);
    /// No longer. False if it was not proposed.
    bool discard(const Address& recipient) { return proposals_.erase(recipient) > 0; }
    /// By recipient: whether to add it.
    const std::map<Address, bool>& proposals() const { return proposals_; }

private:
    struct Waiting {
        std::uint16_t code = 0;
        SharedBytes message;
        OnRead done;
    };
    struct BlockOf {
        Address author;
        SharedBlock block;
    };
    struct HeldCheck {
        Instant at{};
        Hash256 digest{};
    };

    void start_height(Now now);
    std::optional<ValidatorVote> next_vote() const;
    std::optional<Address> own_voice();
    void ask_address(Now now);
    void on_address(Now now, const Result<Address, SigningError>& asked);
    void on_signer_away(Now now, const std::string& why);
    void on_signer_there();
    bool lacks_record() const;
    void look_for_own_vote(Now now);
    void on_last_vote(std::optional<std::uint64_t> number);
    Instant instant_of(std::uint64_t unix_s, Now now) const;
    void read_waiting(Now now);
    void on_read(Now now, Result<Incoming, std::string> read, std::size_t size, const OnRead& done);
    Verdict admit(Now now, Incoming incoming, std::size_t size);
    Verdict feed(Now now, Incoming incoming);
    void remember(Now now, const Address& author, const SharedBlock& block);
    void perform(Now now, Effects effects);
    void repeat_round_change();
    void write_and_sign(Now now);
    void drop_stale();
    void put_back(Saying& saying);
    void on_written(Now now, Saying& saying);
    void plan_ahead(Now now);
    void make(Now now, const View& view);
    bool begin_block(Now now, const Parent& parent, const View& view, OnDraft done);
    void propose_own(Now now, OwnBlock::Made own);
    void check(Now now, const Hash256& digest);
    void on_checked(Now now, const Hash256& digest, bool is_valid);
    void finish(Now now, const Finish& finish);
    void accuse(Accuse accuse);
    void retry_soon(Now now);

    AgreementConfig config_;
    std::shared_ptr<const Qbft> engine_;
    Chain chain_;
    Voice voice_;
    std::shared_ptr<Signer> signer_;
    std::shared_ptr<RecordLog> records_;
    JobQueue& jobs_;
    Log& log_;

    ChainHeader parent_;
    std::optional<Machine> machine_;
    std::optional<Record> first_record_;         // of this node's last run
    std::vector<BlockOf> blocks_;                // of this height, the newest last
    std::map<Hash256, ExecutedBlock> executed_;  // those that are good
    std::vector<Signed<Commit>> held_commits_;   // whose block is not known
    std::vector<HeldCheck> held_checks_;         // whose time has not come
    std::optional<View> held_make_;
    OwnBlock own_block_;
    std::vector<SaidMessage> said_;
    std::optional<Instant> proposed_at_;  // by this node, at this height
    std::optional<Duration> last_agreement_;
    std::deque<Effect> to_write_;  // Keep and what is to be said
    bool is_writing_ = false;
    std::string halted_;                   // why nothing may be said: the record cannot be written
    std::string silence_;                  // why the signer signed nothing, the last time
    bool is_asking_ = false;               // for its address
    std::optional<Instant> ask_again_at_;  // a signer that is away; before that nothing is signed
    Duration pause_{};                     // of it
    std::optional<std::uint64_t> first_height_;  // to speak at; set by the first on_head()
    bool looks_back_ = false;                    // for a vote of its key, before it speaks
    std::uint64_t look_from_ = 0;                // the first block that was not looked at for it
    std::deque<Waiting> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::map<std::uint64_t, std::vector<std::pair<Incoming, std::size_t>>> future_;
    std::size_t future_bytes_ = 0;
    std::deque<Accuse> evidence_;
    std::map<Address, Instant> heard_;   // validators, the last time
    std::map<Address, bool> proposals_;  // the owner's
    Instant retry_at_ = never;
    std::shared_ptr<Agreement*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain::qbft
