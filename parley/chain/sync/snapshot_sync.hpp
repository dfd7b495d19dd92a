// SnapshotSync: a node that is far behind fetches headers and the state after a recent block
// (HeaderSync, StateSync) instead of executing all blocks. Once the state is whole the ledger goes
// on from that block in the usual way.
//
// It begins when a chain of checked headers goes on for more than blocks_min blocks, and ends,
// having done nothing, when no peer has such. Once begun it goes on over restarts: the state on
// disk is that of no block until it is whole, and must not be used.
//
// Bounded by its parts. Threading: the node's thread;
// checks and writes in Jobs, one of each kind at a time.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/sync/header_sync.hpp>
#include <parley/chain/sync/state_apply.hpp>
#include <parley/chain/sync/state_sync.hpp>
#include <parley/events/log.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace parley::chain {

struct SnapshotSyncConfig {
    HeaderSyncConfig headers;
    StateSyncConfig state;
    std::uint64_t blocks_min = 256;    ///< to the tip; else they are executed
    std::uint64_t pivot_depth = 4;     ///< below the tip, when it is chosen
    std::uint64_t pivot_age_max = 64;  ///< below the tip, before another one is chosen
    Duration decide_after = std::chrono::seconds{5};  ///< if no peer is far ahead
};

class SnapshotSync {
public:
    using PeerId = std::uint64_t;

    /// Send a question.
    struct Ask {
        PeerId peer;
        transport::Code code;
        SharedBytes message;
    };
    /// Charge a peer.
    struct Charge {
        PeerId peer;
        transport::Offence offence;
    };
    using Effect = std::variant<Ask, Charge>;

    /// All outlive it. `salt` is random.
    SnapshotSync(SnapshotSyncConfig config, Ledger& ledger, JobQueue& jobs, Log& log,
                 std::uint64_t salt);
    ~SnapshotSync();
    SnapshotSync(const SnapshotSync&) = delete;
    SnapshotSync& operator=(const SnapshotSync&) = delete;

    /// Whether there is one to go on with: then it must be, whatever the settings say.
    static Result<bool, StoreError> is_begun(Store& store);
    /// Goes on with what is on disk. Errors: of the disk; corrupt.
    Result<void, StoreError> open();

    void add_peer(PeerId peer);
    void remove_peer(Now now, PeerId peer);
    void on_status(Now now, PeerId peer, const sync_topic::ChainStatus& status);
    void on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers);
    /// As HeaderSync::on_held.
    void on_held(Now now, PeerId peer, std::uint64_t id);
    void on_answer(Now now, PeerId peer, StateSync::Answer answer);
    void on_timer(Now now);
    Instant next_wakeup() const;
    /// What there is to do since the last call.
    std::vector<Effect> take_effects() { return std::exchange(effects_, {}); }
    /// Called when there are effects that no call of these members brought, and when it is done.
    void on_effects(std::function<void(Now)> call) { on_effects_ = std::move(call); }

    /// The ledger is as it was, or at the block whose state was fetched: it is of use from now on.
    bool is_done() const { return phase_ == Phase::done; }
    /// The state on disk is that of no block.
    bool is_fetching() const { return phase_ == Phase::fetching || phase_ == Phase::ending; }

    struct Progress {
        std::uint64_t tip = 0;  ///< the last header's number
        std::uint64_t accounts = 0;
        std::optional<StateBlock> pivot;
        std::uint64_t refused = 0;  ///< answers in this life that are not what they should be
    };
    Progress progress() const;
    /// Precondition: open() succeeded.
    const HeaderSync& headers() const { return *headers_; }

private:
    enum class Phase : std::uint8_t { deciding, saving, beginning, fetching, ending, done };

    ChainParts& parts() const { return *ledger_.parts(); }
    template <class Work, class Done>
    bool submit(Work work, Done done);
    void perform(Now now);
    void perform_headers(Now now);
    void perform_state(Now now);
    void check(Now now, HeaderSync::Check check);
    void extend(HeaderSync::Extend extend);
    void write_headers(Now now);
    void apply(Now now, StateSync::Apply apply);
    void decide();
    void begin(Now now);
    void choose_pivot(Now now);
    void end(Now now);
    void finish(Now now);
    void retry(Now now);

    SnapshotSyncConfig config_;
    Ledger& ledger_;
    JobQueue& jobs_;
    Log& log_;
    std::uint64_t salt_;
    Phase phase_ = Phase::deciding;
    std::optional<HeaderSync> headers_;
    std::vector<HeaderSync::Effect> header_effects_;
    std::optional<StateSync> state_;
    std::vector<StateSync::Effect> state_effects_;
    std::uint64_t refused_ = 0;
    Hash256 root_{};        // of the trie on disk
    StoreBatch unwritten_;  // headers
    bool is_writing_headers_ = false;
    bool is_performing_ = false;
    std::vector<std::pair<PeerId, std::optional<std::uint64_t>>> peers_;  // and their heads
    std::optional<Instant> decide_at_;                 // since the first status, until then
    bool may_decide_ = false;                          // it has come
    std::vector<std::function<void(Now)>> postponed_;  // Jobs that were not taken
    Instant retry_at_ = never;
    std::vector<Effect> effects_;
    std::function<void(Now)> on_effects_;
    std::shared_ptr<SnapshotSync*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
