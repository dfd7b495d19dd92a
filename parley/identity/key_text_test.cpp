#include <parley/identity/key_text.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;

TEST_CASE("a key is 64 hex digits and a line end, and back") {
    const std::string digits = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291";
    const auto key = parse_key_text(digits + "\n");
    REQUIRE(key);
    CHECK(key->id().to_string() ==
          "03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138");
    CHECK(key_text(*key).text() == digits + "\n");
    CHECK(parse_key_text(digits)->id() == key->id());
    std::string upper = digits;
    for (char& c : upper) {
        if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    }
    CHECK(parse_key_text(upper)->id() == key->id());
    // As other tools and editors write it.
    CHECK(parse_key_text("0x" + digits + "\r\n")->id() == key->id());

    for (const auto& bad : {std::string{}, std::string{"\n"}, digits.substr(2), digits + "00",
                            digits + "\n\n", digits + "\r\r\n", digits + "\n\r", "0x0x" + digits,
                            "0X" + digits, "0x" + digits.substr(2), " " + digits.substr(1),
                            "-1" + digits.substr(2), "+1" + digits.substr(2),
                            "1g" + digits.substr(2), std::string(64, '0'), std::string(64, 'f')}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_key_text(bad));
    }
}

TEST_CASE("secret bytes move, and are zeros where they were") {
    SecretBytes first{bytes_of("secret")};
    const auto* data = first.bytes().data();
    SecretBytes second = std::move(first);
    CHECK(second.text() == "secret");
    CHECK(second.bytes().data() == data);
    CHECK(first.empty());  // NOLINT(bugprone-use-after-move)
    second.truncate(3);
    CHECK(second.text() == "sec");
    CHECK(data[3] == std::byte{0});  // NOLINT: within what was allocated
    SecretBytes third{bytes_of("other")};
    third = std::move(second);
    CHECK(third.text() == "sec");
}
