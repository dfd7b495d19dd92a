#include "peers/links_view.hpp"

#include <doctest/doctest.h>

using namespace parley::app;
namespace json = boost::json;

namespace {

json::value peer(char digit, bool inbound, const char* kind, int age) {
    return {
        {"id", std::string(66, digit)},
        {"name", "parley/0.1.0/linux"},
        {"nodeName", ""},
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
    known.at("nodeName") = "bob";
    const json::array peers{peer('a', false, "ordinary", 5), known, peer('c', true, "trusted", 1)};
    const Names names{{"alice", std::string(66, 'c')}};
    CHECK(links_table(peers, names, false) ==
          // clang-format off
          "ID            NAME   LINK         RTT        AGE  ADDRESS\n"
          "cccccccccccc  alice  in trusted     -        1 s  203.0.113.7:30770\n"
          "bbbbbbbbbbbb  \"bob\"  out static  12.3  2 h 0 min  203.0.113.7:30770\n"
          "aaaaaaaaaaaa         out            -        5 s  203.0.113.7:30770\n");
    // clang-format on
    const auto all = links_table(peers, names, true);
    CHECK(all.find(std::string(66, 'b')) != std::string::npos);
    CHECK(all.find("1.4 KiB  12 B     3 s     25  parley/0.1.0/linux\n") != std::string::npos);
}

TEST_CASE("links: a row of an IPv4 peer fits in 80 columns") {
    auto longest = peer('a', false, "static", 13 * 3'600 + 45 * 60);
    longest.at("nodeName") = "a very long name";
    longest.at("roundTripMs") = 1234.56;
    longest.at("network").as_object()["remoteAddress"] = "203.113.113.113:30770";
    const auto table = links_table({longest}, {}, false);
    for (std::size_t at = 0; at < table.size(); at = table.find('\n', at) + 1) {
        CHECK(table.find('\n', at) - at <= 80);
    }
}

TEST_CASE("links: an IPv6 address is cut on a narrow screen: its network and its port stay") {
    auto longest = peer('a', false, "static", 13 * 3'600 + 45 * 60);
    longest.at("nodeName") = "a very long name";
    longest.at("roundTripMs") = 1234.56;
    const std::string address = "[2001:db8:1111:2222:3333:4444:5555:6666]:30770";
    longest.at("network").as_object()["remoteAddress"] = address;
    const auto row = [&](bool all, std::size_t columns) {
        const auto table = links_table({longest}, {}, all, columns);
        return table.substr(table.find('\n') + 1);
    };
    CHECK(row(false, 80).ends_with("  [2001:db8:111~]:30770\n"));
    CHECK(row(false, 80).size() <= 81);
    CHECK(row(false, 40) == row(false, 80));
    CHECK(row(false, 90).ends_with("  [2001:db8:1111:2222:333~]:30770\n"));
    CHECK(row(false, 105).ends_with(address + "\n"));
    CHECK(row(true, 80).contains(address));
}

TEST_CASE("links: counted by direction and class") {
    const json::array peers{peer('a', false, "ordinary", 5), peer('b', false, "static", 7),
                            peer('c', true, "trusted", 1), peer('d', true, "ordinary", 1)};
    CHECK(links_summary(count_links(peers)) ==
          "LINKS  ordinary  static  trusted  feeler  light  total\n"
          "in            1       0        1       0      0      2\n"
          "out           1       1        0       0      0      2\n"
          "total         2       1        1       0      0      4\n");
    CHECK(links_summary(count_links({}))
              .ends_with("total         0       0        0       0      0      0\n"));
}

TEST_CASE("links: a reply without the members that are expected is shown all the same") {
    CHECK(links_table({json::object{}, nullptr, 5}, {}, false).find("out ") != std::string::npos);
    CHECK(links_summary(nullptr).ends_with(
        "total         0       0        0       0      0      0\n"));
}
