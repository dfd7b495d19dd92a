// Penalties: what misbehaviour costs the peers of live connections: charges to IDs, and the end of
// the links that a ban would not let come up now. The prices and bans themselves are in Offences.
// Internal to transport. Threading: the node's thread.
#pragma once

#include <parley/transport/switch/address_refusals.hpp>
#include <parley/transport/switch/admission.hpp>
#include <parley/transport/switch/offences.hpp>
#include <parley/transport/switch/switch_state.hpp>

#include <string_view>

namespace parley::transport {

class Penalties {
public:
    Penalties(SwitchState& state, Offences& offences, AddressRefusals& refusals,
              Admission& admission)
        : state_(state), offences_(offences), refusals_(refusals), admission_(admission) {}

    /// What a module, or the link, says of a peer. Closes the link if that bans it.
    void penalise(Connection& connection, Offence offence);
    /// The way a link ended may say something of its peer. One that came to nothing before the
    /// proof is a mismatch, whatever came: honest callers cause those too, and it costs them time
    /// alone.
    void on_closed(const Connection& connection, CloseReason reason);

    void ban(const NodeId& id, std::string_view why);
    /// The owner's. False: no room for it.
    bool impose(const Ban& ban);

private:
    bool charge(const Connection& connection, Offence offence);
    void close_banned(const Connection* except);

    SwitchState& state_;
    Offences& offences_;
    AddressRefusals& refusals_;
    Admission& admission_;
};

}  // namespace parley::transport
