#include <parley/codec/base64url.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace parley;

TEST_CASE("base64url there and back (RFC 4648, section 10, without padding)") {
    for (const auto& [plain, text] : {std::pair{"", ""},
                                      {"f", "Zg"},
                                      {"fo", "Zm8"},
                                      {"foo", "Zm9v"},
                                      {"foob", "Zm9vYg"},
                                      {"fooba", "Zm9vYmE"},
                                      {"foobar", "Zm9vYmFy"}}) {
        CHECK(to_base64url(bytes_of(plain)) == text);
        CHECK(from_base64url(text) == to_buffer(bytes_of(plain)));
    }
    CHECK(to_base64url(*from_hex("fbff")) == "-_8");
    for (const auto* bad : {"Z", "Zg==", "Zh", "Zm9=", "Zm 9", "+_8", "-/8", "Zm9vZ", "Zg\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(from_base64url(bad));
    }
}
