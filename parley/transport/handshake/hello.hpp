// Hello: what each side says of itself inside M2 and M3. docs/formats/hello.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/known_records.hpp>
#include <parley/transport/handshake/fork_id.hpp>
#include <parley/transport/handshake/hello_error.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::transport {

/// True for a name that a topic may have: 1 to Hello::topic_name_bytes_max characters of a-z, 0-9,
/// '/', '-', '_'.
bool is_topic_name(std::string_view name);
/// True for what a node may call itself: at most Hello::client_bytes_max of printable ASCII.
bool is_client_name(std::string_view name);
/// Up to 32 characters of printable ASCII, also none.
bool is_node_name(std::string_view name);

/// A topic that the sender of a Hello has.
struct HelloTopic {
    std::string name;                     ///< is_topic_name
    std::uint32_t version = 1;            ///< equal on both sides, or the topic is not common
    std::uint32_t window_bytes = 0;       ///< credit that the sender of this Hello grants at first
    std::uint32_t message_bytes_max = 0;  ///< largest message that it takes; at most the window
    friend bool operator==(const HelloTopic&, const HelloTopic&) = default;
};

/// What a node says of itself at the start of a link. Unknown trailing fields are ignored.
struct Hello {
    static constexpr std::size_t wire_bytes = 1536;
    static constexpr std::size_t topics_max = 16;
    static constexpr std::size_t client_bytes_max = 64;
    static constexpr std::size_t node_name_bytes_max = 32;
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
    std::uint64_t chain_id = 0;             ///< EIP-155; 0: none, or not said
    std::string node_name;  ///< by its owner, for people, is_node_name; empty: none, or not said
};

/// How many of the Hello::wire_bytes its contents take.
std::size_t encoded_bytes(const Hello& hello);
/// size u16 | RLP | zeros. Precondition: encoded_bytes(hello) <= Hello::wire_bytes
/// (topic_check.hpp).
ByteArray<Hello::wire_bytes> encode_hello(const Hello& hello);
/// Precondition: `bytes.size() == Hello::wire_bytes`. `sender` is the ID that the handshake proved.
/// With `known`, a record that came before is not verified again.
Result<Hello, HelloError> decode_hello(Bytes bytes, const NodeId& sender,
                                       KnownRecords* known = nullptr);

}  // namespace parley::transport
