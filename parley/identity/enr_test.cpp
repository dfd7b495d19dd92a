#include <parley/identity/enr.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>

using namespace parley;

namespace {

// The example of EIP-778.
constexpr std::string_view secret_hex =
    "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291";
constexpr std::string_view example_text =
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5"
    "wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";
constexpr std::string_view example_hex =
    "f884b8407098ad865b00a582051940cb9cf36836572411a47278783077011599ed5cd16b76f2635f4e234738f30813"
    "a8"
    "9eb9137e3e3df5266e3a1f11df72ecf1145ccb9c01826964827634826970847f00000189736563703235366b31a103"
    "ca"
    "634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd31388375647082765f";

const NodeKey& example_key() {
    static const NodeKey key = *NodeKey::from_secret(*array_from_hex<32>(secret_hex));
    return key;
}

Buffer item(std::string_view text) {
    return rlp::Writer{}.string(text).take();
}
Buffer number(std::uint64_t value) {
    return rlp::Writer{}.number(value).take();
}
Buffer hex(std::string_view text) {
    return *from_hex(text);
}

using Pairs = std::vector<std::pair<std::string, Buffer>>;

Pairs good_pairs() {
    return {{"id", item("v4")},
            {"ip", hex("847f000001")},
            {"secp256k1", rlp::Writer{}.string(example_key().id().bytes()).take()},
            {"udp", number(30303)}};
}

/// A record of these entries in this order, with a signature that fits them, unless one is given.
Buffer record_of(const Pairs& pairs, Bytes sequence, std::optional<Buffer> signature = {}) {
    rlp::Writer content;
    content.raw(sequence);
    for (const auto& [key, value] : pairs) content.string(key).raw(value);
    rlp::Writer list;
    list.begin_list().raw(content.bytes()).end_list();
    const auto made = example_key().sign(Purpose::node_record, {list.bytes()});
    rlp::Writer out;
    out.begin_list().string(signature ? Bytes{*signature} : Bytes{made});
    return out.raw(content.bytes()).end_list().take();
}

Buffer record_of(const Pairs& pairs) {
    return record_of(pairs, number(1));
}

Buffer edited(const std::function<void(Pairs&)>& edit) {
    auto pairs = good_pairs();
    edit(pairs);
    return record_of(pairs);
}

/// The good record with one entry added in its place.
Buffer with(const std::string& key, Buffer value) {
    return edited([&](Pairs& pairs) {
        auto at = pairs.begin();
        while (at != pairs.end() && at->first < key) ++at;
        if (at != pairs.end() && at->first == key) {
            at->second = std::move(value);
        } else {
            pairs.insert(at, {key, std::move(value)});
        }
    });
}

Buffer without(std::size_t index) {
    return edited([&](Pairs& p) { p.erase(p.begin() + static_cast<std::ptrdiff_t>(index)); });
}

EnrError rlp_error(rlp::Errc code) {
    return {EnrErrc::rlp, 0, static_cast<std::uint64_t>(code)};
}

EnrError error_of(const Result<Enr, EnrError>& result) {
    REQUIRE_FALSE(result);
    INFO(message(result.error()));
    return result.error();
}

}  // namespace

TEST_CASE("the example of EIP-778 is read and written exactly") {
    const auto record = Enr::parse(example_text);
    REQUIRE(record);
    CHECK(to_hex(record->raw()) == example_hex);
    CHECK(record->to_text() == example_text);
    CHECK(record->id() == example_key().id());
    CHECK(record->sequence() == 1);
    CHECK(record->ip4() == IpAddress::parse("127.0.0.1"));
    CHECK(record->udp_endpoint() == Endpoint::parse("127.0.0.1:30303"));
    CHECK_FALSE(record->tcp_endpoint());
    CHECK_FALSE(record->ip6());
    CHECK_FALSE(record->parley());

    const auto built =
        EnrBuilder{1}.udp(30303).ip(*IpAddress::parse("127.0.0.1")).sign(example_key());
    REQUIRE(built);
    CHECK(built->to_text() == example_text);
    CHECK(*built == *record);
}

TEST_CASE("the vector of docs/formats/enr.md with the entry parley") {
    constexpr std::string_view text =
        "enr:-Ji4QP9u25UImkQt_7QZ8C3rjUEQiP0k89aIuuAouJOaE3MRe3_Qgwu7RScR8tDas4eMthAzWyrY8OBxdHE6m"
        "2slKj0CgmlkgnY0gmlwhH8AAAGGcGFybGV5zAeE_GTsBIMRjDABA4lzZWNwMjU2azGhA8pjTK4NSay0Adikxrb-jF"
        "W3DRFb9AB2nMFADzJYzTE4g3RjcIJ2Xw";
    const ParleyEntry entry{7, *array_from_hex<4>("fc64ec04"), 1150000, 1, 3};
    const auto record = Enr::parse(text);
    REQUIRE(record);
    CHECK(record->parley() == entry);
    CHECK(record->raw().size() == 154);
    CHECK(to_hex(*record->value("parley")) == "cc0784fc64ec0483118c300103");
    CHECK(record->tcp_endpoint() == Endpoint::parse("127.0.0.1:30303"));
    const auto built = EnrBuilder{2}
                           .parley(entry)
                           .tcp(30303)
                           .ip(*IpAddress::parse("127.0.0.1"))
                           .sign(example_key());
    REQUIRE(built);
    CHECK(built->to_text() == text);
}

TEST_CASE("every entry that is known goes there and back") {
    const ParleyEntry entry{7, *array_from_hex<4>("fc64ec04"), 1150000, 3, 1};
    const auto built = EnrBuilder{0x1122334455667788}
                           .ip(*IpAddress::parse("203.0.113.7"))
                           .ip(*IpAddress::parse("2001:db8::1"))
                           .tcp(1)
                           .udp(2)
                           .tcp6(3)
                           .udp6(65535)
                           .parley(entry)
                           .sign(example_key());
    REQUIRE(built);
    const auto record = Enr::decode(built->raw());
    REQUIRE(record);
    CHECK(*record == *built);
    CHECK(record->sequence() == 0x1122334455667788);
    CHECK(record->ip6() == IpAddress::parse("2001:db8::1"));
    CHECK(record->parley() == entry);
    CHECK(record->tcp_endpoint() == Endpoint::parse("203.0.113.7:1"));
    CHECK(record->udp_endpoint() == Endpoint::parse("203.0.113.7:2"));
    CHECK(to_hex(*record->value("udp6")) == "82ffff");
    CHECK_FALSE(record->value("udp7"));
    CHECK_FALSE(record->value(""));
}

TEST_CASE("IPv6 uses its own port, or that of IPv4, or none") {
    const auto six = *IpAddress::parse("2001:db8::1");
    const auto own = EnrBuilder{1}.ip(six).tcp(1).udp(1).tcp6(3).udp6(4).sign(example_key());
    REQUIRE(own);
    CHECK(own->tcp_endpoint() == Endpoint{six, 3});
    CHECK_FALSE(own->other_tcp_endpoint());
    CHECK(own->udp_endpoint() == Endpoint{six, 4});
    const auto shared = EnrBuilder{1}.ip(six).tcp(1).udp(2).sign(example_key());
    REQUIRE(shared);
    CHECK(shared->tcp_endpoint() == Endpoint{six, 1});
    CHECK(shared->udp_endpoint() == Endpoint{six, 2});
    const auto none = EnrBuilder{1}.ip(six).tcp(0).sign(example_key());
    REQUIRE(none);
    CHECK_FALSE(none->tcp_endpoint());
    CHECK_FALSE(none->other_tcp_endpoint());
    const auto only_port = EnrBuilder{1}.tcp(1).sign(example_key());
    REQUIRE(only_port);
    CHECK_FALSE(only_port->tcp_endpoint());
    // Only IPv6 has a port here, though IPv4 has an address.
    const auto mixed =
        EnrBuilder{1}.ip(*IpAddress::parse("1.2.3.4")).ip(six).tcp6(9).sign(example_key());
    REQUIRE(mixed);
    CHECK(mixed->tcp_endpoint() == Endpoint{six, 9});
}

TEST_CASE("of two endpoints the one of the wider audience comes first") {
    struct Row {
        const char* four;
        const char* six;
        bool six_first;
    };
    for (const auto& [four, six, six_first] : {
             Row{"20.1.1.1", "2001:db8::1", false},
             Row{"20.1.1.1", "fd00::1", false},
             Row{"10.0.0.1", "2600::1", true},
             Row{"10.0.0.1", "fd00::1", false},
             Row{"127.0.0.1", "fd00::1", true},
             Row{"0.0.0.0", "::1", true},
         }) {
        CAPTURE(four);
        CAPTURE(six);
        const Endpoint one{*IpAddress::parse(four), 1}, other{*IpAddress::parse(six), 3};
        const auto record = EnrBuilder{1}
                                .ip(one.address)
                                .ip(other.address)
                                .tcp(1)
                                .udp(1)
                                .tcp6(3)
                                .udp6(3)
                                .sign(example_key());
        REQUIRE(record);
        CHECK(record->tcp_endpoint() == (six_first ? other : one));
        CHECK(record->other_tcp_endpoint() == (six_first ? one : other));
        CHECK(record->udp_endpoint() == (six_first ? other : one));
        CHECK(record->udp_endpoint({.v4 = true, .v6 = false}) == one);
    }
}

TEST_CASE("unknown keys and nested values are kept, byte for byte") {
    const Buffer nested = hex("c7c0c1c0c3c0c1c0");
    const auto record = EnrBuilder{1}
                            .entry("eth", nested)
                            .entry("", item("the empty key"))
                            .entry("zzz", number(5))
                            .sign(example_key());
    REQUIRE(record);
    const auto again = Enr::parse(record->to_text());
    REQUIRE(again);
    CHECK(*again == *record);
    REQUIRE(again->value("eth"));
    CHECK(equal(*again->value("eth"), nested));
    CHECK(equal(*again->value(""), item("the empty key")));
    CHECK(to_hex(*again->value("zzz")) == "05");
}

TEST_CASE("trailing fields of the network's entry are ignored") {
    const auto longer = Enr::decode(with("parley", hex("cd0784fc64ec048003018212345a")));
    const auto plain = Enr::decode(with("parley", hex("c90784fc64ec04800301")));
    REQUIRE(plain);
    CHECK(plain->parley() == ParleyEntry{7, *array_from_hex<4>("fc64ec04"), 0, 3, 1});
    REQUIRE(longer);
    CHECK(longer->parley() == plain->parley());
}

TEST_CASE("bad records are refused with the exact error") {
    struct Bad {
        std::string_view name;
        Buffer record;
        EnrError error;
    };
    const auto key = [](std::string_view compressed) {
        return with("secp256k1", rlp::Writer{}.string(Bytes{hex(compressed)}).take());
    };
    const auto raw_sequence = [](std::string_view sequence) {
        return record_of(good_pairs(), hex(sequence));
    };
    const auto signed_by = [](std::size_t size) {
        return record_of(good_pairs(), number(1), Buffer(size, std::byte{1}));
    };
    Buffer trailing = record_of(good_pairs());
    trailing.push_back(std::byte{0});
    Buffer cut = record_of(good_pairs());
    cut.pop_back();
    const std::string zeros(62, '0');

    const EnrError bad_entry{EnrErrc::bad_entry};
    const EnrError bad_key{EnrErrc::bad_key};
    const EnrError unknown_scheme{EnrErrc::unknown_scheme};
    const EnrError unsorted{EnrErrc::unsorted_keys};
    const Bad table[] = {
        {"empty", {}, rlp_error(rlp::Errc::truncated)},
        {"a string", item("dog"), rlp_error(rlp::Errc::expected_list)},
        {"an empty list", hex("c0"), rlp_error(rlp::Errc::missing_item)},
        {"a byte too many", trailing, rlp_error(rlp::Errc::trailing_bytes)},
        {"a byte too few", cut, rlp_error(rlp::Errc::truncated)},
        {"signature is a list", hex("c2c001"), rlp_error(rlp::Errc::expected_string)},
        {"nested too deeply", with("x", Buffer(hex("d0cfcecdcccbcac9c8c7c6c5c4c3c2c1c0"))),
         rlp_error(rlp::Errc::too_deep)},
        {"value not canonical", with("x", hex("8101")), rlp_error(rlp::Errc::non_canonical_byte)},
        {"nothing but a signature", hex("f842b840" + std::string(128, '1')),
         rlp_error(rlp::Errc::missing_item)},
        {"sequence with a leading zero", raw_sequence("820001"),
         rlp_error(rlp::Errc::leading_zero)},
        {"sequence of nine bytes", raw_sequence("89010000000000000000"),
         rlp_error(rlp::Errc::integer_too_large)},
        {"sequence is a list", raw_sequence("c0"), rlp_error(rlp::Errc::expected_string)},
        {"key is a list", edited([](Pairs& p) {
             p.push_back({"v", hex("01")});
             p.back().second = hex("01c001");
         }),
         rlp_error(rlp::Errc::expected_string)},
        {"last key without a value",
         edited([](Pairs& p) { p.push_back({"v", {}}); }),
         {EnrErrc::missing_value}},
        {"keys unsorted", edited([](Pairs& p) { std::swap(p[1], p[0]); }), unsorted},
        {"keys twice", edited([](Pairs& p) { p.insert(p.begin() + 1, p[1]); }), unsorted},
        {"empty key twice", edited([](Pairs& p) { p.insert(p.begin(), 2, {"", number(1)}); }),
         unsorted},
        {"longer key before its prefix", edited([](Pairs& p) {
             p.push_back({"xx", number(1)});
             p.push_back({"x", number(1)});
         }),
         unsorted},
        {"no scheme", without(0), unknown_scheme},
        {"scheme v5", with("id", item("v5")), unknown_scheme},
        {"scheme v", with("id", item("v")), unknown_scheme},
        {"scheme is a list", with("id", hex("c0")), unknown_scheme},
        {"no key", without(2), bad_key},
        {"key of 32 bytes", key(std::string(64, '2')), bad_key},
        {"key of 65 bytes", key("04" + std::string(128, '2')), bad_key},
        {"key is a list", with("secp256k1", hex("c0")), bad_key},
        {"key with prefix 05", key("05" + std::string(64, '1')), bad_key},
        {"key off the curve", key("02" + zeros + "05"), bad_key},
        {"somebody else's key",
         key("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
         {EnrErrc::bad_signature}},
        {"no signature", signed_by(0), {EnrErrc::bad_signature, 64, 0}},
        {"signature of 63 bytes", signed_by(63), {EnrErrc::bad_signature, 64, 63}},
        {"signature of 65 bytes", signed_by(65), {EnrErrc::bad_signature, 64, 65}},
        {"signature of ones", signed_by(64), {EnrErrc::bad_signature}},
        {"ip of 3 bytes", with("ip", hex("837f0000")), bad_entry},
        {"ip of 16 bytes", with("ip", hex("90" + std::string(32, '1'))), bad_entry},
        {"ip is a list", with("ip", hex("c0")), bad_entry},
        {"ip6 of 4 bytes", with("ip6", hex("847f000001")), bad_entry},
        {"tcp of 3 bytes", with("tcp", hex("83010000")), bad_entry},
        {"tcp with a leading zero", with("tcp", hex("820001")), bad_entry},
        {"udp is a list", with("udp", hex("c0")), bad_entry},
        {"tcp6 of 3 bytes", with("tcp6", hex("83010000")), bad_entry},
        {"udp6 with a leading zero", with("udp6", hex("00")), bad_entry},
        {"parley is a string", with("parley", hex("07")), bad_entry},
        {"parley is empty", with("parley", hex("c0")), bad_entry},
        {"parley lacks services", with("parley", hex("c80784fc64ec048003")), bad_entry},
        {"parley with a fork hash of 3 bytes", with("parley", hex("c80783fc64ec800301")),
         bad_entry},
        {"parley with a network id of 9 bytes",
         with("parley", hex("d289010000000000000000"
                            "84fc64ec04800301")),
         bad_entry},
    };
    for (const auto& [name, record, error] : table) {
        INFO(std::string{name});
        CHECK(error_of(Enr::decode(record)) == error);
    }
}

TEST_CASE("every changed bit of a record is noticed") {
    const Buffer good = hex(example_hex);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Buffer changed = good;
        changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (Enr::decode(changed)) FAIL("bit " << bit);
    }
}

TEST_CASE("the other signature that fits, with a high s, is refused") {
    Buffer record = hex(example_hex);
    const auto order = hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        auto& digit = record[4 + 32 + i];
        const int d = std::to_integer<int>(order[i]) - std::to_integer<int>(digit) - borrow;
        borrow = d < 0 ? 1 : 0;
        digit = static_cast<std::byte>(d + 256 * borrow);
    }
    CHECK(error_of(Enr::decode(record)) == EnrError{EnrErrc::bad_signature});
}

TEST_CASE("the entry client names a program and its version (EIP-7636)") {
    const auto read = [](const ClientEntry& entry) {
        return EnrBuilder{1}.client(entry).sign(example_key())->client();
    };
    const ClientEntry parley{"parley", "0.1.0"};
    CHECK(read(parley) == parley);
    const ClientEntry built{"parley", "0.1.0", "linux <&>"};
    CHECK(read(built) == built);
    const ClientEntry long_ones{std::string(64, '~'), std::string(64, ' ')};
    CHECK(read(long_ones) == long_ones);
    CHECK_FALSE(Enr::parse(example_text)->client());
    const auto later = Enr::decode(with("client", hex("c6613180c00102")));
    REQUIRE(later);
    CHECK(later->client() == ClientEntry{"a", "1"});
}

TEST_CASE("a bad entry client is none, and the record is as good as without") {
    const std::string long_text = "b841" + to_hex(Buffer(65, std::byte{'a'}));
    const std::pair<std::string_view, std::string> bad[] = {
        {"a string", "867061726c6579"},
        {"an empty list", "c0"},
        {"no version", "c161"},
        {"an empty name", "c28031"},
        {"a name that is a list", "c3c16131"},
        {"a version that is a list", "c361c131"},
        {"a build that is a list", "c46131c162"},
        {"a control character", "c31b5b31"},
        {"a line break", "c46182620a"},
        {"a byte above ASCII", "c3818031"},
        {"DEL", "c27f31"},
        {"a name of 65 bytes", "f844" + long_text + "31"},
        {"a version of 65 bytes", "f84461" + long_text},
    };
    for (const auto& [what, value] : bad) {
        INFO(what);
        const auto record = Enr::decode(with("client", hex(value)));
        REQUIRE(record);
        CHECK_FALSE(record->client());
    }
}

TEST_CASE("a record of 300 bytes is the largest") {
    const auto of_size = [](std::size_t padding) {
        return EnrBuilder{1}
            .entry("x", rlp::Writer{}.string(Bytes{Buffer(padding, std::byte{0xff})}).take())
            .sign(example_key());
    };
    std::size_t padding = 100;
    while (of_size(padding)->raw().size() < 300) ++padding;
    const auto largest = of_size(padding);
    REQUIRE(largest);
    CHECK(largest->raw().size() == 300);
    CHECK(Enr::parse(largest->to_text()));
    CHECK(error_of(of_size(padding + 1)) == EnrError{EnrErrc::too_large, 300, 301});
    CHECK(error_of(Enr::decode(Buffer(1 << 20))) == EnrError{EnrErrc::too_large, 300, 1 << 20});
    CHECK(error_of(Enr::parse("enr:" + std::string(402, 'A'))) ==
          EnrError{EnrErrc::too_large, 300, 301});
    // Long text is refused for its length before any of it is read.
    CHECK(error_of(Enr::parse("enr:" + std::string(1000, '='))) ==
          EnrError{EnrErrc::too_large, 300, 750});
    CHECK(error_of(Enr::parse("enr:" + std::string(400, 'A'))) ==
          rlp_error(rlp::Errc::trailing_bytes));
}

TEST_CASE("a builder refuses what could not be read again") {
    CHECK(error_of(EnrBuilder{1}.entry("x", hex("8101")).sign(example_key())) ==
          rlp_error(rlp::Errc::non_canonical_byte));
    CHECK(error_of(EnrBuilder{1}.entry("x", {}).sign(example_key())) ==
          EnrError{EnrErrc::missing_value});
    CHECK(error_of(EnrBuilder{1}.entry("tcp", hex("c0")).sign(example_key())) ==
          EnrError{EnrErrc::bad_entry});
    // Whose record it is, is not for entries to say.
    const auto record = EnrBuilder{1}.entry("id", item("v5")).entry("secp256k1", hex("c0"));
    REQUIRE(record.sign(example_key()));
    CHECK(record.sign(example_key())->id() == example_key().id());
}

TEST_CASE("text that is not exactly the canonical form is refused") {
    const std::string good{example_text};
    const EnrError bad_text{EnrErrc::bad_text};
    CHECK(error_of(Enr::parse("")) == bad_text);
    CHECK(error_of(Enr::parse("enr")) == bad_text);
    CHECK(error_of(Enr::parse("ENR:" + good.substr(4))) == bad_text);
    CHECK(error_of(Enr::parse("enr://" + good.substr(4))) == bad_text);
    CHECK(error_of(Enr::parse(good.substr(4))) == bad_text);
    CHECK(error_of(Enr::parse(" " + good)) == bad_text);
    CHECK(error_of(Enr::parse(good + "\n")) == bad_text);
    CHECK(error_of(Enr::parse(good + "=")) == bad_text);
    CHECK(error_of(Enr::parse(good + "A=")) == bad_text);
    CHECK(error_of(Enr::parse("enr:+" + good.substr(5))) == bad_text);
    CHECK(error_of(Enr::parse("enr:A")) == bad_text);
    // The last digit carries four bits of the record; the other two must be zero.
    CHECK(error_of(Enr::parse(good.substr(0, good.size() - 1) + "9")) == bad_text);
    CHECK(error_of(Enr::parse("enr:")) == rlp_error(rlp::Errc::truncated));
    CHECK(error_of(Enr::parse(good.substr(0, good.size() - 3))) == rlp_error(rlp::Errc::truncated));
}

TEST_CASE("the ID that a record claims is read without verifying anything") {
    SeededEntropy entropy{5};
    const auto key = NodeKey::generate(entropy);
    const auto record = EnrBuilder{7}.tcp(30770).sign(key).value();
    CHECK(Enr::claimed_id(record.raw()) == key.id());
    auto forged = to_buffer(record.raw());
    forged[10] ^= std::byte{1};  // in the signature
    CHECK_FALSE(Enr::decode(forged));
    CHECK(Enr::claimed_id(forged) == key.id());
    for (std::size_t size = 0; size < record.raw().size(); ++size) {
        CHECK_FALSE(Enr::claimed_id(Bytes{record.raw()}.first(size)));
    }
    CHECK_FALSE(Enr::claimed_id(Buffer(400)));
}
