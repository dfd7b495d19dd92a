#include <parley/crypto/secp256k1.hpp>

#include <parley/crypto/hash.hpp>
#include <parley/crypto/test_blinding.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace parley;
using namespace parley::crypto;

namespace {

constexpr std::string_view order =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr std::string_view half_order =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
constexpr std::string_view half_order_plus_1 =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
constexpr std::string_view zero =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view one = "0000000000000000000000000000000000000000000000000000000000000001";
constexpr std::string_view all_ones =
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

template <std::size_t N>
ByteArray<N> hex(std::string_view text) {
    const auto bytes = array_from_hex<N>(text);
    REQUIRE_MESSAGE(bytes.has_value(), text);
    return *bytes;
}

Signature signature_of(std::string_view r, std::string_view s) {
    return hex<64>(std::string{r} + std::string{s});
}

/// order - s: the other signature that fits the same message and key.
Signature with_other_s(const Signature& signature) {
    Signature out = signature;
    const auto n = hex<32>(order);
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        int digit = std::to_integer<int>(n[i]) - std::to_integer<int>(signature[32 + i]) - borrow;
        borrow = digit < 0 ? 1 : 0;
        out[32 + i] = static_cast<std::byte>(digit + 256 * borrow);
    }
    return out;
}

}  // namespace

TEST_CASE("secrets are in [1, order)") {
    CHECK_FALSE(is_valid_secret(hex<32>(zero)));
    CHECK(is_valid_secret(hex<32>(one)));
    CHECK(is_valid_secret(
        hex<32>("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140")));
    CHECK_FALSE(is_valid_secret(hex<32>(order)));
    CHECK_FALSE(is_valid_secret(hex<32>(all_ones)));
    CHECK_THROWS_AS((void)public_key(hex<32>(zero)), std::logic_error);
}

TEST_CASE("public keys: the generator (SEC 2), and what is no key") {
    const auto generator = public_key(hex<32>(one));
    CHECK(to_hex(generator) ==
          "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    const auto full = decompress(generator);
    REQUIRE(full);
    CHECK(to_hex(*full) ==
          "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
          "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");

    auto other_y = generator;
    other_y[0] = std::byte{3};
    REQUIRE(decompress(other_y));
    CHECK(*decompress(other_y) != *full);
    for (const int prefix : {0x00, 0x01, 0x04, 0x05, 0x06, 0x07, 0x82, 0xff}) {
        CAPTURE(prefix);
        auto bad = generator;
        bad[0] = static_cast<std::byte>(prefix);
        CHECK_FALSE(is_valid_public_key(bad));
        CHECK_FALSE(decompress(bad));
    }
    // x = 5 has no y; x = p is not below the field's size.
    CHECK_FALSE(is_valid_public_key(hex<33>("02" + std::string(63, '0') + "5")));
    CHECK_FALSE(is_valid_public_key(
        hex<33>("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f")));
    CHECK_FALSE(is_valid_public_key({}));
}

TEST_CASE("signatures follow RFC 6979, unless extra entropy is mixed in") {
    const auto secret = hex<32>(one);
    const Hash256 digest = sha256(bytes_of("Satoshi Nakamoto"));
    const Signature signature = sign(secret, digest);
    CHECK(to_hex(signature) ==
          "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
          "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5");
    CHECK(sign_recoverable(secret, digest).rs == signature);
    CHECK(verify(public_key(secret), digest, signature));

    const Hash256 entropy = sha256(bytes_of("entropy"));
    const Signature hedged = sign(secret, digest, entropy);
    CHECK(hedged != signature);
    CHECK(hedged == sign(secret, digest, entropy));
    CHECK(verify(public_key(secret), digest, hedged));
    CHECK_THROWS_AS((void)sign(hex<32>(zero), digest), std::logic_error);
}

TEST_CASE("blinding is done once it is asked for, and changes no result") {
    const auto secret = hex<32>(half_order);
    const auto digest = sha256({});
    const auto key = public_key(secret);
    const auto signature = sign(secret, digest);
    ByteArray<32> seed;
    seed.fill(std::byte{9});
    CHECK_FALSE(is_secp256k1_blinded());
    blind_secp256k1(seed);
    CHECK(is_secp256k1_blinded());
    CHECK(public_key(secret) == key);
    CHECK(sign(secret, digest) == signature);
    CHECK(verify(key, digest, signature));
    CHECK(agree(secret, key).has_value());
}

TEST_CASE("a signature fits one key and one digest") {
    const auto secret = sha256(bytes_of("a key"));
    const Hash256 digest = sha256(bytes_of("a message"));
    const Signature good = sign(secret, digest);
    CHECK_FALSE(verify(public_key(hex<32>(one)), digest, good));
    CHECK_FALSE(verify(CompressedKey{}, digest, good));
    CHECK_FALSE(verify(public_key(secret), sha256(bytes_of("another")), good));
    for (std::size_t i = 0; i < good.size(); ++i) {
        Signature changed = good;
        changed[i] ^= std::byte{1};
        CHECK_FALSE(verify(public_key(secret), digest, changed));
    }
}

TEST_CASE("high s, zero and what is not below the order never verify") {
    const auto secret = sha256(bytes_of("a key"));
    const Hash256 digest = sha256(bytes_of("a message"));
    const Signature good = sign(secret, digest);
    const Signature high = with_other_s(good);
    CHECK(is_canonical(good));
    CHECK_FALSE(is_canonical(high));
    CHECK_FALSE(verify(public_key(secret), digest, high));
    CHECK(with_other_s(high) == good);

    struct Case {
        std::string_view r, s;
        bool canonical;
    };
    const Case cases[] = {
        {zero, one, false},
        {one, zero, false},
        {zero, zero, false},
        {one, one, true},
        {order, one, false},
        {one, order, false},
        {all_ones, one, false},
        {one, all_ones, false},
        {all_ones, all_ones, false},
        {one, half_order, true},
        {one, half_order_plus_1, false},
        {"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", one, true},
    };
    for (const auto& c : cases) {
        INFO(std::string{c.r}, "|", std::string{c.s});
        const auto signature = signature_of(c.r, c.s);
        CHECK(is_canonical(signature) == c.canonical);
        CHECK_FALSE(verify(public_key(secret), digest, signature));
    }
}

TEST_CASE("two sides agree on a point, compressed with the parity of its y") {
    // devp2p, discv5-wire-test-vectors.md, "ECDH".
    const auto theirs =
        hex<33>("039961e4c2356d61bedb83052c115d311acb3a96f5777296dcf297351130266231");
    const auto ours = hex<32>("fb757dc581730490a1d7a00deea65e9b1936924caaea8f44d476014856b68736");
    const auto vector = agree(ours, theirs);
    REQUIRE(vector);
    CHECK(to_hex(*vector) == "033b11a2a1f214567e1537ce5e509ffd9b21373247f2a3ff6841f4976f53165e7e");

    // The generator times a secret is its public key, of either parity.
    const auto generator = public_key(hex<32>(one));
    int odd = 0;
    for (int i = 0; i < 20; ++i) {
        const auto a = sha256(bytes_of("a " + std::to_string(i)));
        const auto b = sha256(bytes_of("b " + std::to_string(i)));
        const auto shared = agree(a, generator);
        CHECK(shared == public_key(a));
        odd += shared->front() == std::byte{3} ? 1 : 0;
        CHECK(ephemeral_key(a) == public_key(a));
        CHECK(agree(a, public_key(b)) == agree(b, public_key(a)));
        CHECK(agree(a, public_key(b)) != agree(a, public_key(a)));
    }
    CHECK(odd > 0);
    CHECK(odd < 20);

    CHECK_FALSE(agree(ours, {}));
    CHECK_FALSE(agree(ours, hex<33>("02" + std::string(63, '0') + "5")));
    CHECK_THROWS_AS((void)agree({}, theirs), std::logic_error);
    CHECK_THROWS_AS((void)ephemeral_key({}), std::logic_error);
}

TEST_CASE("a key is recovered from the signature and its parity") {
    const auto key =
        recover(hex<32>("ce0677bb30baa8cf067c88db9811f4333d131bf8bcf12fe7065d211dce971008"),
                hex<64>("90f27b8b488db00b00606796d2987f6a5f59ae62ea05effe84fef5b8b0e54998"
                        "4a691139ad57a3f0b906637673aa2f63d1f55cb1a69199d4009eea23ceaddc93"),
                1);
    REQUIRE(key);
    CHECK(to_hex(*key) ==
          "e32df42865e97135acfb65f3bae71bdc86f4d49150ad6a440b6f15878109880a"
          "0a2b2667f7e725ceea70c673093bf67663e0312623c8e091b13cf2c0f11ef652");

    for (int i = 0; i < 20; ++i) {
        const auto secret = sha256(bytes_of("key " + std::to_string(i)));
        const Hash256 digest = sha256(bytes_of("message " + std::to_string(i)));
        const auto signature = sign_recoverable(secret, digest);
        const auto expected = decompress(public_key(secret));
        CHECK(recover(digest, signature.rs, signature.parity) == expected);
        CHECK(recover(digest, signature.rs, signature.parity ^ 1) != expected);

        const Signature high = with_other_s(signature.rs);
        CHECK_FALSE(recover(digest, high, signature.parity ^ 1));
        CHECK(recover(digest, high, signature.parity ^ 1, true) == expected);
    }
}

TEST_CASE("nothing is recovered from what is out of range") {
    const Hash256 digest = sha256(bytes_of("a message"));
    const auto good = sign_recoverable(sha256(bytes_of("a key")), digest);
    for (const int parity : {2, 3, 4, 27, 28, 255}) {
        CAPTURE(parity);
        CHECK_FALSE(recover(digest, good.rs, static_cast<std::uint8_t>(parity)));
    }
    // For an r this small, 2 and 3 would mean the point at x = r + order; Ethereum has no such v.
    for (char r = '1'; r <= '9'; ++r) {
        const auto small = signature_of(std::string(63, '0') + r, one);
        CHECK_FALSE(recover(digest, small, 2));
        CHECK_FALSE(recover(digest, small, 3));
    }
    for (const bool allow_high_s : {false, true}) {
        CHECK_FALSE(recover(digest, signature_of(zero, one), 0, allow_high_s));
        CHECK_FALSE(recover(digest, signature_of(one, zero), 0, allow_high_s));
        CHECK_FALSE(recover(digest, signature_of(order, one), 0, allow_high_s));
        CHECK_FALSE(recover(digest, signature_of(one, order), 0, allow_high_s));
        CHECK_FALSE(recover(digest, signature_of(all_ones, all_ones), 0, allow_high_s));
        // r = 5 is no x on the curve.
        CHECK_FALSE(
            recover(digest, signature_of(std::string(63, '0') + "5", one), 0, allow_high_s));
    }
}
