#include "crowd.hpp"
#include <parley/base/endian.hpp>

#include <algorithm>
#include <stdexcept>

namespace parley::bench {

namespace {

/// Twice the new places that a million entries take, in powers of two.
constexpr std::size_t places = 2'700'000;
constexpr std::uint16_t pattern_port = 0xabcd;

std::size_t find(const Buffer& where, Bytes what) {
    const auto found = std::ranges::search(where, what);
    if (found.empty()) throw std::logic_error{"the pattern lacks a field"};
    return static_cast<std::size_t>(found.begin() - where.begin());
}

void fill(MutableBytes out, Rng& rng) {
    for (auto& byte : out) byte = static_cast<std::byte>(rng.next());
}

}  // namespace

Crowd::Crowd() {
    ByteArray<32> secret{};
    secret[0] = std::byte{1};
    const auto key = *NodeKey::from_secret(secret);
    const auto address = *IpAddress::parse("20.1.2.3");
    ParleyEntry entry;
    entry.network_id = network;
    entry.fork_hash = {std::byte{0xf0}, std::byte{0xf1}, std::byte{0xf2}, std::byte{0xf3}};
    entry.roles = 1;
    const auto record = EnrBuilder{1'750'000'000}
                            .ip(address)
                            .tcp(pattern_port)
                            .udp(30303)
                            .parley(entry)
                            .sign(key)
                            .value();
    pattern_ = to_buffer(record.raw());
    Buffer port;
    append_be(port, pattern_port);
    key_at_ = find(pattern_, record.id().bytes());
    signature_at_ = 4;  // behind the headers of the list and of itself
    address_at_ = find(pattern_, address.bytes());
    port_at_ = find(pattern_, port);
    for (std::size_t i = 0; i < sources; ++i) {
        NodeId by;
        by.key[0] = std::byte{2};
        fill(MutableBytes{by.key}.subspan(1), rng_);
        sources_.push_back({discovery::SourceKind::pex, by, public_address()});
    }
}

IpAddress Crowd::public_address() {
    for (;;) {
        ByteArray<4> bytes;
        fill(bytes, rng_);
        const auto address = IpAddress::v4(bytes);
        if (address.is_public()) return address;
    }
}

Buffer Crowd::next_record() {
    Buffer out = pattern_;
    const MutableBytes bytes{out};
    fill(bytes.subspan(key_at_ + 1, 32), rng_);
    fill(bytes.subspan(signature_at_, 64), rng_);
    std::ranges::copy(public_address().bytes(), bytes.subspan(address_at_).begin());
    store_be(bytes.subspan(port_at_, 2), static_cast<std::uint16_t>(1024 + rng_.below(60'000)));
    return out;
}

const discovery::Source& Crowd::any_source() {
    return sources_[static_cast<std::size_t>(rng_.below(sources_.size()))];
}

discovery::AddressBook book_for_a_million() {
    discovery::BookConfig config;
    config.entries_max = places;
    return discovery::AddressBook{config, {Crowd::network, {}}, NodeId{}, Rng{2}};
}

}  // namespace parley::bench
