// The scenarios of networks with blocks: two hosts make blocks with one key, so that the chain
// parts again and again; each of them is followed where it is longer, and no transaction may be
// lost. Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/experiment/experiment.hpp>

namespace parley::sim {

/// Precondition: the host is up, and has blocks.
const chain::Ledger& ledger_of(Experiment& run, HostId host);
/// Gives all hosts a ledger; the first two make blocks.
void prepare_chain(NetworkOptions& network);
/// So many transactions over the run, each at one of `hosts` hosts from `first` on: those that
/// live, since what a killed node alone had is lost with it.
void plan_transactions(Experiment& run, int transactions, HostId first, std::size_t hosts);
/// Two halves with a maker of blocks each, and whole again.
void plan_reorganisation(Experiment& run);
/// As that, and nodes are killed while they import.
void plan_kills(Experiment& run);
/// After healing: one chain, and every transaction is in a block or in the pool, at each node.
void check_chain(Experiment& run);

}  // namespace parley::sim
