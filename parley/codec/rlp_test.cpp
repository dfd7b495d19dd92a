#include <parley/codec/rlp.hpp>

#include <parley/base/endian.hpp>
#include <parley/base/test_vectors.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

using namespace parley;
using namespace parley::rlp;
namespace json = boost::json;

namespace {

Buffer hex(std::string_view text) {
    const auto bytes = from_hex(text);
    REQUIRE_MESSAGE(bytes.has_value(), text);
    return *bytes;
}

Buffer filled(std::size_t size, unsigned char value) {
    return Buffer(size, static_cast<std::byte>(value));
}

/// An object whose members are the cases; nothing (and a line saying so) without the file.
std::optional<json::object> load(std::string_view name) {
    std::ifstream file{testing::vectors("ethereum-tests/RLPTests") / name};
    if (!file) {
        testing::no_vectors(name);
        return std::nullopt;
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text).as_object();
}

/// A decimal number as big-endian bytes without leading zeros, of any size.
Buffer from_decimal(std::string_view digits) {
    Buffer out;  // little endian until the end
    for (const char digit : digits) {
        unsigned carry = static_cast<unsigned>(digit - '0');
        for (auto& b : out) {
            carry += std::to_integer<unsigned>(b) * 10;
            b = static_cast<std::byte>(carry & 0xff);
            carry >>= 8;
        }
        if (carry != 0) out.push_back(static_cast<std::byte>(carry));
    }
    return {out.rbegin(), out.rend()};
}

void encode(Writer& writer, const json::value& value) {
    if (value.is_array()) {
        writer.begin_list();
        for (const auto& item : value.as_array()) encode(writer, item);
        writer.end_list();
    } else if (value.is_string()) {
        const std::string_view text = value.as_string();
        if (text.starts_with('#')) {
            writer.string(Bytes{from_decimal(text.substr(1))});
        } else {
            writer.string(text);
        }
    } else {
        writer.number(value.to_number<std::uint64_t>());
    }
}

void check_decodes(Reader& reader, const json::value& value) {
    if (value.is_array()) {
        auto list = reader.list();
        REQUIRE(list);
        for (const auto& item : value.as_array()) check_decodes(*list, item);
        CHECK(list->finish());
    } else if (value.is_string()) {
        const std::string_view text = value.as_string();
        const auto bytes = reader.string();
        REQUIRE(bytes);
        if (text.starts_with('#')) {
            CHECK(to_hex(*bytes) == to_hex(from_decimal(text.substr(1))));
        } else {
            CHECK(text_of(*bytes) == text);
        }
    } else {
        CHECK(reader.u64() == value.to_number<std::uint64_t>());
    }
}

struct Bad {
    std::string_view input;
    RlpError error;
};

}  // namespace

TEST_CASE("the public RLP vectors encode and decode") {
    const auto cases = load("rlptest.json");
    if (!cases) return;
    CHECK(cases->size() >= 28);
    for (const auto& [name, test] : *cases) {
        INFO(std::string{name});
        const Buffer expected = hex(std::string_view{test.at("out").as_string()});
        Writer writer;
        encode(writer, test.at("in"));
        CHECK(to_hex(writer.take()) == to_hex(expected));
        CHECK(validate(expected));
        Reader reader{expected};
        check_decodes(reader, test.at("in"));
        CHECK(reader.finish());
    }
}

TEST_CASE("the public invalid RLP vectors are all refused") {
    const auto cases = load("invalidRLPTest.json");
    if (!cases) return;
    CHECK(cases->size() >= 24);
    for (const auto& [name, test] : *cases) {
        INFO(std::string{name});
        CHECK_FALSE(validate(hex(std::string_view{test.at("out").as_string()})));
    }
}

TEST_CASE("the public random RLP vectors are accepted when they say so") {
    const auto cases = load("RandomRLPTests/example.json");
    if (!cases) return;
    for (const auto& [name, test] : *cases) {
        INFO(std::string{name});
        const bool valid = test.at("in").as_string() == "VALID";
        CHECK(validate(hex(std::string_view{test.at("out").as_string()})).has_value() == valid);
    }
}

TEST_CASE("bad input is refused with the exact error") {
    const Bad table[] = {
        {"", {Errc::truncated, 1, 0}},
        {"81", {Errc::truncated, 1, 0}},
        {"8261", {Errc::truncated, 2, 1}},
        {"b8", {Errc::truncated, 1, 0}},
        {"b90a", {Errc::truncated, 2, 1}},
        {"b838ff", {Errc::truncated, 0x38, 1}},
        {"bfffffffffffffffff", {Errc::truncated, 0xffffffffffffffff, 0}},
        {"bfffffffffffffffff00", {Errc::truncated, 0xffffffffffffffff, 1}},
        {"ffffffffffffffffff00", {Errc::truncated, 0xffffffffffffffff, 1}},
        {"bf0f000000000000021111", {Errc::truncated, 0x0f00000000000002, 2}},
        {"c1", {Errc::truncated, 1, 0}},
        {"c281", {Errc::truncated, 2, 1}},
        {"f8", {Errc::truncated, 1, 0}},
        {"c181", {Errc::truncated, 1, 0}},  // the item leaves its list
        {"c28261ff", {Errc::trailing_bytes, 0, 1}},
        {"c3c28261", {Errc::truncated, 2, 1}},  // the item leaves the inner list
        {"0000", {Errc::trailing_bytes, 0, 1}},
        {"8080", {Errc::trailing_bytes, 0, 1}},
        {"c0c0c0", {Errc::trailing_bytes, 0, 2}},
        {"8100", {Errc::non_canonical_byte, 0, 0}},
        {"817f", {Errc::non_canonical_byte, 0, 0}},
        {"c28101", {Errc::non_canonical_byte, 0, 0}},
        {"b800", {Errc::non_canonical_size, 0, 0}},
        {"b801ff", {Errc::non_canonical_size, 0, 0}},
        {"b837", {Errc::non_canonical_size, 0, 0}},
        {"b90038", {Errc::non_canonical_size, 0, 0}},
        {"f800", {Errc::non_canonical_size, 0, 0}},
        {"f803112233", {Errc::non_canonical_size, 0, 0}},
        {"fb00000040", {Errc::non_canonical_size, 0, 0}},
        {"c4c3b80100", {Errc::non_canonical_size, 0, 0}},
    };
    for (const auto& [input, error] : table) {
        INFO(std::string{input});
        const auto result = validate(hex(input));
        REQUIRE_FALSE(result);
        INFO(message(result.error()));
        CHECK(result.error() == error);
    }
}

TEST_CASE("typed reads refuse what does not fit, with the exact error") {
    const auto read = [](std::string_view input, auto&& how) {
        const Buffer bytes = hex(input);
        Reader reader{bytes};
        const auto result = how(reader);
        REQUIRE_FALSE(result);
        return result.error();
    };
    const auto u64 = [](Reader& r) { return r.u64(); };
    const auto u32 = [](Reader& r) { return r.u32(); };
    const auto u16 = [](Reader& r) { return r.u16(); };
    const auto u256 = [](Reader& r) { return r.u256(); };
    const auto boolean = [](Reader& r) { return r.boolean(); };
    const auto fixed = [](Reader& r) { return r.fixed<4>(); };
    const auto string = [](Reader& r) { return r.string(); };
    const auto list = [](Reader& r) { return r.list(); };
    const auto raw = [](Reader& r) { return r.raw_item(); };
    const auto up_to_2 = [](Reader& r) { return r.string_up_to(2); };

    CHECK(read("00", u64) == RlpError{Errc::leading_zero, 0, 0});
    CHECK(read("820001", u64) == RlpError{Errc::leading_zero, 0, 0});
    CHECK(read("89010000000000000000", u64) == RlpError{Errc::integer_too_large, 8, 9});
    CHECK(read("850100000000", u32) == RlpError{Errc::integer_too_large, 4, 5});
    CHECK(read("83010000", u16) == RlpError{Errc::integer_too_large, 2, 3});
    CHECK(read("a101" + std::string(64, '0'), u256) == RlpError{Errc::integer_too_large, 32, 33});
    CHECK(read("a000" + std::string(62, '1'), u256) == RlpError{Errc::leading_zero, 0, 0});
    CHECK(read("c0", u64) == RlpError{Errc::expected_string, 0, 0});
    CHECK(read("8101", u64) == RlpError{Errc::non_canonical_byte, 0, 0});
    CHECK(read("02", boolean) == RlpError{Errc::integer_too_large, 1, 2});
    CHECK(read("00", boolean) == RlpError{Errc::leading_zero, 0, 0});
    CHECK(read("83616263", fixed) == RlpError{Errc::wrong_size, 4, 3});
    CHECK(read("856162636465", fixed) == RlpError{Errc::wrong_size, 4, 5});
    CHECK(read("c0", fixed) == RlpError{Errc::expected_string, 0, 0});
    CHECK(read("c0", string) == RlpError{Errc::expected_string, 0, 0});
    CHECK(read("83616263", up_to_2) == RlpError{Errc::too_long, 2, 3});
    CHECK(read("80", list) == RlpError{Errc::expected_list, 0, 0});
    CHECK(read("", string) == RlpError{Errc::missing_item, 1, 0});
    CHECK(read("", list) == RlpError{Errc::missing_item, 1, 0});
    CHECK(read("", raw) == RlpError{Errc::missing_item, 1, 0});
    CHECK(read("c281", raw) == RlpError{Errc::truncated, 2, 1});
}

template <std::size_t Size>
void check_fixed() {
    ByteArray<Size> value;
    for (std::size_t i = 0; i < Size; ++i) value[i] = static_cast<std::byte>(i + 1);
    Writer out;
    out.string(Bytes{value}).number(7);
    Reader in{out.bytes()};
    CHECK(in.fixed<Size>() == value);
    CHECK(in.u64() == 7U);
    const auto none = in.fixed<Size>();
    REQUIRE_FALSE(none);
    CHECK(none.error() == RlpError{Errc::missing_item, 3, 2});

    if (Size == 1) return;  // there is no shorter one
    const auto short_one = Reader{Bytes{out.bytes()}.first(out.bytes().size() - 2)}.fixed<Size>();
    REQUIRE_FALSE(short_one);
    CHECK(short_one.error() == RlpError{Errc::truncated, Size, Size - 1});
}

TEST_CASE("strings of fixed size, whatever the length of their header") {
    check_fixed<1>();
    check_fixed<2>();
    check_fixed<32>();
    check_fixed<55>();
    check_fixed<56>();
    check_fixed<65>();
    check_fixed<255>();
    check_fixed<256>();
    check_fixed<1000>();
    // A longer header than need be.
    const auto long_bytes = hex("b8020102");
    const auto long_form = Reader{long_bytes}.fixed<2>();
    REQUIRE_FALSE(long_form);
    CHECK(long_form.error() == RlpError{Errc::non_canonical_size, 0, 0});
    const auto byte = hex("8101");
    const auto single = Reader{byte}.fixed<1>();
    REQUIRE_FALSE(single);
    CHECK(single.error() == RlpError{Errc::non_canonical_byte, 0, 0});
}

TEST_CASE("a reader says which item is missing and what is left over") {
    const Buffer bytes = hex("c20102");
    auto list = Reader::open_list(bytes);
    REQUIRE(list);
    CHECK(list->finish() == fail(Errc::trailing_bytes, 0, 2));
    CHECK(list->u64() == 1U);
    CHECK(list->u64() == 2U);
    CHECK(list->finish());
    const auto third = list->u64();
    REQUIRE_FALSE(third);
    CHECK(third.error() == RlpError{Errc::missing_item, 3, 2});
    CHECK(message(third.error()) == "RLP list ends after 2 items, 3 wanted");

    const auto error_of = [](std::string_view input) {
        const Buffer raw = hex(input);
        const auto opened = Reader::open_list(raw);
        REQUIRE_FALSE(opened);
        return opened.error();
    };
    CHECK(error_of("") == RlpError{Errc::truncated, 1, 0});
    CHECK(error_of("80") == RlpError{Errc::expected_list, 0, 0});
    CHECK(error_of("c000") == RlpError{Errc::trailing_bytes, 0, 1});
}

TEST_CASE("nesting is bounded") {
    Writer writer;
    for (int i = 0; i < 16; ++i) writer.begin_list();
    for (int i = 0; i < 16; ++i) writer.end_list();
    const Buffer deep = writer.take();
    CHECK(validate(deep));
    CHECK(validate(deep, 15) == fail(Errc::too_deep, 15));
    CHECK(validate(hex("c0"), 0) == fail(Errc::too_deep, 0));
    CHECK(validate(hex("80"), 0));

    // A megabyte of list headers must neither be accepted nor exhaust the stack.
    const Buffer headers = filled(1 << 20, 0xc1);
    CHECK_FALSE(validate(headers));
}

TEST_CASE("a writer that nests too deeply or closes too often is a bug that shows") {
    Writer writer;
    for (int i = 0; i < 16; ++i) writer.begin_list();
    CHECK_THROWS_AS(writer.begin_list(), std::out_of_range);
    Writer empty;
    CHECK_THROWS_AS(empty.end_list(), std::out_of_range);
}

TEST_CASE("sizes around every change of form go there and back") {
    for (const std::size_t size : {0U, 1U, 54U, 55U, 56U, 255U, 256U, 65535U, 65536U, 70000U}) {
        CAPTURE(size);
        const Buffer payload = filled(size, 0x80);
        Writer writer;
        writer.begin_list().string(Bytes{payload}).begin_list().end_list().number(7).end_list();
        const Buffer encoded = writer.take();
        CHECK(validate(encoded));
        auto list = Reader::open_list(encoded);
        REQUIRE(list);
        CHECK_FALSE(list->next_is_list());
        const auto bytes = list->string();
        REQUIRE(bytes);
        CHECK(equal(*bytes, payload));
        CHECK(list->next_is_list());
        CHECK(list->list()->at_end());
        CHECK(list->u16() == 7);
        CHECK(list->finish());
    }
}

TEST_CASE("integers of every width go there and back at their limits") {
    Uint256 large{};
    large[0] = std::byte{0x80};
    Writer writer;
    writer.number(0).number(0xffff).number(0xffffffff).number(~std::uint64_t{0});
    writer.number(large).number(Uint256{}).number(1);
    const Buffer bytes = writer.take();
    Reader reader{bytes};
    CHECK(reader.u16() == 0);
    CHECK(reader.u16() == 0xffff);
    CHECK(reader.u32() == 0xffffffff);
    CHECK(reader.u64() == ~std::uint64_t{0});
    CHECK(reader.u256() == large);
    CHECK(reader.u256() == Uint256{});
    CHECK(reader.boolean() == true);
    CHECK(reader.at_end());
}

TEST_CASE("raw items are kept whole and put back unchanged") {
    const Buffer bytes = hex("c7c0c1c0c3c0c1c0");
    auto list = Reader::open_list(bytes);
    REQUIRE(list);
    Writer writer;
    writer.begin_list();
    while (!list->at_end()) writer.raw(*list->raw_item());
    writer.end_list();
    CHECK(writer.take() == bytes);
}

TEST_CASE("big-endian numbers in raw bytes") {
    Buffer out;
    append_be<std::uint16_t>(out, 0x0102);
    append_be<std::uint64_t>(out, 0x8090a0b0c0d0e0f0);
    CHECK(to_hex(out) == "01028090a0b0c0d0e0f0");
    CHECK(load_be<std::uint16_t>(out) == 0x0102);
    CHECK(load_be<std::uint64_t>(Bytes{out}.subspan(2)) == 0x8090a0b0c0d0e0f0);
}
