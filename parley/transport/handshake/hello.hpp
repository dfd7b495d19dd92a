// Hello: what each side says of itself inside M2 and M3. docs/formats/hello.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/identity/enr.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::transport {

/// EIP-2124 fork identifier.
struct ForkId {
    ByteArray<4> hash{};     ///< CRC32 of the genesis hash and the passed forks
    std::uint64_t next = 0;  ///< the next fork known, 0 if none
    friend bool operator==(const ForkId&, const ForkId&) = default;
};

/// 1 to Hello::topic_name_bytes_max characters of a-z, 0-9, '/', '-', '_'.
bool is_topic_name(std::string_view name);

struct HelloTopic {
    std::string name;                     ///< is_topic_name
    std::uint32_t version = 1;            ///< equal on both sides, or the topic is not common
    std::uint32_t window_bytes = 0;       ///< credit that the sender of this Hello grants at first
    std::uint32_t message_bytes_max = 0;  ///< largest message that it takes; at most the window
    friend bool operator==(const HelloTopic&, const HelloTopic&) = default;
};

struct Hello {
    static constexpr std::size_t wire_bytes = 1536;
    static constexpr std::size_t topics_max = 16;
    static constexpr std::size_t client_bytes_max = 64;
    static constexpr std::size_t topic_name_bytes_max = 32;
    static constexpr std::uint32_t frame_bytes_least = 1024;
    static constexpr std::uint32_t frame_bytes_most = 65536;

    /// Never without a record; everything else is filled in by name.
    explicit Hello(Enr own_record) : record(std::move(own_record)) {}

    std::uint16_t version_min = 1;
    std::uint16_t version_max = 1;
    std::string client;  ///< "parley/0.1.0/linux", at most 64 bytes of printable ASCII
    std::uint64_t network_id = 0;
    Hash256 genesis{};
    ForkId fork;
    std::uint64_t roles = 0;                ///< bits of role::, unknown bits ignored
    std::uint64_t services = 0;             ///< bits of service::, unknown bits ignored
    std::vector<HelloTopic> topics;         ///< sorted by name, unique, at most topics_max
    Enr record;                             ///< own record; its ID is the sender's
    std::uint32_t frame_bytes_max = 65536;  ///< largest frame msg that it takes, 1024 to 65,536
};

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
};
using HelloError = Error<HelloErrc>;
std::string message(const HelloError& error);

/// What it takes of Hello::wire_bytes.
std::size_t encoded_bytes(const Hello& hello);
/// size u16 | RLP | zeros. Precondition: encoded_bytes(hello) <= Hello::wire_bytes
/// (topic_check.hpp).
ByteArray<Hello::wire_bytes> encode_hello(const Hello& hello);
/// Precondition: `bytes.size() == Hello::wire_bytes`. `sender` is the ID that the handshake proved.
Result<Hello, HelloError> decode_hello(Bytes bytes, const NodeId& sender);

/// A lane that both sides have.
struct CommonTopic {
    std::string name;
    std::uint32_t version;
    HelloTopic ours;
    HelloTopic theirs;
};
/// Sorted by name: lane = index + 1.
std::vector<CommonTopic> common_topics(const Hello& ours, const Hello& theirs);

/// Parting words: reason, both sides' values where that explains it, other nodes to try.
struct Goodbye {
    static constexpr std::size_t wire_bytes_max = 4096;
    static constexpr std::size_t records_max = 8;
    static constexpr std::size_t value_bytes_max = 128;
    CloseReason reason = CloseReason::requested;
    std::string sender_value{};    ///< at most 128 bytes
    std::string receiver_value{};  ///< at most 128 bytes
    std::vector<Enr> others{};     ///< at most records_max
};

/// RLP, at most wire_bytes_max. Longer values are cut, other characters than printable ASCII
/// become '?', records after the eighth are left out, and a reason that is never sent becomes
/// `misbehaviour` (protocol_error) or `requested` (the others).
Buffer encode_goodbye(const Goodbye& goodbye);
/// Verifies every record. Reasons from 17 to 63 are unknown here but pass.
Result<Goodbye, HelloError> decode_goodbye(Bytes bytes);

/// EIP-2124 validation state of the local chain, reduced to what a pure check needs.
struct ForkRules {
    Hash256 genesis{};
    std::vector<std::uint64_t> forks;  ///< block numbers, ascending; 0 and repeats are skipped
    std::uint64_t head = 0;
};
ForkId fork_id(const ForkRules& rules);
/// EIP-2124, "Validation rules": is a peer with `theirs` one that we can sync with or that can.
bool fork_compatible(const ForkRules& ours, const ForkId& theirs);

/// Nothing if the two fit; otherwise the Goodbye that names both values. Checked in the order:
/// version, network, genesis, fork, roles, topics.
std::optional<Goodbye> check_hello(const Hello& ours, const ForkRules& our_forks,
                                   const Hello& theirs);

}  // namespace parley::transport
