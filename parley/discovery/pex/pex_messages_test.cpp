#include <parley/discovery/pex/pex_messages.hpp>

#include <parley/codec/rlp.hpp>
#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::discovery;
using namespace parley::discovery::test;

namespace {

PexError rlp_error(rlp::Errc code) {
    return {PexErrc::rlp, 0, static_cast<std::uint64_t>(code)};
}

struct Bad {
    std::string what;
    Buffer bytes;
    PexError error;
};

/// [request, [items...]]
Buffer peers_of(const std::vector<Buffer>& items, std::uint64_t request = 1) {
    rlp::Writer out;
    out.begin_list().number(request).begin_list();
    for (const Buffer& item : items) out.raw(item);
    out.end_list().end_list();
    return out.take();
}

/// A list of `size` bytes in all, header included.
Buffer list_of_size(std::size_t size) {
    rlp::Writer out;
    const std::size_t header = size <= 56 ? 1 : size <= 257 ? 2 : 3;
    out.begin_list();
    for (std::size_t i = header; i < size; ++i) out.number(1);
    out.end_list();
    return out.take();
}

}  // namespace

TEST_CASE("the messages are as docs/formats/pex.md gives them") {
    CHECK(to_hex(encode(GetPeers{1, 32})) == "c20120");
    CHECK(to_hex(encode(GetPeers{0x0102030405060708, 1})) == "ca88010203040506070801");
    CHECK(to_hex(encode_peers(1, {})) == "c201c0");
    // The record of EIP-778's example.
    const Buffer example = *from_hex(
        "f884b8407098ad865b00a582051940cb9cf36836572411a47278783077011599ed5cd16b76f2635f4e234738f3"
        "0813a89eb9137e3e3df5266e3a1f11df72ecf1145ccb9c01826964827634826970847f00000189736563703235"
        "366b31a103ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd31388375647082765f");
    const std::vector<Bytes> records{example};
    CHECK(to_hex(encode_peers(300, records)) == "f88b82012cf886" + to_hex(example));
}

TEST_CASE("messages decode to what was encoded") {
    const GetPeers asked{0xffff'ffff'ffff'ffff, 7};
    CHECK(*decode_get_peers(encode(asked)) == asked);
    const Enr one = record(1);
    const Enr two = record(2);
    const std::vector<Bytes> records{one.raw(), two.raw()};
    const Buffer bytes = encode_peers(9, records);
    const auto peers = decode_peers(bytes);
    REQUIRE(peers);
    CHECK(peers->request == 9);
    REQUIRE(peers->records.size() == 2);
    CHECK(equal(peers->records[1], two.raw()));
    CHECK(decode_peers(peers_of({list_of_size(300)})));
    CHECK(decode_peers(peers_of(std::vector<Buffer>(32, list_of_size(1)))));
}

TEST_CASE("each bad GetPeers has its error") {
    const Bad cases[] = {
        {"nothing", {}, rlp_error(rlp::Errc::truncated)},
        {"a string", *from_hex("820120"), rlp_error(rlp::Errc::expected_list)},
        {"empty", *from_hex("c0"), rlp_error(rlp::Errc::missing_item)},
        {"no count", *from_hex("c101"), rlp_error(rlp::Errc::missing_item)},
        {"request 0", *from_hex("c28020"), {PexErrc::bad_request}},
        {"count 0", *from_hex("c20180"), {PexErrc::bad_count, 32, 0}},
        {"count 33", *from_hex("c20121"), {PexErrc::bad_count, 32, 33}},
        {"count of 3 bytes", *from_hex("c50183010000"), rlp_error(rlp::Errc::integer_too_large)},
        {"request of 9 bytes", *from_hex("cb8901000000000000000020"),
         rlp_error(rlp::Errc::integer_too_large)},
        {"leading zero", *from_hex("c401820020"), rlp_error(rlp::Errc::leading_zero)},
        {"single byte as a string", *from_hex("c3018120"),
         rlp_error(rlp::Errc::non_canonical_byte)},
        {"request is a list", *from_hex("c2c020"), rlp_error(rlp::Errc::expected_string)},
        {"a third item", *from_hex("c3012001"), rlp_error(rlp::Errc::trailing_bytes)},
        {"bytes after it", *from_hex("c2012000"), rlp_error(rlp::Errc::trailing_bytes)},
        {"cut short", *from_hex("c201"), rlp_error(rlp::Errc::truncated)},
    };
    for (const Bad& bad : cases) {
        CAPTURE(bad.what);
        const auto result = decode_get_peers(bad.bytes);
        REQUIRE_FALSE(result);
        CHECK(result.error() == bad.error);
    }
}

TEST_CASE("each bad Peers has its error") {
    const Bad cases[] = {
        {"nothing", {}, rlp_error(rlp::Errc::truncated)},
        {"a string", *from_hex("820120"), rlp_error(rlp::Errc::expected_list)},
        {"no list", *from_hex("c101"), rlp_error(rlp::Errc::missing_item)},
        {"a string for the list", *from_hex("c20101"), rlp_error(rlp::Errc::expected_list)},
        {"request 0", peers_of({}, 0), {PexErrc::bad_request}},
        {"a third item", *from_hex("c301c001"), rlp_error(rlp::Errc::trailing_bytes)},
        {"bytes after it", *from_hex("c201c000"), rlp_error(rlp::Errc::trailing_bytes)},
        {"33 records",
         peers_of(std::vector<Buffer>(33, list_of_size(1))),
         {PexErrc::too_many_records, 32, 33}},
        {"a record of 301 bytes",
         peers_of({list_of_size(1), list_of_size(301)}),
         {PexErrc::record_too_large, 300, 301}},
        {"a string as a record",
         peers_of({list_of_size(1), *from_hex("83646f67")}),
         {PexErrc::record_no_list, 0, 1}},
        {"a record cut short", *from_hex("c301c1c1"), rlp_error(rlp::Errc::truncated)},
        {"a size with a leading zero", *from_hex("c501c3f80000"),
         rlp_error(rlp::Errc::non_canonical_size)},
    };
    for (const Bad& bad : cases) {
        CAPTURE(bad.what);
        const auto result = decode_peers(bad.bytes);
        REQUIRE_FALSE(result);
        CHECK(result.error() == bad.error);
        CHECK(message(bad.error).starts_with("peer exchange: "));
    }
}
