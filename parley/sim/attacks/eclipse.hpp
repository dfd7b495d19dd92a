// Eclipse: the address book and the dialing of one victim against an attacker with many addresses
// who tries to own all of its outbound links. The victim's book, scheduler and engine are the
// production code; the answers to its dials and the records that it receives are simulated. A run
// takes a fraction of a second, so that hundreds give shares.
//
// The attack (after Heilman, Kendler, Zohar, Goldberg: "Eclipse Attacks on Bitcoin's Peer-to-Peer
// Network", 2015): for a day all attackers dial the victim in turn, advertise only each other,
// under several IDs for each address, and accept all its dials. Then the victim restarts: its
// anchors are dead, a third of the honest nodes that it knew are gone, and half of the others have
// no room.
//
// With `fill_slots` (after "Eclipse Attacks on Ethereum's Peer-to-Peer Network", 2026,
// arXiv 2601.16560) the attackers also take, in the course of the day, all free inbound slots of
// the honest nodes that their groups entitle them to, so that dials to honest nodes are refused.
// What a full node grants to newcomers they mostly get first, each address calling once a second.
//
// With `by_as` the victim has a map of autonomous systems: 16 providers own the attackers' /16s,
// and those of a third of the honest nodes; the others are in 256 systems with two /16s each. With
// `all_by_as` the honest nodes have it, too, and make room for each provider but once in a while.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/time.hpp>
#include <parley/discovery/dialing/engine.hpp>
#include <parley/identity/owner_group.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::sim {

/// The strength of the attacker, and the life of the victim.
struct EclipseOptions {
    std::size_t addresses = 8192;  ///< of the attacker
    std::size_t groups = 512;      ///< /16s that they are in
    std::size_t ids_per_address = 4;
    std::size_t honest = 2000;
    std::size_t honest_groups = 800;
    Duration lived = std::chrono::hours{48};   ///< of the victim before the attack
    Duration attack = std::chrono::hours{24};  ///< before the restart
    std::size_t outbound = 8;
    bool by_as = false;       ///< the victim knows the autonomous systems
    bool all_by_as = false;   ///< so do the honest nodes
    bool fill_slots = false;  ///< the attackers take the honest nodes' free slots first
    bool resist = true;       ///< false: without buckets by group, feelers, and the older first
};

/// Records of attackers and honest nodes, made once for many runs.
class EclipsePopulation {
public:
    explicit EclipsePopulation(const EclipseOptions& options);
    std::vector<Enr> honest;
    std::vector<Enr> attackers;
    OwnerGroups owners;  ///< as the victim sees them
};

/// The victim's links and tables after one run. Owned: of the attacker.
struct EclipseResult {
    std::size_t outbound = 0;                ///< links after the restart
    std::size_t owned = 0;                   ///< of these
    std::size_t tried = 0, tried_owned = 0;  ///< entries in the tried table at the restart
    std::size_t untried = 0, untried_owned = 0;
};

/// One run; the same arguments give the same result.
EclipseResult run_eclipse(const EclipseOptions& options, const EclipsePopulation& population,
                          std::uint64_t seed);

/// The outcome of many runs. Shares are from 0 to 1.
struct EclipseScore {
    std::size_t runs = 0;
    std::size_t all_owned = 0;  ///< runs in which every outbound link was the attacker's
    double owned_share = 0;     ///< mean
    double tried_share = 0, untried_share = 0;  ///< of the tables at the restart, mean
};
/// Runs of one population with the seeds from `seed` on.
EclipseScore score_eclipse(const EclipseOptions& options, std::size_t runs, std::uint64_t seed);

}  // namespace parley::sim
