// OwnBlock: the block that this node is to propose next. It is begun a little before its time,
// twice as long as the last one took, so that nobody waits for it; and on the block that a quorum
// has prepared, if that is not in the ledger when the time comes.
//
// One at a time: who wants one of another round, or on another block, gets a new one.
// Threading: the node's thread; blocks are made in Jobs.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/qbft/incoming.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/ledger/execute_block.hpp>
#include <parley/chain/types/block.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace parley::chain::qbft {

class OwnBlock {
public:
    using SharedBlock = std::shared_ptr<const ProposedBlock>;
    static constexpr Duration ahead_min = std::chrono::milliseconds{10};
    static constexpr Duration ahead_max = std::chrono::milliseconds{500};

    /// What a block is made on: the head, or what a quorum has prepared to follow it.
    struct Parent {
        ChainHeader header;
        SharedBlock block = {};                         ///< null: it is the head
        std::shared_ptr<const Executed> executed = {};  ///< as `block`
    };
    /// A block without its seals.
    struct Draft {
        Block block;
        ExecutedBlock executed;
    };
    using OnDraft = std::function<void(Now, std::optional<Draft>)>;
    struct Made {
        View view;
        SharedBlock block;
        ExecutedBlock executed;
    };

    struct Calls {
        /// Begins to make one. False: there is no room for that now.
        std::function<bool(Now, const Parent&, const View&, OnDraft)> make;
        /// One that is on the head is there, perhaps before its time.
        std::function<void(Now, Made)> made;
        /// One is there before it can be proposed.
        std::function<void(const SharedBlock&)> ahead;
    };
    OwnBlock(Calls calls, ExtraForm form);
    ~OwnBlock();
    OwnBlock(const OwnBlock&) = delete;
    OwnBlock& operator=(const OwnBlock&) = delete;

    /// It is to be proposed then. One that is being made for this view stays.
    void plan(View view, Parent parent, Instant due);
    void plan_none() { plan_.reset(); }
    /// On the head: calls `made`, now or once it is made. False: it could not be begun.
    [[nodiscard]] bool want(Now now, const View& view, const Parent& parent);
    /// As want(), if it is begun.
    void want_begun(Now now, const View& view, const Parent& parent);
    /// The head is this block: one that was made on another is forgotten.
    void on_head(const Hash256& head);
    /// Null if it is another.
    SharedBlock find(const Hash256& digest) const;

    void on_timer(Now now);
    Instant next_wakeup() const { return plan_ ? plan_->at : never; }

private:
    struct Current {
        View view;
        Hash256 parent{};
        Instant due{};
        bool is_wanted = false;  // as soon as it is made
        SharedBlock block = {};  // null: it is being made
        ExecutedBlock executed = {};
    };
    struct Plan {
        View view;
        Parent parent;
        Instant at{};  // to begin
        Instant due{};
    };

    bool begin(Now now, const Plan& plan);
    bool is_begun(const View& view, const Parent& parent) const {
        return current_ && current_->view == view && current_->parent == parent.header.hash;
    }
    void on_draft(Now now, const View& view, std::optional<Draft> draft);
    void hand_over(Now now);

    Calls calls_;
    ExtraForm form_;
    std::optional<Current> current_;
    std::optional<Plan> plan_;
    Duration making_time_{};           // of the last block that was made
    std::shared_ptr<OwnBlock*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain::qbft
