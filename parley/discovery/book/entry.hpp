// Entry: what the address book knows of one node, and from which source.
// Threading: values only.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_id.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace parley::discovery {

/// How an entry came into the book. Values are stored: never renumber.
enum class SourceKind : std::uint8_t {
    user = 0,         ///< by the node's owner at run time
    boot = 1,         ///< configured as a way into the network
    static_peer = 2,  ///< configured to be dialed for ever
    pex = 3,          ///< a peer's answer to GetPeers
    inbound = 4,      ///< it dialed us, or gave its record in its Hello
    dht = 5,          ///< found in the DHT
    goodbye = 6,      ///< another address, given by a node that turned us away
};
inline constexpr std::uint8_t source_kinds = 7;  ///< how many
/// "pex"; static_peer is "static".
std::string_view name(SourceKind kind);

/// The source of an address: how, and by which node, it was advertised.
struct Source {
    SourceKind kind = SourceKind::user;  ///< how it was advertised
    NodeId by{};                         ///< the node that advertised it; all zero if none did
    std::optional<IpAddress> address;    ///< of that node
    friend bool operator==(const Source&, const Source&) = default;
};

/// What is known of reaching a node, in this run.
enum class EntryState : std::uint8_t {
    unknown,    ///< not tried since the start, or well when last heard of
    waiting,    ///< a dial failed or a link ended; see Entry::next_attempt
    dialing,    ///< between a dial and its end
    connected,  ///< a link is up
};
inline constexpr std::size_t entry_states = 4;  ///< how many
/// "waiting".
std::string_view name(EntryState state);

/// Entries that the configuration holds in the book: never evicted, never forgotten, short waits.
enum class Pin : std::uint8_t { none, boot, static_peer };

/// A UnixTime of 0: it never happened.
inline constexpr UnixTime unset{};

/// A node record's bytes, and what is asked of them all the time. Small: books hold a million.
class StoredRecord {
public:
    StoredRecord() = default;  ///< none
    /// A copy of its bytes.
    explicit StoredRecord(const Enr& record)
        : StoredRecord(record.raw(), record.sequence(),
                       record.tcp_endpoint().value_or(Endpoint{})) {}
    /// `raw` is a record's; at most Enr::size_bytes_max.
    StoredRecord(Bytes raw, std::uint64_t sequence, const Endpoint& endpoint);

    explicit operator bool() const { return size_ > 0; }  ///< there is one
    Bytes raw() const { return {bytes_.get(), size_}; }   ///< RLP; empty if there is none
    std::uint64_t sequence() const { return sequence_; }  ///< the record's own; 0 without one
    /// Its TCP endpoint. Port 0: it names none.
    const Endpoint& endpoint() const { return endpoint_; }

private:
    std::unique_ptr<std::byte[]> bytes_;
    std::uint64_t sequence_ = 0;
    std::uint16_t size_ = 0;
    Endpoint endpoint_;
};

/// What an entry keeps of its source.
struct StoredSource {
    SourceKind kind = SourceKind::user;  ///< of the first source; it never changes
    /// Equal for sources of one network group (in private networks: of one ID); 0: no node
    /// advertised it.
    std::uint64_t group = 0;
    friend bool operator==(const StoredSource&, const StoredSource&) = default;
};

/// A place in the book's tables; see Buckets.
using Place = std::uint32_t;
inline constexpr Place no_place = ~Place{0};  ///< in none of them

/// One node in the book.
struct Entry {
    NodeId id;                               ///< never changes
    EntryState state = EntryState::unknown;  ///< not stored
    Pin pin = Pin::none;                     ///< not stored
    bool stored = false;                     ///< a row on disk, or in a batch that was taken
    bool changed = false;                    ///< since the last batch
    bool verified = false;   ///< the record's signature, since the start of this process
    bool by_record = false;  ///< the record's endpoint is to be dialed, not the other; not stored
    StoredSource source;     ///< the first one
    StoredRecord record;     ///< the newest; none if only the configuration names the node
    /// From "id@host:port" in the configuration or by the owner, without a signature. Port 0: none.
    Endpoint configured;
    Place place = no_place;         ///< pinned ones may have none
    std::uint32_t failures = 0;     ///< consecutive failed dials and links that did not last
    std::uint32_t turned_away = 0;  ///< consecutive; not stored
    UnixTime added;                 ///< first heard of
    UnixTime last_seen;             ///< last advertised by anybody, or last on a link
    UnixTime last_success;          ///< last link up, whoever dialed
    UnixTime last_reached;          ///< last link up that we dialed: the endpoint is proven
    Instant next_attempt = Instant::min();  ///< not dialed before; not stored

    /// Where to dial. When the configuration and the record differ, dials that fail alternate
    /// between them, starting with the configuration.
    const Endpoint& endpoint() const;
    /// A dial of ours was answered.
    bool tried() const { return last_reached != unset; }
    /// A dial or a link is under way.
    bool is_busy() const { return state == EntryState::dialing || state == EntryState::connected; }
    /// Not busy, and its wait is over.
    bool may_be_dialed(Now now) const { return !is_busy() && next_attempt <= now.instant; }
};
/// Must not change the book.
using EntryPredicate = std::function<bool(const Entry&)>;

}  // namespace parley::discovery
