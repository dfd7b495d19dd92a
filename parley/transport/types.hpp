// The words that all of transport shares: IDs of links and lanes, classes of slots, and the reasons
// for which links end.
#pragma once

#include <parley/base/strong.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace parley::transport {

/// One connection, from accept or dial to its end. Never reused within a process.
using LinkId = Strong<struct LinkIdTag, std::uint64_t>;
/// The kind of a message inside its topic.
using Code = std::uint16_t;
/// 0 is control; topics common to both sides follow from 1, sorted by name.
using LaneId = std::uint8_t;

/// Inbound: the other side dialed.
enum class Direction : std::uint8_t { inbound, outbound };

/// What a slot is for. Static peers are dialed for ever; trusted ones are let in beyond the
/// limits of addresses; feelers only test an address; light nodes that call have slots of their
/// own.
enum class SlotClass : std::uint8_t { ordinary, static_peer, trusted, feeler, light };
inline constexpr std::array all_slot_classes{SlotClass::ordinary, SlotClass::static_peer,
                                             SlotClass::trusted, SlotClass::feeler,
                                             SlotClass::light};

/// Bits of Hello::roles.
namespace role {
inline constexpr std::uint64_t full = 1, light = 2, validator = 4;
}
/// Bits of Hello::services.
namespace service {
inline constexpr std::uint64_t light_nodes = 1, blocks = 2;
}

/// Why a link ended. Values are on the wire (Goodbye): never renumber. docs/formats/link.md.
enum class CloseReason : std::uint8_t {
    requested = 0,  ///< by our own user or module
    shutting_down = 1,
    too_many_peers = 2,  ///< no slot; the Goodbye carries other addresses
    duplicate = 3,       ///< a link between the two exists
    self_dial = 4,
    banned = 5,
    no_common_version = 6,
    wrong_network = 7,
    wrong_genesis = 8,
    incompatible_fork = 9,
    no_common_topic = 10,
    roles_do_not_fit = 11,  ///< light with light, or with a full node that serves no light ones
    misbehaviour = 12,      ///< offences over the limit, or a broken rule of the link
    silent = 13,            ///< no heartbeat answered, or none came
    no_memory = 14,         ///< the windows of the link do not fit in the node's cap
    tie_lost = 15,          ///< both dialed; the other link stays
    rotated = 16,           ///< a feeler, or making room
    wrong_chain = 17,       ///< another chain ID
    // Local only, never sent:
    dial_failed = 64,       ///< no connection
    truncated = 65,         ///< the stream ended without a Goodbye
    handshake_failed = 66,  ///< bytes that are no handshake
    handshake_timeout = 67,
    wrong_identity = 68,     ///< a valid node, but not the one dialed
    bad_frame = 69,          ///< a tag or a length that does not fit
    frame_timeout = 70,      ///< a started frame did not arrive in time
    protocol_error = 71,     ///< authenticated peer broke the lanes' rules; charged to the ID
    reset = 72,              ///< the operating system reset the connection
    wrong_destination = 74,  ///< a caller that wants another node, as after a change of our ID
    module_failed = 73,      ///< told to a module's handlers when it threw: the link may go on
};
/// "too_many_peers".
std::string_view name(CloseReason reason);
/// "inbound".
std::string_view name(Direction direction);
/// "static_peer".
std::string_view name(SlotClass slot_class);

}  // namespace parley::transport
