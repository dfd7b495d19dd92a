// The messages of Node Discovery v5.1: type u8 | RLP list. devp2p, discv5-wire.md, "Protocol
// Messages"; those about topics are not spoken.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>

#include <boost/container/static_vector.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace parley::discovery::discv5 {

/// 0 to 8 bytes that the asking side chooses and an answer repeats.
class RequestId {
public:
    static constexpr std::size_t size_bytes_max = 8;

    RequestId() = default;
    /// Precondition: at most 8 bytes.
    explicit RequestId(Bytes bytes);
    /// 8 bytes, big endian.
    static RequestId of(std::uint64_t number);

    Bytes bytes() const { return Bytes{bytes_}.first(size_); }
    friend auto operator<=>(const RequestId&, const RequestId&) = default;

private:
    ByteArray<size_bytes_max> bytes_{};  // the rest is zero
    std::uint8_t size_ = 0;
};

inline constexpr unsigned distance_max = 256;
/// Records in one NODES, and in the whole answer to a FINDNODE.
inline constexpr std::size_t nodes_records_max = 16;

/// Each at most once, so there are no more than 257.
using Distances = boost::container::static_vector<std::uint16_t, distance_max + 1>;
/// Each the raw RLP of a record, at most 300 bytes, neither decoded nor verified: views.
using Records = boost::container::static_vector<Bytes, nodes_records_max>;

/// PING: asks whether a node lives, and tells it the sequence number of our record.
struct Ping {
    RequestId request_id;
    std::uint64_t record_sequence = 0;  ///< of the sender's record
    friend bool operator==(const Ping&, const Ping&) = default;
};
/// PONG: the answer to PING.
struct Pong {
    RequestId request_id;
    std::uint64_t record_sequence = 0;  ///< of the sender's record
    Endpoint recipient;                 ///< from where the PING was seen to come
    friend bool operator==(const Pong&, const Pong&) = default;
};
/// FINDNODE: asks for records at log distances from the recipient.
struct FindNode {
    RequestId request_id;
    /// 0 to 256, in the order that they were asked for, each once; 0 is the recipient itself.
    Distances distances;
    friend bool operator==(const FindNode&, const FindNode&) = default;
};
/// NODES: one of the messages that answer FINDNODE.
struct Nodes {
    RequestId request_id;
    std::uint64_t total = 0;  ///< messages that answer the request, as the sender says
    Records records;
};
/// TALKREQ: a request in a protocol on top of this one.
struct TalkReq {
    RequestId request_id;
    Bytes protocol;  ///< a view
    Bytes request;   ///< a view
};
/// TALKRESP: the answer to TALKREQ.
struct TalkResp {
    RequestId request_id;
    Bytes response;  ///< a view; empty when the protocol is not known
};
using Message = std::variant<Ping, Pong, FindNode, Nodes, TalkReq, TalkResp>;

/// Reasons for which a plain text is no message; each says what `expected` and `actual` hold.
enum class MessageErrc : std::uint8_t {
    empty,             ///< not even a type
    unknown_type,      ///< expected: the highest known; actual
    rlp,               ///< actual: the rlp::Errc
    bad_request_id,    ///< expected: bytes at most; actual
    bad_ip_size,       ///< expected: 4 (or 16) bytes; actual
    bad_distance,      ///< expected: at most; actual
    too_many_records,  ///< expected: at most; actual: at least
    record_too_large,  ///< expected: bytes at most; actual
    record_no_list,    ///< a record is a string; actual: its index
};
using MessageError = Error<MessageErrc>;
/// In words, with both numbers, for logs.
std::string message(const MessageError& error);

/// The message refers to the plain text.
Result<Message, MessageError> decode_message(Bytes plain);

/// Appends the plain text to `out`. Preconditions: distances are at most 256; each record is one
/// RLP item.
void encode(const Message& message, Buffer& out);
/// The same into a buffer of its own.
Buffer encode(const Message& message);

/// The answer to a FINDNODE, in as many messages as it takes for each to fit into an ordinary
/// packet of 1280 bytes, and at least one. They refer to the records; preconditions: each is at
/// most 300 bytes, one RLP item.
std::vector<Nodes> split_nodes(const RequestId& request_id, std::span<const Bytes> records);

}  // namespace parley::discovery::discv5
