#include <parley/transport/handshake/version_notice.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/transport/handshake/handshake_keys.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string_view>

namespace parley::transport {

namespace {

constexpr std::string_view label = "parley/1 ver";
constexpr std::size_t mac_at = 8;

ByteArray<16> mac_of(Bytes ranges, Bytes m1, const NodeId& responder) {
    return array_of<16>(crypto::hmac_sha256(responder, {bytes_of(label), m1, ranges}));
}

}  // namespace

ByteArray<version_notice_bytes> encode_version_notice(const VersionRange& ours, Bytes m1,
                                                      const NodeId& responder) {
    assert(m1.size() == m1_bytes);
    ByteArray<version_notice_bytes> out{};
    const MutableBytes all{out};
    std::ranges::copy(bytes_of(sts::magic), all.begin());
    store_be(all.subspan(4), ours.min);
    store_be(all.subspan(6), ours.max);
    std::ranges::copy(mac_of(all.subspan(4, 4), m1, responder), all.begin() + mac_at);
    return out;
}

bool begins_version_notice(Bytes bytes) {
    return sts::has_magic(bytes);
}

std::optional<VersionRange> decode_version_notice(Bytes notice, Bytes m1, const NodeId& responder) {
    assert(notice.size() == version_notice_bytes && m1.size() == m1_bytes);
    if (!begins_version_notice(notice)) return {};
    const auto mac = mac_of(notice.subspan(4, 4), m1, responder);
    if (!crypto::equal_constant_time(mac, notice.subspan(mac_at))) return {};
    const VersionRange range{load_be<std::uint16_t>(notice.subspan(4)),
                             load_be<std::uint16_t>(notice.subspan(6))};
    if (range.min > range.max) return {};
    return range;
}

std::string to_string(const VersionRange& versions) {
    if (versions.min == versions.max) return std::to_string(versions.min);
    return fmt::format("{} to {}", versions.min, versions.max);
}

}  // namespace parley::transport
