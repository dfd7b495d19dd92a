// What the tests of discovery share: nodes made of a number, times, a log that forgets.
#pragma once

#include <parley/discovery/book/address_book.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/handshake/hello.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace parley::discovery::test {

inline constexpr std::uint64_t network = 7;

inline NodeKey key(std::uint32_t n) {
    ByteArray<32> secret{};
    secret[0] = std::byte{1};
    secret[30] = static_cast<std::byte>(n >> 8 & 0xff);
    secret[31] = static_cast<std::byte>(n & 0xff);
    return *NodeKey::from_secret(secret);
}
inline NodeId id(std::uint32_t n) {
    return key(n).id();
}

/// Node n lives at 20.n.0.1, a network group of its own.
inline Endpoint public_endpoint(std::uint32_t n) {
    return *Endpoint::parse("20." + std::to_string(n % 256) + "." + std::to_string(n / 256) +
                            ".1:30303");
}
inline Endpoint loopback_endpoint(std::uint32_t n) {
    return *Endpoint::parse("127.0.0.1:" + std::to_string(20000 + n));
}

inline Enr record(std::uint32_t n, const Endpoint& endpoint, std::uint64_t sequence = 1,
                  std::uint64_t network_id = network) {
    ParleyEntry entry;
    entry.network_id = network_id;
    EnrBuilder builder{sequence};
    builder.ip(endpoint.address).parley(entry);
    if (endpoint.address.is_v4()) {
        builder.tcp(endpoint.port);
    } else {
        builder.tcp6(endpoint.port);
    }
    return *builder.sign(key(n));
}
inline Enr record(std::uint32_t n, std::uint64_t sequence = 1) {
    return record(n, public_endpoint(n), sequence);
}

/// Seconds since the start of a test; the wall clock begins in 2025.
inline Now at(Duration since_start) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_start);
    return {Instant{} + 1h + since_start, unix_from_milliseconds(1'750'000'000'000) + ms};
}

inline Source heard_from(std::uint32_t n) {
    return {SourceKind::pex, id(n), public_endpoint(n).address};
}
inline const Source by_user{};

/// All of 20.0.0.0/8 and 30.0.0.0/8 are one owner's.
inline OwnerGroups one_owner() {
    return OwnerGroups{
        std::make_shared<const AsMap>(*AsMap::parse("20.0.0.0/8 64500\n30.0.0.0/8 64500\n"))};
}

inline AddressBook make_book(BookConfig config = {}, std::uint32_t self = 0) {
    return AddressBook{config, NetworkFilter{network, {}}, id(self), Rng{11}};
}

inline transport::Hello hello_of(const Enr& own) {
    transport::Hello hello{own};
    hello.client = "test";
    hello.network_id = network;
    return hello;
}

}  // namespace parley::discovery::test
