// Door: callers that have proven nothing yet. It lets them in by rate and by token, and when all
// handshake tokens are out, one of the crowd that holds most of them gives way to the newcomer.
// Internal to transport. Threading: the node's thread.
#pragma once

#include <parley/transport/switch/caller_rates.hpp>
#include <parley/transport/switch/offences.hpp>
#include <parley/transport/switch/slots.hpp>
#include <parley/transport/switch/switch_state.hpp>

#include <cstdint>
#include <set>

namespace parley::transport {

class Door {
public:
    /// A caller keeps its token for so long at least: under the heaviest crowd, handshakes still
    /// come to an end.
    static constexpr Duration undisturbed = 200ms;

    /// `salt` keeps strangers from preparing collisions in the tables.
    Door(SwitchState& state, const Offences& offences, Slots& slots, std::uint64_t salt)
        : state_(state), offences_(offences), slots_(slots), rates_(state.config.callers, salt) {}

    /// A caller that got a token; null, and counted, if it gets none.
    Connection* accept(const Endpoint& remote);
    /// The caller has proven its ID.
    void on_proven(const Connection& connection);
    /// The connection came to nothing, by its other side or on the way.
    void on_failed(const Connection& connection);
    /// It has ended.
    void on_ended(const Connection& connection) { unproven_.erase(connection.link); }

private:
    Connection* turn_away(const Endpoint& remote, SlotError why);
    bool make_way();

    SwitchState& state_;
    const Offences& offences_;
    Slots& slots_;
    CallerRates rates_;
    std::set<LinkId> unproven_;  // oldest first; holders of handshake_in tokens
};

}  // namespace parley::transport
