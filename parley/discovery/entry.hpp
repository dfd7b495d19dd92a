// What the address book knows of one node, and who told it.
// Threading: values only.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_id.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::discovery {

/// How an entry came into the book. Values are stored: never renumber.
enum class SourceKind : std::uint8_t {
    user = 0,         ///< by the node's owner at run time
    boot = 1,         ///< configured as a way into the network
    static_peer = 2,  ///< configured to be dialed for ever
    pex = 3,          ///< a peer's answer to GetPeers
    inbound = 4,      ///< it dialed us, or said its record in its Hello
    dht = 5,          ///< found in the DHT
    goodbye = 6,      ///< another address, given by a node that turned us away
};
inline constexpr std::uint8_t source_kinds = 7;
std::string_view name(SourceKind kind);

struct Source {
    SourceKind kind = SourceKind::user;
    NodeId by{};                       ///< who told; all zero if nobody did
    std::optional<IpAddress> address;  ///< of who told
    friend bool operator==(const Source&, const Source&) = default;
};

enum class EntryState : std::uint8_t {
    unknown,    ///< not tried since the start, or well when last heard of
    waiting,    ///< a dial failed or a link ended; see Entry::next_attempt
    dialing,    ///< between a dial and its end
    connected,  ///< a link is up
};
inline constexpr std::size_t entry_states = 4;
std::string_view name(EntryState state);

/// Entries that the configuration holds in the book: never evicted, never forgotten, short waits.
enum class Pin : std::uint8_t { none, boot, static_peer };

/// How far an address can be of use. Each wider audience is a smaller number.
enum class Scope : std::uint8_t {
    internet = 0,
    site = 1,     ///< private ranges
    machine = 2,  ///< loopback
    nowhere = 3,  ///< unspecified, multicast, reserved
};
Scope scope_of(const IpAddress& address);
/// Whether `address` may be told to, or believed from, somebody at `peer`: private addresses stay
/// in private networks, loopback ones on this machine.
bool may_be_told(const IpAddress& address, const IpAddress& peer);

/// A UnixTime of 0: it never happened.
inline constexpr UnixTime unset{};

struct Entry {
    NodeId id;
    std::optional<Enr> record;
    /// From "id@host:port" in the configuration or by the owner, without a signature.
    std::optional<Endpoint> configured;
    Source source;
    UnixTime added;         ///< first heard of
    UnixTime last_seen;     ///< last told of by anybody, or last on a link
    UnixTime last_success;  ///< last link up, whoever dialed
    UnixTime last_reached;  ///< last link up that we dialed: the endpoint is proven
    UnixTime last_failure;
    std::uint32_t failures = 0;  ///< consecutive failed dials and links that did not last

    // Not stored:
    std::uint32_t turned_away = 0;  ///< consecutive
    EntryState state = EntryState::unknown;
    Pin pin = Pin::none;
    Instant next_attempt = Instant::min();  ///< not dialed before

    /// Where to dial. When the configuration and the record differ, failures alternate between
    /// them, starting with the configuration.
    Endpoint endpoint() const;
    bool tried() const { return last_reached != unset; }
};

}  // namespace parley::discovery
