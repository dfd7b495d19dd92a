// Enr: Ethereum Node Records (EIP-778), identity scheme "v4", and Parley's own entry in them.
// docs/formats/enr.md.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/identity/node_key.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// What can be wrong with a record.
enum class EnrErrc : std::uint8_t {
    too_large,       ///< expected: 300 bytes at most; actual: bytes
    rlp,             ///< expected: -; actual: the rlp::Errc
    unsorted_keys,   ///< keys must ascend and be unique
    missing_value,   ///< a key without a value
    unknown_scheme,  ///< "id" is absent or not "v4"
    bad_key,         ///< "secp256k1" is absent or no point on the curve
    bad_signature,   ///< does not verify; expected 64, actual: bytes if the size is wrong
    bad_text,        ///< not "enr:" and unpadded URL-safe base64
    bad_entry,       ///< a known entry ("ip", "tcp", "parley", ...) of the wrong size or form
};
using EnrError = Error<EnrErrc>;  ///< of Enr and EnrBuilder
/// One line for people, with what was expected.
std::string message(const EnrError& error);

/// The network's entry in a record, key "parley": RLP [network id, fork hash, fork next, roles,
/// services]; unknown trailing fields are ignored.
struct ParleyEntry {
    std::uint64_t network_id = 0;  ///< the same for all nodes of a network
    ByteArray<4> fork_hash{};      ///< EIP-2124
    std::uint64_t fork_next = 0;   ///< EIP-2124
    std::uint64_t roles = 0;       ///< bits of transport::role
    std::uint64_t services = 0;    ///< bits of transport::service
    friend bool operator==(const ParleyEntry&, const ParleyEntry&) = default;
};

/// The program that a node runs, key "client" (EIP-7636): RLP [name, version] or [name, version,
/// build]; further fields are ignored.
struct ClientEntry {
    static constexpr std::size_t text_bytes_max = 64;  ///< of each
    std::string name;                                  ///< "parley"; not empty
    std::string version;                               ///< "0.1.0"
    std::string build = {};                            ///< may be empty
    friend bool operator==(const ClientEntry&, const ClientEntry&) = default;
};

/// The text form of a raw record: "enr:" and base64url.
std::string enr_text(Bytes raw);

/// A record that was verified when it was made: immutable, at most 300 bytes.
class Enr {
public:
    static constexpr std::size_t size_bytes_max = 300;  ///< of the RLP

    /// Decodes and verifies over the raw bytes. Unknown keys and nested values are kept.
    static Result<Enr, EnrError> decode(Bytes rlp);
    /// The same without verifying the signature: for the bytes of a record that was verified
    /// before.
    static Result<Enr, EnrError> decode_verified(Bytes rlp);
    /// The ID that a record says it is of; nothing is verified. Nothing if there is none.
    static std::optional<NodeId> claimed_id(Bytes rlp);
    /// "enr:..." (EIP-778, text encoding).
    static Result<Enr, EnrError> parse(std::string_view text);

    Bytes raw() const { return raw_; }                      ///< the RLP, as it came
    std::string to_text() const { return enr_text(raw_); }  ///< "enr:..."

    const NodeId& id() const { return id_; }               ///< whose record it is
    std::uint64_t sequence() const { return sequence_; }   ///< grows with each new record
    std::optional<IpAddress> ip4() const { return ip4_; }  ///< its entry "ip"
    std::optional<IpAddress> ip6() const { return ip6_; }  ///< its entry "ip6"
    /// The TCP endpoint; nothing without address or port. Of two the one with the wider Scope, and
    /// IPv4 if they have the same.
    std::optional<Endpoint> tcp_endpoint() const;
    /// The one that tcp_endpoint() is not, of a record that has two.
    std::optional<Endpoint> other_tcp_endpoint() const;
    /// The UDP endpoint, of those wanted, as tcp_endpoint() is chosen.
    std::optional<Endpoint> udp_endpoint(IpFamilies families = {}) const;
    /// Whether this is one of its UDP endpoints.
    bool has_udp_endpoint(const Endpoint& endpoint) const;
    /// The network's entry, if there is one.
    std::optional<ParleyEntry> parley() const { return parley_; }
    /// The program's entry. Nothing also if it is not of its form, or not all printable ASCII of at
    /// most text_bytes_max: it is for people to read, and a record is no worse for it.
    std::optional<ClientEntry> client() const;
    /// The raw RLP item of any entry's value.
    std::optional<Bytes> value(std::string_view key) const;

    friend bool operator==(const Enr& a, const Enr& b) { return a.raw_ == b.raw_; }

private:
    struct Parser;
    static Result<Enr, EnrError> decode(Bytes rlp, bool verify);
    Enr() = default;
    Buffer raw_;
    NodeId id_;
    std::uint64_t sequence_ = 0;
    std::optional<IpAddress> ip4_;
    std::optional<IpAddress> ip6_;
    std::uint16_t tcp_ = 0, udp_ = 0, tcp6_ = 0, udp6_ = 0;
    std::optional<ParleyEntry> parley_;
};

/// Collects entries and signs them. "id" and "secp256k1" are added by itself.
class EnrBuilder {
public:
    explicit EnrBuilder(std::uint64_t sequence) : sequence_(sequence) {}  ///< without entries
    EnrBuilder& ip(const IpAddress& address);      ///< "ip" or "ip6", by the family
    EnrBuilder& tcp(std::uint16_t port);           ///< of "ip"
    EnrBuilder& udp(std::uint16_t port);           ///< of "ip"
    EnrBuilder& tcp6(std::uint16_t port);          ///< of "ip6"
    EnrBuilder& udp6(std::uint16_t port);          ///< of "ip6"
    EnrBuilder& parley(const ParleyEntry& entry);  ///< the network's entry
    EnrBuilder& client(const ClientEntry& entry);  ///< the program's entry
    /// Any other entry: `value` is one encoded RLP item.
    EnrBuilder& entry(std::string_view key, Bytes value);
    /// too_large if it does not fit in 300 bytes.
    Result<Enr, EnrError> sign(const NodeKey& key) const;

private:
    std::uint64_t sequence_;
    std::map<std::string, Buffer, std::less<>> entries_;
};

}  // namespace parley
