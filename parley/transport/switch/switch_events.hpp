// What comes out of a Switch: effects for its driver, and events on the hub for the node.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/link/link_events.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace parley::transport {

// --- Effects: Switch to its driver ---------------------------------------------------------

/// Connect, then make a Link::dial to `target.id`. Of a target with a name only the driver learns
/// the address; of one with two endpoints it tries the other one if the first does not answer.
struct OpenLink {
    LinkId link;
    Target target;
};
/// Pass `command` to the Link.
struct CommandLink {
    LinkId link;
    LinkCommand command;
};
using SwitchEffect = std::variant<OpenLink, CommandLink>;

// --- Events on the hub ---------------------------------------------------------------------

/// A link is up, and its modules have been told. A PeerDown with the same `link` follows.
struct PeerUp {
    LinkId link;
    NodeId id;
    Endpoint endpoint;
    Direction direction;
    SlotClass slot_class;
    Hello hello;
};
/// A peer that we dialed told from where it saw us call.
struct OwnAddressObserved {
    LinkId link;
    NodeId by;
    Endpoint by_endpoint;
    Endpoint seen;
};
/// A link that was up has ended, and its token has returned.
struct PeerDown {
    LinkId link;
    NodeId id;
    Endpoint endpoint;
    Direction direction;
    CloseReason reason;
    Duration age;                               ///< since it was up
    std::uint64_t bytes_in = 0, bytes_out = 0;  ///< of messages, as PeerInfo has them
};
/// A dial ended before its link was up.
struct DialFailed {
    Target target;  ///< with the endpoint that was dialed in the end
    SlotClass slot_class;
    CloseReason reason;
    bool alive;               ///< the node proved its ID and turned us away
    std::vector<Enr> others;  ///< records from a Goodbye
    std::string detail = {};  ///< what was expected and what came, with both sides' values
};

}  // namespace parley::transport
