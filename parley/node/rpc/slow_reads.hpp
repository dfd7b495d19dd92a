// SlowReads: what takes long to read, for methods that must not hold up the node: blocks from the
// log, and the state with its tries. A few at a time run in Jobs, the others wait.
//
// While the state is read no block is imported, so a reading should take milliseconds.
//
// Bounded: running_max under way, waiting_max that wait. Threading: the node's thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/state/state_view.hpp>
#include <parley/node/rpc/eth_ledger.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

namespace parley::node {

class SlowReads {
public:
    static constexpr std::size_t running_max = 4;
    static constexpr std::size_t waiting_max = 1000;

    /// Called once, on the node's thread: with nothing, or with why it did not run. Never after
    /// this is destroyed.
    using Done = std::move_only_function<void(Now, const std::optional<rpc::Error>&)>;
    /// `run` on any thread: it touches only what it captured.
    struct LogRead {
        std::move_only_function<void()> run;
        Done done;
    };
    /// The state after a block as `run` sees it.
    struct StateAt {
        const chain::StateView& view;
        const chain::StateNodes& nodes;
        const chain::ChainHeader& block;
        /// Of the head; code is kept whatever becomes of its account.
        const chain::State& code;
    };
    struct StateRead {
        chain::ChainHeader block;  ///< at most branch_depth_max below the head
        std::move_only_function<void(const StateAt&)> run;
        Done done;
    };

    explicit SlowReads(const EthLedger& chain);
    ~SlowReads();
    SlowReads(const SlowReads&) = delete;
    SlowReads& operator=(const SlowReads&) = delete;

    void read_log(Now now, LogRead read) { push(now, std::move(read)); }
    /// Errors that `done` gets, besides those of the room: refused where that state is gone.
    void read_state(Now now, StateRead read) { push(now, std::move(read)); }

    std::size_t waiting() const { return waiting_.size(); }

private:
    using Read = std::variant<LogRead, StateRead>;
    /// Passed between the node's thread and a Job; only one of them has it.
    struct Reading;

    void push(Now now, Read read);
    void pump(Now now);
    bool start(Now now, Read& read);
    bool start(LogRead& read);
    bool start(Now now, StateRead& read);
    void end(Now now);
    void fail_all(Now now);

    const EthLedger& chain_;
    std::deque<Read> waiting_;
    std::size_t running_ = 0;
    std::shared_ptr<SlowReads*> self_;  // null once destroyed: Jobs may come back late
};

/// What is told where there is no room.
rpc::Error node_is_busy();

}  // namespace parley::node
