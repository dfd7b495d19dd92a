// What an attacker can do to the handshake, each with the exact error. Forged messages come from
// sides that follow the scheme but for what the test changes.
#include <parley/transport/handshake/test_handshake.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace parley::transport {

using namespace testing;

namespace {

using Edit = std::function<void(sts::Part&)>;

ByteArray<32> point(std::string_view hex) {
    return array_from_hex<32>(hex).value();
}

crypto::X25519Key ephemeral_of(std::uint8_t seed) {
    return crypto::X25519Key{ByteArray<32>{std::byte{seed}, std::byte{77}}};
}

/// A node with its own key that answers any M1, whoever it is for.
struct EvilResponder {
    const NodeKey& key;
    ByteArray<sts::m2_head_bytes> head;
    Hash256 t2;
    sts::Keys keys;

    EvilResponder(const NodeKey& own, Bytes m1, std::uint16_t version = 1) : key(own) {
        const auto ephemeral = ephemeral_of(1);
        head = sts::encode_m2_head({version, ephemeral.public_key(), {}});
        t2 = sts::transcript_2(sts::transcript_1(m1), head);
        sts::derive_keys(t2, ephemeral.agree(sts::split_m1(m1).ephemeral).value(), keys);
    }
    sts::Statement statement(const sts::Part& part) const {
        return sts::responder_statement(t2, part.id, part.hello);
    }
    sts::Part part(const Hello& hello) const {
        sts::Part out{key.id(), encode_hello(hello), {}, {}};
        sign(out);
        return out;
    }
    void sign(sts::Part& part) const {
        part.signature = statement(part).sign(key, {});
        authenticate(part);
    }
    void authenticate(sts::Part& part) const {
        part.mac = statement(part).mac(keys.m2_mac, part.signature);
    }
    Buffer m2(const sts::Part& part) const {
        Buffer out = to_buffer(head);
        sts::seal_part(keys.m2_key, t2, part, out);
        return out;
    }
};

/// A node with its own key that knows the scheme's inside.
struct EvilInitiator {
    const NodeKey& key;
    NodeId target;
    crypto::X25519Key ephemeral = ephemeral_of(2);
    ByteArray<m1_bytes> m1;
    Hash256 t3{};
    sts::Keys keys;

    EvilInitiator(const NodeKey& own, const NodeId& to, VersionRange versions = {})
        : key(own),
          target(to),
          m1(sts::encode_m1({versions, {}, ephemeral.public_key(), {}}, to)) {}
    void read(Bytes m2) {
        const auto t2 = sts::transcript_2(sts::transcript_1(m1), m2);
        sts::derive_keys(t2, ephemeral.agree(sts::split_m2_head(m2).ephemeral).value(), keys);
        t3 = sts::transcript_after(t2, m2.subspan(sts::m2_head_bytes));
    }
    sts::Statement statement(const sts::Part& part) const {
        return sts::initiator_statement(t3, part.id, target, part.hello);
    }
    sts::Part part(const Hello& hello) const {
        sts::Part out{key.id(), encode_hello(hello), {}, {}};
        sign(out);
        return out;
    }
    void sign(sts::Part& part) const {
        part.signature = statement(part).sign(key, {});
        authenticate(part);
    }
    void authenticate(sts::Part& part) const {
        part.mac = statement(part).mac(keys.m3_mac, part.signature);
    }
    Buffer m3(const sts::Part& part) const {
        Buffer out;
        sts::seal_part(keys.m3_key, t3, part, out);
        return out;
    }
};

/// The answer of an honest initiator to a forged M2.
template <class Change>
Result<HandshakeProof, HandshakeError> answer_to_m2(Pair& pair, Change change) {
    auto initiator = pair.initiator();
    const EvilResponder evil{pair.key_r, initiator.write_m1()};
    auto part = evil.part(pair.hello_r);
    change(evil, part);
    return initiator.read_m2(evil.m2(part));
}

/// The answer of an honest responder to a forged M3.
template <class Change>
Result<HandshakeProof, HandshakeError> answer_to_m3(Pair& pair, Change change) {
    auto responder = pair.responder();
    EvilInitiator evil{pair.key_i, pair.key_r.id()};
    REQUIRE(responder.read_m1(evil.m1));
    evil.read(responder.write_m2().value());
    auto part = evil.part(pair.hello_i);
    change(evil, part);
    return responder.read_m3(evil.m3(part));
}

template <class T>
void check_error(const Result<T, HandshakeError>& result, HandshakeErrc code) {
    REQUIRE_FALSE(result);
    CHECK_MESSAGE(result.error().code == code, message(result.error()));
}

// p = 2^255 - 19. All encodings of points whose order divides 8, and the numbers from p on.
const ByteArray<32> low_order[] = {
    point("0000000000000000000000000000000000000000000000000000000000000000"),
    point("0100000000000000000000000000000000000000000000000000000000000000"),
    point("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    point("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    point("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // p - 1
};

std::vector<ByteArray<32>> non_canonical() {
    std::vector<ByteArray<32>> points;
    auto number = point("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    for (int low = 0xed; low <= 0xff; ++low) {  // p to 2^255 - 1
        number[0] = static_cast<std::byte>(low);
        points.push_back(number);
    }
    for (auto set : low_order) {
        set[31] |= std::byte{0x80};
        points.push_back(set);
    }
    for (int low = 0xed; low <= 0xef; ++low) {  // p, p + 1 and p + 2 with bit 255
        number[0] = static_cast<std::byte>(low);
        number[31] = std::byte{0xff};
        points.push_back(number);
    }
    auto valid = ephemeral_of(9).public_key();
    valid[31] |= std::byte{0x80};
    points.push_back(valid);
    return points;
}

}  // namespace

TEST_CASE("attacks: low-order and non-canonical ephemeral keys") {
    Pair pair;
    const auto m2_error = [&pair](const ByteArray<32>& ephemeral) {
        auto initiator = pair.initiator();
        Buffer m2 = to_buffer(
            EvilResponder{pair.key_r, initiator.write_m1()}.m2(sts::Part{pair.key_r.id()}));
        std::copy(ephemeral.begin(), ephemeral.end(), m2.begin() + 2);
        return initiator.read_m2(m2);
    };
    for (const auto& ephemeral : low_order) {
        CAPTURE(to_hex(ephemeral));
        auto responder = pair.responder();
        REQUIRE(responder.read_m1(sts::encode_m1({{}, {}, ephemeral, {}}, pair.key_r.id())));
        check_error(responder.write_m2(), HandshakeErrc::low_order_key);
        check_error(m2_error(ephemeral), HandshakeErrc::low_order_key);
    }
    for (const auto& ephemeral : non_canonical()) {
        CAPTURE(to_hex(ephemeral));
        auto responder = pair.responder();
        check_error(responder.read_m1(sts::encode_m1({{}, {}, ephemeral, {}}, pair.key_r.id())),
                    HandshakeErrc::non_canonical_key);
        check_error(m2_error(ephemeral), HandshakeErrc::non_canonical_key);
    }
}

TEST_CASE("attacks: an ephemeral key is reflected") {
    Pair pair;
    auto initiator = pair.initiator();
    const auto m1 = initiator.write_m1();
    auto m2 = EvilResponder{pair.key_r, m1}.m2(sts::Part{pair.key_r.id()});
    const auto own = sts::split_m1(m1).ephemeral;
    std::copy(own.begin(), own.end(), m2.begin() + 2);
    check_error(initiator.read_m2(m2), HandshakeErrc::reflected_key);

    // A responder whose next ephemeral key somebody knows.
    const Buffer script(96, std::byte{42});
    ScriptedEntropy entropy{script};
    Responder responder{pair.key_r, encode_hello(pair.hello_r), {}, entropy};
    const crypto::X25519Key same{Bytes{script}.first(32)};
    REQUIRE(responder.read_m1(sts::encode_m1({{}, {}, same.public_key(), {}}, pair.key_r.id())));
    check_error(responder.write_m2(), HandshakeErrc::reflected_key);
}

TEST_CASE("attacks: a first message for another node") {
    Pair pair;
    const auto m1 = pair.initiator().write_m1();
    const auto other = key_of(4);
    Responder responder{other, encode_hello(hello_of(other)), {}, pair.entropy};
    check_error(responder.read_m1(m1), HandshakeErrc::wrong_destination);
    // Back to who sent it.
    Responder self{pair.key_i, encode_hello(pair.hello_i), {}, pair.entropy};
    check_error(self.read_m1(m1), HandshakeErrc::wrong_destination);
}

TEST_CASE("attacks: the version is lowered") {
    Pair pair;
    pair.versions_i = pair.versions_r = {1, 2};
    pair.hello_i.version_max = pair.hello_r.version_max = 2;
    SUBCASE("in M1") {
        auto m1 = pair.initiator().write_m1();
        m1[7] = std::byte{1};
        check_error(pair.responder().read_m1(m1), HandshakeErrc::wrong_destination);
    }
    SUBCASE("in M1, by one who knows the responder's ID") {
        auto initiator = pair.initiator();
        auto fields = sts::split_m1(initiator.write_m1());
        fields.versions.max = 1;
        auto responder = pair.responder();
        REQUIRE(responder.read_m1(sts::encode_m1(fields, pair.key_r.id())));
        check_error(initiator.read_m2(responder.write_m2().value()), HandshakeErrc::bad_tag);
    }
    SUBCASE("in M2") {
        auto initiator = pair.initiator();
        auto responder = pair.responder();
        REQUIRE(responder.read_m1(initiator.write_m1()));
        auto m2 = responder.write_m2().value();
        REQUIRE(m2[1] == std::byte{2});
        m2[1] = std::byte{1};
        check_error(initiator.read_m2(m2), HandshakeErrc::bad_tag);
    }
    SUBCASE("in M2, out of the range") {
        auto initiator = pair.initiator();
        const EvilResponder evil{pair.key_r, initiator.write_m1(), 3};
        const auto read = initiator.read_m2(evil.m2(evil.part(pair.hello_r)));
        check_error(read, HandshakeErrc::version_out_of_range);
        CHECK(read.error().expected == 2);
        CHECK(read.error().actual == 3);
    }
    SUBCASE("by the responder itself") {
        auto initiator = pair.initiator();
        const EvilResponder evil{pair.key_r, initiator.write_m1(), 1};
        const auto read = initiator.read_m2(evil.m2(evil.part(pair.hello_r)));
        check_error(read, HandshakeErrc::version_mismatch);
        CHECK(read.error().expected == 2);
        CHECK(read.error().actual == 1);
    }
    SUBCASE("by a responder below its own range") {
        auto initiator = pair.initiator();
        const EvilResponder evil{pair.key_r, initiator.write_m1(), 2};
        pair.hello_r.version_min = 3;
        pair.hello_r.version_max = 4;
        check_error(initiator.read_m2(evil.m2(evil.part(pair.hello_r))),
                    HandshakeErrc::version_mismatch);
    }
    SUBCASE("by the initiator itself: highest and lowest") {
        for (const auto range : {VersionRange{1, 1}, VersionRange{0, 2}}) {
            auto responder = pair.responder();
            EvilInitiator evil{pair.key_i, pair.key_r.id(), range};
            REQUIRE(responder.read_m1(evil.m1));
            evil.read(responder.write_m2().value());
            check_error(responder.read_m3(evil.m3(evil.part(pair.hello_i))),
                        HandshakeErrc::version_mismatch);
        }
    }
}

TEST_CASE("attacks: messages out of their place") {
    Pair pair;
    auto initiator = pair.initiator();
    auto responder = pair.responder();
    const auto m1 = initiator.write_m1();
    REQUIRE(responder.read_m1(m1));
    const auto m2 = responder.write_m2().value();
    SUBCASE("M2 as M3") {
        check_error(responder.read_m3(Bytes{m2}.subspan(sts::m2_head_bytes)),
                    HandshakeErrc::bad_tag);
    }
    SUBCASE("an old M3 in a new session that began with the same M1") {
        REQUIRE(initiator.read_m2(m2));
        const auto m3 = initiator.write_m3();
        auto second = pair.responder();
        REQUIRE(second.read_m1(m1));
        REQUIRE(second.write_m2());
        check_error(second.read_m3(m3), HandshakeErrc::bad_tag);
        CHECK(responder.read_m3(m3));
    }
    SUBCASE("an old M2 in a new session") {
        auto second = pair.initiator();
        second.write_m1();
        check_error(second.read_m2(m2), HandshakeErrc::bad_tag);
    }
    SUBCASE("M2's part, sealed again as M3") {
        EvilInitiator evil{pair.key_i, pair.key_r.id()};
        auto fresh = pair.responder();
        REQUIRE(fresh.read_m1(evil.m1));
        const auto answer = fresh.write_m2().value();
        evil.read(answer);
        sts::Part part;
        const auto t2 = sts::transcript_2(sts::transcript_1(evil.m1), answer);
        REQUIRE(
            sts::open_part(evil.keys.m2_key, t2, Bytes{answer}.subspan(sts::m2_head_bytes), part));
        check_error(fresh.read_m3(evil.m3(part)), HandshakeErrc::own_identity);
    }
}

TEST_CASE("attacks: roles are swapped") {
    Pair pair;
    check_error(answer_to_m3(pair,
                             [](const EvilInitiator& evil, sts::Part& part) {
                                 auto statement = evil.statement(part);
                                 statement.purpose = Purpose::handshake_responder;
                                 part.signature = statement.sign(evil.key, {});
                                 evil.authenticate(part);
                             }),
                HandshakeErrc::bad_signature);
    check_error(answer_to_m2(pair,
                             [](const EvilResponder& evil, sts::Part& part) {
                                 auto statement = evil.statement(part);
                                 statement.purpose = Purpose::handshake_initiator;
                                 part.signature = statement.sign(evil.key, {});
                                 evil.authenticate(part);
                             }),
                HandshakeErrc::bad_signature);
    // Meant for another responder.
    check_error(answer_to_m3(pair,
                             [](const EvilInitiator& evil, sts::Part& part) {
                                 auto statement = evil.statement(part);
                                 statement.listener = key_of(4).id();
                                 part.signature = statement.sign(evil.key, {});
                                 evil.authenticate(part);
                             }),
                HandshakeErrc::bad_signature);
}

TEST_CASE("attacks: identities") {
    Pair pair;
    const auto other = key_of(4);
    SUBCASE("the responder's is swapped, whatever else is right") {
        check_error(answer_to_m2(pair, [&](const auto&, auto& part) { part.id = other.id(); }),
                    HandshakeErrc::wrong_identity);
    }
    SUBCASE("a valid node answers for another") {
        auto initiator = pair.initiator();
        const EvilResponder evil{other, initiator.write_m1()};
        check_error(initiator.read_m2(evil.m2(evil.part(hello_of(other)))),
                    HandshakeErrc::wrong_identity);
    }
    SUBCASE("the initiator's is swapped, the MAC kept") {
        check_error(answer_to_m3(pair, [&](const auto&, auto& part) { part.id = other.id(); }),
                    HandshakeErrc::bad_mac);
    }
    SUBCASE("the initiator's is swapped, the MAC renewed") {
        check_error(answer_to_m3(pair,
                                 [&](const auto& evil, auto& part) {
                                     part.id = other.id();
                                     evil.authenticate(part);
                                 }),
                    HandshakeErrc::bad_signature);
    }
    SUBCASE("the initiator says to be the responder") {
        check_error(answer_to_m3(pair,
                                 [&](const auto& evil, auto& part) {
                                     part.id = pair.key_r.id();
                                     evil.authenticate(part);
                                 }),
                    HandshakeErrc::own_identity);
    }
    SUBCASE("a node dials itself") {
        Initiator initiator{
            pair.key_r, pair.key_r.id(), encode_hello(pair.hello_r), {}, pair.entropy};
        auto responder = pair.responder();
        REQUIRE(responder.read_m1(initiator.write_m1()));
        check_error(initiator.read_m2(responder.write_m2().value()), HandshakeErrc::own_identity);
    }
    SUBCASE("no key on the curve: prefixes and coordinates") {
        std::vector<crypto::CompressedKey> keys(6, pair.key_i.id().key);
        const int prefixes[] = {0x00, 0x01, 0x04, 0x05, 0xff};
        for (std::size_t i = 0; i < 5; ++i) keys[i][0] = static_cast<std::byte>(prefixes[i]);
        std::fill(keys[5].begin() + 1, keys[5].end(), std::byte{0xff});  // x not in the field
        for (const auto& bad : keys) {
            check_error(answer_to_m3(pair,
                                     [&](const auto& evil, auto& part) {
                                         part.id.key = bad;
                                         evil.authenticate(part);
                                     }),
                        HandshakeErrc::bad_identity);
            check_error(answer_to_m2(pair,
                                     [&](const auto& evil, auto& part) {
                                         part.id.key = bad;
                                         evil.authenticate(part);
                                     }),
                        HandshakeErrc::bad_identity);
        }
    }
}

TEST_CASE("attacks: Hello is edited") {
    Pair pair;
    const auto edit = [](const auto&, auto& part) { part.hello[10] ^= std::byte{1}; };
    check_error(answer_to_m2(pair, edit), HandshakeErrc::bad_mac);
    check_error(answer_to_m3(pair, edit), HandshakeErrc::bad_mac);
    const auto edit_and_authenticate = [](const auto& evil, auto& part) {
        part.hello[10] ^= std::byte{1};
        evil.authenticate(part);
    };
    check_error(answer_to_m2(pair, edit_and_authenticate), HandshakeErrc::bad_signature);
    check_error(answer_to_m3(pair, edit_and_authenticate), HandshakeErrc::bad_signature);

    const auto sign_padding = [](const auto& evil, auto& part) {
        part.hello.back() = std::byte{1};
        evil.sign(part);
    };
    const auto sign_other_record = [](const auto& evil, auto& part) {
        part.hello = encode_hello(hello_of(key_of(4)));
        evil.sign(part);
    };
    const auto check_hello_error = [](const auto& result, HelloErrc code) {
        check_error(result, HandshakeErrc::bad_hello);
        CHECK(result.error().actual == static_cast<std::uint64_t>(code));
    };
    check_hello_error(answer_to_m2(pair, sign_padding), HelloErrc::bad_padding);
    check_hello_error(answer_to_m3(pair, sign_padding), HelloErrc::bad_padding);
    check_hello_error(answer_to_m2(pair, sign_other_record), HelloErrc::wrong_record_id);
    check_hello_error(answer_to_m3(pair, sign_other_record), HelloErrc::wrong_record_id);
}

namespace {

// The order of secp256k1 (SEC 2, 2.4.1).
const auto order = point("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

/// order - s
ByteArray<32> negated(Bytes s) {
    ByteArray<32> out{};
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        int digit = std::to_integer<int>(order[i]) - std::to_integer<int>(s[i]) - borrow;
        borrow = digit < 0 ? 1 : 0;
        if (digit < 0) digit += 256;
        out[i] = static_cast<std::byte>(digit);
    }
    return out;
}

void set_half(crypto::Signature& signature, std::size_t at, const ByteArray<32>& value) {
    std::copy(value.begin(), value.end(), signature.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

TEST_CASE("attacks: signatures that verify in laxer schemes or are out of range") {
    ByteArray<32> ones;
    ones.fill(std::byte{0xff});
    const Edit edits[] = {
        [](auto& part) {  // the other root: verifies where high s is allowed
            set_half(part.signature, 32, negated(Bytes{part.signature}.last(32)));
        },
        [](auto& part) { set_half(part.signature, 0, {}); },
        [](auto& part) { set_half(part.signature, 32, {}); },
        [](auto& part) { part.signature = {}; },
        [](auto& part) { set_half(part.signature, 0, order); },
        [](auto& part) { set_half(part.signature, 32, order); },
        [&](auto& part) { set_half(part.signature, 0, ones); },
        [&](auto& part) { set_half(part.signature, 32, ones); },
    };
    Pair pair;
    for (const auto& edit : edits) {
        const auto change = [&edit](const auto& evil, auto& part) {
            edit(part);
            evil.authenticate(part);
        };
        check_error(answer_to_m2(pair, change), HandshakeErrc::bad_signature);
        check_error(answer_to_m3(pair, change), HandshakeErrc::bad_signature);
        const auto without_mac = [&edit](const auto&, auto& part) { edit(part); };
        check_error(answer_to_m2(pair, without_mac), HandshakeErrc::bad_mac);
        check_error(answer_to_m3(pair, without_mac), HandshakeErrc::bad_mac);
    }
    // What the forgers do is right until something is changed.
    CHECK(answer_to_m2(pair, [](const auto&, auto&) {}));
    CHECK(answer_to_m3(pair, [](const auto&, auto&) {}));
}

namespace {

/// The error that one flipped bit of M1 or M2 must cause.
HandshakeErrc m1_flip_error(std::size_t bit) {
    const std::size_t byte = bit / 8;
    if (byte < 4) return HandshakeErrc::bad_magic;
    // The range is 1 to 1: the lowest goes above the highest, or to 0; the highest goes to 0.
    if (byte < 6 && bit != 5 * 8) return HandshakeErrc::bad_version_range;
    if (bit == 7 * 8) return HandshakeErrc::bad_version_range;
    return HandshakeErrc::wrong_destination;
}

HandshakeErrc m2_flip_error(std::size_t bit) {
    if (bit / 8 < 2) return HandshakeErrc::version_out_of_range;
    if (bit == 33 * 8 + 7) return HandshakeErrc::non_canonical_key;
    return HandshakeErrc::bad_tag;
}

void flip(MutableBytes bytes, std::size_t bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
}

}  // namespace

TEST_CASE("attacks: every bit of every message counts") {
    Pair pair;
    const Buffer script_i(96, std::byte{11});
    const Buffer script_r(96, std::byte{22});
    // The same again and again: only the flipped bit makes a difference.
    const auto new_initiator = [&] {
        ScriptedEntropy entropy{script_i};
        return Initiator{pair.key_i, pair.key_r.id(), encode_hello(pair.hello_i), {}, entropy};
    };
    const auto new_responder = [&] {
        ScriptedEntropy entropy{script_r};
        return Responder{pair.key_r, encode_hello(pair.hello_r), {}, entropy};
    };
    auto initiator = new_initiator();
    auto responder = new_responder();
    auto m1 = initiator.write_m1();
    REQUIRE(responder.read_m1(m1));
    auto m2 = responder.write_m2().value();
    REQUIRE(initiator.read_m2(m2));
    auto m3 = initiator.write_m3();

    std::size_t wrong = 0;
    const auto expect = [&wrong](const auto& result, HandshakeErrc code) {
        if (result || result.error().code != code) ++wrong;
    };
    for (std::size_t bit = 0; bit < m1_bytes * 8; ++bit) {
        flip(m1, bit);
        expect(new_responder().read_m1(m1), m1_flip_error(bit));
        flip(m1, bit);
    }
    CHECK(wrong == 0);
    for (std::size_t bit = 0; bit < m2_bytes * 8; ++bit) {
        flip(m2, bit);
        auto reader = new_initiator();
        reader.write_m1();
        expect(reader.read_m2(m2), m2_flip_error(bit));
        flip(m2, bit);
    }
    CHECK(wrong == 0);
    for (std::size_t bit = 0; bit < m3_bytes * 8; ++bit) {
        flip(m3, bit);
        auto reader = new_responder();
        REQUIRE(reader.read_m1(m1));
        REQUIRE(reader.write_m2());
        expect(reader.read_m3(m3), HandshakeErrc::bad_tag);
        flip(m3, bit);
    }
    CHECK(wrong == 0);
    CHECK(responder.read_m3(m3));
}

}  // namespace parley::transport
