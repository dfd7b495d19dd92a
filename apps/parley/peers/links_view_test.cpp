#include "peers/links_view.hpp"

#include <doctest/doctest.h>

using namespace parley::app;
namespace json = boost::json;

namespace {

json::value peer(char digit, bool inbound, const char* kind, int age) {
    return {
        {"id", std::string(66, digit)},
        {"name", "parley/0.1.0/linux"},
        {"network",
         {{"remoteAddress", "203.0.113.7:30770"},
          {"inbound", inbound},
          {"class", kind},
          {"group", "203.0.0.0/16"}}},
        {"roundTripMs", nullptr},
        {"age", age},
        {"bytesIn", 1'434},
        {"bytesOut", 12},
        {"lastUseful", nullptr},
        {"score", 0.0},
    };
}

}  // namespace

TEST_CASE("links: inbound ones first, then by age; what is not known is a dash") {
    auto known = peer('b', false, "static", 7'200);
    known.at("roundTripMs") = 12.34;
    known.at("lastUseful") = 3;
    known.at("score") = 24.6;
    const json::array peers{peer('a', false, "ordinary", 5), known, peer('c', true, "trusted", 1)};
    CHECK(links_table(peers, false) ==
          // clang-format off
          "DIR  CLASS     GROUP          RTT        AGE       IN   OUT  USEFUL  SCORE  ADDRESS            ID            CLIENT\n"
          "in   trusted   203.0.0.0/16     -        1 s  1.4 KiB  12 B       -      0  203.0.113.7:30770  cccccccccccc  parley/0.1.0/linux\n"
          "out  static    203.0.0.0/16  12.3  2 h 0 min  1.4 KiB  12 B     3 s     25  203.0.113.7:30770  bbbbbbbbbbbb  parley/0.1.0/linux\n"
          "out  ordinary  203.0.0.0/16     -        5 s  1.4 KiB  12 B       -      0  203.0.113.7:30770  aaaaaaaaaaaa  parley/0.1.0/linux\n");
    // clang-format on
    CHECK(links_table(peers, true).find(std::string(66, 'b')) != std::string::npos);
}

TEST_CASE("links: counted by direction and class") {
    const json::array peers{peer('a', false, "ordinary", 5), peer('b', false, "static", 7),
                            peer('c', true, "trusted", 1), peer('d', true, "ordinary", 1)};
    CHECK(links_summary(count_links(peers)) ==
          "LINKS  ordinary  static  trusted  feeler  total\n"
          "in            1       0        1       0      2\n"
          "out           1       1        0       0      2\n"
          "total         2       1        1       0      4\n");
    CHECK(links_summary(count_links({}))
              .ends_with("total         0       0        0       0      0\n"));
}

TEST_CASE("links: a reply without the members that are expected is shown all the same") {
    CHECK(links_table({json::object{}, nullptr, 5}, false).find("\nout ") != std::string::npos);
    CHECK(links_summary(nullptr).ends_with("total         0       0        0       0      0\n"));
}
