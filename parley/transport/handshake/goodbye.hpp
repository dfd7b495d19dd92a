// Goodbye: the last words on a link. docs/formats/link.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/identity/enr.hpp>
#include <parley/transport/handshake/hello_error.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace parley::transport {

/// Parting words: reason, both sides' values where that explains it, other nodes to try.
struct Goodbye {
    static constexpr std::size_t wire_bytes_max = 4096;
    static constexpr std::size_t records_max = 8;
    static constexpr std::size_t value_bytes_max = 128;
    CloseReason reason = CloseReason::requested;  ///< why the sender ends the link
    std::string sender_value{};                   ///< at most 128 bytes
    std::string receiver_value{};                 ///< at most 128 bytes
    std::vector<Enr> others{};                    ///< at most records_max
};

/// RLP, at most wire_bytes_max. Longer values are cut, other characters than printable ASCII
/// become '?', records after the eighth are left out, and a reason that is never sent becomes
/// `misbehaviour` (protocol_error) or `requested` (the others).
Buffer encode_goodbye(const Goodbye& goodbye);
/// Verifies every record. Reasons from 17 to 63 are unknown here but pass.
Result<Goodbye, HelloError> decode_goodbye(Bytes bytes);

}  // namespace parley::transport
