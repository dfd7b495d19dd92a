#include <parley/transport/switch/give_way.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::transport;

namespace {

/// The address that gives way, and its place: "8.8.1.1 at 2".
std::string chosen(const std::vector<const char*>& oldest_first) {
    std::vector<IpAddress> addresses;
    for (const char* text : oldest_first) addresses.push_back(IpAddress::parse(text).value());
    const auto index = choose_to_give_way(addresses);
    if (!index) return "nobody";
    return addresses[*index].to_string() + " at " + std::to_string(*index);
}

}  // namespace

TEST_CASE("give way: the oldest of the fullest group in the fullest family") {
    CHECK(chosen({}) == "nobody");
    CHECK(chosen({"127.0.0.1", "10.0.0.1"}) == "nobody");
    CHECK(chosen({"1.1.1.1", "2.2.2.2"}) == "1.1.1.1 at 0");
    CHECK(chosen({"1.1.1.1", "8.8.1.1", "8.8.2.1"}) == "8.8.1.1 at 1");
    CHECK(chosen({"1.1.1.1", "8.8.1.1", "8.8.2.1", "8.8.2.2"}) == "8.8.2.1 at 2");
    CHECK(chosen({"8.8.1.1", "8.8.1.2", "2001:1::1", "2001:2::1", "2001:3::1"}) ==
          "2001:1::1 at 2");
    CHECK(chosen({"127.0.0.1", "127.0.0.1", "127.0.0.1", "9.9.9.9"}) == "9.9.9.9 at 3");
    CHECK(chosen({"9.9.9.9", "1.1.1.1", "9.9.9.8", "1.1.1.2"}) == "9.9.9.9 at 0");
}
