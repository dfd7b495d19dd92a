#include <parley/crypto/kdf.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace parley;
using namespace parley::crypto;

namespace {

std::string scrypt_hex(std::string_view passphrase, std::string_view salt, const ScryptCost& cost,
                       std::size_t size = 64) {
    Buffer out(size);
    scrypt(bytes_of(passphrase), bytes_of(salt), cost, out);
    return to_hex(out);
}

std::string pbkdf2_hex(std::string_view passphrase, std::string_view salt, std::uint32_t iterations,
                       std::size_t size) {
    Buffer out(size);
    pbkdf2_hmac_sha256(bytes_of(passphrase), bytes_of(salt), iterations, out);
    return to_hex(out);
}

}  // namespace

TEST_CASE("scrypt gives what RFC 7914, section 12, says") {
    CHECK(scrypt_hex("", "", {16, 1, 1}) ==
          "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
          "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
    CHECK(scrypt_hex("password", "NaCl", {1024, 8, 16}) ==
          "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
          "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
    CHECK(scrypt_hex("pleaseletmein", "SodiumChloride", {16384, 8, 1}) ==
          "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
          "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
    CHECK(scrypt_hex("", "", {16, 1, 1}, 5) == "77d6576238");
}

TEST_CASE("scrypt takes n that RFC 7914 leaves out for a small r") {
    CHECK(scrypt_hex("pw", "salt", {65536, 1, 1}, 32) ==
          "c2caa7d85c48803a329c75eec538c0d711aa5fd2001764c4ec56ac3ec0cf4bd5");
}

TEST_CASE("the cost of scrypt is checked and counted") {
    struct Case {
        ScryptCost cost;
        bool valid;
        std::uint64_t work_bytes;
    };
    const auto most = std::numeric_limits<std::uint64_t>::max();
    const Case cases[] = {
        {{}, true, 256ULL << 20},
        {{2, 1, 1}, true, 256},
        {{1, 1, 1}, false, 128},
        {{0, 1, 1}, false, 0},
        {{3, 1, 1}, false, 384},
        {{4, 0, 1}, false, 0},
        {{4, 1, 0}, false, 0},
        {{2, (1U << 30) - 1, 1}, true, 256 * ((1ULL << 30) - 1)},
        {{2, 1U << 15, 1U << 15}, false, 1ULL << 38},
        {{1ULL << 63, 1, 1}, true, most},
        {{1ULL << 57, 1, 1}, true, most},
        {{1ULL << 56, 1, 1}, true, 1ULL << 63},
        {{1ULL << 63, 0, 1}, false, most},
    };
    for (const auto& [cost, valid, work_bytes] : cases) {
        CAPTURE(cost.n);
        CAPTURE(cost.r);
        CAPTURE(cost.p);
        CHECK(cost.is_valid() == valid);
        CHECK(cost.work_bytes() == work_bytes);
    }
}

TEST_CASE("PBKDF2 gives what RFC 7914, section 11, says, and takes nothing as well") {
    CHECK(pbkdf2_hex("passwd", "salt", 1, 64) ==
          "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
          "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
    CHECK(pbkdf2_hex("Password", "NaCl", 80000, 64) ==
          "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
          "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
    CHECK(pbkdf2_hex("", "", 1, 16) == "f7ce0b653d2d72a4108cf5abe912ffdd");
}

TEST_CASE("AES-128 in counter mode gives what SP 800-38A, F.5.1, says, and back") {
    const auto key = *array_from_hex<16>("2b7e151628aed2a6abf7158809cf4f3c");
    const auto iv = *array_from_hex<16>("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    const auto plain =
        *from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    Buffer out(plain.size());
    aes128_ctr(key, iv, plain, out);
    CHECK(to_hex(out) == "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
    aes128_ctr(key, iv, out, out);
    CHECK(out == plain);
    aes128_ctr(key, iv, {}, {});
}
