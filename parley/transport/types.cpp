#include <parley/transport/types.hpp>

namespace parley::transport {

std::string_view name(CloseReason reason) {
    switch (reason) {
        case CloseReason::requested:
            return "requested";
        case CloseReason::shutting_down:
            return "shutting_down";
        case CloseReason::too_many_peers:
            return "too_many_peers";
        case CloseReason::duplicate:
            return "duplicate";
        case CloseReason::self_dial:
            return "self_dial";
        case CloseReason::banned:
            return "banned";
        case CloseReason::no_common_version:
            return "no_common_version";
        case CloseReason::wrong_network:
            return "wrong_network";
        case CloseReason::wrong_genesis:
            return "wrong_genesis";
        case CloseReason::incompatible_fork:
            return "incompatible_fork";
        case CloseReason::no_common_topic:
            return "no_common_topic";
        case CloseReason::roles_do_not_fit:
            return "roles_do_not_fit";
        case CloseReason::misbehaviour:
            return "misbehaviour";
        case CloseReason::silent:
            return "silent";
        case CloseReason::no_memory:
            return "no_memory";
        case CloseReason::tie_lost:
            return "tie_lost";
        case CloseReason::rotated:
            return "rotated";
        case CloseReason::wrong_chain:
            return "wrong_chain";
        case CloseReason::dial_failed:
            return "dial_failed";
        case CloseReason::truncated:
            return "truncated";
        case CloseReason::handshake_failed:
            return "handshake_failed";
        case CloseReason::handshake_timeout:
            return "handshake_timeout";
        case CloseReason::wrong_identity:
            return "wrong_identity";
        case CloseReason::bad_frame:
            return "bad_frame";
        case CloseReason::frame_timeout:
            return "frame_timeout";
        case CloseReason::protocol_error:
            return "protocol_error";
        case CloseReason::reset:
            return "reset";
        case CloseReason::wrong_destination:
            return "wrong_destination";
        case CloseReason::module_failed:
            return "module_failed";
    }
    return "unknown";  // a newer peer's reason
}

std::string_view name(Direction direction) {
    return direction == Direction::inbound ? "inbound" : "outbound";
}

std::string_view name(SlotClass slot_class) {
    switch (slot_class) {
        case SlotClass::ordinary:
            return "ordinary";
        case SlotClass::static_peer:
            return "static";
        case SlotClass::trusted:
            return "trusted";
        case SlotClass::feeler:
            return "feeler";
        case SlotClass::light:
            return "light";
    }
    return "unknown";
}

}  // namespace parley::transport
