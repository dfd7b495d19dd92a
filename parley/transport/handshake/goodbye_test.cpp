#include <parley/codec/rlp.hpp>
#include <parley/transport/handshake/test_handshake.hpp>

#include <doctest/doctest.h>

#include <string>

namespace parley::transport {

using namespace testing;

namespace {

/// [reason, values..., [records...]], with what is in them left to the caller.
Buffer goodbye_of(std::uint64_t reason, std::string_view sender, std::string_view receiver,
                  const std::vector<Buffer>& records) {
    rlp::Writer out;
    out.begin_list().number(reason).string(sender).string(receiver).begin_list();
    for (const auto& record : records) out.raw(record);
    return out.end_list().end_list().take();
}

void check_error(Bytes bytes, HelloError error) {
    const auto read = decode_goodbye(bytes);
    REQUIRE_FALSE(read);
    CHECK_MESSAGE(read.error() == error, message(read.error()));
}

HelloError rlp_error(rlp::Errc code) {
    return {HelloErrc::rlp, 0, static_cast<std::uint64_t>(code)};
}

}  // namespace

TEST_CASE("goodbye: what is said is understood") {
    Goodbye goodbye{CloseReason::too_many_peers, "50", std::string(128, '~'), {}};
    for (std::uint64_t seed = 1; seed <= Goodbye::records_max; ++seed) {
        const auto key = key_of(seed);
        auto builder = EnrBuilder{seed};
        builder.entry("x", rlp::Writer{}.string(Bytes{Buffer(160, std::byte{0xee})}).bytes());
        goodbye.others.push_back(builder.sign(key).value());
    }
    const auto bytes = encode_goodbye(goodbye);
    CHECK(bytes.size() <= Goodbye::wire_bytes_max);
    const auto read = decode_goodbye(bytes).value();
    CHECK(read.reason == goodbye.reason);
    CHECK(read.sender_value == goodbye.sender_value);
    CHECK(read.receiver_value == goodbye.receiver_value);
    CHECK(read.others == goodbye.others);
}

TEST_CASE("goodbye: the published bytes") {
    CHECK(to_hex(encode_goodbye({CloseReason::wrong_network, "7", "8", {}})) ==
          "c40737"
          "38c0");
    CHECK(to_hex(encode_goodbye({})) == "c4808080c0");
}

TEST_CASE("goodbye: a sender's excess is cut, and local reasons stay local") {
    Goodbye goodbye{CloseReason::protocol_error, std::string(200, 'x'), "a\nb\xff", {}};
    goodbye.others.assign(9, record_of(key_of(1)));
    auto read = decode_goodbye(encode_goodbye(goodbye)).value();
    CHECK(read.reason == CloseReason::misbehaviour);
    CHECK(read.sender_value == std::string(128, 'x'));
    CHECK(read.receiver_value == "a?b?");
    CHECK(read.others.size() == 8);
    goodbye.reason = CloseReason::reset;
    CHECK(decode_goodbye(encode_goodbye(goodbye))->reason == CloseReason::requested);
}

TEST_CASE("goodbye: reasons and fields of newer peers") {
    const auto read = decode_goodbye(goodbye_of(63, "", "", {}));
    REQUIRE(read);
    CHECK(name(read->reason) == "unknown");
    rlp::Writer more;
    more.begin_list().number(1).string("").string("").begin_list().end_list();
    CHECK(decode_goodbye(more.string("more").end_list().take()));
}

TEST_CASE("goodbye: bad ones") {
    const auto record = to_buffer(record_of(key_of(1)).raw());
    auto forged = record;
    forged.back() ^= std::byte{1};
    check_error(Buffer(4097), {HelloErrc::bad_size, 4096, 4097});
    check_error({}, rlp_error(rlp::Errc::truncated));
    check_error(rlp::Writer{}.string("text").take(), rlp_error(rlp::Errc::expected_list));
    check_error(rlp::Writer{}.begin_list().end_list().take(), rlp_error(rlp::Errc::missing_item));
    check_error(goodbye_of(64, "", "", {}), {HelloErrc::bad_reason, 63, 64});
    check_error(goodbye_of(~0ULL, "", "", {}), {HelloErrc::bad_reason, 63, ~0ULL});
    check_error(goodbye_of(1, std::string(129, 'x'), "", {}), {HelloErrc::bad_value});
    check_error(goodbye_of(1, "", std::string(129, 'x'), {}), {HelloErrc::bad_value});
    check_error(goodbye_of(1, "\x1b[2J", "", {}), {HelloErrc::bad_value});
    check_error(goodbye_of(1, "", "", std::vector<Buffer>(9, record)),
                {HelloErrc::too_many_records, 8, 9});
    check_error(goodbye_of(1, "", "", {record, forged}),
                {HelloErrc::bad_record, 0, static_cast<std::uint64_t>(EnrErrc::bad_signature)});
    auto whole = goodbye_of(1, "a", "b", {record});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(decode_goodbye(Bytes{whole}.first(size)));
    }
    whole.push_back(std::byte{0});
    check_error(whole, rlp_error(rlp::Errc::trailing_bytes));
}

}  // namespace parley::transport
