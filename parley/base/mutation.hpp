// Mutations: deliberate mistakes in the code, one at a time, to see that the simulator's checkers
// notice them. Only in builds with PARLEY_MUTATIONS (the preset "dev" and its sanitizers);
// elsewhere mutated() is a constant and costs nothing. Ask in sources only, never in headers.
#pragma once

#include <cstdint>

namespace parley {

/// The mistakes that can be made, one at a time; each must make a checker fail.
enum class Mutation : std::uint8_t {
    none,
    token_not_returned,   ///< a slot's token is lost at the end of a connection
    dial_rule_inverted,   ///< of two that dial each other the wrong side gives way
    timer_dropped,        ///< a link's heartbeat never wakes up
    credit_not_granted,   ///< a lane's receiver never gives new credit
    known_set_unbounded,  ///< what was seen is never forgotten
    // Of QBFT; `./dev model` shows what each leads to.
    highest_prepared_dropped,  ///< a proposal need not be of the block that was prepared last
    authors_not_distinct,      ///< one validator's messages make a quorum
    rounds_not_compared,       ///< what proves a prepared round may be of any round
    lock_lost,                 ///< who restarts forgets what it prepared
    own_validation_dropped,    ///< a block is prepared although it may not follow
};

#ifdef PARLEY_MUTATIONS
/// The mistake that is made now on this thread.
inline thread_local Mutation active_mutation = Mutation::none;
/// Whether the code on this thread is to make this mistake now.
inline bool mutated(Mutation mutation) {
    return active_mutation == mutation;
}
#else
/// Never, in a build without mutations: what it guards is compiled away.
constexpr bool mutated(Mutation) {
    return false;
}
#endif

}  // namespace parley
