#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace parley;
using namespace parley::crypto;

namespace {

Buffer repeat(std::size_t count, unsigned char value) {
    return Buffer(count, static_cast<std::byte>(value));
}

/// first, first + 1, ... up to but without last.
Buffer counting(int first, int last) {
    Buffer out;
    for (int i = first; i < last; ++i) out.push_back(static_cast<std::byte>(i));
    return out;
}

}  // namespace

TEST_CASE("Keccak-256, also at the edges of its block of 136 bytes") {
    CHECK(to_hex(keccak256({})) ==
          "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    CHECK(to_hex(keccak256(bytes_of("abc"))) ==
          "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    CHECK(to_hex(keccak256(repeat(135, 'a'))) ==
          "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446");
    CHECK(to_hex(keccak256(repeat(136, 'a'))) ==
          "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e");
    CHECK(to_hex(keccak256(repeat(137, 'a'))) ==
          "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39");
    CHECK(to_hex(keccak256(repeat(1000, 'a'))) ==
          "b6a4ac1f51884d71f30fa397a5e155de3099e11fc0edef5d08b646e621e19de9");
}

TEST_CASE("SHA-256 (FIPS 180-4), whole and in parts") {
    CHECK(to_hex(sha256(Bytes{})) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256(bytes_of("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(to_hex(sha256(repeat(1'000'000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK(sha256({bytes_of("a"), Bytes{}, bytes_of("bc")}) == sha256(bytes_of("abc")));
    CHECK(sha256(std::initializer_list<Bytes>{}) == sha256(Bytes{}));
}

TEST_CASE("HMAC-SHA-256 (RFC 4231)") {
    const auto mac = [](Bytes key, std::string_view text) {
        return to_hex(hmac_sha256(key, {bytes_of(text)}));
    };
    CHECK(mac(repeat(20, 0x0b), "Hi There") ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(mac(bytes_of("Jefe"), "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(mac(repeat(20, 0xaa), std::string(50, '\xdd')) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    CHECK(mac(counting(1, 26), std::string(50, '\xcd')) ==
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    CHECK(mac(repeat(20, 0x0c), "Test With Truncation") ==
          "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5");
    CHECK(mac(repeat(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(mac(repeat(131, 0xaa),
              "This is a test using a larger than block-size key and a larger than block-size "
              "data. The key needs to be hashed before being used by the HMAC algorithm.") ==
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    CHECK(hmac_sha256(bytes_of("Jefe"), {bytes_of("what do ya "), bytes_of("want for nothing?")}) ==
          hmac_sha256(bytes_of("Jefe"), {bytes_of("what do ya want for nothing?")}));
    // RFC 2104: a key of exactly one block is used as it is, one byte more is hashed first.
    const Hash256 hashed = sha256(repeat(65, 1));
    CHECK(hmac_sha256(repeat(65, 1), {}) == hmac_sha256(hashed, {}));
    const Hash256 not_hashed = sha256(repeat(64, 1));
    CHECK(hmac_sha256(repeat(64, 1), {}) != hmac_sha256(not_hashed, {}));
}

TEST_CASE("HKDF-SHA-256 (RFC 5869)") {
    struct Case {
        Buffer input_key, salt, info;
        std::string_view extracted, expanded;
    };
    const Case cases[] = {
        {repeat(22, 0x0b), counting(0, 13), counting(0xf0, 0xfa),
         "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {counting(0, 80), counting(0x60, 0xb0), counting(0xb0, 0x100),
         "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65"
         "e"
         "590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {repeat(22, 0x0b),
         {},
         {},
         "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    for (const auto& c : cases) {
        const Hash256 extracted = hkdf_extract(c.salt, c.input_key);
        CHECK(to_hex(extracted) == c.extracted);
        Buffer out(c.expanded.size() / 2);
        hkdf_expand(extracted, c.info, out);
        CHECK(to_hex(out) == c.expanded);
    }
}

TEST_CASE("HKDF-Expand reaches its limit of 255 blocks, and nothing is nothing") {
    const Hash256 key = hkdf_extract({}, repeat(22, 0x0b));
    Buffer out(255 * 32);
    hkdf_expand(key, {}, out);
    CHECK(to_hex(Bytes{out}.last(32)) ==
          "c081476d201226dbc6c1cc80de7d3909de02634126d2e57f47aae9cd77993ea6");
    hkdf_expand(key, {}, {});
}

TEST_CASE("threads hash without disturbing one another") {
    std::string failed[2];
    {
        const auto work = [](std::string& failure, unsigned char value) {
            const Buffer data = repeat(500, value);
            const Hash256 expected = sha256(data);
            for (int i = 0; i < 2000 && failure.empty(); ++i) {
                if (sha256({Bytes{data}.first(100), Bytes{data}.subspan(100)}) != expected) {
                    failure = "hash differs";
                }
            }
        };
        const std::jthread first(work, std::ref(failed[0]), static_cast<unsigned char>('a'));
        const std::jthread second(work, std::ref(failed[1]), static_cast<unsigned char>('b'));
    }
    CHECK(failed[0].empty());
    CHECK(failed[1].empty());
}

TEST_CASE("comparison in constant time") {
    CHECK(equal_constant_time({}, {}));
    CHECK(equal_constant_time(bytes_of("abc"), bytes_of("abc")));
    CHECK_FALSE(equal_constant_time(bytes_of("abc"), bytes_of("abd")));
    CHECK_FALSE(equal_constant_time(bytes_of("abc"), bytes_of("ab")));
}
