// IP addresses, endpoints (address and port) and the network groups that limits count by.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// IPv4 or IPv6. IPv4-mapped IPv6 ("::ffff:a.b.c.d") becomes IPv4. Default: 0.0.0.0.
class IpAddress {
public:
    IpAddress() = default;
    static IpAddress v4(const ByteArray<4>& bytes);   ///< network order
    static IpAddress v6(const ByteArray<16>& bytes);  ///< network order
    /// "203.0.113.7", "2001:db8::1"; no brackets, no zone.
    static std::optional<IpAddress> parse(std::string_view text);

    bool is_v4() const { return v4_; }  ///< else IPv6
    /// 4 or 16 bytes, network order.
    Bytes bytes() const { return v4_ ? Bytes{bytes_}.first(4) : Bytes{bytes_}; }
    /// As parse() reads it.
    std::string to_string() const;

    bool is_unspecified() const;  ///< 0.0.0.0 or "::"
    bool is_loopback() const;     ///< 127.0.0.0/8 or "::1"
    /// RFC 1918, RFC 6598, link-local, unique local (RFC 4193).
    bool is_private() const;
    /// Could be reached over the public internet: not special, multicast, documentation, private.
    bool is_public() const;

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

private:
    bool v4_ = true;
    ByteArray<16> bytes_{};
};

/// The leading bits of an address; what limits and bans count by.
struct NetworkGroup {
    bool v4 = true;                 ///< else IPv6
    std::uint8_t bits = 0;          ///< 0 to 32, or to 128
    ByteArray<16> prefix{};         ///< the bits after `bits` are zero
    std::string to_string() const;  ///< "203.0.0.0/16"
    friend auto operator<=>(const NetworkGroup&, const NetworkGroup&) = default;
};
/// Its family, bits and prefix as a key for tables.
ByteArray<18> key_of(const NetworkGroup& group);
/// The group of an address, with as many bits as its family has here.
NetworkGroup group_of(const IpAddress& address, unsigned bits_v4, unsigned bits_v6);
/// /16 and /32: outbound diversity.
inline NetworkGroup outbound_group(const IpAddress& a) {
    return group_of(a, 16, 32);
}
/// /24 and /48: inbound limit.
inline NetworkGroup inbound_group(const IpAddress& a) {
    return group_of(a, 24, 48);
}
/// Exact address, or IPv6 /64: bans and handshake limits.
inline NetworkGroup exact_group(const IpAddress& a) {
    return group_of(a, 32, 64);
}
/// Loopback and private ranges, which limits by group do not count.
inline bool is_exempt_from_group_limits(const IpAddress& a) {
    return a.is_loopback() || a.is_private();
}

/// How far an address can be of use. Each wider audience is a smaller number.
enum class Scope : std::uint8_t {
    internet = 0,
    site = 1,     ///< private ranges
    machine = 2,  ///< loopback
    nowhere = 3,  ///< unspecified, multicast, reserved
};
/// The widest audience for which the address means something.
Scope scope_of(const IpAddress& address);
/// Whether `address` may be advertised to, or believed from, a node at `peer`: private addresses
/// stay in private networks, loopback ones on this machine.
bool may_be_advertised(const IpAddress& address, const IpAddress& peer);

/// Decimal, 0 to 65535, no sign and no leading zero.
std::optional<std::uint16_t> parse_port(std::string_view text);

/// Address families, such as those in which a node has sockets.
struct IpFamilies {
    bool v4 = true;
    bool v6 = true;
};

/// An address and a port, of TCP or UDP.
struct Endpoint {
    IpAddress address;       ///< of the host
    std::uint16_t port = 0;  ///< 0: none
    /// "203.0.113.7:30303", "[2001:db8::1]:30303".
    static std::optional<Endpoint> parse(std::string_view text);
    /// As parse() reads it.
    std::string to_string() const;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
/// Its family, address and port as a key for tables.
ByteArray<19> key_of(const Endpoint& endpoint);
/// The families of all endpoints in a range, or of its members by that projection.
template <class Range, class Projection = std::identity>
IpFamilies families_of(const Range& range, Projection endpoint_of = {}) {
    IpFamilies out{.v4 = false, .v6 = false};
    for (const auto& member : range) {
        const Endpoint& endpoint = std::invoke(endpoint_of, member);
        (endpoint.address.is_v4() ? out.v4 : out.v6) = true;
    }
    return out;
}

}  // namespace parley
