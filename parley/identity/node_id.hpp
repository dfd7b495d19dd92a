// NodeId: the identity of a node, its compressed secp256k1 public key; Target: where to dial one.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/crypto/secp256k1.hpp>
#include <parley/identity/endpoint.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// A node's ID, 33 bytes; ordered as bytes (the lower ID wins when two dial each other).
struct NodeId {
    crypto::CompressedKey key{};  ///< all zero: no node's

    Bytes bytes() const { return key; }  ///< a view of it
    /// A view of it.
    operator Bytes() const { return key; }  // NOLINT(google-explicit-constructor): a view of it
    /// 66 hex digits.
    std::string to_string() const { return to_hex(key); }
    static constexpr std::size_t short_digits = 12;
    /// The first 12 hex digits: in logs and on screens; commands take it.
    std::string short_string() const { return to_hex(Bytes{key}.first(short_digits / 2)); }
    /// 66 hex digits of a point on the curve; nothing otherwise.
    static std::optional<NodeId> parse(std::string_view hex);
    auto begin() const { return key.begin(); }            ///< of the bytes
    auto end() const { return key.end(); }                ///< of the bytes
    std::size_t size() const { return key.size(); }       ///< 33
    const std::byte* data() const { return key.data(); }  ///< the first byte
    friend auto operator<=>(const NodeId&, const NodeId&) = default;
};

/// The address of a node in the DHT's key space: keccak256(x | y) (EIP-778, "v4" scheme).
Hash256 dht_id(const NodeId& id);

/// A node to dial: always with an ID, which it must prove.
struct Target {
    NodeId id;          ///< the node
    Endpoint endpoint;  ///< where it listens
    /// A DNS name, resolved anew for each dial; the endpoint then is 0.0.0.0 and the port.
    std::string host = {};
    /// The same node in the other family, tried if the endpoint cannot be reached.
    std::optional<Endpoint> other = {};
    /// "id@address:port", "id@host.example:port", or an ENR in text form with an IP and a TCP port.
    static std::optional<Target> parse(std::string_view text);
    /// The same; the error says in words what is wrong with the text.
    static Result<Target, std::string> read(std::string_view text);
    /// "id@address:port" or "id@host:port", as parse() reads it.
    std::string to_string() const;
    friend auto operator<=>(const Target&, const Target&) = default;
};

}  // namespace parley
