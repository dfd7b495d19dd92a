#include <parley/identity/endpoint.hpp>

#include <parley/base/endian.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace parley {

namespace {

struct Range {
    ByteArray<16> prefix;
    unsigned bits;
};

template <class... T>
constexpr Range range(unsigned bits, T... leading) {
    return {{static_cast<std::byte>(leading)...}, bits};
}

// IANA special-purpose address registries (RFC 6890 and those that update it) and multicast.
constexpr Range special_v4[] = {
    range(8, 0),              // "this network"
    range(8, 10),             // RFC 1918
    range(10, 100, 64),       // RFC 6598
    range(8, 127),            // loopback
    range(16, 169, 254),      // link-local
    range(12, 172, 16),       // RFC 1918
    range(24, 192, 0, 0),     // IETF protocol assignments
    range(24, 192, 0, 2),     // documentation
    range(24, 192, 88, 99),   // 6to4 relays, RFC 7526
    range(16, 192, 168),      // RFC 1918
    range(15, 198, 18),       // benchmarks
    range(24, 198, 51, 100),  // documentation
    range(24, 203, 0, 113),   // documentation
    range(4, 224),            // multicast
    range(4, 240),            // reserved, broadcast
};
constexpr Range private_v4[] = {range(8, 10), range(10, 100, 64), range(16, 169, 254),
                                range(12, 172, 16), range(16, 192, 168)};

// Only 2000::/3 is given out for the public internet; these parts of it are not.
constexpr Range global_v6 = range(3, 0x20);
constexpr Range special_v6[] = {
    range(23, 0x20, 0x01, 0x00),        // IETF protocol assignments, Teredo
    range(32, 0x20, 0x01, 0x0d, 0xb8),  // documentation
    range(16, 0x20, 0x02),              // 6to4, RFC 7526
    range(20, 0x3f, 0xff, 0x00),        // documentation, RFC 9637
};
constexpr Range private_v6[] = {range(7, 0xfc), range(10, 0xfe, 0x80)};

ByteArray<16> masked(const ByteArray<16>& bytes, unsigned bits) {
    ByteArray<16> out{};
    for (unsigned i = 0; i < 16 && bits > 0; ++i) {
        const unsigned n = std::min(bits, 8U);
        out[i] = bytes[i] & static_cast<std::byte>(0xff00U >> n);
        bits -= n;
    }
    return out;
}

ByteArray<16> padded(const IpAddress& address) {
    ByteArray<16> out{};
    std::ranges::copy(address.bytes(), out.begin());
    return out;
}

bool in(const IpAddress& address, const Range& range) {
    const Bytes bytes = address.bytes();
    const std::size_t whole = range.bits / 8;
    const unsigned rest = range.bits % 8;
    for (std::size_t i = 0; i < whole; ++i) {
        if (bytes[i] != range.prefix[i]) return false;
    }
    return rest == 0 ||
           (bytes[whole] & static_cast<std::byte>(0xff00U >> rest)) == range.prefix[whole];
}

template <std::size_t N>
bool in_any(const IpAddress& address, const Range (&ranges)[N]) {
    return std::ranges::any_of(ranges, [&](const Range& r) { return in(address, r); });
}

}  // namespace

IpAddress IpAddress::v4(const ByteArray<4>& bytes) {
    IpAddress out;
    std::ranges::copy(bytes, out.bytes_.begin());
    return out;
}

IpAddress IpAddress::v6(const ByteArray<16>& bytes) {
    static constexpr ByteArray<12> mapped{
        {{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{0xff}, std::byte{0xff}}};
    if (std::ranges::equal(Bytes{bytes}.first(12), mapped)) {
        return v4(array_of<4>(Bytes{bytes}.subspan(12)));
    }
    IpAddress out;
    out.v4_ = false;
    out.bytes_ = bytes;
    return out;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    // The C functions stop at a zero byte; text with one inside would pass.
    if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != text.npos) return std::nullopt;
    const std::string terminated{text};
    ByteArray<16> bytes{};
    if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
        return v4(array_of<4>(bytes));
    }
    if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return v6(bytes);
    return std::nullopt;
}

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
    return text;
}

bool IpAddress::is_unspecified() const {
    return bytes_ == ByteArray<16>{};
}

bool IpAddress::is_loopback() const {
    if (v4_) return in(*this, range(8, 127));
    ByteArray<16> one{};
    one[15] = std::byte{1};
    return bytes_ == one;
}

bool IpAddress::is_private() const {
    return v4_ ? in_any(*this, private_v4) : in_any(*this, private_v6);
}

bool IpAddress::is_public() const {
    return v4_ ? !in_any(*this, special_v4) : in(*this, global_v6) && !in_any(*this, special_v6);
}

std::string NetworkGroup::to_string() const {
    const auto address = v4 ? IpAddress::v4(array_of<4>(prefix)) : IpAddress::v6(prefix);
    return fmt::format("{}/{}", address.to_string(), bits);
}

ByteArray<18> key_of(const NetworkGroup& group) {
    ByteArray<18> key{};
    key[0] = group.v4 ? std::byte{4} : std::byte{6};
    key[1] = std::byte{group.bits};
    std::ranges::copy(group.prefix, key.begin() + 2);
    return key;
}

ByteArray<19> key_of(const Endpoint& endpoint) {
    ByteArray<19> key{};
    key[0] = endpoint.address.is_v4() ? std::byte{4} : std::byte{6};
    std::ranges::copy(endpoint.address.bytes(), key.begin() + 1);
    store_be(MutableBytes{key}.last(2), endpoint.port);
    return key;
}

NetworkGroup group_of(const IpAddress& address, unsigned bits_v4, unsigned bits_v6) {
    const bool is_v4 = address.is_v4();
    const unsigned bits = is_v4 ? std::min(bits_v4, 32U) : std::min(bits_v6, 128U);
    return {is_v4, static_cast<std::uint8_t>(bits), masked(padded(address), bits)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool has_leading_zero = text.size() > 1 && text.front() == '0';
    if (error != std::errc{} || end != text.data() + text.size() || has_leading_zero) {
        return std::nullopt;
    }
    return port;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    auto host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    // Brackets exactly around IPv6, as RFC 3986 has it: "::1:80" would be ambiguous.
    const bool looks_v6 = host.find(':') != host.npos;
    const auto address = IpAddress::parse(host);
    const auto port = parse_port(text.substr(colon + 1));
    if (!address || !port || bracketed != looks_v6) return std::nullopt;
    return Endpoint{*address, *port};
}

std::string Endpoint::to_string() const {
    const auto host = address.to_string();
    return address.is_v4() ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Scope scope_of(const IpAddress& address) {
    if (address.is_loopback()) return Scope::machine;
    if (address.is_private()) return Scope::site;
    if (address.is_public()) return Scope::internet;
    return Scope::nowhere;
}

bool may_be_advertised(const IpAddress& address, const IpAddress& peer) {
    const Scope scope = scope_of(address);
    if (scope == Scope::nowhere) return false;
    if (scope == Scope::internet) return true;
    const Scope audience = scope_of(peer);
    return audience != Scope::nowhere && scope <= audience;
}

}  // namespace parley
