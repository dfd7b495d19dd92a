// WorkFollower: follows a chain by work by its headers alone: the one with the most work, of which
// a peer has to show enough before any of its headers is kept (WorkGate).
// Used as Follower is. A core without I/O. Bounded: as WorkGate and HeaderSync.
// Threading: the node's thread; Check::run() on any.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/light/follower.hpp>
#include <parley/chain/sync/header_sync.hpp>
#include <parley/chain/sync/work_gate.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <variant>
#include <vector>

namespace parley::chain::light {

struct WorkFollowerConfig {
    WorkGateConfig gate;
    HeaderSyncConfig headers{.headers_per_question = headers_max};
};

class WorkFollower {
public:
    using PeerId = Follower::PeerId;

    // Effects.
    struct Ask {
        PeerId peer;
        sync_topic::GetHeaders question;
    };
    using Charge = Follower::Charge;
    /// The chain goes on so from the parent of the first on, instead of as it did.
    struct Extend {
        std::vector<ChainHeader> headers;
    };
    using Moved = Follower::Moved;
    struct Check {
        PeerId peer = 0;
        bool is_shown = false;  ///< to the gate, not to be kept
        std::shared_ptr<const Engine> engine;
        ChainHeader parent;
        std::vector<Header> headers;
        std::vector<ChainHeader> good = {};
        void run() { good = check_headers(*engine, parent, headers); }
    };
    using Effect = std::variant<Ask, Charge, Extend, Moved, Check>;
    using Effects = std::vector<Effect>;

    /// `known`: the end of the chain that is here, ascending, at least one.
    WorkFollower(const WorkFollowerConfig& config, std::shared_ptr<const Engine> engine,
                 std::vector<ChainHeader> known, Rng rng);
    WorkFollower(const WorkFollower&) = delete;
    WorkFollower& operator=(const WorkFollower&) = delete;

    void add_peer(PeerId peer);
    void remove_peer(Now now, PeerId peer, Effects& out);
    void on_status(Now now, PeerId peer, const ChainStatus& status, Effects& out);
    /// The answer to Ask, ascending.
    void on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers,
                    Effects& out);
    void on_checked(Now now, Check check, Effects& out);
    void on_timer(Now now, Effects& out);
    Instant next_wakeup() const { return std::min(gate_.next_wakeup(), sync_.next_wakeup()); }

    const ChainHeader& head() const { return sync_.tip(); }
    /// The highest number that a peer says it has.
    std::uint64_t highest() const;

private:
    using GateEffects = std::vector<WorkGate::Effect>;
    using SyncEffects = std::vector<HeaderSync::Effect>;
    void pass_on(Now now, GateEffects effects, Effects& out);
    void pass_on(SyncEffects effects, Effects& out);

    std::shared_ptr<const Engine> engine_;
    HeaderSync sync_;
    WorkGate gate_;
    std::map<PeerId, std::uint64_t> numbers_;  // that peers say they have
};

}  // namespace parley::chain::light
