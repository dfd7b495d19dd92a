// HelloErrc: what can be wrong with a Hello or a Goodbye.
#pragma once

#include <parley/base/result.hpp>

#include <cstdint>
#include <string>

namespace parley::transport {

/// The comment says what `expected` and `actual` of the Error are.
enum class HelloErrc : std::uint8_t {
    bad_size,         ///< the size field; expected: at most 1534; actual
    bad_padding,      ///< a byte after the RLP is not zero; actual: its offset
    rlp,              ///< actual: the rlp::Errc
    bad_record,       ///< actual: the EnrErrc
    wrong_record_id,  ///< the record is another node's
    bad_client,
    bad_topic,  ///< name, window or message size out of range
    unsorted_topics,
    too_many_topics,
    bad_version_range,
    bad_frame_limit,   ///< expected: the limit that it breaks; actual
    bad_reason,        ///< Goodbye: expected: 63 at most; actual
    bad_value,         ///< Goodbye: longer than 128 bytes or not printable ASCII
    too_many_records,  ///< Goodbye; expected: at most records_max
    bad_node_name,
};
using HelloError = Error<HelloErrc>;
/// For the log: what was expected and what came.
std::string message(const HelloError& error);

}  // namespace parley::transport
