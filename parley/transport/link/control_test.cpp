#include <parley/transport/link/control.hpp>

#include <doctest/doctest.h>

namespace parley::transport {
namespace {

std::string hex(Bytes bytes) {
    return to_hex(bytes);
}

TEST_CASE("control: the vectors of docs/formats/link.md") {
    CHECK(hex(encode_statuses({})) == "00");
    const auto statuses = encode_statuses({{3, {std::byte{0xaa}, std::byte{0xbb}}}, {1, {}}});
    CHECK(hex(statuses) == "0201000302aabb");
    CHECK(hex(encode_beat(7, false, statuses)) == "00000007010201000302aabb");
    CHECK(hex(encode_beat(0x01020304, true, {})) == "010203040200");
    CHECK(hex(encode_credit({2, 0x400000})) == "020000000000400000");

    const auto beat = decode_beat(encode_beat(7, false, statuses), 3);
    REQUIRE(beat);
    CHECK(beat->seq == 7);
    CHECK_FALSE(beat->is_answer);
    CHECK(beat->statuses == Statuses{{1, {}}, {3, {std::byte{0xaa}, std::byte{0xbb}}}});
    CHECK(decode_credit(encode_credit({2, 0x400000})) == CreditMessage{2, 0x400000});
    CHECK(hex(encode_blocked(2)) == "02");
    CHECK(decode_blocked(encode_blocked(2), 3) == LaneId{2});
    CHECK(decode_blocked(Buffer{std::byte{2}, std::byte{9}}, 3) == LaneId{2});
    CHECK(hex(encode_stalled(70s)) == "00011170");
    CHECK(decode_stalled(encode_stalled(70s)) == 70s);
    CHECK(decode_stalled(Buffer(5)) == 0s);  // later versions may say more
    CHECK(decode_stalled(Buffer(3)).error() == LinkError{LinkErrc::bad_control, 4, 3});
    CHECK(decode_credit(Buffer(10)).error() == LinkError{LinkErrc::bad_control, 9, 10});
}

TEST_CASE("control: statuses that do not fit the rules are left out") {
    const auto encoded = encode_statuses(
        {{0, Buffer(1)}, {17, Buffer(1)}, {2, Buffer(129)}, {5, Buffer(128)}, {5, Buffer(1)}});
    const auto beat = decode_beat(encode_beat(1, false, encoded), lanes_max);
    REQUIRE(beat);
    CHECK(beat->statuses == Statuses{{5, Buffer(128)}});
}

TEST_CASE("control: statuses are cut between two of them") {
    Statuses statuses;
    for (LaneId lane = 1; lane <= lanes_max; ++lane) statuses.emplace_back(lane, Buffer(128));
    const auto whole = encode_statuses(statuses);
    CHECK(whole.size() == 1 + 16 * 130);
    for (const std::size_t size : {1U, 130U, 131U, 500U, 2081U, 5000U}) {
        const auto cut = cut_statuses(whole, size);
        CHECK(cut.size() <= size);
        const auto beat = decode_beat(encode_beat(1, false, cut), lanes_max);
        REQUIRE(beat);
        CHECK(beat->statuses.size() == std::min<std::size_t>((size - 1) / 130, 16));
    }
    CHECK(hex(cut_statuses({}, 100)) == "00");
}

TEST_CASE("control: an error of every kind names both numbers") {
    CHECK(message(LinkError{LinkErrc::bad_tag, 0, 9}) == "the tag of frame 9 does not fit");
    for (int code = 0; code <= static_cast<int>(LinkErrc::unasked_answer); ++code) {
        CHECK(message(LinkError{static_cast<LinkErrc>(code), 1, 2}) != "unknown error");
    }
}

}  // namespace
}  // namespace parley::transport
