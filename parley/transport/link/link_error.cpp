#include <parley/transport/link/link_error.hpp>

#include <fmt/format.h>

namespace parley::transport {

namespace {

/// A text with {0} for the expected and {1} for the actual number.
const char* pattern(LinkErrc code) {
    switch (code) {
        case LinkErrc::frame_length:
            return "frame length: expected 1 to {0}, got {1}";
        case LinkErrc::bad_tag:
            return "the tag of frame {1} does not fit";
        case LinkErrc::frames_used_up:
            return "all frame numbers below {0} are used up";
        case LinkErrc::truncated_chunk:
            return "chunk: expected {0} bytes in the frame, got {1}";
        case LinkErrc::unknown_flags:
            return "chunk flags: expected 0 to 3, got {1}";
        case LinkErrc::unknown_lane:
            return "lane: expected 0 to {0}, got {1}";
        case LinkErrc::no_message_open:
            return "chunk of {1} bytes without a first one";
        case LinkErrc::message_open:
            return "a message of {1} bytes began while {0} bytes of another were to come";
        case LinkErrc::message_too_large:
            return "message: expected at most {0} bytes, got {1}";
        case LinkErrc::wrong_sum:
            return "chunk: expected {0} bytes to the end of the message, got {1}";
        case LinkErrc::small_chunk:
            return "chunk: expected at least {0} bytes before the last one, got {1}";
        case LinkErrc::over_credit:
            return "credit: expected a cost of at most {0}, got {1}";
        case LinkErrc::split_control:
            return "a control message in several chunks";
        case LinkErrc::control_too_large:
            return "control message: expected at most {0} bytes, got {1}";
        case LinkErrc::too_many_controls:
            return "control messages: expected at most {0} a second";
        case LinkErrc::unknown_control:
            return "control code: expected a known one, got {1}";
        case LinkErrc::bad_control:
            return "control message: expected {0}, got {1}";
        case LinkErrc::before_ready:
            return "before Ready: lane or code {1}";
        case LinkErrc::unexpected_ready:
            return "Ready that was not expected";
        case LinkErrc::credit_not_raised:
            return "credit limit: expected at least {0}, got {1}";
        case LinkErrc::credit_beyond_sent:
            return "credit beyond what was sent: expected at most {0}, got {1}";
        case LinkErrc::unasked_answer:
            return "answer to Beat {1}, the last one sent is {0}";
    }
    return "unknown error";
}

}  // namespace

std::string message(const LinkError& error) {
    return fmt::format(fmt::runtime(pattern(error.code)), error.expected, error.actual);
}

}  // namespace parley::transport
