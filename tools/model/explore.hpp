// explore: every state that four validators can reach, one of them faulty, with so many restarts.
// The validators run the production code (qbft::Machine); what lies between them is modelled: each
// message that was said may arrive at any later time, in any order, again, or never.
//
// What makes it finite and small, without losing a behaviour: votes arrive as the quorum that they
// form, since fewer change nothing; changes of round arrive at the proposer of their round, since
// for others they do no more than a time-out may do at any moment; machines and messages that are
// equal are kept once, and what a machine answers to an event is computed once.
// Threading: one thread.
#pragma once

#include <parley/base/mutation.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace parley::model {

struct Exploration {
    std::size_t states = 0;
    std::size_t machines = 0;  ///< different ones
    std::size_t depth = 0;     ///< steps to the farthest state
    /// The shortest way to a state that must not be; the last line says what is wrong with it.
    std::optional<std::vector<std::string>> violation;
};

/// Breadth first, until all states are known or one is a violation. `faulty`: which validator; A,
/// B and C propose in rounds 0 to 2, D never.
Exploration explore(std::size_t faulty, std::size_t restarts, std::size_t states_max);

}  // namespace parley::model
