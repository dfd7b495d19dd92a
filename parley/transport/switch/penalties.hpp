// Penalties: what misbehaviour costs the peers of live connections: charges to IDs and addresses,
// and the end of the links that a ban would not let come up now. The prices and bans themselves are
// in Offences. Internal to transport. Threading: the node's thread.
#pragma once

#include <parley/transport/switch/admission.hpp>
#include <parley/transport/switch/offences.hpp>
#include <parley/transport/switch/switch_state.hpp>

#include <optional>
#include <string_view>

namespace parley::transport {

class Penalties {
public:
    Penalties(SwitchState& state, Offences& offences, Admission& admission)
        : state_(state), offences_(offences), admission_(admission) {}

    /// What a module, or the link, says of a peer. Closes the link if that bans it.
    void penalise(Connection& connection, Offence offence);
    /// The way a link ended may say something of its peer, or of its address only.
    void on_closed(const Connection& connection, CloseReason reason);

    void ban(const NodeId& id, const std::optional<IpAddress>& address, std::string_view why);
    /// The owner's. False: no room for it.
    bool impose(const Ban& ban);

private:
    bool charge(const Connection& connection, Offence offence);
    void charge_address(const Connection& connection, CloseReason reason);
    void close_banned(const Connection* except);

    SwitchState& state_;
    Offences& offences_;
    Admission& admission_;
};

}  // namespace parley::transport
