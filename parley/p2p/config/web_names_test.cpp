#include <parley/p2p/config/web_names.hpp>

#include <doctest/doctest.h>

using namespace parley::p2p;

TEST_CASE("hosts are compared without case, and one that no header can name is refused") {
    CHECK(read_web_host("Node.Example") == "node.example");
    CHECK(read_web_host("192.168.1.5") == "192.168.1.5");
    CHECK(read_web_host("[2001:DB8::1]") == "[2001:db8::1]");
    CHECK(read_web_host("my_node") == "my_node");
    for (const auto* wrong : {"", "*", "node.example:8570", "http://node.example", "node.example/",
                              "two names", "[1.2.3.4]", "[x]", "::1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(read_web_host(wrong));
    }
}

TEST_CASE("origins are written as browsers do, and what is none is refused") {
    CHECK(read_web_origin("https://Wallet.Example") == "https://wallet.example");
    CHECK(read_web_origin("HTTPS://wallet.example:443") == "https://wallet.example");
    CHECK(read_web_origin("http://localhost:80") == "http://localhost");
    CHECK(read_web_origin("http://localhost:3000") == "http://localhost:3000");
    CHECK(read_web_origin("http://[::1]:3000") == "http://[::1]:3000");
    CHECK(read_web_origin("chrome-extension://abcdef") == "chrome-extension://abcdef");
    for (const auto* wrong :
         {"", "*", "null", "wallet.example", "https://", "://x", "https://*",
          "https://wallet.example/", "https://wallet.example/app", "https://wallet.example:port",
          "https://wallet.example:", "https://user@wallet.example"}) {
        CAPTURE(wrong);
        CHECK_FALSE(read_web_origin(wrong));
    }
}
