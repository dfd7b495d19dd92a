#include <parley/base/test_may_skip.hpp>

#include <doctest/doctest.h>

using parley::testing::may_skip;

TEST_CASE("what is missing may be skipped by hand, and where CI=true if it is named") {
    CHECK(may_skip("ipv6", "", ""));
    CHECK(may_skip("ipv6", "false", ""));
    CHECK_FALSE(may_skip("ipv6", "true", ""));
    CHECK(may_skip("ipv6", "true", "ipv6"));
    CHECK(may_skip("ipv6", "true", "namespaces ipv6"));
    CHECK(may_skip("namespaces", "true", "namespaces ipv6 "));
    CHECK_FALSE(may_skip("proxy", "true", "namespaces ipv6 "));
    CHECK_FALSE(may_skip("ipv", "true", "ipv6"));
}
