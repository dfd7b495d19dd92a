#include "spelling.hpp"

#include <doctest/doctest.h>

using parley::app::meant;

TEST_CASE("spelling: the beginning of a word, or a word nearby") {
    const std::vector<std::string> words{"status", "peers", "book", "init", "invite"};
    CHECK(meant("stat", words) == "status");
    CHECK(meant("peer", words) == "peers");
    CHECK(meant("pers", words) == "peers");
    CHECK(meant("bok", words) == "book");
    CHECK(meant("in", words) == "init");  // of two that begin so, the nearest
    CHECK(meant("statsu", words) == "status");
    CHECK_FALSE(meant("transaction", words));
    CHECK_FALSE(meant("", {}));
}
