#include <parley/discovery/discv5/message.hpp>

#include <parley/codec/rlp.hpp>
#include <parley/discovery/discv5/session_keys.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;

namespace {

Buffer hex(std::string_view text) {
    return from_hex(text).value();
}
RequestId id_of(std::string_view text) {
    return RequestId{hex(text)};
}

/// One RLP item of exactly so many bytes: a list of zeros, as far as its surface goes.
Buffer list_of_size(std::size_t size) {
    for (std::size_t zeros = size;; --zeros) {
        rlp::Writer out;
        out.begin_list().raw(Buffer(zeros)).end_list();
        if (out.bytes().size() == size) return out.take();
    }
}

/// type | [1, fields...]; `fields`: encoded items.
Buffer message_of(std::uint8_t type, std::string_view fields) {
    rlp::Writer out;
    out.begin_list().number(1).raw(hex(fields)).end_list();
    Buffer message{std::byte{type}};
    append(message, out.bytes());
    return message;
}

Buffer nodes_of(const std::vector<Buffer>& records) {
    rlp::Writer out;
    out.begin_list().number(1).number(1).begin_list();
    for (const auto& record : records) out.raw(record);
    out.end_list().end_list();
    Buffer message{std::byte{4}};
    append(message, out.bytes());
    return message;
}

template <class Kind>
Kind decoded(Bytes plain) {
    const auto result = decode_message(plain);
    REQUIRE(result);
    REQUIRE(std::holds_alternative<Kind>(*result));
    return std::get<Kind>(*result);
}

MessageError rlp_error(rlp::Errc code) {
    return {MessageErrc::rlp, 0, static_cast<std::uint64_t>(code)};
}

}  // namespace

TEST_CASE("discv5 messages: request IDs have 0 to 8 bytes, and zeros count") {
    CHECK(RequestId{}.bytes().empty());
    CHECK(to_hex(id_of("0001020304050607").bytes()) == "0001020304050607");
    CHECK(to_hex(RequestId::of(0x0102030405060708).bytes()) == "0102030405060708");
    CHECK(to_hex(RequestId::of(1).bytes()) == "0000000000000001");
    CHECK(id_of("00") != RequestId{});
    CHECK(id_of("01") != id_of("0100"));
    CHECK(id_of("01") == id_of("01"));
}

TEST_CASE("discv5 messages: each as the specification writes it, and back") {
    CHECK(to_hex(encode(Ping{id_of("00000001"), 2})) == "01c6840000000102");
    CHECK(decoded<Ping>(hex("01c6840000000102")) == Ping{id_of("00000001"), 2});
    // The smallest and largest request ID and record sequence.
    CHECK(decoded<Ping>(hex("01c28080")) == Ping{});
    CHECK(decoded<Ping>(hex("01d288ffffffffffffffff88ffffffffffffffff")) ==
          Ping{id_of("ffffffffffffffff"), ~std::uint64_t{0}});

    const Pong pong4{id_of("07"), 1, *Endpoint::parse("127.0.0.1:5000")};
    CHECK(to_hex(encode(pong4)) == "02ca0701847f000001821388");
    CHECK(decoded<Pong>(encode(pong4)) == pong4);
    const Pong pong6{id_of("07"), 256, *Endpoint::parse("[2001:db8::1]:30303")};
    CHECK(to_hex(encode(pong6)) == "02d8078201009020010db800000000000000000000000182765f");
    CHECK(decoded<Pong>(encode(pong6)) == pong6);

    const FindNode find{id_of("07"), {256, 0, 1, 255}};
    CHECK(to_hex(encode(find)) ==
          "03c907c78201008001"
          "81ff");
    CHECK(decoded<FindNode>(encode(find)) == find);
    CHECK(decoded<FindNode>(hex("03c207c0")) == FindNode{id_of("07"), {}});

    const auto record = hex("c3010203");
    const Nodes nodes{id_of("07"), 3, {record, record}};
    CHECK(to_hex(encode(nodes)) == "04cb0703c8c3010203c3010203");
    const auto wire = encode(nodes);
    const auto nodes_back = decoded<Nodes>(wire);
    CHECK(nodes_back.request_id == nodes.request_id);
    CHECK(nodes_back.total == 3);
    REQUIRE(nodes_back.records.size() == 2);
    for (const Bytes one : nodes_back.records) CHECK(equal(one, record));
    CHECK(decoded<Nodes>(hex("04c30701c0")).records.empty());

    const TalkReq talk{id_of("07"), bytes_of("eth"), bytes_of("hello")};
    const auto talk_wire = encode(talk);
    CHECK(to_hex(talk_wire) == "05cb07836574688568656c6c6f");
    CHECK(text_of(decoded<TalkReq>(talk_wire).protocol) == "eth");
    CHECK(text_of(decoded<TalkReq>(talk_wire).request) == "hello");
    const auto answer = encode(TalkResp{id_of("07"), bytes_of("hi")});
    CHECK(to_hex(answer) == "06c407826869");
    CHECK(text_of(decoded<TalkResp>(answer).response) == "hi");
    CHECK(decoded<TalkResp>(hex("06c20780")).response.empty());
}

TEST_CASE("discv5 messages: they are appended to what is there") {
    Buffer out = hex("aabb");
    encode(Ping{id_of("00000001"), 2}, out);
    CHECK(to_hex(out) == "aabb01c6840000000102");
}

TEST_CASE("discv5 messages: an IPv4-mapped address is IPv4, and goes out in 4 bytes") {
    const auto pong = decoded<Pong>(hex("02d607019000000000000000000000ffff7f000001821388"));
    CHECK(pong.recipient == *Endpoint::parse("127.0.0.1:5000"));
    CHECK(to_hex(encode(pong)) == "02ca0701847f000001821388");
}

TEST_CASE("discv5 messages: a distance that is asked for twice counts once") {
    CHECK(decoded<FindNode>(hex("03c907c701028201000201")).distances == Distances{1, 2, 256});
    // All that fit into a packet.
    rlp::Writer out;
    out.begin_list().number(1).begin_list();
    for (unsigned i = 0; i < 1000; ++i) out.number(i % 257);
    out.end_list().end_list();
    Buffer plain{std::byte{3}};
    append(plain, out.bytes());
    const auto all = decoded<FindNode>(plain).distances;
    REQUIRE(all.size() == 257);
    for (std::uint16_t i = 0; i < 257; ++i) CHECK(all[i] == i);
}

TEST_CASE("discv5 messages: 16 records of 300 bytes, and no more") {
    const std::vector<Buffer> records(16, list_of_size(300));
    const auto wire = nodes_of(records);
    const auto nodes = decoded<Nodes>(wire);
    REQUIRE(nodes.records.size() == 16);
    for (const Bytes record : nodes.records) CHECK(equal(record, records[0]));
}

TEST_CASE("discv5 messages: bad ones") {
    struct Bad {
        std::string_view what;
        Buffer plain;
        MessageError error;
        std::string_view words;
    };
    const Bad cases[]{
        {"nothing", {}, {MessageErrc::empty}, "an empty message"},
        {"type 0",
         hex("00c28080"),
         {MessageErrc::unknown_type, 6, 0},
         "a message of type 0, known are 1 to 6"},
        {"REGTOPIC",
         hex("07c28080"),
         {MessageErrc::unknown_type, 6, 7},
         "a message of type 7, known are 1 to 6"},
        {"type 255, whatever follows",
         hex("ff"),
         {MessageErrc::unknown_type, 6, 255},
         "a message of type 255, known are 1 to 6"},
        {"a type alone", hex("01"), rlp_error(rlp::Errc::truncated),
         "RLP is truncated: 0 bytes promised, 0 there"},
        {"a string for a list", hex("0180"), rlp_error(rlp::Errc::expected_list),
         "RLP string where a list belongs"},
        {"an empty list", hex("01c0"), rlp_error(rlp::Errc::missing_item), ""},
        {"something after the list", hex("01c2808000"), rlp_error(rlp::Errc::trailing_bytes), ""},
        {"something more in the list", hex("01c3808080"), rlp_error(rlp::Errc::trailing_bytes), ""},
        {"a list size that needs no long form", hex("01f8028080"),
         rlp_error(rlp::Errc::non_canonical_size), ""},
        {"a request ID of 9 bytes",
         hex("01cb8900000000000000000180"),
         {MessageErrc::bad_request_id, 8, 9},
         "a request ID of 9 bytes, at most 8"},
        {"a list for a request ID", hex("01c2c080"), rlp_error(rlp::Errc::expected_string), ""},
        {"PING without a record sequence", message_of(1, ""), rlp_error(rlp::Errc::missing_item),
         ""},
        {"PING, a record sequence with a leading zero", message_of(1, "820001"),
         rlp_error(rlp::Errc::leading_zero), ""},
        {"PING, a record sequence of 9 bytes", message_of(1, "89010000000000000000"),
         rlp_error(rlp::Errc::integer_too_large), ""},
        {"PONG without an address", message_of(2, "01"), rlp_error(rlp::Errc::missing_item), ""},
        {"PONG, an empty address",
         message_of(2, "0180821388"),
         {MessageErrc::bad_ip_size, 4, 0},
         "an IP address of 0 bytes, expected 4 or 16"},
        {"PONG, an address of 5 bytes",
         message_of(2, "01857f00000101821388"),
         {MessageErrc::bad_ip_size, 4, 5},
         "an IP address of 5 bytes, expected 4 or 16"},
        {"PONG, an address of 15 bytes",
         message_of(2, "018f000000000000000000000000000000821388"),
         {MessageErrc::bad_ip_size, 4, 15},
         "an IP address of 15 bytes, expected 4 or 16"},
        {"PONG without a port", message_of(2, "01847f000001"), rlp_error(rlp::Errc::missing_item),
         ""},
        {"PONG, port 65536", message_of(2, "01847f00000183010000"),
         rlp_error(rlp::Errc::integer_too_large), ""},
        {"FINDNODE, a string for the distances", message_of(3, "80"),
         rlp_error(rlp::Errc::expected_list), ""},
        {"FINDNODE, distance 257",
         message_of(3, "c3820101"),
         {MessageErrc::bad_distance, 256, 257},
         "distance 257, at most 256"},
        {"FINDNODE, a list for a distance", message_of(3, "c1c0"),
         rlp_error(rlp::Errc::expected_string), ""},
        {"FINDNODE, a distance cut short", message_of(3, "c182"), rlp_error(rlp::Errc::truncated),
         ""},
        {"NODES, no list of records", message_of(4, "0180"), rlp_error(rlp::Errc::expected_list),
         ""},
        {"NODES, a string for a record",
         message_of(4, "01c2c080"),
         {MessageErrc::record_no_list, 0, 1},
         "record 1 is a string"},
        {"NODES, a record cut short", message_of(4, "01c1c1"), rlp_error(rlp::Errc::truncated), ""},
        {"NODES, a record of 301 bytes",
         nodes_of({list_of_size(300), list_of_size(301)}),
         {MessageErrc::record_too_large, 300, 301},
         "a record of 301 bytes, at most 300"},
        {"NODES, 17 records",
         nodes_of(std::vector<Buffer>(17, hex("c0"))),
         {MessageErrc::too_many_records, 16, 17},
         "17 records or more, at most 16"},
        {"TALKREQ without a request", message_of(5, "83657468"), rlp_error(rlp::Errc::missing_item),
         ""},
        {"TALKREQ, a list for a protocol", message_of(5, "c080"),
         rlp_error(rlp::Errc::expected_string), ""},
        {"TALKRESP, a list for a response", message_of(6, "c0"),
         rlp_error(rlp::Errc::expected_string), ""},
    };
    for (const Bad& bad : cases) {
        CAPTURE(bad.what);
        const auto result = decode_message(bad.plain);
        REQUIRE_FALSE(result);
        CHECK(result.error() == bad.error);
        CHECK(message(bad.error).starts_with("discv5: " + std::string{bad.words}));
    }
}

TEST_CASE("discv5 messages: cut anywhere, they are refused") {
    const auto record = list_of_size(200);
    const Message messages[]{Ping{id_of("0102"), 300},
                             Pong{id_of("0102"), 300, *Endpoint::parse("[2001:db8::1]:30303")},
                             FindNode{id_of("0102"), {256, 255, 1}},
                             Nodes{id_of("0102"), 2, {record, record, record}},
                             TalkReq{id_of("0102"), bytes_of("protocol"), bytes_of("request")},
                             TalkResp{id_of("0102"), bytes_of("response")}};
    for (const auto& whole : messages) {
        const auto plain = encode(whole);
        CHECK(decode_message(plain)->index() == whole.index());
        for (std::size_t size = 0; size < plain.size(); ++size) {
            CHECK_FALSE(decode_message(Bytes{plain}.first(size)));
        }
    }
}

TEST_CASE("discv5 messages: nobody known is one message that says so") {
    const auto split = split_nodes(id_of("07"), {});
    REQUIRE(split.size() == 1);
    CHECK(split[0].total == 1);
    CHECK(split[0].request_id == id_of("07"));
    CHECK(split[0].records.empty());
}

TEST_CASE("discv5 messages: records are split so that each message fits into a packet") {
    for (const std::size_t record_bytes : {1U, 56U, 72U, 100U, 150U, 293U, 296U, 298U, 300U}) {
        for (const std::size_t count : {1U, 3U, 4U, 15U, 16U, 17U, 200U, 1000U}) {
            CAPTURE(record_bytes);
            CAPTURE(count);
            const std::vector<Buffer> owned(count, list_of_size(record_bytes));
            const std::vector<Bytes> records(owned.begin(), owned.end());
            const auto split = split_nodes(RequestId::of(~std::uint64_t{0}), records);
            std::size_t next = 0;
            for (std::size_t i = 0; i < split.size(); ++i) {
                const auto& nodes = split[i];
                CHECK(nodes.total == split.size());
                CHECK(nodes.request_id == RequestId::of(~std::uint64_t{0}));
                for (const Bytes record : nodes.records) {
                    CHECK(record.data() == records[next].data());  // in order, none left out
                    ++next;
                }
                const auto packet = seal_packet({}, {{}, {}, OrdinaryPacket{}}, {}, encode(nodes));
                CHECK(packet.size() <= packet_bytes_max);
                // One more would be too much.
                const auto more = packet.size() + record_bytes;
                CHECK((i + 1 == split.size() || more > packet_bytes_max - 8 ||
                       nodes.records.size() == nodes_records_max));
                CHECK(decode_message(encode(nodes)));
            }
            CHECK(next == count);
        }
    }
}

TEST_CASE("discv5 messages: the largest answer to a FINDNODE is six messages") {
    const auto record = list_of_size(300);
    CHECK(split_nodes({}, std::vector<Bytes>(16, record)).size() == 6);
    const auto usual = list_of_size(140);
    CHECK(split_nodes({}, std::vector<Bytes>(16, usual)).size() == 2);
}
