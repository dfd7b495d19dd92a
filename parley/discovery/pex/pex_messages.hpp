// The two messages of peer exchange. docs/formats/pex.md.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace parley::discovery {

inline constexpr transport::Code pex_get_peers = 1;  ///< the code of GetPeers
inline constexpr transport::Code pex_peers = 2;      ///< the code of Peers
/// Records in one answer.
inline constexpr std::size_t pex_records_max = 32;
/// What an answer adds to its records: two list headers and the request.
inline constexpr std::size_t pex_envelope_bytes_max = 24;

/// Asks for records: RLP [request, count].
struct GetPeers {
    std::uint64_t request = 0;  ///< not 0; the answer repeats it
    std::uint16_t count = 0;    ///< 1 to pex_records_max
    friend bool operator==(const GetPeers&, const GetPeers&) = default;
};

/// The answer: RLP [request, [record, ...]].
struct Peers {
    std::uint64_t request = 0;  ///< that of the GetPeers
    /// Each the raw RLP of a record, neither decoded nor verified: views into the message.
    std::vector<Bytes> records;
};

/// What can be wrong with a message.
enum class PexErrc : std::uint8_t {
    rlp,               ///< actual: the rlp::Errc
    bad_request,       ///< the request is 0
    bad_count,         ///< expected: at most; actual
    too_many_records,  ///< expected: at most; actual: at least
    record_too_large,  ///< expected: bytes at most; actual
    record_no_list,    ///< a record is a string; actual: its index
};
using PexError = Error<PexErrc>;  ///< of the decoders
/// One line for people, with what was expected.
std::string message(const PexError& error);

/// A message of the code pex_get_peers.
Buffer encode(const GetPeers& message);
/// A message of the code pex_peers. Precondition: each record is one RLP item.
Buffer encode_peers(std::uint64_t request, std::span<const Bytes> records);
/// Strict: trailing bytes are an error.
Result<GetPeers, PexError> decode_get_peers(Bytes message);
/// As strict. The records are views into `message`.
Result<Peers, PexError> decode_peers(Bytes message);

}  // namespace parley::discovery
