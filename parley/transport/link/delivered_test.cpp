#include <parley/transport/link/delivered.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace parley::transport {
namespace {

std::vector<std::string> seen(Delivered& delivered, std::size_t most = 100) {
    std::vector<std::string> out;
    delivered.visit([&](const Delivered::Item& item) {
        out.push_back(std::to_string(item.lane) + " " + std::to_string(item.code) + " " +
                      std::string{text_of(item.bytes)} + (item.own ? "!" : ""));
        return out.size() < most;
    });
    return out;
}

TEST_CASE("delivered: messages come in order, small and large ones among each other") {
    Delivered delivered{4};
    CHECK(delivered.empty());
    CHECK(seen(delivered).empty());
    delivered.add_large(1, 2, to_buffer(bytes_of("first")));
    CHECK_FALSE(delivered.empty());
    delivered.add_small(255, 65535, bytes_of("a"));
    delivered.add_small(3, 4, {});
    delivered.add_large(5, 6, {});
    delivered.add_large(7, 8, to_buffer(bytes_of("large")));
    delivered.add_small(9, 10, bytes_of("last"));
    const std::vector<std::string> all{"1 2 first!", "255 65535 a", "3 4 ",
                                       "5 6 !",      "7 8 large!",  "9 10 last"};
    CHECK(seen(delivered) == all);
    CHECK(seen(delivered, 2).size() == 2);
    // Memory of large ones can be taken.
    Buffer taken;
    delivered.visit([&](const Delivered::Item& item) {
        taken = std::move(*item.own);
        return false;
    });
    CHECK(text_of(taken) == "first");
}

}  // namespace
}  // namespace parley::transport
