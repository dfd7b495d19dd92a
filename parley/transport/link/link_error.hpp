// LinkErrc: what can be wrong with the bytes of an established link. docs/formats/link.md.
#pragma once

#include <parley/base/result.hpp>

#include <cstdint>
#include <string>

namespace parley::transport {

/// Errors in bytes that came; each says what `expected` and `actual` hold.
enum class LinkErrc : std::uint8_t {
    // Frames; charged to the address, because any machine on the path can cause them.
    frame_length,    ///< expected: the largest; actual: the length field (0 included)
    bad_tag,         ///< actual: the frame's number
    frames_used_up,  ///< the number of this frame would be 2^48
    // Chunks.
    truncated_chunk,    ///< expected: bytes that the chunk needs; actual: bytes left in the frame
    unknown_flags,      ///< actual: the flags
    unknown_lane,       ///< expected: the highest lane; actual: the lane
    no_message_open,    ///< a chunk that continues nothing; actual: its size
    message_open,       ///< a first chunk inside a message; expected: bytes to come; actual: total
    message_too_large,  ///< expected: the most that the topic allows; actual: total
    wrong_sum,          ///< expected: bytes to come; actual: bytes that came
    small_chunk,        ///< not the last of its message; expected: bytes at least; actual: bytes
    over_credit,        ///< expected: credit left; actual: the message's cost
    // Control messages.
    split_control,      ///< a control message in several chunks
    control_too_large,  ///< expected: bytes at most; actual: total
    too_many_controls,  ///< over the rate limit
    unknown_control,    ///< actual: the code
    bad_control,       ///< a malformed body; expected: its size or 0; actual: its size or the value
    before_ready,      ///< anything but Goodbye (or Ready, to the dialer); actual: the code
    unexpected_ready,  ///< Ready a second time, or from the side that dialed
    credit_not_raised,   ///< expected: the lowest new limit allowed; actual: the limit
    credit_beyond_sent,  ///< expected: the highest limit allowed; actual: the limit
    unasked_answer,      ///< expected: the last Beat sent; actual: the Beat answered
};
using LinkError = Error<LinkErrc>;
/// For the log: what was expected and what came.
std::string message(const LinkError& error);

/// True for the frame layer's errors, which do not prove that the peer did wrong.
constexpr bool is_frame_error(LinkErrc code) {
    return code <= LinkErrc::frames_used_up;
}

}  // namespace parley::transport
