#include <parley/crypto/x25519.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::crypto;

namespace {

ByteArray<32> hex32(std::string_view text) {
    const auto bytes = array_from_hex<32>(text);
    REQUIRE_MESSAGE(bytes.has_value(), text);
    return *bytes;
}

std::string agree(std::string_view secret, std::string_view point) {
    const X25519Key key{hex32(secret)};
    const auto shared = key.agree(hex32(point));
    return shared ? to_hex(*shared) : "nothing";
}

struct Point {
    std::string_view little_endian;
    bool canonical;
};

// Every u, as 32 bytes, that stands for a point of order 1, 2, 4 or 8 on the curve or its twist:
// the five values below p, their non-canonical forms, and both with bit 255 set.
constexpr Point low_order[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", true},
    {"0100000000000000000000000000000000000000000000000000000000000000", true},
    {"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", true},
    {"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", true},
    {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true},
    {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
    {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
    {"0000000000000000000000000000000000000000000000000000000000000080", false},
    {"0100000000000000000000000000000000000000000000000000000000000080", false},
    {"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880", false},
    {"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7", false},
    {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
    {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
    {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
};

}  // namespace

TEST_CASE("X25519 (RFC 7748, section 5.2)") {
    CHECK(agree("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c") ==
          "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    // The point has bit 255 set, which the function must ignore.
    CHECK(agree("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493") ==
          "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

TEST_CASE("X25519 iterated a thousand times (RFC 7748, section 5.2)") {
    std::string k = "0900000000000000000000000000000000000000000000000000000000000000";
    std::string u = k;
    for (int i = 0; i < 1000; ++i) {
        const std::string next = agree(k, u);
        u = k;
        k = next;
        if (i == 0) CHECK(k == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
    CHECK(k == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST_CASE("X25519 Diffie-Hellman (RFC 7748, section 6.1)") {
    const auto secret = hex32("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    const X25519Key bob{secret};
    CHECK(to_hex(bob.public_key()) ==
          "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    CHECK(
        agree(to_hex(secret), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a") ==
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST_CASE("every low-order point is refused") {
    const X25519Key key{hex32("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")};
    for (const auto& point : low_order) {
        INFO(std::string{point.little_endian});
        CHECK_FALSE(key.agree(hex32(point.little_endian)));
    }
}

TEST_CASE("only numbers below 2^255 - 19 are canonical") {
    for (const auto& point : low_order) {
        INFO(std::string{point.little_endian});
        CHECK(is_canonical_x25519(hex32(point.little_endian)) == point.canonical);
    }
    const auto all_ff = [](unsigned first, unsigned middle, unsigned last) {
        X25519Public key;
        key.fill(std::byte{0xff});
        key[0] = static_cast<std::byte>(first);
        key[15] = static_cast<std::byte>(middle);
        key[31] = static_cast<std::byte>(last);
        return is_canonical_x25519(key);
    };
    CHECK(all_ff(0xec, 0xff, 0x7f));
    CHECK_FALSE(all_ff(0xff, 0xff, 0x7f));
    CHECK(all_ff(0xff, 0xfe, 0x7f));
    CHECK(all_ff(0xff, 0xff, 0x7e));
    CHECK_FALSE(all_ff(0x00, 0x00, 0x80));
}

TEST_CASE("a key can be moved") {
    X25519Key first{hex32("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")};
    const auto public_key = first.public_key();
    const X25519Key peer{hex32("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d")};
    const auto expected = first.agree(peer.public_key());
    X25519Key second = std::move(first);
    CHECK(second.public_key() == public_key);
    CHECK(second.agree(peer.public_key()) == expected);
    CHECK(peer.agree(second.public_key()) == expected);
}
