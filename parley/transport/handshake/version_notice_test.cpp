#include <parley/transport/handshake/version_notice.hpp>

#include <parley/transport/handshake/test_handshake.hpp>

#include <doctest/doctest.h>

namespace parley::transport {
namespace {

using namespace testing;

TEST_CASE(
    "version notice: the dialer reads the range of a responder that has no version of its own") {
    Pair pair;
    pair.versions_i = {2, 3};
    pair.versions_r = {5, 6};
    auto initiator = pair.initiator();
    const auto m1 = initiator.write_m1();
    CHECK(pair.responder().read_m1(m1).error().code == HandshakeErrc::no_common_version);
    const auto notice = encode_version_notice(pair.versions_r, m1, pair.key_r.id());
    CHECK(begins_version_notice(notice));
    CHECK(to_hex(Bytes{notice}.first(8)) == "50524c5900050006");
    const auto theirs = initiator.read_version_notice(notice);
    REQUIRE(theirs);
    CHECK(to_string(*theirs) == "5 to 6");
    CHECK(to_string(VersionRange{4, 4}) == "4");
}

TEST_CASE("version notice: one of another M1 or node, or changed on the way, is none") {
    const auto responder = key_of(2).id();
    const ByteArray<m1_bytes> m1{std::byte{1}};
    const ByteArray<m1_bytes> other{std::byte{2}};
    const auto notice = encode_version_notice({5, 6}, m1, responder);
    REQUIRE(decode_version_notice(notice, m1, responder));
    CHECK_FALSE(decode_version_notice(notice, other, responder));
    CHECK_FALSE(decode_version_notice(notice, m1, key_of(3).id()));
    for (std::size_t bit = 0; bit < 8 * notice.size(); ++bit) {
        auto changed = notice;
        changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        CHECK_FALSE(decode_version_notice(changed, m1, responder));
    }
    CHECK_FALSE(decode_version_notice(encode_version_notice({6, 5}, m1, responder), m1, responder));
    CHECK_FALSE(begins_version_notice(Bytes{notice}.first(3)));
    CHECK_FALSE(begins_version_notice(ByteArray<m2_bytes>{}));
}

}  // namespace
}  // namespace parley::transport
